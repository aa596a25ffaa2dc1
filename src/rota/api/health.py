"""/health: how Rota itself is."""

from collections.abc import Sequence
from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field

from rota.api.errors import documented
from rota.api.models import Output, reply
from rota.api.security import ReadContext
from rota.domain.execution import State
from rota.service import health
from rota.service.health import Check

router = APIRouter()

Status = Literal["healthy", "degraded", "unhealthy"]


class Live(Output):
    """The process answers."""

    status: Literal["live"] = "live"


class Ready(Output):
    """Requests can be served."""

    status: Literal["ready"] = "ready"


class CheckOutput(Output):
    """One thing that was looked at."""

    name: str
    healthy: bool
    detail: str


class Health(Output):
    """Whether all is well. `unhealthy` = requests or schedules are not served; `degraded` = something else is wrong."""

    status: Status
    version: str
    checks: list[CheckOutput]


class JobHealth(Output):
    """Whether work gets done."""

    status: Status
    running: int
    pending: int
    retrying: int
    overdue_schedules: int = Field(description="due for more than a minute")
    workers: int = Field(description="that are alive")
    checks: list[CheckOutput]


@router.get("/health/live", response_model=Live, openapi_extra={"security": []})
async def live() -> Response:
    """The process answers. Open without a token."""
    return reply(Live())


@router.get("/health/ready", response_model=Ready, openapi_extra={"security": []})
def ready(request: Request) -> Response:
    """The store answers and has the current schema; else 503. Open without a token."""
    health.require_ready(request.app.state.services.database)
    return reply(Ready())


@router.get("/health", response_model=Health, responses=documented(503))
def overall(ctx: ReadContext, request: Request) -> Response:
    """Whether all is well, check by check. 200 even when it is not: the answer says so."""
    services = request.app.state.services
    checks = health.checks(ctx, services.loops())
    shown = [CheckOutput.model_validate(check) for check in checks]
    return reply(Health(status=_status(checks), version=services.version, checks=shown))


@router.get("/health/jobs", response_model=JobHealth)
def jobs(ctx: ReadContext) -> Response:
    """Whether work gets done."""
    figures, checks = health.jobs(ctx)
    answer = JobHealth(
        status=_status(checks),
        running=figures.busy,
        pending=figures.live.get(State.PENDING, 0),
        retrying=figures.live.get(State.RETRYING, 0),
        overdue_schedules=figures.overdue,
        workers=figures.workers.get("Alive", (0, 0))[0],
        checks=[CheckOutput.model_validate(check) for check in checks],
    )
    return reply(answer)


def _status(checks: Sequence[Check]) -> Status:
    bad = [check.name for check in checks if not check.healthy]
    if not bad:
        return "healthy"
    return "unhealthy" if any(name == "store" or name.startswith("loop") for name in bad) else "degraded"
