"""`rota freezes`: times in which schedules start nothing."""

from typing import Any

import click

from rota.cli.call import Call, asks, confirm, confirmed, limited
from rota.cli.output import Column, Document, say, table, write
from rota.cli.reading import TimeType, given
from rota.cli.wording import id_of, text


@click.group()
def freezes() -> None:
    """Times in which schedules start nothing.

    \b
    Example: rota freezes create --to 2027-01-02T00:00Z --reason holidays
    """


@freezes.command()
@click.option("--from", "starts_at", type=TimeType(), metavar="TIME", help="Since when; now if left out.")
@click.option("--to", "ends_at", type=TimeType(), metavar="TIME", required=True, help="Until when, exclusive.")
@click.option("--reason", metavar="TEXT", required=True, help="Why; shown to whoever wonders.")
@click.option("--job", metavar="JOB", multiple=True, help="Only this job. Repeatable.")
@click.option("--team", metavar="NAME", multiple=True, help="Only jobs of this team. Repeatable.")
@click.option("--queue", metavar="NAME", multiple=True, help="Only jobs of this queue. Repeatable.")
@click.option("--tag", metavar="TAG", multiple=True, help="Only jobs with this tag. Repeatable.")
@asks
def create(call: Call, starts_at: str | None, ends_at: str, reason: str, **scope: Any) -> None:
    """Declare a freeze: of everything, or of what is named.

    \b
    Example: rota freezes create --to 2027-01-02T00:00Z --team billing \\
               --reason 'year end'
    """
    named = {f"{kind}s": list(names) or None for kind, names in scope.items()}
    body = given(startsAt=starts_at, endsAt=ends_at, reason=reason, **named)
    document = call.client.post("freezes", body=body)
    call.show(document, lambda: _created(document))


@freezes.command("list")
@click.option("--past", is_flag=True, help="Those that are over as well.")
@limited
@asks
def list_freezes(call: Call, past: bool, limit: int) -> None:
    """List freezes that hold or are to come.

    \b
    Example: rota freezes list
    """
    columns = (
        Column("ID", id_of()),
        Column("FROM", text("startsAt")),
        Column("TO", text("endsAt")),
        Column("WHOM", _whom, flexible=True),
        Column("BY", text("createdBy"), flexible=True),
        Column("REASON", text("reason"), flexible=True),
    )
    query = {"past": "true" if past else None}
    call.listing("freezes", query, limit, lambda found: table(columns, found, empty="no freezes"))


@freezes.command()
@click.argument("id")
@confirmed
@asks
def delete(call: Call, id: str, yes: bool) -> None:
    """Take a freeze back. What it withheld stays withheld.

    \b
    Example: rota freezes delete 0f1e2d3c4b5a --yes
    """
    from rota.client.lookup import object_id

    found = object_id(call.client, "freezes", "freeze", id)
    confirm(f"delete freeze {found}?", yes)
    document = call.client.delete("freezes", found)
    call.show(document, lambda: write(f"deleted freeze {found}"))


def _created(freeze: Document) -> None:
    write(f"created freeze {freeze.get('id')}: {freeze.get('startsAt')} to {freeze.get('endsAt')}")
    say(f"holds: {_whom(freeze)}")


def _whom(freeze: Document) -> str:
    kinds = (("jobs", "job"), ("teams", "team"), ("queues", "queue"), ("tags", "tag"))
    named = [f"{word} {name}" for kind, word in kinds for name in freeze.get(kind) or ()]
    return ", ".join(named) or "everything"
