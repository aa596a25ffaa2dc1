"""Freezes in the store: when schedules start nothing, and why."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, delete, insert, select

from rota.domain.freeze import Freeze, Scope
from rota.domain.instant import Instant
from rota.stores.database import Transaction
from rota.stores.identity import new_id
from rota.stores.schedule_tables import freezes


@dataclass(frozen=True, slots=True)
class FreezeRecord:
    """A stored freeze."""

    id: str
    freeze: Freeze
    created_at: Instant


def add(tx: Transaction, new: Freeze) -> FreezeRecord:
    """Store a freeze."""
    record = FreezeRecord(new_id(tx.now), new, tx.now)
    values = {
        "id": record.id,
        "starts_at": new.starts_at,
        "ends_at": new.ends_at,
        "reason": new.reason,
        "scope": new.scope.to_json(),
        "created_by": new.by,
        "created_at": tx.now,
    }
    tx.execute(insert(freezes).values(values))
    return record


def lasting(tx: Transaction, since: Instant) -> list[FreezeRecord]:
    """The freezes that last beyond an instant, by their start."""
    wanted = select(freezes).where(freezes.c.ends_at > since).order_by(freezes.c.starts_at, freezes.c.id)
    return [_record(row) for row in tx.all(wanted)]


def find(
    tx: Transaction, *, limit: int, before: str | None = None, ending_after: Instant | None = None
) -> list[FreezeRecord]:
    """Freezes, the newest first, from the one before the id `before` on; of those that end after an instant, if given."""
    wanted = select(freezes).order_by(freezes.c.id.desc()).limit(limit)
    if before is not None:
        wanted = wanted.where(freezes.c.id < before)
    if ending_after is not None:
        wanted = wanted.where(freezes.c.ends_at > ending_after)
    return [_record(row) for row in tx.all(wanted)]


def remove(tx: Transaction, id: str) -> FreezeRecord | None:
    """Take a freeze back. None when there is no such one."""
    row = tx.first(select(freezes).where(freezes.c.id == id))
    if row is None:
        return None
    tx.execute(delete(freezes).where(freezes.c.id == id))
    return _record(row)


def _record(row: Row[Any]) -> FreezeRecord:
    found = Freeze(row.starts_at, row.ends_at, row.reason, row.created_by, Scope.from_json(row.scope))
    return FreezeRecord(row.id, found, row.created_at)
