"""A command that asks a running coordinator: its common options, its client, its answer."""

import sys
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, TypeVar

import click

from rota.cli.output import Document, say, write_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rota.client.client import Client

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Call:
    """The first argument of every such command."""

    client: "Client"
    as_json: bool

    def show(self, answer: object, human: Callable[[], None]) -> None:
        """The answer as JSON if that was asked for, else what `human` writes."""
        if self.as_json:
            write_json(answer)
        else:
            human()

    def listing(self, noun: str, query: Document, limit: int, human: Callable[[list[Document]], None]) -> None:
        """Up to `limit` objects of `/api/<noun>`."""
        found = list(self.client.items(*noun.split("/"), query=query, most=limit + 1))
        shown = found[:limit]
        self.show(shown, lambda: human(shown))
        if len(found) > limit and not self.as_json:
            say(f"the first {limit}; more: --limit {limit * 10}")


def asks(function: Callable[..., Any]) -> Callable[..., Any]:
    """Make a function with a `Call` as its first argument a command body: `--json`, `--url` and `--config` come along."""

    def body(*args: Any, as_json: bool, url: str | None, config: tuple[str, ...], **options: Any) -> Any:
        with _client(url, config) as client:
            return function(Call(client, as_json), *args, **options)

    update_wrapper(body, function)
    return _with(
        body,
        click.option("--json", "as_json", is_flag=True, help="Print the JSON of the API."),
        click.option("--url", metavar="URL", help="The coordinator (ROTA_URL; http://127.0.0.1:8400)."),
        click.option("--config", metavar="FILE", multiple=True, help="TOML file; repeatable, later ones win."),
    )


def limited(command: Command) -> Command:
    """Give a list command its `--limit`."""
    most = click.IntRange(1, 100_000)
    return click.option("--limit", type=most, default=20, show_default=True, help="At most so many.")(command)


def confirmed(command: Command) -> Command:
    """Give a command that destroys its `--yes`."""
    return click.option("--yes", is_flag=True, help="Do not ask.")(command)


def confirm(question: str, yes: bool) -> None:
    """Ask a person, unless told not to or nobody is there to answer."""
    if not yes and sys.stdin.isatty():
        click.confirm(question, abort=True, err=True)


def _with(body: Callable[..., Any], *options: Callable[[Any], Any]) -> Callable[..., Any]:
    for option in options:
        body = option(body)
    return body


@contextmanager
def _client(url: str | None, files: tuple[str, ...]) -> "Iterator[Client]":
    # Imported here, because `--help` needs neither and they take most of the start.
    from rota.client.client import DEFAULT_URL, Client
    from rota.config import load

    config = load(files, {"url": url})
    with Client(config.url or DEFAULT_URL, config.token or config.admin_token) as client:
        yield client
