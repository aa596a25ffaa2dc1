"""One-off exceptions to schedules: what people change of single instants."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, delete, func, insert, select

from rota.domain.instant import Instant
from rota.domain.schedule_exception import ExceptionKind, ScheduleException
from rota.stores import bell
from rota.stores.database import Transaction
from rota.stores.identity import new_id
from rota.stores.schedule_tables import schedule_exceptions


@dataclass(frozen=True, slots=True)
class ExceptionRecord:
    """A stored exception."""

    id: str
    schedule_id: str
    exception: ScheduleException
    created_at: Instant


def add(tx: Transaction, schedule_id: str, exception: ScheduleException) -> ExceptionRecord:
    """Store an exception."""
    record = ExceptionRecord(new_id(tx.now), schedule_id, exception, tx.now)
    values = {
        "id": record.id,
        "schedule_id": schedule_id,
        "kind": exception.kind.value,
        "at": exception.at,
        "until": exception.until,
        "to": exception.to,
        "reason": exception.reason,
        "created_by": exception.by,
        "created_at": tx.now,
    }
    tx.execute(insert(schedule_exceptions).values(values))
    tx.ring(bell.SCHEDULES)
    return record


def of(tx: Transaction, schedule_ids: Collection[str]) -> dict[str, list[ExceptionRecord]]:
    """The exceptions of each schedule, by their instants; schedules without any are left out."""
    columns = schedule_exceptions.c
    found: dict[str, list[ExceptionRecord]] = defaultdict(list)
    if schedule_ids:
        wanted = select(schedule_exceptions).where(columns.schedule_id.in_(schedule_ids))
        for row in tx.all(wanted.order_by(columns.at, columns.id)):
            found[row.schedule_id].append(_exception(row))
    return found


def find(tx: Transaction, schedule_id: str, *, limit: int, before: str | None = None) -> list[ExceptionRecord]:
    """The exceptions of a schedule, the newest first, from the one before the id `before` on."""
    columns = schedule_exceptions.c
    wanted = select(schedule_exceptions).where(columns.schedule_id == schedule_id)
    if before is not None:
        wanted = wanted.where(columns.id < before)
    return [_exception(row) for row in tx.all(wanted.order_by(columns.id.desc()).limit(limit))]


def count(tx: Transaction, schedule_id: str) -> int:
    """How many exceptions a schedule has."""
    mine = schedule_exceptions.c.schedule_id == schedule_id
    return tx.connection.scalar(select(func.count()).select_from(schedule_exceptions).where(mine)) or 0


def remove(tx: Transaction, schedule_id: str, id: str) -> ExceptionRecord | None:
    """Take an exception back. None when the schedule has no such one."""
    columns = schedule_exceptions.c
    one = (columns.id == id) & (columns.schedule_id == schedule_id)
    row = tx.first(select(schedule_exceptions).where(one))
    if row is None:
        return None
    tx.execute(delete(schedule_exceptions).where(one))
    tx.ring(bell.SCHEDULES)
    return _exception(row)


def _exception(row: Row[Any]) -> ExceptionRecord:
    kind = ExceptionKind(row.kind)
    exception = ScheduleException(row.at, kind, row.until, row.to, row.created_by, row.reason)
    return ExceptionRecord(row.id, row.schedule_id, exception, row.created_at)
