"""One execution with all that is beside it: how it came to each step, why it waits, the end of its log."""

from collections.abc import Iterator
from dataclasses import dataclass

from rota.domain.access import Right
from rota.domain.execution import TERMINAL, AttemptState
from rota.domain.instant import Instant
from rota.service import executions, explain_execution
from rota.service.context import ServiceContext
from rota.service.explain import Explanation
from rota.stores import history, jobs
from rota.stores.history import AttemptRecord, ExecutionRecord, LogRecord
from rota.stores.jobs import JobRecord

_LINES = 160
_CHARACTERS = 18_000


@dataclass(frozen=True, slots=True)
class Step:
    """Something that became of an execution, and by what."""

    at: Instant
    kind: str
    says: str


@dataclass(frozen=True, slots=True)
class ExecutionPage:
    """Everything that the screen of an execution shows. `above` = there are lines before those of the log."""

    execution: ExecutionRecord
    attempts: list[AttemptRecord]
    job: JobRecord | None
    steps: list[Step]
    why: Explanation | None
    log: list[LogRecord]
    above: bool


def one(ctx: ServiceContext, id: str) -> ExecutionPage:
    """One execution. NotFound if there is none."""
    ctx.require(Right.READ)
    execution, attempts = executions.get(ctx, id)
    with ctx.read() as tx:
        job = None if execution.job_id is None else jobs.get(tx, execution.job_id)
        lines = history.lines_of(tx, id, limit=_LINES + 1, tail=True)
    why = None if execution.state in TERMINAL else explain_execution.why(ctx, id)
    log = _end_of(lines)
    return ExecutionPage(execution, attempts, job, list(_steps(execution, attempts)), why, log, len(log) < len(lines))


def _end_of(lines: list[LogRecord]) -> list[LogRecord]:
    """The last lines that fit into a screen's share of an answer."""
    size, kept = 0, 0
    for line in reversed(lines[-_LINES:]):
        size += len(line.text)
        if size > _CHARACTERS and kept:
            break
        kept += 1
    return lines[len(lines) - kept :]


def _steps(execution: ExecutionRecord, attempts: list[AttemptRecord]) -> Iterator[Step]:
    """What became of it, oldest first, from what is kept as long as the execution is."""
    told = [Step(execution.created_at, "accepted", _origin(execution))]
    if execution.due_at > execution.created_at:
        told.append(Step(execution.due_at, "due", "it was due"))
    for attempt in attempts:
        told.append(
            Step(attempt.started_at, "started", f"attempt {attempt.number} began on worker {attempt.worker_id}")
        )
        if attempt.finished_at is not None:
            told.append(Step(attempt.finished_at, str(attempt.state), _ended(attempt, execution)))
    if execution.finished_at is not None:
        why = f": {execution.reason}" if execution.reason else ""
        told.append(Step(execution.finished_at, str(execution.state), f"it ended: {execution.state}{why}"))
    yield from sorted(told, key=lambda step: step.at)


def _origin(execution: ExecutionRecord) -> str:
    by = f" by {execution.actor}" if execution.actor else ""
    return {
        "schedule": "its schedule fired",
        "manual": f"triggered{by}",
        "submission": f"submitted{by}",
        "replay": f"run again{by}",
        "backfill": f"filled in{by}",
    }.get(execution.trigger, execution.trigger)


def _ended(attempt: AttemptRecord, execution: ExecutionRecord) -> str:
    if attempt.state is AttemptState.SUCCEEDED:
        return f"attempt {attempt.number} succeeded"
    words = {AttemptState.TIMED_OUT: "ran out of time", AttemptState.LOST: "was lost: its worker lost the lease"}
    how = words.get(attempt.state, str(attempt.state).lower())
    error = f": {attempt.error}" if attempt.error else ""
    more = ", so it is tried again" if attempt.number < execution.attempt else ""
    return f"attempt {attempt.number} {how}{error[:300]}{more}"
