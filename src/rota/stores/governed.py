"""Claiming under limits, alike on every database: count what runs, admit what fits, lease it.

Nothing is counted ahead or kept: what runs is read from the live table itself, so the place of a holder that dies is
free as soon as its work is taken back.
"""

from typing import Any

from sqlalchemy import ColumnElement, and_, func, literal, or_, select

from rota.domain.limits import Admission, Limits
from rota.stores.base import Offer
from rota.stores.database import Transaction
from rota.stores.tables import counters, executions

_FEWEST_READ = 64
_MOST_READ = 4096
_GROWTH = 4

_live = executions.c


def lease(tx: Transaction, offer: Offer) -> str:
    """Lease what no limit forbids. Claims under limits wait for each other until they are committed."""
    tx.execute(_LOCK)
    return tx.hot.lease(tx, offer, _admitted(tx, offer))


def _admitted(tx: Transaction, offer: Offer) -> list[str]:
    """The executions to lease, in order: read on until the slots are filled, so that nothing hides behind what waits."""
    admission = Admission(tx.now, _running(tx))
    admitted: list[str] = []
    refused: set[str] = set()
    size = max(_FEWEST_READ, 2 * offer.slots)
    last: Any = None
    while len(admitted) < offer.slots:
        rows = tx.all(_candidates(tx, offer, refused, last, size))
        for row in rows:
            if len(admitted) == offer.slots:
                break
            if row.concurrency_key in refused:
                continue
            if admission.admit(_limits(row)) is None:
                admitted.append(row.id)
            else:
                refused.add(row.concurrency_key)
        if len(rows) < size:
            break
        last, size = rows[-1], min(size * _GROWTH, _MOST_READ)
    return admitted


def _running(tx: Transaction) -> dict[str, int]:
    counted = (
        select(_live.concurrency_key, func.count().label("number"))
        .where(_LEASED, _live.concurrency_key.is_not(None))
        .group_by(_live.concurrency_key)
    )
    return {row.concurrency_key: row.number for row in tx.all(counted)}


def _limits(row: Any) -> Limits:
    return Limits() if row.concurrency_key is None else Limits(((row.concurrency_key, row.concurrency_limit),))


def _candidates(tx: Transaction, offer: Offer, refused: set[str], last: Any, size: int) -> Any:
    fits = [_PENDING, _may_start(tx), *_offered(offer)]
    if refused:
        fits.append(or_(_live.concurrency_key.is_(None), _live.concurrency_key.not_in(sorted(refused))))
    order: tuple[ColumnElement[Any], ...] = (_live.due_at, _live.id)
    after = (
        None if last is None else or_(_live.due_at > last.due_at, and_(_live.due_at == last.due_at, _live.id > last.id))
    )
    if not offer.oldest_first:
        order = (_live.priority.desc(), *order)
        if after is not None:
            after = and_(_live.priority <= last.priority, or_(_live.priority < last.priority, after))
    if after is not None:
        fits.append(after)
    return select(*_CANDIDATE).where(*fits).order_by(*order).limit(size)


def _may_start(tx: Transaction) -> ColumnElement[bool]:
    return or_(_live.latest_start.is_(None), _live.latest_start >= tx.now, _live.started_at.is_not(None))


def _offered(offer: Offer) -> list[ColumnElement[bool]]:
    """What of the pending work the worker takes."""
    wanted: list[ColumnElement[bool]] = []
    if offer.queues:
        wanted.append(_live.queue.in_(offer.queues))
    if offer.functions is not None:
        is_python = _live.kind == "python"
        wanted.append(
            or_(and_(is_python, _live.type.in_(offer.functions)), and_(~is_python, _live.kind.in_(offer.kinds or ())))
        )
    return wanted


_CANDIDATE = (_live.id, _live.priority, _live.due_at, _live.concurrency_key, _live.concurrency_limit)
_LOCK = select(counters.c.value).where(counters.c.name == "limits").with_for_update()
_PENDING = _live.state == literal("Pending", literal_execute=True)
_LEASED = _live.state.in_((literal("Running", literal_execute=True), literal("Cancelling", literal_execute=True)))
