"""What starts and stops jobs: enable, disable, pause, resume, trigger, cancel."""

from collections.abc import Mapping
from dataclasses import dataclass

from rota.domain.access import Right
from rota.domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from rota.domain.execution import LEASED, State, Trigger
from rota.domain.instant import Duration, Instant
from rota.domain.job import Job, JobState, new_execution
from rota.domain.missed import Overlap
from rota.domain.parameters import Json, problem_with
from rota.service import executions as execution_service
from rota.service import job_definitions
from rota.service.context import ServiceContext
from rota.service.jobs import JobRecord, JobView, Seen, change_state, existing, require_seen, view
from rota.service.submission import keep, recall
from rota.stores import control, executions, history
from rota.stores.control import live_of
from rota.stores.database import Transaction
from rota.stores.history import ExecutionRecord

__all__ = ["Order", "cancel", "disable", "enable", "pause", "require_startable", "resume", "set_state", "trigger"]

_GRACE: dict[Overlap, float | None] = {Overlap.CANCEL_PREVIOUS: None, Overlap.KILL_PREVIOUS: 0.0}
"""The overlap policies that end what runs, with the grace they give (seconds; None = the worker's own)."""
_NOT_BEGUN = frozenset({State.SCHEDULED, State.WAITING})


@dataclass(frozen=True, slots=True)
class Order:
    """How a person wants a job started. `allow_overlap` starts it beside what runs already."""

    parameters: Json = None
    run_at: Instant | None = None
    delay: Duration | None = None
    key: str | None = None
    allow_overlap: bool = False


def enable(ctx: ServiceContext, id: str) -> JobView:
    """Let a job start, and its queue go on."""
    return set_state(ctx, id, JobState.ENABLED)


def disable(ctx: ServiceContext, id: str, *, note: str | None = None) -> JobView:
    """Let nothing of a job start, not even by hand. Its queue waits; what runs goes on to its end."""
    return set_state(ctx, id, JobState.DISABLED, note=note)


def pause(ctx: ServiceContext, id: str, *, note: str | None = None, until: Instant | None = None) -> JobView:
    """Let a job's schedules and its queue rest; a person may still trigger it. `until` ends the pause by itself."""
    return set_state(ctx, id, JobState.PAUSED, note=note, until=until)


def resume(ctx: ServiceContext, id: str) -> JobView:
    """End a pause. Conflict for a disabled job: that was another decision, ended by `enable`."""
    ctx.require(Right.OPERATE)
    with ctx.write() as tx:
        record = existing(tx, id)
        if record.state is JobState.DISABLED:
            raise Conflict(f"the job is disabled{_because(record)}; enable it")
        if record.state is JobState.PAUSED:
            change_state(ctx, tx, record, JobState.ENABLED)
        return view(tx, existing(tx, id))


def set_state(
    ctx: ServiceContext,
    id: str,
    state: JobState,
    *,
    note: str | None = None,
    until: Instant | None = None,
    seen: Seen | None = None,
) -> JobView:
    """Bring a job into a state; in it already, only a new note or end of the pause changes anything."""
    ctx.require(Right.OPERATE)
    with ctx.write() as tx:
        record = existing(tx, id)
        require_seen(tx, record, seen)
        if until is not None and until <= tx.now:
            raise InvalidInput.field("until", msg="this is in the past")
        if record.state is not state or (note, until) not in ((None, None), (record.note, record.resume_at)):
            change_state(ctx, tx, record, state, note=note, resume_at=until)
        return view(tx, existing(tx, id))


