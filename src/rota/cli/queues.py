"""`rota queues`: where executions wait, and what limits them."""

from typing import Any

import click

from rota.cli.call import Call, asks, limited
from rota.cli.output import Cell, Column, Document, fields, table, write
from rota.cli.reading import given
from rota.cli.wording import moment, relative, state, text
from rota.domain.limits import FLEET

_SET = ("priority", "paused", "note", "maxRunning", "rateLimit")
_NONE = "none"


class _CountOrNone(click.ParamType[object]):
    """A whole number, or `none`."""

    name = "n|none"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> object:
        return _NONE if value == _NONE else click.IntRange(min=1).convert(value, param, ctx)


@click.group()
def queues() -> None:
    """Where executions wait, and what limits them. The name '*' is the whole fleet.

    \b
    Example: rota queues set mail --max-running 5 --rate 100/1m
    """


@queues.command("list")
@limited
@asks
def list_queues(call: Call, limit: int) -> None:
    """List the queues that have settings or unfinished executions.

    \b
    Example: rota queues list
    """
    columns = (
        Column("NAME", lambda queue: _named(queue), flexible=True),
        Column("STATE", _state),
        Column("PENDING", text("pending")),
        Column("RUNNING", lambda queue: _of(queue.get("running"), queue.get("maxRunning"))),
        Column("LATER", text("later")),
        Column("PRIORITY", text("priority")),
        Column("RATE", text("rateLimit")),
        Column("OLDEST DUE", lambda queue: relative(queue.get("oldestDueAt"))),
        Column("NOTE", text("note"), flexible=True),
    )
    call.listing("queues", {}, limit, lambda found: table(columns, found, empty="no queues"))


@queues.command()
@click.argument("name")
@asks
def show(call: Call, name: str) -> None:
    """Show one queue.

    \b
    Example: rota queues show mail
    """
    document = call.client.get("queues", name)
    call.show(document, lambda: _show(document))


@queues.command("set")
@click.argument("name")
@click.option("--priority", type=int, metavar="N", help="Added to the priority of its executions.")
@click.option("--max-running", type=_CountOrNone(), help="At most N at once, in the whole fleet; none takes it away.")
@click.option("--rate", metavar="RATE|none", help="Starts in a time, such as 100/1m; none takes it away.")
@click.option("--note", metavar="TEXT", help="Why; shown to whoever wonders.")
@asks
def set_queue(
    call: Call, name: str, priority: int | None, max_running: object, rate: str | None, note: str | None
) -> None:
    """Change what is set for a queue; what is not named stays as it is.

    \b
    Example: rota queues set mail --max-running 5 --rate 100/1m
    """
    changes = given(priority=priority, maxRunning=max_running, rateLimit=rate, note=note)
    if not changes:
        raise click.UsageError("nothing to change: give --priority, --max-running, --rate or --note")
    body = {key: value for key, value in (_current(call, name) | changes).items() if value not in (None, _NONE)}
    document = call.client.put("queues", name, body=body)
    call.show(document, lambda: _show(document))


@queues.command()
@click.argument("name")
@click.option("--note", metavar="TEXT", help="Why; shown to whoever wonders.")
@asks
def pause(call: Call, name: str, note: str | None) -> None:
    """Let nothing of a queue start. What runs goes on.

    \b
    Example: rota queues pause mail --note 'the provider is down'
    """
    document = call.client.post("queues", name, "pause", body=given(note=note))
    call.show(document, lambda: write(f"queue {_named(document)} is paused: {document.get('pending')} pending wait"))


@queues.command()
@click.argument("name")
@asks
def resume(call: Call, name: str) -> None:
    """Let a queue go on.

    \b
    Example: rota queues resume mail
    """
    document = call.client.post("queues", name, "resume")
    call.show(document, lambda: write(f"queue {_named(document)} goes on: {document.get('pending')} pending"))


@queues.command()
@click.argument("name")
@asks
def reset(call: Call, name: str) -> None:
    """Forget what is set for a queue. What stands in it stays.

    \b
    Example: rota queues reset mail
    """
    document = call.client.delete("queues", name)
    call.show(document, lambda: write(f"nothing is set for queue {name} any more"))


def _current(call: Call, name: str) -> Document:
    """What is set for the queue now; nothing for one that nobody has used yet."""
    from rota.domain.errors import NotFound

    try:
        document = call.client.get("queues", name)
    except NotFound:
        return {}
    return {key: document.get(key) for key in _SET}


def _show(queue: Document) -> None:
    fields(
        (
            ("name", _named(queue)),
            ("state", _state(queue)),
            ("note", queue.get("note")),
            ("pending", text("pending")(queue)),
            ("oldest due", moment(queue.get("oldestDueAt"))),
            ("running", _of(queue.get("running"), queue.get("maxRunning"))),
            ("later", text("later")(queue)),
            ("priority", text("priority")(queue)),
            ("rate", queue.get("rateLimit")),
            ("set by", queue.get("changedBy")),
            ("set", moment(queue.get("updatedAt"))),
        )
    )


def _named(queue: Document) -> str:
    name = str(queue.get("name", "-"))
    return f"{name} (the whole fleet)" if name == FLEET else name


def _state(queue: Document) -> Cell:
    return state("Paused" if queue.get("paused") else "Enabled")


def _of(count: object, most: object) -> str:
    return f"{count}" if most is None else f"{count}/{most}"
