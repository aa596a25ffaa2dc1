"""`rota schedules account`: whether every instant of a schedule has been decided."""

import click

from rota.cli.call import Call, asks
from rota.cli.output import Cell, Column, Document, fields, say, table, write
from rota.cli.reading import AgoType
from rota.cli.wording import text


@click.command()
@click.argument("id")
@click.option("--from", "start", type=AgoType(), metavar="TIME", help="A time, or 24h for a day ago; default a week.")
@click.option("--to", "end", type=AgoType(), metavar="TIME", help="Up to when; now if left out.")
@asks
def account(call: Call, id: str, start: str | None, end: str | None) -> None:
    """Hold what the rule named against what was decided.

    \b
    Example: rota schedules account 0f1e2d3c4b5a --from 30d
    """
    from rota.client.lookup import object_id

    found = object_id(call.client, "schedules", "schedule", id)
    document = call.client.get("schedules", found, "account", query={"from": start, "to": end})
    call.show(document, lambda: _show(document))


def _show(account: Document) -> None:
    complete = account.get("complete")
    counts = {**(account.get("byDecision") or {}), "not named today": account.get("unnamed")}
    waiting = account.get("waiting") or {}
    fields(
        (
            ("from", account.get("from")),
            ("to", account.get("to")),
            ("named", str(account.get("named"))),
            ("decided", str(account.get("decided"))),
            *((f"  {name}", str(number) if number else None) for name, number in counts.items()),
            ("undecided", str(sum(waiting.values()))),
            *((f"  {name}", str(number)) for name, number in waiting.items()),
            ("complete", Cell("yes", "green") if complete else Cell("no", "red")),
        )
    )
    if undecided := account.get("undecided"):
        write()
        columns = (Column("UNDECIDED", text("nominalAt")), Column("WHY", text("says"), flexible=True))
        table(columns, undecided, empty="")
    if account.get("cut"):
        say(f"it stopped at {account.get('to')}; go on with --from {account.get('to')}")


COMMANDS = (account,)
