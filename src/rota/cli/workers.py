"""`rota workers`: who runs executions."""

import click

from rota.cli.call import Call, asks, limited
from rota.cli.output import Column, table, write
from rota.cli.reading import given
from rota.cli.wording import id_of, state_of, text, when


@click.group()
def workers() -> None:
    """Who runs executions. ID is an id, a piece of one, or a name.

    \b
    Example: rota workers list
    """


@workers.command("list")
@limited
@asks
def list_workers(call: Call, limit: int) -> None:
    """List workers.

    \b
    Example: rota workers list --json
    """
    columns = (
        Column("ID", id_of()),
        Column("NAME", text("name"), flexible=True),
        Column("STATE", state_of),
        Column("BUSY", lambda worker: f"{worker.get('running', 0)}/{worker.get('capacity', '-')}"),
        Column("QUEUES", lambda worker: ", ".join(worker.get("queues") or ()) or "all", flexible=True),
        Column("HEARD", when("heartbeatAt")),
    )
    call.listing("workers", {}, limit, lambda found: table(columns, found, empty="no workers; try: rota worker"))


@workers.command()
@click.argument("id")
@click.option("--reason", metavar="TEXT", help="Why; it stands in the audit.")
@asks
def drain(call: Call, id: str, reason: str | None) -> None:
    """Let a worker finish what it runs and take nothing new.

    \b
    Example: rota workers drain 0f1e2d3c4b5a
    """
    from rota.client.lookup import named_id

    found = named_id(call.client, "workers", "worker", id)
    document = call.client.post("workers", found, "drain", body=given(reason=reason))
    call.show(document, lambda: write(f"worker {document.get('name', id)} is {document.get('state', 'Draining')}"))
