"""Deletes what is beyond its retention, at most a batch at a time. Every function returns how many rows went."""

from sqlalchemy import Select, delete, func, select, tuple_

from rota.domain.instant import Instant
from rota.stores.database import Transaction
from rota.stores.schedule_tables import occurrences
from rota.stores.tables import attempts, coordinators, events, history, idempotency, logs, sessions, workers


def executions_before(tx: Transaction, before: Instant, limit: int) -> int:
    """Finished executions with their attempts and logs."""
    return _forget(
        tx, select(history.c.id).where(history.c.finished_at < before).order_by(history.c.finished_at).limit(limit)
    )


def executions_beyond(tx: Transaction, most: int, limit: int) -> int:
    """The oldest finished executions beyond the number to keep; 0 keeps all."""
    if not most:
        return 0
    kept = tx.connection.scalar(select(history.c.id).order_by(history.c.id.desc()).offset(most).limit(1))
    return (
        0
        if kept is None
        else _forget(tx, select(history.c.id).where(history.c.id <= kept).order_by(history.c.id).limit(limit))
    )


def _forget(tx: Transaction, chosen: Select[tuple[str]]) -> int:
    ids = list(tx.connection.scalars(chosen))
    if ids:
        for table in (logs, attempts):
            tx.execute(delete(table).where(table.c.execution_id.in_(ids)))
        tx.execute(delete(history).where(history.c.id.in_(ids)))
    return len(ids)


def occurrences_before(tx: Transaction, before: Instant, limit: int) -> int:
    """Decisions about instants long past."""
    key = (occurrences.c.schedule_id, occurrences.c.nominal_at)
    old = tx.all(select(*key).where(occurrences.c.decided_at < before).limit(limit))
    if old:
        tx.execute(delete(occurrences).where(tuple_(*key).in_([tuple(row) for row in old])))
    return len(old)


def events_before(tx: Transaction, before: Instant, limit: int) -> int:
    """Events that everybody has long read. Events are in order of time, so the oldest numbers go first."""
    first = tx.connection.scalar(select(func.min(events.c.seq)))
    if first is None:
        return 0
    until = tx.connection.scalar(
        select(func.max(events.c.seq)).where(events.c.seq < first + limit, events.c.at < before)
    )
    return 0 if until is None else int(tx.execute(delete(events).where(events.c.seq <= until)).rowcount)


def workers_before(tx: Transaction, before: Instant, limit: int) -> int:
    """Workers that ended long ago."""
    old = select(workers.c.id).where(workers.c.ended_at < before).limit(limit)
    return int(tx.execute(delete(workers).where(workers.c.id.in_(list(tx.connection.scalars(old))))).rowcount)


def coordinators_before(tx: Transaction, before: Instant, limit: int) -> int:
    """Coordinators not heard of for long."""
    old = select(coordinators.c.id).where(coordinators.c.heartbeat_at < before).limit(limit)
    return int(tx.execute(delete(coordinators).where(coordinators.c.id.in_(list(tx.connection.scalars(old))))).rowcount)


def sessions_before(tx: Transaction, before: Instant, limit: int) -> int:
    """Sessions that are over."""
    old = select(sessions.c.id).where(sessions.c.expires_at < before).limit(limit)
    return int(tx.execute(delete(sessions).where(sessions.c.id.in_(list(tx.connection.scalars(old))))).rowcount)


def idempotency_before(tx: Transaction, before: Instant, limit: int) -> int:
    """Replies kept for repeated requests."""
    key = (idempotency.c.principal, idempotency.c.key)
    old = tx.all(select(*key).where(idempotency.c.created_at < before).limit(limit))
    if old:
        tx.execute(delete(idempotency).where(tuple_(*key).in_([tuple(row) for row in old])))
    return len(old)
