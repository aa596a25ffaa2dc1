"""The events, for those who follow them."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_, select

from rota.domain.instant import Instant
from rota.stores.database import Transaction
from rota.stores.tables import events


@dataclass(frozen=True, slots=True)
class EventRecord:
    """Something that happened. `seq` grows; `data` is JSON text."""

    seq: int
    at: Instant
    kind: str
    execution_id: str | None
    job_id: str | None
    data: str | None


def after(
    tx: Transaction, seq: int, limit: int, *, kinds: Collection[str] = (), job_id: str | None = None
) -> list[EventRecord]:
    """Events behind the number `seq`, oldest first. A kind may end in `*`."""
    statement = select(events).where(events.c.seq > seq).order_by(events.c.seq).limit(limit)
    if kinds:
        statement = statement.where(or_(*(_of_kind(kind) for kind in kinds)))
    if job_id is not None:
        statement = statement.where(events.c.job_id == job_id)
    return [EventRecord(row.seq, row.at, row.kind, row.execution_id, row.job_id, row.data) for row in tx.all(statement)]


def _of_kind(kind: str) -> ColumnElement[bool]:
    return events.c.kind.startswith(kind[:-1], autoescape=True) if kind.endswith("*") else events.c.kind == kind
