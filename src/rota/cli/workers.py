"""`rota workers`: who runs executions."""

import click

from rota.cli.call import Call, asks, limited
from rota.cli.output import Column, Document, fields, say, table, write
from rota.cli.reading import given
from rota.cli.wording import id_of, moment, state_of, text, when


@click.group()
def workers() -> None:
    """Who runs executions. ID is an id, a piece of one, or a name.

    \b
    Example: rota workers list
    """


@workers.command("list")
@click.option("--state", metavar="STATE", help="Alive, Draining, Stopped or Dead.")
@limited
@asks
def list_workers(call: Call, state: str | None, limit: int) -> None:
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
    empty = "no workers; try: rota worker"
    call.listing("workers", {"state": state}, limit, lambda found: table(columns, found, empty=empty))


@workers.command()
@click.argument("id")
@asks
def show(call: Call, id: str) -> None:
    """Show one worker.

    \b
    Example: rota workers show 0f1e2d3c4b5a
    """
    from rota.client.lookup import named_id

    document = call.client.get("workers", named_id(call.client, "workers", "worker", id))
    call.show(document, lambda: _show(document))


@workers.command()
@click.argument("id")
@asks
def drain(call: Call, id: str) -> None:
    """Let a worker finish what it runs and take nothing new.

    \b
    Example: rota workers drain 0f1e2d3c4b5a
    """
    from rota.client.lookup import named_id

    found = named_id(call.client, "workers", "worker", id)
    document = call.client.post("workers", found, "drain")
    call.show(document, lambda: write(f"worker {document.get('name', id)} is {document.get('state', 'Draining')}"))


@workers.command()
@click.option("--name", metavar="TEXT", help="What its key is called.")
@click.option("--queues", metavar="A,B", help="The queues that it is bound to; all if left out.")
@click.option("--expires", metavar="DURATION", default="1h", show_default=True, help="How long the token can be used.")
@click.option("--idempotency-key", metavar="KEY", help="The same key again creates nothing new.")
@asks
def invite(call: Call, name: str | None, queues: str | None, expires: str, idempotency_key: str | None) -> None:
    """Invite a worker: make a token that it exchanges, once, for a key of its own.

    \b
    Example: rota workers invite --queues reports,mail --expires 2h
    """
    bound = None if queues is None else [word.strip() for word in queues.split(",") if word.strip()]
    body = given(name=name, queues=bound, expiresIn=expires)
    document = call.client.post("workers", "enrolments", body=body, idempotency_key=idempotency_key)
    call.show(document, lambda: _invited(call, document))


def _show(worker: Document) -> None:
    kinds = worker.get("types")
    fields(
        (
            ("id", str(worker.get("id"))),
            ("name", worker.get("name")),
            ("state", state_of(worker)),
            ("busy", f"{worker.get('running', 0)} of {worker.get('capacity', '-')} slots"),
            ("queues", ", ".join(worker.get("queues") or ()) or "all"),
            ("job types", "any" if kinds is None else ", ".join(kinds)),
            ("host", worker.get("hostname")),
            ("labels", ", ".join(f"{key}={value}" for key, value in (worker.get("labels") or {}).items()) or None),
            ("version", worker.get("version")),
            ("transport", worker.get("transport")),
            ("registered", moment(worker.get("registeredAt"))),
            ("heard", moment(worker.get("heartbeatAt"))),
        )
    )


def _invited(call: Call, document: Document) -> None:
    write(str(document.get("token")))
    bound = ", ".join(document.get("queues") or ()) or "every queue"
    say(f"for one worker of {bound}, once, until {document.get('expiresAt')}; the token is shown this once")
    say(f"try: rota worker --coordinator {call.client.url} --token TOKEN")
