"""/api/freezes: times in which schedules start nothing."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from rota.api.documents import Document, described
from rota.api.errors import documented
from rota.api.idempotency import Creating
from rota.api.models import Id, Input, Output, Page, Paging, Time, cursor_after, decode_cursor, reply
from rota.api.security import EditContext, ReadContext
from rota.service import freezes
from rota.service.freezes import FreezeRecord

router = APIRouter()


class FreezeInput(Input):
    """A freeze; of everything, where it names nobody. Described here; read by the domain."""

    starts_at: Time | None = Field(None, description="default now")
    ends_at: Time = Field(description="exclusive")
    reason: str = Field(min_length=1, max_length=1000)
    jobs: list[str] | None = Field(None, description="ids or names")
    teams: list[str] | None = None
    queues: list[str] | None = None
    tags: list[str] | None = None


class FreezeOutput(Output):
    """A freeze."""

    id: str
    starts_at: Time
    ends_at: Time
    reason: str
    jobs: list[str]
    teams: list[str]
    queues: list[str]
    tags: list[str]
    created_by: str
    created_at: Time


class FreezeQuery(Paging):
    """Which freezes."""

    past: bool = Field(False, description="those that are over as well")


@router.post(
    "",
    status_code=201,
    response_model=FreezeOutput,
    responses=documented(422),
    openapi_extra=described(FreezeInput),
)
def create_freeze(document: Document, ctx: EditContext, creating: Creating) -> Response:
    """Let schedules start nothing for a time: of everybody, or of the jobs, teams, queues and tags that are named."""
    return creating.answer(
        ctx, lambda ctx: freezes.create(ctx, document), _shown, lambda made: f"/api/freezes/{made.id}"
    )


@router.get("", response_model=Page[FreezeOutput], responses=documented(422))
def list_freezes(ctx: ReadContext, query: Annotated[FreezeQuery, Query()]) -> Response:
    """Freezes that hold or are to come, newest first."""
    found = freezes.find(ctx, limit=query.limit, before=decode_cursor(query.cursor), past=query.past)
    items = [_shown(record) for record in found]
    after = cursor_after(found, query.limit, found and found[-1].id)
    return reply(Page[FreezeOutput](items=items, next_cursor=after))


@router.delete("/{id}", status_code=204, responses=documented(404))
def delete_freeze(id: Id, ctx: EditContext) -> Response:
    """Take a freeze back. What it withheld stays withheld."""
    freezes.delete(ctx, id)
    return Response(status_code=204)


def _shown(record: FreezeRecord) -> FreezeOutput:
    freeze = record.freeze
    return FreezeOutput.model_validate(
        {
            "id": record.id,
            "starts_at": freeze.starts_at,
            "ends_at": freeze.ends_at,
            "reason": freeze.reason,
            "jobs": list(freeze.scope.jobs),
            "teams": list(freeze.scope.teams),
            "queues": list(freeze.scope.queues),
            "tags": list(freeze.scope.tags),
            "created_by": freeze.by,
            "created_at": record.created_at,
        }
    )
