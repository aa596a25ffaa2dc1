"""Figures for the dashboard and the metrics."""

import threading
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field

from rota.domain.access import Right
from rota.domain.execution import State
from rota.domain.instant import DAY, MINUTE, SECOND, Duration, Instant
from rota.service.context import Database, ServiceContext
from rota.stores import reports
from rota.stores.database import Transaction
from rota.stores.reports import Backlog, Ended, Failing

__all__ = ["Backlog", "Day", "Failing", "Figures", "Stats", "failing", "figures", "stats", "trends"]

_OVERDUE_AFTER = MINUTE
_LATE_ENDINGS = MINUTE


@dataclass(frozen=True, slots=True)
class Day:
    """The executions that ended on one day (UTC). The average is over those that had begun."""

    day: Instant
    succeeded: int = 0
    failed: int = 0
    cancelled: int = 0
    other: int = 0
    average: Duration | None = None

    @property
    def total(self) -> int:
        """All of them."""
        return self.succeeded + self.failed + self.cancelled + self.other

    @property
    def success_rate(self) -> float | None:
        """The part of those that ran to an end that succeeded, from 0 to 1; None where there were none."""
        ran = self.succeeded + self.failed
        return self.succeeded / ran if ran else None


@dataclass(frozen=True, slots=True)
class Figures:
    """What is true now, for those who only count."""

    live: dict[State, int]
    backlogs: list[Backlog]
    workers: dict[str, tuple[int, int]]
    busy: int
    schedules: dict[str, int]
    overdue: int
    jobs: dict[str, int]
    events: int
    now: Instant


@dataclass(frozen=True, slots=True)
class Stats:
    """The figures and today."""

    figures: Figures
    today: Day


def figures(database: Database) -> Figures:
    """The figures as the store has them now."""
    with database.read() as tx:
        return _figures(tx)


def stats(ctx: ServiceContext) -> Stats:
    """The figures and today. Today is counted anew at most every two seconds."""
    ctx.require(Right.READ)
    with ctx.read() as tx:
        return Stats(_figures(tx), _days_of(ctx.database).today(tx))


def trends(ctx: ServiceContext, days: int) -> list[Day]:
    """The last days, oldest first, with today."""
    ctx.require(Right.READ)
    with ctx.read() as tx:
        return _days_of(ctx.database).last(tx, days)


def failing(ctx: ServiceContext, days: int, limit: int) -> list[Failing]:
    """The jobs that have failed most often in the last days."""
    ctx.require(Right.READ)
    with ctx.read() as tx:
        return reports.failing(tx, tx.now - days * DAY, limit)


def _figures(tx: Transaction) -> Figures:
    schedules, overdue = reports.schedules_by_state(tx, tx.now - _OVERDUE_AFTER)
    live = reports.live(tx)
    return Figures(
        live=live,
        backlogs=reports.backlogs(tx),
        workers=reports.workers_by_state(tx),
        busy=live.get(State.RUNNING, 0) + live.get(State.CANCELLING, 0),
        schedules=schedules,
        overdue=overdue,
        jobs=reports.jobs_by_state(tx),
        events=reports.events_written(tx),
        now=tx.now,
    )


@dataclass(slots=True)
class _Days:
    """Days that were counted: one that is over never changes, today is counted again after two seconds."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    over: dict[Instant, Day] = field(default_factory=dict)
    current: Day | None = None
    counted_at: Instant = 0

    def today(self, tx: Transaction) -> Day:
        start = tx.now // DAY * DAY
        with self.lock:
            fresh = 0 <= tx.now - self.counted_at < 2 * SECOND
            if self.current is None or self.current.day != start or not fresh:
                self.current = _day(start, reports.ended(tx, start, start + DAY))
                self.counted_at = tx.now
            return self.current

    def last(self, tx: Transaction, days: int) -> list[Day]:
        start = tx.now // DAY * DAY
        found = []
        for day in range(start - (days - 1) * DAY, start, DAY):
            with self.lock:
                known = self.over.get(day)
            if known is None:
                known = _day(day, reports.ended(tx, day, day + DAY))
                if tx.now - (day + DAY) > _LATE_ENDINGS:
                    with self.lock:
                        self.over[day] = known
            found.append(known)
        with self.lock:
            for day in [day for day in self.over if day < start - 400 * DAY]:
                del self.over[day]
        return [*found, self.today(tx)]


_counted: "weakref.WeakKeyDictionary[Database, _Days]" = weakref.WeakKeyDictionary()


def _days_of(database: Database) -> _Days:
    return _counted.setdefault(database, _Days())


def _day(start: Instant, found: Sequence[Ended]) -> Day:
    counts = {item.state: item.count for item in found}
    timed = sum(item.timed for item in found)
    succeeded, failed, cancelled = (counts.pop(state, 0) for state in (State.SUCCEEDED, State.FAILED, State.CANCELLED))
    average = sum(item.took for item in found) // timed if timed else None
    return Day(start, succeeded, failed, cancelled, sum(counts.values()), average)