def trigger(ctx: ServiceContext, id: str, order: Order) -> ExecutionRecord:
    """Start a job now, or when the order says. Its schedules go on as if nothing had happened.

    Conflict for a disabled job, one that may not run in this environment, and one whose schedule forbids to overlap
    with what runs already. The same `key` answers the execution that it made first.
    """
    ctx.require(Right.OPERATE)
    with ctx.write() as tx:
        record = existing(tx, id)
        made = None if order.key is None else recall(tx, f"trigger:{id}", order.key)
        if made is not None and (found := history.get(tx, made)) is not None:
            return found
        require_startable(ctx, record)
        _require_own_parameters(ctx, record.job, order.parameters)
        due_at = order.run_at if order.delay is None else tx.now + order.delay
        new = new_execution(
            id, record.job, trigger=Trigger.MANUAL, parameters=order.parameters, due_at=due_at, actor=ctx.principal.name
        )
        if (problem := problem_with(new.parameters)) is not None:
            raise InvalidInput.field("parameters", msg=problem)
        job_definitions.check_run(ctx, tx, record.job, new.parameters)
        if not order.allow_overlap and (due_at is None or due_at <= tx.now):
            new.lane = _after_overlap(ctx, tx, record)
        (execution_id,) = executions.enqueue(tx, [new])
        if order.key is not None:
            keep(tx, f"trigger:{id}", order.key, execution_id)
        ctx.audit(tx, "trigger", "job", id, {"executionId": execution_id, "parameters": order.parameters is not None})
        found = history.get(tx, execution_id)
        assert found is not None
        ctx.remember(tx, found)
    return found


def cancel(ctx: ServiceContext, id: str, *, reason: str | None = None) -> dict[str, State]:
    """Cancel everything of a job that is not finished; returns the new state of each. A submission is its own job."""
    ctx.require(Right.OPERATE)
    with ctx.write() as tx:
        try:
            existing(tx, id)
        except NotFound:
            if history.get(tx, id) is None:
                raise
        else:
            live = [execution for execution, state in live_of(tx, job_id=id) if state is not State.CANCELLING]
            note = {"by": ctx.principal.name, "at": tx.now, "reason": reason, "graceSeconds": None}
            states = control.request_cancellation(tx, live, note) if live else {}
            ctx.audit(tx, "cancel", "job", id, {"reason": reason, "executions": len(states)})
            return states
    cancelled = execution_service.cancel(ctx, id, reason=reason)
    return {cancelled.id: cancelled.state}


def require_startable(ctx: ServiceContext, record: JobRecord) -> None:
    """Conflict for a disabled job and for one that may not run in this environment."""
    if record.state is JobState.DISABLED:
        raise Conflict(f"the job is disabled{_because(record)}; enable it first")
    if not record.job.allowed_in(ctx.config.environment):
        allowed = ", ".join(record.job.environments)
        raise Conflict(f"the job may run in {allowed} only; this is {ctx.config.environment}")


def _require_own_parameters(ctx: ServiceContext, job: Job, overrides: Json) -> None:
    """Who may only operate never changes what runs: parameters of a function are data, those of a script are not."""
    if not overrides or job.kind == "python" or ctx.principal.may(Right.EDIT):
        return
    declared = (job.parameters_schema or {}).get("properties")
    open_names = set(declared) if isinstance(declared, Mapping) else set()
    closed = sorted(set(overrides) - open_names) if isinstance(overrides, Mapping) else ["parameters"]
    if closed:
        raise Forbidden(f"{closed[0]!r} decides what this job runs; it takes the right to edit, or a parametersSchema")


def _after_overlap(ctx: ServiceContext, tx: Transaction, record: JobRecord) -> str | None:
    """What the job's own schedule says about a start beside what runs: refuse, wait in its lane, or end what runs."""
    schedule = view(tx, record).default_schedule
    if schedule is None or schedule.schedule.overlap is Overlap.ALLOW:
        return None
    policy = schedule.schedule.overlap
    live = [(id, state) for id, state in live_of(tx, job_id=record.id) if state not in _NOT_BEGUN]
    if policy is Overlap.SKIP:
        if live:
            raise Conflict(_overlaps(live[0][0], "has not ended"))
        return None
    waiting = [id for id, state in live if state not in LEASED]
    if policy is Overlap.QUEUE_ONE and waiting:
        raise Conflict(_overlaps(waiting[0], "waits already"))
    if policy in _GRACE and live:
        note = {
            "by": ctx.principal.name,
            "at": tx.now,
            "reason": "a new run replaces it",
            "graceSeconds": _GRACE[policy],
        }
        control.request_cancellation(tx, [id for id, _ in live], note)
    return schedule.schedule.lane(schedule.id)


def _overlaps(execution_id: str, what: str) -> str:
    return f'execution {execution_id} {what}, and the job\'s schedule does not overlap; {{"overlap": "allow"}} starts it anyway'


def _because(record: JobRecord) -> str:
    return f" ({record.note})" if record.note else ""
