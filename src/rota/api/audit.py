"""/api/audit: who changed what."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import Field

from rota.api.errors import documented
from rota.api.models import Output, Page, Paging, PlainText, Time, cursor_after, number_in, reply
from rota.api.security import AuditContext
from rota.service import audit

router = APIRouter()


class AuditEntry(Output):
    """One change."""

    seq: int
    at: Time
    actor: str
    action: str
    noun: str
    subject_id: str | None
    detail: dict[str, Any]


class AuditQuery(Paging):
    """Which changes."""

    noun: PlainText | None = Field(None, max_length=24)
    subject_id: PlainText | None = Field(None, max_length=200)
    actor: PlainText | None = Field(None, max_length=200)


@router.get("", response_model=Page[AuditEntry], responses=documented(422))
def list_audit(ctx: AuditContext, query: Annotated[AuditQuery, Query()]) -> Response:
    """The changes, newest first."""
    found = audit.page(
        ctx,
        before=number_in(query.cursor),
        limit=query.limit,
        noun=query.noun,
        subject_id=query.subject_id,
        actor=query.actor,
    )
    items = [AuditEntry.model_validate(entry) for entry in found]
    return reply(Page[AuditEntry](items=items, next_cursor=cursor_after(found, query.limit, found and found[-1].seq)))
