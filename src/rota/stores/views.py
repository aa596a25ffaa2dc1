"""What the screens of the console read at once. Every question walks an index and stops at the size of a screen."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, case, func, literal, null, or_, select, union_all

from rota.domain.execution import LEASED, State
from rota.domain.instant import DAY, Duration, Instant
from rota.domain.occurrence import Decision
from rota.stores.database import Transaction
from rota.stores.history import first_id_at
from rota.stores.schedule_tables import calendars, occurrences, schedule_exceptions, schedules
from rota.stores.tables import executions, history, jobs

_STACK_CHARACTERS = 4000
_ERROR_CHARACTERS = 1000
_JOBS_AT_ONCE = 100
"""SQLite takes at most 500 parts of a union."""
_LONGEST_RUN: Duration = DAY
"""Of runs that ended long after the stretch of time that is looked at, those are found that took at most so long."""


@dataclass(frozen=True, slots=True)
class Run:
    """An execution as a bar: where, from when to when, and how it stands."""

    id: str
    job_id: str | None
    name: str | None
    queue: str
    worker_id: str | None
    state: State
    due_at: Instant
    started_at: Instant | None
    finished_at: Instant | None


@dataclass(frozen=True, slots=True)
class Failure:
    """An execution that failed for good, with what tells failures apart."""

    id: str
    job_id: str | None
    name: str | None
    error: str | None
    stack: str | None
    finished_at: Instant


@dataclass(frozen=True, slots=True)
class Unmet:
    """An instant that did not fire as it should have; `count` of the same kind, this is the latest."""

    schedule_id: str
    job_id: str | None
    job_name: str | None
    decision: Decision
    reason: str | None
    nominal_at: Instant
    count: int = 1


@dataclass(frozen=True, slots=True)
class Overdue:
    """A schedule whose next instant should have been decided."""

    schedule_id: str
    job_id: str
    job_name: str
    next_at: Instant


def newest_runs(tx: Transaction, job_ids: Sequence[str], most: int) -> dict[str, list[Run]]:
    """The newest runs of each job, newest first."""
    found: dict[str, list[Run]] = {id: [] for id in job_ids}
    for start in range(0, len(job_ids), _JOBS_AT_ONCE):
        parts = [
            select(_bars(table).where(table.c.job_id == id).order_by(table.c.id.desc()).limit(most).subquery())
            for id in job_ids[start : start + _JOBS_AT_ONCE]
            for table in (executions, history)
        ]
        for row in tx.all(union_all(*parts)):
            found[row.job_id].append(_run(row))
    return {id: sorted(runs, key=lambda run: run.id, reverse=True)[:most] for id, runs in found.items()}


def live_runs(tx: Transaction, states: Collection[State], until: Instant, limit: int) -> list[Run]:
    """Executions that have not ended and began or are due before `until`: those that run, then those that are due first."""
    columns = executions.c
    waits = case((columns.state.in_([state.value for state in LEASED]), 0), else_=1)
    bars = _bars(executions).where(
        columns.state.in_([state.value for state in states]), func.coalesce(columns.started_at, columns.due_at) < until
    )
    return [_run(row) for row in tx.all(bars.order_by(waits, columns.due_at).limit(limit))]


def ended_runs(
    tx: Transaction,
    since: Instant,
    until: Instant,
    limit: int,
    before: tuple[Instant, str] | None = None,
    states: Collection[State] | None = None,
) -> list[Run]:
    """Executions that ran in a stretch of time and have ended, those that ended last first, from below `before` on."""
    columns = history.c
    bars = _bars(history).where(
        columns.finished_at >= since,
        columns.finished_at < until + _LONGEST_RUN,
        columns.started_at.is_not(None),
        columns.started_at < until,
    )
    if states is not None:
        bars = bars.where(columns.state.in_([state.value for state in states]))
    if before is not None:
        at, id = before
        bars = bars.where(columns.finished_at <= at, or_(columns.finished_at < at, columns.id < id))
    ordered = bars.order_by(columns.finished_at.desc(), columns.id.desc()).limit(limit)
    return [_run(row) for row in tx.all(ordered)]


def _run(row: Row[Any]) -> Run:
    return Run(**{**row._mapping, "state": State(row.state)})


def _bars(table: object) -> Select[tuple[object, ...]]:
    source = history if table is history else executions
    finished = source.c.finished_at if source is history else literal(None, history.c.finished_at.type)
    names = ("id", "job_id", "name", "queue", "worker_id", "state", "due_at", "started_at")
    return select(*(source.c[name] for name in names), finished.label("finished_at"))


def failures(tx: Transaction, since: Instant, limit: int) -> list[Failure]:
    """The executions that failed for good among those created since then, newest first."""
    columns = history.c
    statement = (
        select(
            columns.id,
            columns.job_id,
            columns.name,
            func.substr(columns.error, 1, _ERROR_CHARACTERS).label("error"),
            _end_of(columns.stack, _STACK_CHARACTERS).label("stack"),
            columns.finished_at,
        )
        .where(columns.state == literal("Failed", literal_execute=True), columns.id >= first_id_at(since))
        .order_by(columns.id.desc())
        .limit(limit)
    )
    return [Failure(**row._mapping) for row in tx.all(statement)]


def _end_of(text: ColumnElement[str | None], most: int) -> ColumnElement[str | None]:
    """The last characters: where it was raised stands at the end of a stack."""
    length = func.char_length(text)
    return case((length > most, func.substr(text, length - most + 1)), else_=text)


def unmet(tx: Transaction, since: Instant, decisions: Sequence[Decision], limit: int) -> list[Unmet]:
    """Instants that came to one of these decisions since then, those decided last first.

    The decisions are written out, in the order of the index over those that were not met: else it does not serve.
    """
    columns = occurrences.c
    named = [literal(one.value, literal_execute=True) for one in decisions]
    statement = (
        select(
            columns.schedule_id,
            schedules.c.job_id,
            jobs.c.name.label("job_name"),
            columns.decision,
            columns.reason,
            columns.nominal_at,
        )
        .join(schedules, schedules.c.id == columns.schedule_id)
        .join(jobs, jobs.c.id == schedules.c.job_id)
        .where(columns.decided_at >= since, columns.decision.in_(named))
        .order_by(columns.decided_at.desc())
        .limit(limit)
    )
    return [Unmet(**{**row._mapping, "decision": Decision(row.decision)}) for row in tx.all(statement)]


def overdue(tx: Transaction, before: Instant, limit: int) -> list[Overdue]:
    """The enabled schedules whose next instant was before that."""
    statement = (
        select(
            schedules.c.id.label("schedule_id"),
            jobs.c.id.label("job_id"),
            jobs.c.name.label("job_name"),
            schedules.c.next_at,
        )
        .join(jobs, jobs.c.id == schedules.c.job_id)
        .where(
            schedules.c.state == literal("Enabled", literal_execute=True),
            schedules.c.next_at.is_not(None),
            schedules.c.next_at < before,
        )
        .order_by(schedules.c.next_at)
        .limit(limit)
    )
    return [Overdue(**row._mapping) for row in tx.all(statement)]


def facets(tx: Transaction) -> dict[str, list[tuple[str, int]]]:
    """How many jobs there are of each state, team, owner and category, the most first."""
    found = {}
    for name, column in (
        ("states", jobs.c.state), ("teams", jobs.c.team), ("owners", jobs.c.owner), ("categories", jobs.c.category)
    ):  # fmt: skip
        many = func.count()
        statement = (
            select(column.label("value"), many.label("many"))
            .where(jobs.c.deleted_at.is_(None), column.is_not(null()))
            .group_by(column)
            .order_by(many.desc(), column)
            .limit(50)
        )
        found[name] = [(row.value, row.many) for row in tx.all(statement)]
    return found


def changes_of_time(tx: Transaction) -> tuple[int, ...]:
    """Figures of which one changes whenever something does that decides when jobs fire."""
    found: list[int] = []
    for changed_at in (
        schedules.c.updated_at,
        jobs.c.updated_at,
        calendars.c.updated_at,
        schedule_exceptions.c.created_at,
    ):
        row = tx.first(select(func.count().label("many"), func.max(changed_at).label("last")))
        found += [0, 0] if row is None else [row.many, row.last or 0]
    return tuple(found)
