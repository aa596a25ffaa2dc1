"""/api/queues: what stands in the queues, and what is set for them. The name `*` is the whole fleet."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from pydantic import Field, StrictStr

from rota.api.documents import Document, described, without
from rota.api.errors import documented
from rota.api.models import Input, Nothing, Output, Page, PageQuery, PlainText, Time, cursor_after, decode_cursor, reply
from rota.api.security import EditContext, OperateContext, ReadContext
from rota.api.versions import IfMatch, etag, expected_version
from rota.service import queues
from rota.service.queues import QueueView

router = APIRouter()

QueueName = Annotated[PlainText, Path(max_length=100, description="`*` is the whole fleet")]

_READ_ONLY = frozenset({"name", "pending", "running", "later", "oldestDueAt", "changedBy", "updatedAt"})


class QueueInput(Input):
    """What is set for a queue. Described here; read by the domain."""

    priority: int | None = Field(None, ge=-1000, le=1000, description="added to the priority of its executions")
    paused: bool | None = None
    note: str | None = Field(None, max_length=500)
    max_running: int | None = Field(None, ge=1, le=1_000_000, description="at once, in the whole fleet")
    rate_limit: str | dict[str, Any] | None = Field(None, description="starts in a time", examples=["100/1m"])


class QueueNote(Input):
    """Why."""

    note: StrictStr | None = Field(None, min_length=1, max_length=500)


class QueueOutput(Output):
    """A queue."""

    name: str
    priority: int
    paused: bool
    note: str | None
    max_running: int | None
    rate_limit: str | None = Field(description="starts in any stretch of time of that length, such as 100/1m")
    pending: int = Field(description="due and not started")
    running: int
    later: int = Field(description="due later, held, or waiting for the next attempt")
    oldest_due_at: Time | None = Field(description="since when the oldest that is due could have started")
    changed_by: str | None = Field(description="null where nothing is set")
    updated_at: Time | None


@router.get("", response_model=Page[QueueOutput], responses=documented(422))
def list_queues(ctx: ReadContext, paging: PageQuery) -> Response:
    """Queues that have settings or unfinished executions, by name. The first is the fleet."""
    found = queues.find(ctx, after=decode_cursor(paging.cursor), limit=paging.limit)
    last = found and found[-1].settings.name
    items = [queue_shown(view) for view in found]
    return reply(Page[QueueOutput](items=items, next_cursor=cursor_after(found, paging.limit, last)))


@router.post("/{name:path}/pause", response_model=QueueOutput, responses=documented(422))
def pause_queue(name: QueueName, ctx: OperateContext, body: QueueNote | None = None) -> Response:
    """Let nothing of a queue start. What runs goes on."""
    return reply(queue_shown(queues.pause(ctx, name, None if body is None else body.note)))


@router.post("/{name:path}/resume", response_model=QueueOutput, responses=documented(422))
def resume_queue(name: QueueName, ctx: OperateContext, body: Nothing | None = None) -> Response:
    """Let a queue go on."""
    return reply(queue_shown(queues.resume(ctx, name)))


@router.get("/{name:path}", response_model=QueueOutput, responses=documented(404))
def get_queue(name: QueueName, ctx: ReadContext) -> Response:
    """One queue."""
    return _shown(queues.get(ctx, name))


@router.put(
    "/{name:path}", response_model=QueueOutput, responses=documented(412, 422), openapi_extra=described(QueueInput)
)
def set_queue(name: QueueName, document: Document, ctx: EditContext, if_match: IfMatch = None) -> Response:
    """Set a queue to what the body says; what it leaves out is not set. What a GET answered may be sent back."""
    given, expected = without(document, _READ_ONLY), expected_version(if_match)
    return _shown(queues.change(ctx, name, given, expected=expected))


@router.delete("/{name:path}", status_code=204, responses=documented(404))
def reset_queue(name: QueueName, ctx: EditContext) -> Response:
    """Forget what is set for a queue. What stands in it stays."""
    queues.remove(ctx, name)
    return Response(status_code=204)


def _shown(view: QueueView) -> Response:
    return reply(queue_shown(view), headers={"ETag": etag(view.version)})


def queue_shown(view: QueueView) -> QueueOutput:
    """A queue as the API shows it."""
    load, record = view.load, view.record
    return QueueOutput.model_validate(
        view.settings.document()
        | {
            "name": view.settings.name,
            "pending": load.pending,
            "running": load.running,
            "later": load.later,
            "oldestDueAt": load.oldest_due_at,
            "changedBy": None if record is None else record.changed_by,
            "updatedAt": None if record is None else record.updated_at,
        }
    )
