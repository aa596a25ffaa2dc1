"""/api/schedules/{id}/exceptions: single instants that are skipped, moved or added."""

from fastapi import APIRouter, Response
from pydantic import Field

from rota.api.documents import Document, described
from rota.api.errors import documented
from rota.api.idempotency import Creating
from rota.api.models import Id, Input, Output, Page, PageQuery, Time, cursor_after, decode_cursor, reply
from rota.api.security import OperateContext, ReadContext
from rota.service import schedule_exceptions
from rota.service.schedule_exceptions import Action, ExceptionRecord, Made, action_of

router = APIRouter()


class ExceptionInput(Input):
    """An exception. Described here; read by the domain."""

    action: Action
    at: str | None = Field(
        None, description="a time, or `next` for the next instant that fires; skipUntil starts now without it"
    )
    until: Time | None = Field(None, description="of skipUntil: the last instant that is skipped")
    to: Time | None = Field(None, description="of move: when it fires instead")
    reason: str | None = Field(None, max_length=1000)


class ExceptionOutput(Output):
    """An exception."""

    id: str
    schedule_id: str
    action: Action
    at: Time
    until: Time | None
    to: Time | None
    reason: str | None
    created_by: str
    created_at: Time


class ExceptionMadeOutput(ExceptionOutput):
    """A new exception."""

    next_at: Time | None = Field(description="when the schedule fires next because of it")


@router.post(
    "/{id}/exceptions",
    status_code=201,
    response_model=ExceptionMadeOutput,
    responses=documented(404, 409, 422),
    openapi_extra=described(ExceptionInput),
)
def add_exception(id: Id, document: Document, ctx: OperateContext, creating: Creating) -> Response:
    """Skip, move or add single instants of a schedule, also of one that comes with code."""
    return creating.answer(
        ctx,
        lambda ctx: schedule_exceptions.add(ctx, id, document),
        _made_shown,
        lambda made: f"/api/schedules/{id}/exceptions/{made.record.id}",
    )


@router.get("/{id}/exceptions", response_model=Page[ExceptionOutput], responses=documented(404, 422))
def list_exceptions(id: Id, ctx: ReadContext, paging: PageQuery) -> Response:
    """The exceptions of a schedule, newest first."""
    found = schedule_exceptions.find(ctx, id, limit=paging.limit, before=decode_cursor(paging.cursor))
    items = [ExceptionOutput.model_validate(_shown(record)) for record in found]
    after = cursor_after(found, paging.limit, found and found[-1].id)
    return reply(Page[ExceptionOutput](items=items, next_cursor=after))


@router.delete("/{id}/exceptions/{exception_id}", status_code=204, responses=documented(404))
def remove_exception(id: Id, exception_id: Id, ctx: OperateContext) -> Response:
    """Take an exception back. What was decided because of it stays decided."""
    schedule_exceptions.remove(ctx, id, exception_id)
    return Response(status_code=204)


def _made_shown(made: Made) -> ExceptionMadeOutput:
    return ExceptionMadeOutput.model_validate(_shown(made.record) | {"next_at": made.next_at})


def _shown(record: ExceptionRecord) -> dict[str, object]:
    exception = record.exception
    return {
        "id": record.id,
        "schedule_id": record.schedule_id,
        "action": action_of(exception),
        "at": exception.at,
        "until": exception.until,
        "to": exception.to,
        "reason": exception.reason,
        "created_by": exception.by,
        "created_at": record.created_at,
    }
