"""What is done to executions from outside of their attempts: cancelled, expired, held back, let go."""

import json
from collections.abc import Collection, Mapping

from sqlalchemy import and_, delete, insert, literal, select, update

from rota.domain.execution import LEASED, TERMINAL, State
from rota.domain.job import Job
from rota.stores import bell
from rota.stores.accepted import limits_of
from rota.stores.database import Transaction
from rota.stores.events import write
from rota.stores.tables import executions, history

_BATCH = 1000


def request_cancellation(tx: Transaction, ids: Collection[str], cancellation: Mapping[str, object]) -> dict[str, State]:
    """Ask for the end of executions: what runs becomes `Cancelling`, what waits ends as `Cancelled` at once.

    Returns the new state of each execution that was live.
    """
    note = json.dumps(cancellation)
    states: dict[str, State] = {}
    asked = select(executions.c.id, executions.c.job_id, executions.c.state).where(executions.c.id.in_(ids))
    found = tx.all(asked.with_for_update())
    leased = {row.id: row.job_id for row in found if row.state in LEASED}
    waiting = [row.id for row in found if row.state not in LEASED]
    if leased:
        tx.execute(update(executions).where(executions.c.id.in_(leased)).values(state="Cancelling", cancellation=note))
        told = json.dumps({name: value for name, value in cancellation.items() if name != "at"})
        write(tx, [("execution.cancelling", id, job_id, told) for id, job_id in leased.items()])
        states.update(dict.fromkeys(leased, State.CANCELLING))
        tx.ring(bell.CANCELLATIONS)
    if waiting:
        finish_unrun(tx, waiting, State.CANCELLED, str(cancellation.get("reason") or "cancelled"), note)
        states.update(dict.fromkeys(waiting, State.CANCELLED))
    return states


def finish_unrun(
    tx: Transaction, ids: Collection[str], state: State, reason: str, cancellation: str | None = None
) -> None:
    """End executions that no worker holds: cancelled, expired or skipped. What a worker has begun meanwhile goes on."""
    assert state in TERMINAL
    unrun = select(executions.c.id, executions.c.job_id)
    unrun = unrun.where(executions.c.id.in_(ids), executions.c.state.not_in(LEASED))
    jobs = {row.id: row.job_id for row in tx.all(unrun.with_for_update())}
    kept = [
        column
        for column in history.columns
        if column.name in executions.columns and column.name not in ("state", "cancellation")
    ]
    names = [column.name for column in kept]
    ended = select(
        *(executions.c[name] for name in names),
        literal(state.value),
        literal(cancellation),
        literal(tx.now),
        literal(reason),
    ).where(executions.c.id.in_(jobs))
    tx.execute(insert(history).from_select([*names, "state", "cancellation", "finished_at", "reason"], ended))
    tx.execute(delete(executions).where(executions.c.id.in_(jobs)))
    kind, told = f"execution.{state.value.lower()}", json.dumps({"state": state.value, "reason": reason})
    write(tx, [(kind, id, job_id, told) for id, job_id in jobs.items()])


def too_late(tx: Transaction, limit: int) -> list[str]:
    """Executions past their latest start that nobody has begun."""
    # both ends are given: of a range PostgreSQL expects few rows without statistics too, and takes the index
    late = (
        select(executions.c.id)
        .where(executions.c.latest_start.between(0, tx.now - 1), executions.c.state.in_(("Pending", "Scheduled")))
        .where(executions.c.started_at.is_(None))
        .limit(limit)
    )
    return list(tx.connection.scalars(late))


def hold(tx: Transaction, job_id: str) -> None:
    """Let the queued executions of a paused or disabled job wait."""
    queued = and_(executions.c.job_id == job_id, executions.c.state.in_(("Pending", "Scheduled", "Retrying")))
    tx.execute(update(executions).where(queued).values(state="Waiting"))


def release(tx: Transaction, job_id: str) -> None:
    """Let the waiting executions of a job go on: they become due when they were due."""
    tx.execute(
        update(executions)
        .where(executions.c.job_id == job_id, executions.c.state == "Waiting")
        .values(state="Scheduled")
    )
    tx.ring(bell.WORK)


def limit_anew(tx: Transaction, job_id: str, before: Job, after: Job) -> None:
    """Put the executions of a job that nobody holds under the limits that its definition has from now on."""
    if _limits(before) == _limits(after):
        return
    queued = and_(executions.c.job_id == job_id, executions.c.state.not_in(sorted(LEASED)))
    columns = (executions.c.id, executions.c.parameters, executions.c.lane, executions.c.limits)
    changed: dict[str | None, list[str]] = {}
    for row in tx.all(select(*columns).where(queued)):
        parameters = None if row.parameters is None or after.concurrency_key is None else json.loads(row.parameters)
        limits = limits_of(after.limits(job_id, parameters), row.lane)
        if limits != row.limits:
            changed.setdefault(limits, []).append(row.id)
    for limits, ids in changed.items():
        for start in range(0, len(ids), _BATCH):
            these = executions.c.id.in_(ids[start : start + _BATCH])
            tx.execute(update(executions).where(queued, these).values(limits=limits))
    tx.ring(bell.WORK)


def _limits(job: Job) -> tuple[object, ...]:
    return job.max_concurrent, job.concurrency_key, job.max_per_key, job.rate


def live_of(tx: Transaction, *, job_id: str | None = None, schedule_id: str | None = None) -> list[tuple[str, State]]:
    """The unfinished executions of a job or a schedule, oldest first."""
    statement = select(executions.c.id, executions.c.state).order_by(executions.c.id)
    if job_id is not None:
        statement = statement.where(executions.c.job_id == job_id)
    if schedule_id is not None:
        statement = statement.where(executions.c.schedule_id == schedule_id)
    return [(row.id, State(row.state)) for row in tx.all(statement)]


def live_by_overlap(
    tx: Transaction, schedule_ids: Collection[str], lanes: Collection[str]
) -> dict[str, list[tuple[str, State]]]:
    """The unfinished executions of schedules, and those in lanes, oldest first, by schedule or lane."""
    found: dict[str, list[tuple[str, State]]] = {}
    rows = tx.hot.live_of_schedules(tx, schedule_ids) if schedule_ids else []
    for name, id, state in rows + (tx.hot.live_in_lanes(tx, lanes) if lanes else []):
        found.setdefault(name, []).append((id, State(state)))
    return found
