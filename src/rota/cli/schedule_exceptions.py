"""`rota schedules skip | move | add | exceptions | remove-exception`."""

from typing import Any

import click

from rota.cli.call import Call, asks, limited
from rota.cli.output import Column, Document, say, table, write
from rota.cli.reading import TimeType, given
from rota.cli.wording import id_of, moment, text

_NEXT = "next"


class _InstantType(click.ParamType[str]):
    """A time, or the next instant."""

    name = f"time|{_NEXT}"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        return _NEXT if str(value).lower() == _NEXT else TimeType().convert(value, param, ctx)


_reason = click.option("--reason", metavar="TEXT", help="Why; kept in the ledger.")


@click.command()
@click.argument("id")
@click.option("--next", "coming", is_flag=True, help="The next instant; so also without any option.")
@click.option("--at", type=TimeType(), metavar="TIME", help="The instant of this time.")
@click.option("--until", type=TimeType(), metavar="TIME", help="All from now to this time, itself included.")
@_reason
@asks
def skip(call: Call, id: str, coming: bool, at: str | None, until: str | None, reason: str | None) -> None:
    """Leave the next instant of a schedule out, another one, or all up to a time.

    \b
    Example: rota schedules skip 0f1e2d3c4b5a --reason 'stocktaking'
    """
    if coming + (at is not None) + (until is not None) > 1:
        raise click.UsageError("one of --next, --at and --until")
    if until is not None:
        _add(call, id, given(action="skipUntil", until=until, reason=reason))
    else:
        _add(call, id, given(action="skip", at=at or _NEXT, reason=reason))


@click.command()
@click.argument("id")
@click.option("--at", type=_InstantType(), metavar="TIME", required=True, help="Which instant; next is the next one.")
@click.option("--to", type=TimeType(), metavar="TIME", required=True, help="When it fires instead.")
@_reason
@asks
def move(call: Call, id: str, at: str, to: str, reason: str | None) -> None:
    """Let one instant of a schedule fire at another time.

    \b
    Example: rota schedules move 0f1e2d3c4b5a --at next --to 2026-12-24T09:00Z
    """
    _add(call, id, given(action="move", at=at, to=to, reason=reason))


@click.command()
@click.argument("id")
@click.option("--at", type=TimeType(), metavar="TIME", required=True, help="When.")
@_reason
@asks
def add(call: Call, id: str, at: str, reason: str | None) -> None:
    """Let a schedule fire once at a time that its rule does not name.

    \b
    Example: rota schedules add 0f1e2d3c4b5a --at 2026-12-24T09:00Z
    """
    _add(call, id, given(action="add", at=at, reason=reason))


@click.command()
@click.argument("id")
@limited
@asks
def exceptions(call: Call, id: str, limit: int) -> None:
    """List the exceptions of a schedule, newest first.

    \b
    Example: rota schedules exceptions 0f1e2d3c4b5a
    """
    columns = (
        Column("ID", id_of()),
        Column("ACTION", text("action")),
        Column("AT", text("at")),
        Column("TO", lambda one: str(one.get("to") or one.get("until") or "-")),
        Column("BY", text("createdBy"), flexible=True),
        Column("REASON", text("reason"), flexible=True),
    )
    noun = f"schedules/{_schedule(call, id)}/exceptions"
    call.listing(noun, {}, limit, lambda found: table(columns, found, empty="no exceptions"))


@click.command("remove-exception")
@click.argument("id")
@click.argument("exception")
@asks
def remove(call: Call, id: str, exception: str) -> None:
    """Take an exception back: the instant is as the rule says.

    \b
    Example: rota schedules remove-exception 0f1e2d3c4b5a 9d8c7b6a5f4e
    """
    from rota.client.lookup import object_id

    schedule = _schedule(call, id)
    found = object_id(call.client, f"schedules/{schedule}/exceptions", "exception", exception)
    document = call.client.delete("schedules", schedule, "exceptions", found)
    call.show(document, lambda: write(f"removed exception {found}"))


def _add(call: Call, id: str, body: Document) -> None:
    document = call.client.post("schedules", _schedule(call, id), "exceptions", body=body)
    call.show(document, lambda: _told(document))


def _told(made: Document) -> None:
    at, until, to = made.get("at"), made.get("until"), made.get("to")
    done = {
        "skip": f"skipped {at}",
        "skipUntil": f"skipped all to {until}",
        "move": f"moved {at} to {to}",
        "add": f"added {at}",
    }
    write(f"{done.get(str(made.get('action')), 'excepted')} (exception {made.get('id')})")
    say(f"next: {moment(made.get('nextAt')) or 'never'}")


def _schedule(call: Call, id: str) -> str:
    from rota.client.lookup import object_id

    return object_id(call.client, "schedules", "schedule", id)


COMMANDS = (skip, move, add, exceptions, remove)
