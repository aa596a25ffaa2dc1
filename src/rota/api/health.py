"""/health: how Rota itself is."""

from typing import Literal

from fastapi import APIRouter, Request, Response

from rota.api.models import Output, reply
from rota.service import health

router = APIRouter()


class Ready(Output):
    """Whether requests can be served."""

    status: Literal["ready", "live"]


@router.get("/health/live", response_model=Ready, openapi_extra={"security": []})
async def live() -> Response:
    """The process answers. Open without a token."""
    return reply(Ready(status="live"))


@router.get("/health/ready", response_model=Ready, openapi_extra={"security": []})
def ready(request: Request) -> Response:
    """The store answers and has the current schema; else 503. Open without a token."""
    health.require_ready(request.app.state.services.database)
    return reply(Ready(status="ready"))
