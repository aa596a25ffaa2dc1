"""Figures for the dashboard and the metrics.

None of them reads the whole history: what is live is small, and what has ended is counted on the index over the time
of its end, bounded to the days asked for.
"""

from dataclasses import dataclass

from sqlalchemy import String, and_, case, cast, func, literal, select

from rota.domain.execution import State
from rota.domain.instant import DAY, Duration, Instant
from rota.stores.columns import Id
from rota.stores.database import Transaction
from rota.stores.history import first_id_at
from rota.stores.schedule_tables import schedules
from rota.stores.tables import events, executions, history, jobs, workers

_MOST_FAILURES = 100_000
_LEASED = executions.c.state.in_([literal(state, literal_execute=True) for state in ("Running", "Cancelling")])


@dataclass(frozen=True, slots=True)
class Ended:
    """How many executions came to one state in one day, and how long their last attempts took in all."""

    day: Instant
    state: State
    count: int
    took: Duration
    timed: int


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits in one queue, and since when the oldest of it is due."""

    queue: str
    pending: int
    oldest_due_at: Instant


@dataclass(frozen=True, slots=True)
class Failing:
    """A job that fails. `total` counts all its executions created in the same time."""

    job_id: str
    name: str | None
    failed: int
    total: int
    last_error: str | None
    last_failed_at: Instant


@dataclass(frozen=True, slots=True)
class Upcoming:
    """A schedule that will fire, and the job that it starts."""

    schedule_id: str
    job_id: str
    job_name: str
    rule: str
    runs: int


def live(tx: Transaction) -> dict[State, int]:
    """How many executions that have not ended are in each state."""
    found = tx.all(select(executions.c.state, func.count().label("number")).group_by(executions.c.state))
    return {State(row.state): row.number for row in found}


def backlogs(tx: Transaction) -> list[Backlog]:
    """What is pending, queue by queue."""
    pending = executions.c.state == literal("Pending", literal_execute=True)
    statement = (
        select(executions.c.queue, func.count().label("number"), func.min(executions.c.due_at).label("oldest"))
        .where(pending)
        .group_by(executions.c.queue)
        .order_by(executions.c.queue)
    )
    return [Backlog(row.queue, row.number, row.oldest) for row in tx.all(statement)]


def ended(tx: Transaction, since: Instant, until: Instant) -> list[Ended]:
    """The executions that ended from `since` to before `until`, by day (UTC) and state."""
    day = history.c.finished_at // literal(DAY, literal_execute=True)
    took = case((history.c.started_at.is_not(None), history.c.finished_at - history.c.started_at))
    statement = (
        select(
            day.label("day"),
            history.c.state,
            func.count().label("number"),
            func.coalesce(func.sum(took), 0).label("took"),
            func.count(history.c.started_at).label("timed"),
        )
        .where(history.c.finished_at >= since, history.c.finished_at < until)
        .group_by(day, history.c.state)
    )
    return [
        Ended(int(row.day) * DAY, State(row.state), row.number, int(row.took), row.timed) for row in tx.all(statement)
    ]


def failing(tx: Transaction, since: Instant, limit: int) -> list[Failing]:
    """The jobs with the most failed executions among those created since then; the newest 100,000 failures count."""
    first = first_id_at(since)
    # The limit is there for its bound, and so that every planner walks the index of failures, not that of jobs.
    newest = (
        select(history.c.id, history.c.job_id)
        .where(history.c.state == literal("Failed", literal_execute=True), history.c.id >= first)
        .order_by(history.c.id.desc())
        .limit(_MOST_FAILURES)
        .subquery()
    )
    last = cast(func.max(cast(newest.c.id, String(36))), Id)  # PostgreSQL finds no greatest UUID
    failures = (
        select(newest.c.job_id, func.count().label("failed"), last.label("last"))
        .where(newest.c.job_id.is_not(None))
        .group_by(newest.c.job_id)
        .order_by(func.count().desc(), newest.c.job_id)
        .limit(limit)
        .subquery()
    )
    total = (
        select(func.count())
        .where(history.c.job_id == failures.c.job_id, history.c.id >= first)
        .correlate(failures)
        .scalar_subquery()
    )
    statement = (
        select(failures, total.label("total"), history.c.name, history.c.error, history.c.finished_at)
        .join(history, history.c.id == failures.c.last)
        .order_by(failures.c.failed.desc(), failures.c.job_id)
    )
    return [
        Failing(row.job_id, row.name, row.failed, row.total, row.error, row.finished_at) for row in tx.all(statement)
    ]


def upcoming(tx: Transaction, until: Instant, limit: int) -> list[Upcoming]:
    """The schedules that fire next, up to `until`, of jobs that may start."""
    statement = (
        select(schedules.c.id, schedules.c.job_id, jobs.c.name, schedules.c.rule, schedules.c.runs)
        .join(jobs, jobs.c.id == schedules.c.job_id)
        .where(
            schedules.c.state == literal("Enabled", literal_execute=True),
            schedules.c.fires_at.is_not(None),
            schedules.c.fires_at <= until,
            jobs.c.state == "Enabled",
        )
        .order_by(schedules.c.fires_at)
        .limit(limit)
    )
    return [Upcoming(row.id, row.job_id, row.name, row.rule, row.runs) for row in tx.all(statement)]


def jobs_by_state(tx: Transaction) -> dict[str, int]:
    """How many jobs are enabled, paused and disabled."""
    statement = select(jobs.c.state, func.count().label("number")).where(jobs.c.deleted_at.is_(None))
    return {row.state: row.number for row in tx.all(statement.group_by(jobs.c.state))}


def schedules_by_state(tx: Transaction, overdue_before: Instant) -> tuple[dict[str, int], int]:
    """How many schedules are in each state, and how many enabled ones were due before that instant."""
    counts = tx.all(select(schedules.c.state, func.count().label("number")).group_by(schedules.c.state))
    overdue = select(func.count()).where(
        and_(
            schedules.c.state == literal("Enabled", literal_execute=True),
            schedules.c.next_at.is_not(None),
            schedules.c.next_at < overdue_before,
        )
    )
    return {row.state: row.number for row in counts}, tx.connection.scalar(overdue) or 0


def workers_by_state(tx: Transaction) -> dict[str, tuple[int, int]]:
    """How many workers are in each state, and their slots in all."""
    statement = select(
        workers.c.state, func.count().label("number"), func.sum(workers.c.capacity).label("slots")
    ).group_by(workers.c.state)
    return {row.state: (row.number, row.slots) for row in tx.all(statement)}


def leased(tx: Transaction) -> int:
    """How many executions run now."""
    return tx.connection.scalar(select(func.count()).where(_LEASED)) or 0


def events_written(tx: Transaction) -> int:
    """How many events there have ever been."""
    return tx.connection.scalar(select(func.max(events.c.seq))) or 0
