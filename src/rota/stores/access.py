"""Keys: who may come in. A token itself is never stored, only its SHA-256."""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, or_, select, update

from rota.domain.access import Role
from rota.domain.instant import Instant
from rota.stores.database import Transaction
from rota.stores.tables import keys


@dataclass(frozen=True, slots=True)
class Key:
    """A key as it may be shown. `prefix` is the beginning of its token, to tell keys apart."""

    id: str
    name: str
    role: Role
    prefix: str
    created_by: str
    created_at: Instant
    expires_at: Instant | None = None
    last_used_at: Instant | None = None
    revoked_at: Instant | None = None
    queues: tuple[str, ...] | None = None
    """The queues that a worker's key is bound to; None = every queue."""


_COLUMNS = [column for column in keys.columns if column.name != "hash"]


def add(tx: Transaction, key: Key, hash: bytes) -> None:
    """Store a new key."""
    values = {column.name: getattr(key, column.name) for column in _COLUMNS}
    queues = None if key.queues is None else json.dumps(key.queues)
    tx.execute(insert(keys).values(**values | {"role": key.role.value, "queues": queues}, hash=hash))


def by_hash(tx: Transaction, hash: bytes) -> Key | None:
    """The key whose token has this SHA-256."""
    row = tx.first(select(*_COLUMNS).where(keys.c.hash == hash))
    return None if row is None else _key(row)


def by_id(tx: Transaction, id: str) -> Key | None:
    """One key."""
    row = tx.first(select(*_COLUMNS).where(keys.c.id == id))
    return None if row is None else _key(row)


def named(tx: Transaction, name: str) -> Key | None:
    """The key of this name that is not revoked."""
    row = tx.first(select(*_COLUMNS).where(keys.c.name == name, keys.c.revoked_at.is_(None)))
    return None if row is None else _key(row)


def page(tx: Transaction, *, before: str | None, limit: int) -> list[Key]:
    """Keys, newest first."""
    statement = select(*_COLUMNS).order_by(keys.c.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(keys.c.id < before)
    return [_key(row) for row in tx.all(statement)]


def count(tx: Transaction, *, usable_admins_at: Instant | None = None) -> int:
    """How many keys there are; with `usable_admins_at`, how many admin keys work at that instant."""
    statement = select(keys.c.id)
    if usable_admins_at is not None:
        statement = statement.where(
            keys.c.role == Role.ADMIN.value,
            keys.c.revoked_at.is_(None),
            or_(keys.c.expires_at.is_(None), keys.c.expires_at > usable_admins_at),
        )
    return len(tx.all(statement))


def first_admin(tx: Transaction) -> Key | None:
    """The oldest admin key that works now."""
    usable = or_(keys.c.expires_at.is_(None), keys.c.expires_at > tx.now)
    statement = select(*_COLUMNS).where(keys.c.role == Role.ADMIN.value, keys.c.revoked_at.is_(None), usable)
    row = tx.first(statement.order_by(keys.c.id).limit(1))
    return None if row is None else _key(row)


def revoke(tx: Transaction, id: str) -> bool:
    """Make a key useless. False if it was already, or is unknown."""
    return bool(
        tx.execute(update(keys).where(keys.c.id == id, keys.c.revoked_at.is_(None)).values(revoked_at=tx.now)).rowcount
    )


def restore(tx: Transaction, id: str, role: Role) -> None:
    """Make a key work again, without an end, in this role."""
    tx.execute(update(keys).where(keys.c.id == id).values(revoked_at=None, expires_at=None, role=role.value))


def used(tx: Transaction, id: str) -> None:
    """Note that a key was used now."""
    tx.execute(update(keys).where(keys.c.id == id).values(last_used_at=tx.now))


def _key(row: Any) -> Key:
    values = {column.name: getattr(row, column.name) for column in _COLUMNS}
    queues = None if row.queues is None else tuple(json.loads(row.queues))
    return Key(**values | {"role": Role(row.role), "queues": queues})
