"""The outbox: events are written in the transaction of what they tell, and read in the order of their commits."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, or_, select

from rota.domain.instant import Instant
from rota.stores import bell, numbers
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


_COLUMNS = ("at", "kind", "execution_id", "job_id", "data")


def write(tx: Transaction, rows: Sequence[tuple[str, str | None, str | None, str | None]]) -> None:
    """Write events (kind, execution, job, data as JSON) in this transaction."""
    tx.hot.insert(tx, "events", _COLUMNS, [(tx.now, *row) for row in rows])
    tx.ring(bell.EVENTS)


@dataclass(frozen=True, slots=True)
class Told:
    """Some events, the number up to which this was all of them, and whether there are more behind it already."""

    events: list[EventRecord]
    until: int
    more: bool


def after(tx: Transaction, seq: int, limit: int, *, kinds: Collection[str] = (), job_id: str | None = None) -> Told:
    """Events behind the number `seq`, oldest first, up to the last that no event can still come before.

    A kind may end in `*`.
    """
    until = settled(tx, seq)
    statement = select(events).where(events.c.seq > seq, events.c.seq <= until).order_by(events.c.seq).limit(limit)
    if kinds:
        statement = statement.where(or_(*(_of_kind(kind) for kind in kinds)))
    if job_id is not None:
        statement = statement.where(events.c.job_id == job_id)
    found = [
        EventRecord(row.seq, row.at, row.kind, row.execution_id, row.job_id, row.data) for row in tx.all(statement)
    ]
    if len(found) == limit:
        return Told(found, found[-1].seq, True)
    return Told(found, until, until - seq >= numbers.LOOK_AHEAD)


def _of_kind(kind: str) -> ColumnElement[bool]:
    return events.c.kind.startswith(kind[:-1], autoescape=True) if kind.endswith("*") else events.c.kind == kind


def settled(tx: Transaction, seq: int) -> int:
    """The number behind `seq` up to which every event is there."""
    return numbers.settled(tx, events, seq)


def newest(tx: Transaction) -> int:
    """The number of the newest event; 0 when there is none."""
    return tx.connection.scalar(select(func.max(events.c.seq))) or 0


def count_by_kind(tx: Transaction, after: int, until: int) -> dict[str, int]:
    """How many events of each kind came after one number, up to and with another."""
    between = (
        select(events.c.kind, func.count().label("number"))
        .where(events.c.seq > after, events.c.seq <= until)
        .group_by(events.c.kind)
    )
    return {row.kind: row.number for row in tx.all(between)}
