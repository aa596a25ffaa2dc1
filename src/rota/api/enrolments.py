"""/api/workers/enrolments and /enrol: a worker is invited, and exchanges the invitation for a key of its own."""

from fastapi import APIRouter, Request, Response
from pydantic import Field

from rota.api.errors import documented
from rota.api.idempotency import Creating
from rota.api.models import DurationInput, Input, Output, Time, reply
from rota.api.security import AdminContext, bearer
from rota.api.workers import Word
from rota.domain.instant import HOUR
from rota.service import enrolments

router = APIRouter()


class EnrolmentInput(Input):
    """An invitation to make."""

    name: str | None = Field(None, min_length=1, max_length=100, description="what the key will be called")
    queues: list[Word] | None = Field(None, min_length=1, max_length=100, description="that it is bound to; null = all")
    expires_in: DurationInput = Field(HOUR, description="how long it can be used; an hour if left out")


class EnrolmentOutput(Output):
    """An invitation."""

    id: str
    name: str | None
    queues: list[str] | None
    created_by: str
    created_at: Time
    expires_at: Time


class EnrolmentWithToken(EnrolmentOutput):
    """A new invitation, with the token that is told once."""

    token: str | None = Field(None, description="told once; null when a repeated request is answered")


class CredentialOutput(Output):
    """A worker's own key."""

    key_id: str
    name: str
    queues: list[str] | None
    token: str = Field(description="what the worker sends from now on; told once")


@router.post("/enrolments", status_code=201, response_model=EnrolmentWithToken, responses=documented(409, 422))
def invite_worker(body: EnrolmentInput, ctx: AdminContext, creating: Creating) -> Response:
    """Make a token that one worker can exchange for a key of its own, once."""
    return creating.answer(
        ctx,
        lambda ctx: enrolments.invite(ctx, body.name, body.queues, body.expires_in),
        lambda made: EnrolmentWithToken.model_validate(made[0]).model_copy(update={"token": made[1]}),
        lambda made: f"/api/workers/enrolments/{made[0].id}",
        repeat=lambda made: EnrolmentWithToken.model_validate(made[0]),
    )


@router.post("/enrol", status_code=201, response_model=CredentialOutput, responses=documented(409))
def enrol_worker(request: Request) -> Response:
    """Exchange the token of an enrolment, sent as the bearer token, for a key of one's own."""
    key, token = enrolments.enrol(request.app.state.services.database, bearer(request.scope["headers"]))
    made = CredentialOutput(
        key_id=key.id, name=key.name, queues=None if key.queues is None else list(key.queues), token=token
    )
    return reply(made, 201, {"Cache-Control": "no-store"})
