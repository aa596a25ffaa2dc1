"""What may be asked about executions: submit, look, cancel, run again."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from rota.domain.access import Right
from rota.domain.errors import Conflict, InvalidInput, NotFound
from rota.domain.execution import LEASED, TERMINAL, NewExecution, State, Trigger
from rota.domain.instant import DAY, Instant
from rota.domain.job import JobState
from rota.domain.limits import UNLIMITED, Limits, key_name
from rota.domain.retry import OnLost
from rota.service.context import ServiceContext
from rota.service.runnable import require_runnable
from rota.stores import control, executions, history, jobs, policies
from rota.stores.database import Transaction
from rota.stores.history import AttemptRecord, ExecutionRecord, Filter, LogRecord

__all__ = [
    "AttemptRecord",
    "ExecutionRecord",
    "Filter",
    "LogRecord",
    "Logs",
    "cancel",
    "get",
    "logs",
    "now",
    "page",
    "retry",
    "retry_many",
    "start_of_today",
    "submit",
]

MOST_RETRIED = 1000


@dataclass(frozen=True, slots=True)
class Logs:
    """Some lines of an execution, the number of each attempt by its token, and where the execution stood before."""

    lines: list[LogRecord]
    attempts: dict[int, int]
    state: State


def submit(ctx: ServiceContext, new: NewExecution) -> ExecutionRecord:
    """Accept one execution without a job. It is durable when this returns."""
    ctx.require(Right.EDIT)
    with ctx.write(serial=False) as tx:
        require_runnable(ctx, tx, new.type, new.parameters)
        (id,) = executions.enqueue(tx, [replace(new, actor=ctx.principal.name)])
        ctx.audit(tx, "submit", "execution", id, {"type": new.type, "name": new.name})
        made = _existing(tx, id)
        ctx.remember(tx, made)
    return made


def get(ctx: ServiceContext, id: str) -> tuple[ExecutionRecord, list[AttemptRecord]]:
    """One execution and its attempts."""
    ctx.require(Right.READ)
    with ctx.read() as tx:
        found = _existing(tx, id)
        return found, history.attempts_of(tx, found)


def page(ctx: ServiceContext, wanted: Filter, *, before: str | None, limit: int) -> list[ExecutionRecord]:
    """Executions, newest first. A submission is its own job."""
    ctx.require(Right.READ)
    with ctx.read() as tx:
        found = history.page(tx, wanted, before=before, limit=limit)
        if found or wanted.job_id is None or before is not None:
            return found
        return history.page(tx, replace(wanted, job_id=None, submission=wanted.job_id), before=None, limit=1)


def of_job(ctx: ServiceContext, job_id: str, *, before: str | None, limit: int) -> list[ExecutionRecord]:
    """The executions of a job, newest first. A submission is its own job."""
    found = page(ctx, Filter(job_id=job_id), before=before, limit=limit)
    if not found and before is None:
        with ctx.read() as tx:
            if jobs.get(tx, job_id) is None:
                raise NotFound("no such job")
    return found


def cancel(
    ctx: ServiceContext, id: str, *, reason: str | None = None, grace_seconds: float | None = None
) -> ExecutionRecord:
    """Ask for the end of an execution: what waits ends at once, what runs is told to stop."""
    ctx.require(Right.OPERATE)
    with ctx.write() as tx:
        found = _existing(tx, id)
        if found.state in TERMINAL:
            raise Conflict(f"the execution has ended: it is {found.state}")
        if found.state is State.CANCELLING:
            return found
        control.request_cancellation(
            tx, [id], {"by": ctx.principal.name, "at": tx.now, "reason": reason, "graceSeconds": grace_seconds}
        )
        ctx.audit(tx, "cancel", "execution", id, {"reason": reason, "was": found.state})
        return _existing(tx, id)


def retry(ctx: ServiceContext, id: str, *, reason: str | None = None) -> ExecutionRecord:
    """Run an ended execution again, with the same parameters: a new execution that says whose replay it is."""
    ctx.require(Right.OPERATE)
    with ctx.write() as tx:
        made = _replayed(ctx, tx, _existing(tx, id), reason)
        ctx.remember(tx, made)
    return made


def retry_many(
    ctx: ServiceContext, *, ids: Collection[str] | None, wanted: Filter, reason: str | None = None
) -> list[tuple[str, str]]:
    """Run many ended executions again: those named, or else at most 1,000 that match. Returns (old, new) ids."""
    ctx.require(Right.OPERATE)
    if ids is not None and len(ids) > MOST_RETRIED:
        raise InvalidInput.field("ids", msg=f"at most {MOST_RETRIED}")
    with ctx.write() as tx:
        if ids is not None:
            chosen = [_existing(tx, id) for id in dict.fromkeys(ids)]
        else:
            chosen = history.page(tx, wanted, before=None, limit=MOST_RETRIED)
        pairs = [(old.id, _replayed(ctx, tx, old, reason).id) for old in chosen]
        ctx.remember(tx, pairs)
    return pairs


def logs(
    ctx: ServiceContext,
    id: str,
    *,
    after: tuple[int, int] | None = None,
    before: tuple[int, int] | None = None,
    limit: int,
    tail: bool = False,
    search: str | None = None,
) -> Logs:
    """Log lines of an execution. The state is from the same snapshot: nothing follows what an ended one has."""
    ctx.require(Right.READ)
    with ctx.read() as tx:
        found = _existing(tx, id)
        numbers = {attempt.token: attempt.number for attempt in history.attempts_of(tx, found)}
        lines = history.lines_of(tx, id, after=after, before=before, limit=limit, tail=tail, search=search)
        return Logs(lines, numbers, found.state)


def now(ctx: ServiceContext) -> Instant:
    """The store's time."""
    return ctx.database.clock.now()


