"""Why does this execution not run? The gates between it and its next attempt, in the order in which a claim asks them."""

from collections.abc import Iterator, Sequence

from rota.domain.access import Right
from rota.domain.errors import NotFound
from rota.domain.execution import LEASED, TERMINAL, State
from rota.domain.instant import Instant, format_instant
from rota.domain.limits import UNLIMITED
from rota.service.context import ServiceContext
from rota.service.explain import Explanation
from rota.service.gate import Gate
from rota.service.limit_gates import limit_gates
from rota.service.worker_gates import serving, worker_gates
from rota.stores import history, jobs
from rota.stores.database import Transaction
from rota.stores.history import ExecutionRecord
from rota.stores.jobs import JobRecord
from rota.stores.standing import standing


def why(ctx: ServiceContext, id: str) -> Explanation:
    """Explain an execution. NotFound if there is none, or none any more."""
    ctx.require(Right.READ)
    with ctx.read() as tx:
        record = history.get(tx, id)
        if record is None:
            raise NotFound("no such execution")
        job = None if record.job_id is None else jobs.get(tx, record.job_id)
        gates = list(_gates(tx, record, job))
        shut = next((gate for gate in gates if not gate.ok), None)
        headline = shut.says if shut is not None else _nothing_in_the_way(record)
        start = None if shut is not None and shut.until is None else _next_start(record, gates, tx.now)
    return Explanation(record.job_id, record.name or record.type, headline, start, gates, record.id)


def _gates(tx: Transaction, record: ExecutionRecord, job: JobRecord | None) -> Iterator[Gate]:
    yield _ended(record)
    if record.state in TERMINAL or record.state in LEASED:
        return
    yield _held(record, job)
    yield _backoff(record, tx.now)
    yield _not_due(record, tx.now)
    due = record.due_at <= tx.now and record.state is not State.WAITING
    limited = standing(tx, record.queue, record.id, UNLIMITED)
    yield from limit_gates(limited, record.queue, record.job_id or "", due=due)
    yield from worker_gates(serving(tx), type=record.type, kind=record.kind, queue=record.queue, due=due)


def _ended(record: ExecutionRecord) -> Gate:
    if record.state not in TERMINAL:
        return Gate("ended", True, "it has not ended")
    at = "" if record.finished_at is None else f" at {format_instant(record.finished_at)}"
    why = record.error or record.reason
    says = f"it has ended: {record.state}{at}{f': {why}' if why else ''}"
    return Gate("ended", False, says, since=record.finished_at, see=f"/api/executions/{record.id}")


def _held(record: ExecutionRecord, job: JobRecord | None) -> Gate:
    if record.state is not State.WAITING:
        return Gate("paused", True, "it is not held back")
    if job is None:
        return Gate("paused", False, "it is held back")
    note = f": {job.note}" if job.note else ""
    says = f"its job is {job.state.value.lower()} by {job.changed_by}{note}"
    return Gate("paused", False, says, since=job.updated_at, until=job.resume_at, see=f"/api/jobs/{job.id}")


def _backoff(record: ExecutionRecord, now: Instant) -> Gate:
    if record.state is not State.RETRYING or record.due_at <= now:
        return Gate("backoffUntil", True, "it does not wait after a failure")
    says = (
        f"attempt {record.attempt} of {record.max_attempts} failed ({record.error or 'no error was told'});"
        f" it tries again at {format_instant(record.due_at)}"
    )
    return Gate("backoffUntil", False, says, until=record.due_at)


def _not_due(record: ExecutionRecord, now: Instant) -> Gate:
    if record.due_at <= now or record.state is not State.SCHEDULED:
        return Gate("notDue", True, "it is due")
    return Gate("notDue", False, f"it is scheduled for {format_instant(record.due_at)}", until=record.due_at)


def _next_start(record: ExecutionRecord, gates: Sequence[Gate], now: Instant) -> Instant | None:
    if record.state in LEASED:
        return None
    return max([now, *(gate.until for gate in gates if not gate.ok and gate.until is not None)])


def _nothing_in_the_way(record: ExecutionRecord) -> str:
    if record.state in LEASED:
        return f"it runs: attempt {record.attempt} on worker {record.worker_id}"
    return "nothing is in the way: a worker is about to take it"
