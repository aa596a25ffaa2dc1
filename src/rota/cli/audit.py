"""`rota audit`: who changed what, and whether that is still what was written."""

import json

import click

from rota.cli.call import Call, asks, limited
from rota.cli.output import Cell, Column, Document, fields, table, waiting, write
from rota.cli.wording import identifier, moment, text, when


@click.group()
def audit() -> None:
    """Who changed what.

    \b
    Example: rota audit list --limit 50
    """


@audit.command("list")
@click.option("--actor", metavar="NAME", help="Only what this one did.")
@click.option("--noun", metavar="NOUN", help="Only about job, schedule, execution, key …")
@click.option("--subject", metavar="ID", help="Only about the one with this id.")
@limited
@asks
def list_entries(call: Call, actor: str | None, noun: str | None, subject: str | None, limit: int) -> None:
    """List changes, newest first.

    \b
    Example: rota audit list --json
    """
    columns = (
        Column("WHEN", when("at")),
        Column("WHO", text("actor"), flexible=True),
        Column("ACTION", text("action")),
        Column("SUBJECT", _subject),
        Column("DETAIL", _detail, flexible=True),
    )
    query = {"actor": actor, "noun": noun, "subjectId": subject}
    call.listing("audit", query, limit, lambda found: table(columns, found, empty="nothing has been changed"))


@audit.command()
@click.argument("seq", type=click.IntRange(1))
@asks
def show(call: Call, seq: int) -> None:
    """Show one change.

    \b
    Example: rota audit show 17
    """
    entry = call.client.get("audit", str(seq))
    call.show(entry, lambda: _show(entry))


@audit.command()
@click.option("--anchor", metavar="SEQ:DIGEST", help="A head of before that must still be there.")
@asks
def verify(call: Call, anchor: str | None) -> int:
    """Examine whether any entry was changed, added or removed.

    The head that it shows is worth keeping somewhere else: with --anchor it shows later that nothing was cut off.
    Exits with 1 when something is wrong.

    \b
    Example: rota audit verify
    """
    with waiting("examining every entry"):
        verdict = call.client.get("audit", "verify", query={"anchor": anchor})
    call.show(verdict, lambda: _verdict(verdict))
    return 0 if verdict["valid"] else 1


def _show(entry: Document) -> None:
    fields(
        [
            ("when", moment(entry["at"])),
            ("who", str(entry["actor"])),
            ("action", str(entry["action"])),
            ("subject", f"{entry['noun']} {entry.get('subjectId') or ''}".strip()),
        ]
    )
    if entry.get("detail"):
        write(json.dumps(entry["detail"], indent=2, ensure_ascii=False))


def _verdict(verdict: Document) -> None:
    head, keyed, anchors = verdict["head"], verdict["keyedFrom"], verdict["anchors"]
    fields(
        [
            ("audit", Cell("as it was written", "green") if verdict["valid"] else Cell("NOT as it was written", "red")),
            ("entries", f"{verdict['entries']:,}"),
            ("waiting", f"{verdict['waiting']:,}, to be linked in a moment" if verdict["waiting"] else None),
            ("unsealed", f"{verdict['unsealed']:,} from before the chain" if verdict["unsealed"] else None),
            ("key", f"since entry {keyed}" if keyed else "none: who can write to the store can forge it"),
            ("anchors", f"{anchors:,}" if anchors else "none: a missing end would not be noticed"),
            ("head", f"{head['seq']}:{head['digest']}" if head else None),
        ]
    )
    problems = verdict["problems"]
    if problems:
        write()
        columns = (Column("ENTRY", text("seq")), Column("PROBLEM", text("message"), flexible=True))
        table(columns, problems, empty="")


def _subject(entry: Document) -> str:
    return f"{entry.get('noun', '')} {identifier(entry.get('subjectId'))}".strip()


def _detail(entry: Document) -> str:
    return json.dumps(entry["detail"], ensure_ascii=False) if entry.get("detail") else ""
