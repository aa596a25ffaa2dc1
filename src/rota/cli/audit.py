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
@limited
@asks
def list_entries(call: Call, limit: int) -> None:
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
    call.listing("audit", {}, limit, lambda found: table(columns, found, empty="nothing has been changed"))


def _subject(entry: Document) -> str:
    return f"{entry.get('noun', '')} {identifier(entry.get('subjectId'))}".strip()


def _detail(entry: Document) -> str:
    return json.dumps(entry["detail"], ensure_ascii=False) if entry.get("detail") else ""
