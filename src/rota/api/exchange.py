"""/api/workers/{id}/exchange and /wait: a worker over HTTP as `rota worker --coordinator` is one.

One request a turn carries everything, in batches: it is the path of every execution over HTTP. Whatever can be per batch
is.
"""

import json
from typing import Annotated, Any, Literal

import anyio
from fastapi import APIRouter, Request, Response
from pydantic import Field

from rota.api.errors import documented
from rota.api.models import (
    LARGEST_INTEGER,
    Id,
    Input,
    Output,
    SecondsInput,
    Time,
    TimeInput,
    any_case,
    from_json,
    reply,
)
from rota.api.security import WorkContext
from rota.api.streams import Wake, in_thread
from rota.api.work import Stream
from rota.domain.errors import InvalidInput
from rota.domain.execution import Claim, State
from rota.domain.instant import SECOND, format_instant, seconds
from rota.domain.outcome import Cancelled, Deferred, Failed, Interrupted, Lost, Outcome, Succeeded, TimedOut
from rota.service import exchange as service
from rota.service import wakeups
from rota.service.exchange import Answer, Said, Told

router = APIRouter()

MOST_ENDED = 5_000
_MOST_LINES = 20_000
_MOST_HELD = 10_000
_LONGEST_ERROR = 65_536
_LONGEST_WAIT = 30.0

_Outcome = Annotated[
    Literal["succeeded", "failed", "timedOut", "cancelled", "lost", "interrupted", "deferred"],
    any_case("succeeded", "failed", "timedOut", "cancelled", "lost", "interrupted", "deferred"),
]


class EndedInput(Input):
    """An attempt that ended."""

    execution_id: str = Field(max_length=64)
    lease_token: int = Field(ge=0, le=LARGEST_INTEGER)
    outcome: _Outcome
    result: Any = Field(None, description="of `succeeded` and `failed`: any JSON")
    error_message: str | None = Field(None, max_length=_LONGEST_ERROR)
    stack_trace: str | None = Field(None, max_length=4 * _LONGEST_ERROR)
    retryable: bool = Field(True, description="false = another try cannot mend it")
    retry_after_seconds: SecondsInput | None = Field(
        None, ge=0, le=86_400, description="the least wait before another try"
    )
    status: int | None = Field(None, ge=0, le=999, description="the HTTP status that made it fail")
    check_after_seconds: SecondsInput | None = Field(
        None, ge=0, le=366 * 86_400, description="of `deferred`: look again then"
    )
    handle: Any = Field(None, description="of `deferred`: any JSON; the next attempt gets it")


class NumberedLine(Input):
    """One log line. Its number makes a repetition harmless."""

    line: int = Field(ge=1, le=2**31 - 1)
    at: TimeInput
    stream: Stream
    text: str = Field(max_length=20_000)


class LogInput(Input):
    """Log lines of one attempt."""

    execution_id: str = Field(max_length=64)
    lease_token: int = Field(ge=0, le=LARGEST_INTEGER)
    lines: list[NumberedLine] = Field(max_length=_MOST_LINES)


class ProgressInput(Input):
    """How far one attempt is."""

    execution_id: str = Field(max_length=64)
    lease_token: int = Field(ge=0, le=LARGEST_INTEGER)
    fraction: float = Field(ge=0, le=1)
    message: str = Field("", max_length=500)


class ExchangeInput(Input):
    """All that a worker says in one turn."""

    sequence: int = Field(ge=1, le=LARGEST_INTEGER, description="more than that of every exchange before")
    slots: int = Field(ge=0, le=10_000, description="how many executions it can begin now")
    ended: list[EndedInput] = Field(default_factory=list, max_length=MOST_ENDED)
    logs: list[LogInput] = Field(default_factory=list, max_length=_MOST_HELD)
    progress: list[ProgressInput] = Field(default_factory=list, max_length=_MOST_HELD)
    held: list[str] | None = Field(
        None, max_length=2 * _MOST_HELD, description="all that is in hand; what else is leased to it is handed back"
    )


class ClaimOutput(Output):
    """An execution to begin. What is null is left out."""

    execution_id: str
    lease_token: str = Field(description="goes with everything that is said about this attempt")
    type: str
    attempt: int
    max_attempts: int
    timeout_seconds: float
    job_id: str | None = None
    name: str | None = None
    parameters: Any = None
    isolation: str | None = None
    handle: Any = None
    schedule_id: str | None = None
    nominal_at: Time | None = None
    traceparent: str | None = None


class CancellingOutput(Output):
    """Why an execution is to end, and how long it may take."""

    by: str | None = None
    reason: str | None = None
    grace_seconds: float | None = None


class ExchangeOutput(Output):
    """What a worker is told in one turn."""

    state: str = Field(description="Alive or Draining")
    now: Time = Field(description="the store's time")
    next_due: Time | None = Field(description="when the next waiting execution becomes due")
    settled: dict[str, State] = Field(description="where each execution of `ended` stands now")
    refused: list[str] = Field(description="executions of `ended` whose token is stale: nothing was written")
    claims: list[ClaimOutput]
    cancelling: dict[str, CancellingOutput] = Field(description="executions in hand to stop")


