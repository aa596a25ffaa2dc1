"""Queues as they are set, and how much stands in each."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, case, delete, func, insert, select, update

from rota.domain.execution import LEASED
from rota.domain.instant import Instant
from rota.domain.limits import Rate
from rota.domain.queue import QueueSettings
from rota.stores import bell
from rota.stores.database import Transaction
from rota.stores.tables import executions, queues


@dataclass(frozen=True, slots=True)
class QueueRecord:
    """The settings of a queue, and who changed them when."""

    settings: QueueSettings
    changed_by: str
    updated_at: Instant


@dataclass(frozen=True, slots=True)
class Load:
    """What stands in a queue: due and not started, running, due later or tried again."""

    pending: int = 0
    running: int = 0
    later: int = 0
    oldest_due_at: Instant | None = None


def all_set(tx: Transaction) -> list[QueueRecord]:
    """Every queue that has settings, by name."""
    return [_record(row) for row in tx.all(select(queues).order_by(queues.c.name))]


def get(tx: Transaction, name: str) -> QueueRecord | None:
    """The settings of one queue; None where nothing is set."""
    row = tx.first(select(queues).where(queues.c.name == name))
    return None if row is None else _record(row)


def put(tx: Transaction, settings: QueueSettings, *, changed_by: str) -> None:
    """Set a queue."""
    rate = settings.rate
    values = {
        "priority": settings.priority,
        "paused": int(settings.paused),
        "note": settings.note,
        "max_running": settings.max_running,
        "rate_count": None if rate is None else rate.count,
        "rate_per": None if rate is None else rate.per,
        "changed_by": changed_by,
        "updated_at": tx.now,
    }
    if get(tx, settings.name) is None:
        tx.execute(insert(queues).values(name=settings.name, **values))
    else:
        tx.execute(update(queues).where(queues.c.name == settings.name).values(**values))
    tx.ring(bell.WORK)


def remove(tx: Transaction, name: str) -> bool:
    """Forget what is set for a queue. False where nothing is."""
    removed = tx.execute(delete(queues).where(queues.c.name == name))
    tx.ring(bell.WORK)
    return bool(removed.rowcount)


def loads(tx: Transaction, name: str | None = None) -> dict[str, Load]:
    """What stands in every queue, or in one."""
    live = executions.c
    running = case((live.state.in_(sorted(LEASED)), 1), else_=0)
    pending = case((_is_pending(tx), 1), else_=0)
    counted = select(
        live.queue,
        func.count().label("live"),
        func.sum(running).label("running"),
        func.sum(pending).label("pending"),
        func.min(case((_is_pending(tx), live.due_at))).label("oldest"),
    ).group_by(live.queue)
    if name is not None:
        counted = counted.where(live.queue == name)
    return {
        row.queue: Load(int(row.pending), int(row.running), row.live - int(row.pending) - int(row.running), row.oldest)
        for row in tx.all(counted)
    }


def total(loads: Iterable[Load]) -> Load:
    """What stands in several queues together."""
    found = list(loads)
    return Load(
        sum(load.pending for load in found),
        sum(load.running for load in found),
        sum(load.later for load in found),
        min((load.oldest_due_at for load in found if load.oldest_due_at is not None), default=None),
    )


def _is_pending(tx: Transaction) -> Any:
    """Due, whether a worker has looked since or not."""
    live = executions.c
    return (live.state == "Pending") | (live.state.in_(("Scheduled", "Retrying")) & (live.due_at <= tx.now))


def _record(row: Row[Any]) -> QueueRecord:
    rate = None if row.rate_count is None else Rate(row.rate_count, row.rate_per)
    settings = QueueSettings(row.name, row.priority, bool(row.paused), row.note, row.max_running, rate)
    return QueueRecord(settings, row.changed_by, row.updated_at)
