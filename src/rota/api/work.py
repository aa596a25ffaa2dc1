"""What a worker over HTTP does: acquire, extend, log, complete."""

import asyncio
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field

from rota.api.errors import documented
from rota.api.models import Id, Input, Output, SecondsInput, Time, TimeInput, any_case, from_json, reply
from rota.api.security import WorkContext
from rota.api.streams import Wake, in_thread
from rota.api.workers import Token, Word
from rota.domain.execution import Claim, State
from rota.domain.instant import SECOND, format_instant, seconds
from rota.domain.outcome import Cancelled, Failed, Interrupted, Outcome, Succeeded, TimedOut
from rota.service import wakeups, work
from rota.service.work import Acquired, NewLine

router = APIRouter()

_LONGEST_ERROR = 65_536
_Outcome = Annotated[Literal["timedOut", "cancelled", "interrupted"], any_case("timedOut", "cancelled", "interrupted")]
Stream = Annotated[Literal["stdout", "stderr", "log"], any_case("stdout", "stderr", "log")]


class Acquire(Input):
    """What a worker can take."""

    worker_id: str = Field(max_length=64)
    capacity: int = Field(1, ge=1, le=1000, description="at most this many, and no more than it can still hold")
    queues: list[Word] | None = Field(None, max_length=100, description="only of these of its queues")
    types: list[Word] | None = Field(None, max_length=5000, description="only of these of its types")
    lease_seconds: SecondsInput | None = Field(None, ge=1, le=3600)
    wait_seconds: SecondsInput = Field(0, ge=0, le=60, description="wait for work at most this long")


class WorkItem(Output):
    """An execution leased to a worker for one attempt."""

    execution_id: str
    job_id: str
    type: str
    kind: str
    parameters: Any
    attempt: int
    max_attempts: int
    timeout_seconds: float
    lease_token: str = Field(description="goes with everything that is said about this attempt")
    lease_expires_at: Time
    started_at: Time
    isolation: str | None
    schedule_id: str | None
    nominal_at: Time | None
    traceparent: str | None


class WorkItems(Output):
    """What was leased; empty when there is nothing to do."""

    items: list[WorkItem]


class Complete(Input):
    """How an attempt ended."""

    worker_id: str = Field(max_length=64)
    lease_token: Token
    success: bool
    result: Any = Field(None, description="any JSON")
    error_message: str | None = Field(None, max_length=_LONGEST_ERROR)
    stack_trace: str | None = Field(None, max_length=4 * _LONGEST_ERROR)
    retryable: bool = Field(True, description="false = another try cannot mend it")
    retry_after_seconds: SecondsInput | None = Field(
        None, ge=0, le=86_400, description="the least wait before another try"
    )
    outcome: _Outcome | None = Field(
        None, description="without success, what happened; `interrupted` hands the work back and does not count"
    )


class Completed(Output):
    """Where an execution stands after its attempt."""

    execution_id: str
    state: State
    status: State


class Extend(Input):
    """A lease to prolong."""

    lease_token: Token
    lease_seconds: SecondsInput | None = Field(None, ge=1, le=3600)
    worker_id: str | None = Field(None, max_length=64)


class ExtendedLease(Output):
    """A prolonged lease."""

    lease_expires_at: Time
    cancel_requested: bool = Field(description="somebody asked for the end of the execution: stop it")


class LineInput(Input):
    """One log line."""

    text: str = Field(max_length=16_384)
    stream: Stream = "stdout"
    at: TimeInput | None = None
    line: int | None = Field(None, ge=1, le=2**31 - 1, description="its number, so that a repetition is recognised")


class LinesInput(Input):
    """Log lines of an attempt."""

    lease_token: Token
    worker_id: str | None = Field(None, max_length=64)
    lines: list[LineInput] = Field(max_length=5000)


class LinesTaken(Output):
    """How many lines were taken; fewer than sent when the log is full."""

    accepted: int


@router.post("/api/jobs/acquire", response_model=WorkItems, responses=documented(404, 409, 422))
async def acquire(body: Acquire, ctx: WorkContext, request: Request) -> Response:
    """Lease due work to a worker. With `waitSeconds` the answer waits until there is some."""
    lease = None if body.lease_seconds is None else round(body.lease_seconds * SECOND)

    def try_once() -> Acquired:
        return work.acquire(
            ctx, body.worker_id, capacity=body.capacity, queues=body.queues, types=body.types, lease=lease
        )

    loop = asyncio.get_running_loop()
    until = loop.time() + body.wait_seconds
    wake = Wake(request)
    with wake.listening(wakeups.on_work):
        while True:
            acquired = await in_thread(try_once)
            left = until - loop.time()
            if acquired.claims or left <= 0 or not await wake.rest(left):
                return reply(WorkItems(items=[_item(claim, acquired) for claim in acquired.claims]))


@router.post("/api/jobs/{id}/complete", response_model=Completed, responses=documented(404, 409, 422))
def complete(id: Id, body: Complete, ctx: WorkContext) -> Response:
    """Say how an attempt ended. The same again changes nothing; 409 `lease-lost` when the token is stale."""
    state = work.complete(ctx, id, body.worker_id, int(body.lease_token), _outcome(body))
    return reply(Completed(execution_id=id, state=state, status=state))


@router.post("/api/executions/{id}/extend", response_model=ExtendedLease, responses=documented(404, 409, 422))
def extend(id: Id, body: Extend, ctx: WorkContext) -> Response:
    """Prolong the lease of one attempt."""
    lease = None if body.lease_seconds is None else round(body.lease_seconds * SECOND)
    extended = work.extend(ctx, id, int(body.lease_token), lease, body.worker_id)
    return reply(ExtendedLease.model_validate(extended))


@router.post("/api/executions/{id}/logs", response_model=LinesTaken, responses=documented(404, 409, 422))
def append_logs(id: Id, body: LinesInput, ctx: WorkContext) -> Response:
    """Keep log lines of an attempt."""
    lines = [NewLine(line.text, line.stream, line.at, line.line) for line in body.lines]
    taken = work.append_logs(ctx, id, int(body.lease_token), lines, body.worker_id)
    return reply(LinesTaken(accepted=taken))


def _item(claim: Claim, acquired: Acquired) -> WorkItem:
    return WorkItem(
        execution_id=claim.id,
        job_id=claim.job_id or claim.id,
        type=claim.type,
        kind=claim.kind,
        parameters=from_json(claim.parameters),
        attempt=claim.attempt,
        max_attempts=claim.retry.max_attempts,
        timeout_seconds=seconds(claim.timeout),
        lease_token=str(claim.token),
        lease_expires_at=format_instant(acquired.lease_expires_at),
        started_at=format_instant(claim.started_at),
        isolation=claim.isolation,
        schedule_id=claim.schedule_id,
        nominal_at=None if claim.nominal_at is None else format_instant(claim.nominal_at),
        traceparent=claim.trace,
    )


def _outcome(body: Complete) -> Outcome:
    if body.success:
        return Succeeded(body.result)
    error = body.error_message or "failed"
    if body.outcome == "interrupted":
        return Interrupted(body.error_message or "the worker stopped")
    if body.outcome == "cancelled":
        return Cancelled(body.error_message or "cancelled")
    if body.outcome == "timedOut":
        return TimedOut(0)
    wait = None if body.retry_after_seconds is None else round(body.retry_after_seconds * SECOND)
    return Failed(error, body.stack_trace, body.retryable, wait, result=body.result)
