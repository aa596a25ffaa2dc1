"""Enrolments: one-time invitations of workers, each to be exchanged for a key. Only the SHA-256 of a token is stored."""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import insert, select, update

from rota.domain.instant import Instant
from rota.stores.database import Transaction
from rota.stores.tables import enrolments


@dataclass(frozen=True, slots=True)
class Enrolment:
    """An invitation. `queues` are those that the key will be bound to; None = every queue."""

    id: str
    name: str | None
    queues: tuple[str, ...] | None
    created_by: str
    created_at: Instant
    expires_at: Instant
    used_at: Instant | None = None
    key_id: str | None = None


_COLUMNS = [column for column in enrolments.columns if column.name != "hash"]


def add(tx: Transaction, new: Enrolment, hash: bytes) -> None:
    """Store a new enrolment."""
    values = {column.name: getattr(new, column.name) for column in _COLUMNS}
    queues = None if new.queues is None else json.dumps(new.queues)
    tx.execute(insert(enrolments).values(**values | {"queues": queues}, hash=hash))


def by_hash(tx: Transaction, hash: bytes) -> Enrolment | None:
    """The enrolment whose token has this SHA-256."""
    row: Any = tx.first(select(*_COLUMNS).where(enrolments.c.hash == hash))
    if row is None:
        return None
    values = {column.name: getattr(row, column.name) for column in _COLUMNS}
    return Enrolment(**values | {"queues": None if row.queues is None else tuple(json.loads(row.queues))})


def use(tx: Transaction, id: str, key_id: str) -> bool:
    """Exchange an enrolment for a key. False when somebody has done so before."""
    unused = update(enrolments).where(enrolments.c.id == id, enrolments.c.used_at.is_(None))
    return bool(tx.execute(unused.values(used_at=tx.now, key_id=key_id)).rowcount)
