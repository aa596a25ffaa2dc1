"""How a person reads what a change does to the times at which a schedule fires."""

from rota.cli.output import Cell, Column, Document, say, table, write
from rota.cli.wording import text

_ROWS = 20


def difference(found: Document) -> None:
    """The summary, and the first runs that go, move and come, in order."""
    write(str(found.get("summary")))
    rows = [{"what": "removed", "was": at} for at in found.get("removed") or ()]
    rows += [{"what": "added", "is": at} for at in found.get("added") or ()]
    rows += [{"what": "moved", "was": one["from"], "is": one["to"]} for one in found.get("moved") or ()]
    rows.sort(key=lambda row: min(row.get("was", "z"), row.get("is", "z")))
    if not rows:
        return
    columns = (Column("RUN", _what), Column("WAS", text("was")), Column("WILL BE", text("is")))
    table(columns, rows[:_ROWS], empty="")
    if len(rows) > _ROWS:
        say(f"the first {_ROWS}; more: --json")


def _what(row: Document) -> Cell:
    colours = {"removed": "red", "added": "green", "moved": "yellow"}
    return Cell(row["what"], colours[row["what"]])
