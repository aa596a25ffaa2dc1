"""`rota audit`: who changed what."""

import json

import click

from rota.cli.call import Call, asks, limited
from rota.cli.output import Column, Document, table
from rota.cli.wording import identifier, text, when


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


def _subject(entry: Document) -> str:
    return f"{entry.get('noun', '')} {identifier(entry.get('subjectId'))}".strip()


def _detail(entry: Document) -> str:
    return json.dumps(entry["detail"], ensure_ascii=False) if entry.get("detail") else ""
