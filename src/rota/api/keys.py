"""/api/keys: who may come in."""

from fastapi import APIRouter, Request, Response
from pydantic import Field, field_validator

from rota.api.errors import documented
from rota.api.idempotency import Creating
from rota.api.models import (
    Id,
    Input,
    Output,
    Page,
    PageQuery,
    Time,
    TimeInput,
    choice,
    cursor_after,
    decode_cursor,
    reply,
)
from rota.api.security import AdminContext, forget_tokens
from rota.api.workers import Word
from rota.domain.access import Role
from rota.service import access

router = APIRouter()


class KeyInput(Input):
    """A key to make."""

    name: str = Field(min_length=1, max_length=100, description="what the audit calls its holder")
    role: Role
    expires_at: TimeInput | None = Field(None, description="null = never")
    queues: list[Word] | None = Field(
        None, max_length=100, description="only for the role worker: the queues that it is bound to; null = all"
    )

    _any_case = field_validator("role", mode="before")(choice(Role))


class KeyOutput(Output):
    """A key."""

    id: str
    name: str
    role: Role
    prefix: str = Field(description="the beginning of its token")
    created_by: str
    created_at: Time
    expires_at: Time | None
    last_used_at: Time | None
    revoked_at: Time | None
    queues: list[str] | None


class KeyWithToken(KeyOutput):
    """A new key, with the token that is told once."""

    token: str | None = Field(None, description="told once; null when a repeated request is answered")


@router.post("", status_code=201, response_model=KeyWithToken, responses=documented(409, 422))
def create_key(body: KeyInput, ctx: AdminContext, creating: Creating) -> Response:
    """Make a key. Its token is in this answer and nowhere else."""
    return creating.answer(
        ctx,
        lambda ctx: access.create(ctx, body.name, body.role, body.expires_at, body.queues),
        lambda made: KeyWithToken.model_validate(made[0]).model_copy(update={"token": made[1]}),
        lambda made: f"/api/keys/{made[0].id}",
        repeat=lambda made: KeyWithToken.model_validate(made[0]),
    )


@router.get("", response_model=Page[KeyOutput])
def list_keys(ctx: AdminContext, paging: PageQuery) -> Response:
    """The keys, newest first."""
    found = access.listing(ctx, before=decode_cursor(paging.cursor), limit=paging.limit)
    items = [KeyOutput.model_validate(key) for key in found]
    return reply(Page[KeyOutput](items=items, next_cursor=cursor_after(found, paging.limit, items and items[-1].id)))


@router.delete("/{id}", response_model=KeyOutput, responses=documented(404, 409))
def revoke_key(id: Id, ctx: AdminContext, request: Request) -> Response:
    """Revoke a key: refused from now on, within five seconds by every process."""
    key = access.revoke(ctx, id)
    forget_tokens(request.app)
    return reply(KeyOutput.model_validate(key))