class WaitInput(Input):
    """How long to wait for a ring."""

    seconds: SecondsInput = Field(20, ge=0, le=_LONGEST_WAIT)
    bell: str | None = Field(None, max_length=64, description="what the wait before was answered with")


class WaitOutput(Output):
    """Whether an exchange is worth while."""

    rang: bool
    bell: str = Field(description="give it to the next wait, so that no ring between the two is missed")


@router.post("/{id}/exchange", response_model=ExchangeOutput, responses=documented(404, 409, 422))
def exchange(id: Id, body: ExchangeInput, ctx: WorkContext) -> Response:
    """One turn: settle what has ended, keep what was logged, claim what fits. All of it is one transaction.

    The same may be said again, with a new `sequence`, when the answer was lost: what was settled stays settled, and
    with `held` claims that never arrived are handed back. 409 `lease-lost` when the worker was declared dead.
    """
    lines = [
        (log.execution_id, log.lease_token, line.line, line.at, line.stream, line.text)
        for log in body.logs
        for line in log.lines
    ]
    if len(lines) > _MOST_LINES:
        raise InvalidInput.field("logs", msg=f"at most {_MOST_LINES} lines in all")
    said = Said(
        body.sequence,
        body.slots,
        [Told(item.execution_id, item.lease_token, _outcome(item)) for item in body.ended],
        lines,
        [(note.execution_id, note.lease_token, note.fraction, note.message) for note in body.progress],
        None if body.held is None else set(body.held),
    )
    return Response(_answer(service.exchange(ctx, id, said)), media_type="application/json")


@router.post("/{id}/wait", response_model=WaitOutput, responses=documented(404, 409, 422))
async def wait(id: Id, body: WaitInput, ctx: WorkContext, request: Request) -> Response:
    """Wait until an exchange is worth while, because work has come or a cancellation. A hint: whoever waits also polls."""
    rings: wakeups.Rings = request.app.state.rings
    wake = Wake(request)
    until = anyio.current_time() + body.seconds
    heard = rings.now() if body.bell is None else body.bell
    with wake.listening(wakeups.for_workers):
        await in_thread(lambda: service.is_worth_while(ctx, id))  # so that a stranger is refused at once
        while True:
            bell = rings.now()
            if bell != heard and await in_thread(lambda: service.is_worth_while(ctx, id)):
                return reply(WaitOutput(rang=True, bell=bell))
            heard = bell
            left = until - anyio.current_time()
            if left <= 0 or not await wake.rest(left):
                return reply(WaitOutput(rang=False, bell=heard))


def _outcome(item: EndedInput) -> Outcome:
    if item.outcome == "succeeded":
        return Succeeded(item.result)
    said = item.error_message
    if item.outcome == "failed":
        wait = None if item.retry_after_seconds is None else round(item.retry_after_seconds * SECOND)
        return Failed(said or "failed", item.stack_trace, item.retryable, wait, item.status, item.result)
    if item.outcome == "timedOut":
        return TimedOut(0)
    if item.outcome == "deferred":
        return Deferred(round((item.check_after_seconds or 0) * SECOND), item.handle)
    if item.outcome == "cancelled":
        return Cancelled(said or "cancelled")
    if item.outcome == "lost":
        return Lost(said or "the lease ran out")
    return Interrupted(said or "the worker stopped")


def _answer(answer: Answer) -> bytes:
    return _encoded(
        {
            "state": answer.state,
            "now": format_instant(answer.now),
            "nextDue": None if answer.next_due is None else format_instant(answer.next_due),
            "settled": answer.settled,
            "refused": answer.refused,
            "claims": [_claim(claim) for claim in answer.claims],
            "cancelling": {id: _cancellation(note) for id, note in answer.cancelling.items()},
        }
    ).encode()


def _claim(claim: Claim) -> dict[str, Any]:
    document = {
        "executionId": claim.id,
        "leaseToken": str(claim.token),
        "type": claim.type,
        "attempt": claim.attempt,
        "maxAttempts": claim.retry.max_attempts,
        "timeoutSeconds": seconds(claim.timeout),
        "jobId": claim.job_id,
        "name": claim.name,
        "parameters": from_json(claim.parameters),
        "isolation": claim.isolation,
        "handle": from_json(claim.handle),
        "scheduleId": claim.schedule_id,
        "nominalAt": None if claim.nominal_at is None else format_instant(claim.nominal_at),
        "traceparent": claim.trace,
    }
    return {name: value for name, value in document.items() if value is not None}


def _cancellation(note: Any) -> dict[str, Any]:
    return {name: note[name] for name in ("by", "reason", "graceSeconds") if note.get(name) is not None}


_encoded = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, check_circular=False).encode
