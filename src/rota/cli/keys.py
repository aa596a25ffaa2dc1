"""`rota keys`: who may ask."""

import time

import click

from rota.cli.call import Call, asks, confirm, confirmed, limited
from rota.cli.output import Column, Document, say, table, write
from rota.cli.reading import given
from rota.cli.wording import id_of, text, when
from rota.domain.access import Role
from rota.domain.instant import DAY, format_instant


@click.group()
def keys() -> None:
    """Who may ask. ID is an id, a piece of one, or a name.

    \b
    Example: rota keys create --name ci --role operator --expires-days 90
    """


@keys.command("list")
@limited
@asks
def list_keys(call: Call, limit: int) -> None:
    """List keys. Their tokens are not stored.

    \b
    Example: rota keys list
    """
    columns = (
        Column("ID", id_of()),
        Column("NAME", text("name"), flexible=True),
        Column("ROLE", text("role")),
        Column("QUEUES", lambda key: ", ".join(key.get("queues") or ()) or "-", flexible=True),
        Column("PREFIX", text("prefix")),
        Column("EXPIRES", _expires),
        Column("USED", when("lastUsedAt")),
    )
    call.listing("keys", {}, limit, lambda found: table(columns, found, empty="no keys"))


@keys.command()
@click.option("--name", metavar="TEXT", required=True, help="Who or what will use it.")
@click.option("--role", type=click.Choice([role.value for role in Role], case_sensitive=False), required=True)
@click.option("--expires-days", type=click.FloatRange(min=0, min_open=True, max=36_500), help="Valid for so many days.")
@click.option("--queues", metavar="A,B", help="Only for workers: the queues that it is bound to.")
@click.option("--idempotency-key", metavar="KEY", help="The same key again creates nothing new.")
@asks
def create(
    call: Call, name: str, role: str, expires_days: float | None, queues: str | None, idempotency_key: str | None
) -> None:
    """Create a key. Its token is shown this once.

    \b
    Example: rota keys create --name ci --role operator
    """
    expires = None if expires_days is None else format_instant(time.time_ns() // 1000 + round(expires_days * DAY))
    bound = None if queues is None else [word.strip() for word in queues.split(",") if word.strip()]
    body = given(name=name, role=role, expiresAt=expires, queues=bound)
    document = call.client.post("keys", body=body, idempotency_key=idempotency_key)
    call.show(document, lambda: _created(document))


@keys.command()
@click.argument("id")
@confirmed
@asks
def delete(call: Call, id: str, yes: bool) -> None:
    """Revoke a key at once.

    \b
    Example: rota keys delete ci --yes
    """
    from rota.client.lookup import named_id

    found = named_id(call.client, "keys", "key", id)
    confirm(f"revoke key {id} ({found})?", yes)
    document = call.client.delete("keys", found)
    call.show(document, lambda: write(f"revoked key {id}  {found}"))


def _expires(key: Document) -> str:
    return "revoked" if key.get("revokedAt") else when("expiresAt")(key)


def _created(key: Document) -> None:
    write(str(key.get("token")))
    say(f"created key {key.get('name')} ({key.get('role')})  {key.get('id')}; the token is shown this once")