def start_of_today(ctx: ServiceContext) -> Instant:
    """The last midnight, UTC."""
    return now(ctx) // DAY * DAY


def _existing(tx: Transaction, id: str) -> ExecutionRecord:
    found = history.get(tx, id)
    if found is None:
        raise NotFound("no such execution")
    return found


def _replayed(ctx: ServiceContext, tx: Transaction, old: ExecutionRecord, reason: str | None) -> ExecutionRecord:
    if old.state not in TERMINAL:
        busy = "it runs" if old.state in LEASED else f"it is {old.state}"
        raise Conflict(f"execution {old.id} has not ended: {busy}")
    job = None if old.job_id is None else jobs.get(tx, old.job_id)
    if old.job_id is not None and job is None:
        raise Conflict("its job has been deleted")
    if job is not None and job.state is JobState.DISABLED:
        raise Conflict(f"its job {job.job.name!r} is disabled")
    new = _again(old, ctx.principal.name)
    new = replace(new, limits=_limits_of(new) if job is None else job.job.limits(job.id, new.parameters))
    (id,) = executions.enqueue(tx, [new], held=job is not None and job.state is JobState.PAUSED)
    ctx.audit(tx, "retry", "execution", old.id, {"reason": reason, "as": id})
    return _existing(tx, id)


def _limits_of(new: NewExecution) -> Limits:
    """What a submission was under: its metadata tells its concurrency key."""
    under = new.metadata or {}
    template, most = under.get("concurrencyKey"), under.get("maxConcurrentPerKey")
    if not isinstance(template, str) or not isinstance(most, int):
        return UNLIMITED
    return Limits(((key_name(template, new.parameters), most),))


def _again(old: ExecutionRecord, actor: str) -> NewExecution:
    new = NewExecution(
        old.type,
        history.value_of(old.parameters),
        job_id=old.job_id,
        name=old.name,
        queue=old.queue,
        priority=old.priority,
        timeout=old.timeout,
        on_lost=OnLost.RETRY if old.on_lost is None else OnLost(old.on_lost),
        isolation=old.isolation,
        schedule_id=old.schedule_id,
        nominal_at=old.nominal_at,
        trigger=Trigger.REPLAY,
        actor=actor,
        metadata={**(history.value_of(old.metadata) or {}), "replayOf": old.id},
    )
    return new if old.retry is None else replace(new, retry=policies.retry_from_json(old.retry))
