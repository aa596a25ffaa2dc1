"""/api/workers: who runs the work."""

from typing import Annotated

import anyio.to_thread
from fastapi import APIRouter, Query, Request, Response
from pydantic import AfterValidator, Field

from rota.api.errors import documented
from rota.api.idempotency import Creating
from rota.api.models import (
    LARGEST_INTEGER,
    Id,
    Input,
    Nothing,
    Output,
    Page,
    Paging,
    PlainText,
    Time,
    cursor_after,
    decode_cursor,
    is_whole_number,
    reply,
)
from rota.api.security import OperateContext, ReadContext, WorkContext
from rota.domain.errors import InvalidInput
from rota.service import workers
from rota.service.workers import NewWorker

router = APIRouter()

_STATES = {"alive": "Alive", "draining": "Draining", "stopped": "Stopped", "dead": "Dead"}

UUID = r"^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$"

Word = Annotated[str, Field(min_length=1, max_length=200)]


def _token_text(text: str) -> str:
    if not is_whole_number(text):
        raise ValueError(f"a token is a whole number from 0 to {LARGEST_INTEGER}")
    return text


Token = Annotated[
    Annotated[int, Field(ge=0, le=LARGEST_INTEGER)]
    | Annotated[str, Field(pattern=r"^[0-9]{1,19}$"), AfterValidator(_token_text)],
    Field(description="the fencing token: the text that `acquire` gave, or the number in it"),
]


class WorkerInput(Input):
    """A worker that wants to be let in."""

    id: str | None = Field(
        None, pattern=UUID, description="new at every start, so that the same may be said again; made if left out"
    )
    name: Word
    hostname: Word | None = None
    capacity: int = Field(ge=1, le=10_000, description="how many executions it can hold at once")
    queues: list[Word] | None = Field(None, max_length=100, description="null = every queue")
    types: list[Annotated[str, Field(min_length=1, max_length=2048)]] | None = Field(
        None, max_length=5000, description="the job types and executor kinds that it can run; null = any"
    )
    labels: dict[str, str] = Field(default_factory=dict, max_length=50)
    version: Word | None = None


class WorkerOutput(Output):
    """A worker."""

    id: str
    name: str
    hostname: str | None
    state: str = Field(description="Alive, Draining, Stopped or Dead")
    capacity: int
    running: int
    queues: list[str] | None
    types: list[str] | None
    labels: dict[str, str]
    version: str | None
    transport: str = Field(description="database or http")
    registered_at: Time
    heartbeat_at: Time
    lease_expires_at: Time


class LeaseTerms(Output):
    """How long a worker may be silent. The coordinator decides; the worker keeps to it."""

    seconds: float = Field(description="how long a lease holds after a heartbeat")
    heartbeat_seconds: float = Field(description="how often to send one")
    margin_seconds: float = Field(description="how long before the end of its lease a worker stops trusting it")


class RegisteredOutput(WorkerOutput):
    """A worker that has been let in."""

    lease: LeaseTerms


class Held(Input):
    """An attempt that a worker holds."""

    execution_id: str = Field(max_length=64)
    lease_token: Token


class Heartbeat(Input):
    """What a worker may say with its heartbeat."""

    executions: list[Held] | None = Field(
        None, max_length=10_000, description="all that it holds: what it does not know of is taken back in time"
    )
    running: int | None = Field(None, ge=0, le=10_000, description="ignored: the leases are counted")


class HeartbeatAnswer(Output):
    """A prolonged lease, and what the worker must stop."""

    state: str
    lease_expires_at: Time
    cancel: list[str] = Field(description="executions whose end was asked for")
    lost: list[str] = Field(description="executions of the request that it does not hold any more: stop them")


class WorkerQuery(Paging):
    """Which workers."""

    state: PlainText | None = Field(None, max_length=100, description="`Alive,Draining` …")


@router.post("/register", status_code=201, response_model=RegisteredOutput, responses=documented(409, 422))
def register_worker(body: WorkerInput, ctx: WorkContext, creating: Creating) -> Response:
    """Let a worker in. It must beat before its lease ends."""
    terms = LeaseTerms.model_validate(ctx.config.lease)
    new = NewWorker(
        body.id or "",
        body.name,
        body.capacity,
        "http",
        hostname=body.hostname,
        queues=body.queues,
        types=body.types,
        labels=body.labels,
        version=body.version,
    )
    return creating.answer(
        ctx,
        lambda ctx: workers.register(ctx, new),
        lambda made: RegisteredOutput(**WorkerOutput.model_validate(made).model_dump(by_alias=False), lease=terms),
        lambda made: f"/api/workers/{made.id}",
    )


@router.post("/{id}/heartbeat", response_model=HeartbeatAnswer, responses=documented(404, 409, 422))
async def heartbeat(id: Id, ctx: WorkContext, request: Request, body: Heartbeat | None = None) -> Response:
    """Prolong a worker's lease. 409 `lease-lost` when it was declared dead: it must register again."""
    held = None
    if body is not None and body.executions is not None:
        held = {item.execution_id: int(item.lease_token) for item in body.executions}
    beaten = await anyio.to_thread.run_sync(workers.beat, ctx, id, held, limiter=request.app.state.for_heartbeats)
    return reply(HeartbeatAnswer.model_validate(beaten))


@router.get("", response_model=Page[WorkerOutput], responses=documented(422))
def list_workers(ctx: ReadContext, query: Annotated[WorkerQuery, Query()]) -> Response:
    """Workers, newest first, with those that have ended lately."""
    states = None if query.state is None else [_state(word) for word in query.state.split(",")]
    found = workers.page(ctx, before=decode_cursor(query.cursor), limit=query.limit, states=states)
    items = [WorkerOutput.model_validate(worker) for worker in found]
    return reply(Page[WorkerOutput](items=items, next_cursor=cursor_after(found, query.limit, found and found[-1].id)))


@router.get("/{id}", response_model=WorkerOutput, responses=documented(404))
def get_worker(id: Id, ctx: ReadContext) -> Response:
    """One worker."""
    return reply(WorkerOutput.model_validate(workers.get(ctx, id)))


@router.post("/{id}/drain", response_model=WorkerOutput, responses=documented(404, 409, 422))
def drain_worker(id: Id, ctx: OperateContext, body: Nothing | None = None) -> Response:
    """Let a worker finish what it has and take nothing new."""
    return reply(WorkerOutput.model_validate(workers.drain(ctx, id)))


@router.delete("/{id}", response_model=WorkerOutput, responses=documented(404, 409))
def end_worker(id: Id, ctx: WorkContext) -> Response:
    """A worker says that it has stopped: what it still holds is free at once."""
    return reply(WorkerOutput.model_validate(workers.end(ctx, id)))


@router.post("/{id}/bury", response_model=WorkerOutput, responses=documented(404, 409))
def bury_worker(id: Id, ctx: WorkContext) -> Response:
    """The guard of a worker says that it died and nothing of its work is left: what it held is lost at once."""
    return reply(WorkerOutput.model_validate(workers.bury(ctx, id)))


def _state(word: str) -> str:
    state = _STATES.get(word.strip().lower())
    if state is None:
        raise InvalidInput.field("query", "state", msg=f"no such state; known: {', '.join(_STATES.values())}")
    return state
