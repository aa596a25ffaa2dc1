"""What could be claimed next if no limit forbade it, read a window at a time in the order of claims."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, and_, func, literal, or_, select, union_all

from rota.domain.queue import QueueSettings
from rota.stores.base import Offer
from rota.stores.database import Transaction
from rota.stores.tables import executions

_live = executions.c
_MOST_NAMED = 500
_MOST_LIMITS_NAMED = 32
_MOST_PRIORITIES = 32


@dataclass(slots=True)
class Shut:
    """What nothing more can be admitted of: whole queues, whole jobs, and executions under just these limits."""

    queues: set[str] = field(default_factory=set)
    jobs: set[str] = field(default_factory=set)
    limits: Counter[str] = field(default_factory=Counter)
    """Each with how many were met under them."""

    def covers(self, row: Row[Any]) -> bool:
        """Whether a candidate is among it."""
        if row.queue in self.queues or row.job_id in self.jobs:
            return True
        if row.limits not in self.limits:
            return False
        self.limits[row.limits] += 1
        return True


def window(
    tx: Transaction, offer: Offer, groups: Iterable["Group"], shut: Shut, after: Row[Any] | None, size: int
) -> Sequence[Row[Any]]:
    """At most `size` candidates behind `after`: by the priority of execution and queue together, due time and id.

    Each group is read apart, and so is what is under limits from what is under none: every part walks an index in
    order and ends after `size` rows.
    """
    fits = [_may_start(tx), *_offered(offer), *_not(shut)]
    parts = [
        _part(offer, after, [*fits, which, *chosen], added, size)
        for added, chosen in groups
        for which in (_live.limits.is_(None), _live.limits.is_not(None))
    ]
    both = union_all(*(select(part.subquery()) for part in parts)).subquery()
    order = [both.c.due_at, both.c.id] if offer.oldest_first else [both.c.rank.desc(), both.c.due_at, both.c.id]
    return tx.all(select(both).order_by(*order).limit(size))


Group = tuple[int, Sequence[ColumnElement[bool]]]
"""Some of the candidates by a condition, and what the priority of their queue adds to their own."""


def groups(tx: Transaction, offer: Offer, queues: Iterable[QueueSettings]) -> list[Group]:
    """All that may be candidates, so divided that each group has its order on an index."""
    return _by_priority(tx) if offer.oldest_first else _by_queue(queues)


def _by_priority(tx: Transaction) -> list[Group]:
    """Every priority there is, found in one step each; the last group holds all that are below the first few."""
    found: list[Group] = []
    least = None
    while len(found) < _MOST_PRIORITIES and (least := _next_priority(tx, least)) is not None:
        found.append((0, [_live.priority == least]))
    return found if least is None else [*found, (0, [_live.priority < least])]


def _next_priority(tx: Transaction, above: int | None) -> int | None:
    """The highest priority of pending work, below another."""
    below = [] if above is None else [_live.priority < above]
    highest = (
        tx.connection.scalar(
            select(_live.priority).where(_PENDING, which, *below).order_by(_live.priority.desc()).limit(1)
        )
        for which in (_live.limits.is_(None), _live.limits.is_not(None))
    )
    return max((priority for priority in highest if priority is not None), default=None)


def _by_queue(queues: Iterable[QueueSettings]) -> list[Group]:
    """The queues by what their priority adds; the last group holds all that have none."""
    groups: list[Group] = []
    named: dict[int, list[str]] = {}
    for queue in queues:
        if queue.priority:
            named.setdefault(queue.priority, []).append(queue.name)
    groups += [(added, [_live.queue.in_(names)]) for added, names in named.items()]
    others = [name for names in named.values() for name in names]
    groups.append((0, [_live.queue.not_in(others)] if others else []))
    return groups


def _part(
    offer: Offer, after: Row[Any] | None, fits: Sequence[ColumnElement[bool]], added: int, size: int
) -> Select[Any]:
    columns = (_live.id, _live.queue, _live.job_id, _live.limits, _live.due_at, (_live.priority + added).label("rank"))
    order = (_live.due_at, _live.id) if offer.oldest_first else (_live.priority.desc(), _live.due_at, _live.id)
    behind = [] if after is None else [_behind(offer, after, added)]
    return select(*columns).where(_PENDING, *fits, *behind).order_by(*order).limit(size)


def _behind(offer: Offer, after: Row[Any], added: int) -> ColumnElement[bool]:
    later = or_(_live.due_at > after.due_at, and_(_live.due_at == after.due_at, _live.id > after.id))
    if offer.oldest_first:
        return later
    priority = after.rank - added
    return and_(_live.priority <= priority, or_(_live.priority < priority, later))


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


def _not(shut: Shut) -> list[ColumnElement[bool]]:
    """Leaves out what is shut, as far as a statement can name it; `covers` knows the rest."""
    left: list[ColumnElement[bool]] = []
    if shut.queues:
        left.append(_live.queue.not_in(_some(shut.queues)))
    if shut.jobs:
        left.append(or_(_live.job_id.is_(None), _live.job_id.not_in(_some(shut.jobs))))
    if shut.limits:
        often = [text for text, _ in shut.limits.most_common(_MOST_LIMITS_NAMED)]
        left.append(or_(_live.limits.is_(None), _live.limits.not_in(often)))
    return left


def _some(names: set[str]) -> list[str]:
    return sorted(names)[:_MOST_NAMED]


def running(tx: Transaction) -> Sequence[Row[Any]]:
    """How many executions run of each queue and job and under each set of limits, all over the fleet."""
    leased = _live.state.in_((literal("Running", literal_execute=True), literal("Cancelling", literal_execute=True)))
    key = (_live.queue, _live.job_id, _live.limits)
    return tx.all(select(*key, func.count().label("running")).where(leased).group_by(*key))


_PENDING = _live.state == literal("Pending", literal_execute=True)
