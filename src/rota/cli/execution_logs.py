"""`rota executions logs`: the log of every attempt, as it was or as it comes."""

import json
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from rota.cli.call import Call, asks
from rota.cli.following import exit_code, tell_end
from rota.cli.output import Document, printable_line, say, write, write_json
from rota.domain.errors import Unavailable

if TYPE_CHECKING:
    from rota.client.client import Client

_MOST_FAILURES = 5
_PAUSE_SECONDS = 1.0


@click.command()
@click.argument("id")
@click.option("-f", "--follow", is_flag=True, help="Until it ends; then exit 0 only if it succeeded.")
@click.option("--tail", type=click.IntRange(1, 1000), metavar="N", help="Only the last N lines.")
@click.option("--search", metavar="TEXT", help="Only lines that hold the text.")
@asks
def logs(call: Call, id: str, follow: bool, tail: int | None, search: str | None) -> int:
    """Print the log of an execution.

    \b
    Example: rota executions logs -f 0f1e2d3c4b5a
    """
    from rota.client.lookup import object_id

    if follow and (tail is not None or search is not None):
        raise click.UsageError("--tail and --search look back; they do not go with --follow")
    found = object_id(call.client, "executions", "execution", id)
    lines = _Lines(call.as_json)
    if follow:
        for line in _followed(call.client, found):
            lines.write(line)
        execution = call.client.get("executions", found)
        if not call.as_json:
            tell_end({**execution, "result": None})
        return exit_code(execution)
    if call.as_json:
        write_json(list(_kept(call.client, found, tail, search)))
        return 0
    for line in _kept(call.client, found, tail, search):
        lines.write(line)
    return 0


class _Lines:
    """Writes log lines, and says on stderr where another attempt begins."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json
        self._attempt: object = None

    def write(self, line: Document) -> None:
        if self._as_json:
            write(json.dumps(line, ensure_ascii=False))
            return
        attempt = line.get("attempt") or line.get("token")
        if attempt is not None and attempt != self._attempt:
            say(f"--- attempt {attempt} ---")
            self._attempt = attempt
        write(printable_line(str(line.get("text", "")).rstrip("\r\n")))


def _kept(client: "Client", execution_id: str, tail: int | None, search: str | None) -> Iterator[Document]:
    """The lines that there are now."""
    path = ("executions", execution_id, "logs")
    if tail is None:
        return client.items(*path, query={"search": search}, resume="after")
    return iter(client.get(*path, query={"tail": tail, "search": search}).get("items", []))


def _followed(client: "Client", execution_id: str) -> Iterator[Document]:
    """Every line until the execution ends, also across a coordinator that goes away for a while."""
    cursor: str | None = None
    failures = 0
    while True:
        try:
            query = {"follow": 1, "after": cursor}
            for event in client.stream("executions", execution_id, "logs", query=query):
                failures = 0
                if event.name == "end":
                    return
                if event.name == "log":
                    cursor = event.cursor or cursor
                    yield event.document
        except Unavailable as error:
            failures += 1
            if failures == _MOST_FAILURES:
                raise
            say(f"{error.detail}; trying again ({failures} of {_MOST_FAILURES - 1})")
        time.sleep(_PAUSE_SECONDS)
