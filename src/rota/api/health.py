"""/health: how Rota itself is."""

import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field

from rota.api.errors import documented
from rota.api.models import Output, reply
from rota.api.security import ReadContext
from rota.domain.errors import RotaError, Unavailable
from rota.domain.execution import State
from rota.service import health
from rota.service.context import Database
from rota.service.health import Check

router = APIRouter()

_READY_SECONDS = 3.0

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


class Readiness:
    """Asks the store in a thread of its own, one question at a time.

    So the answer needs none of the threads that requests share: when all of them wait for a busy store, a probe must
    not have the whole process restarted. Probes that come meanwhile share the answer.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._asked: Future[RotaError | None] | None = None

    async def require(self, seconds: float = _READY_SECONDS) -> None:
        """Unavailable, unless the store answers in time and has the current schema."""
        if self._asked is None or self._asked.done():
            self._asked = Future()
            threading.Thread(target=self._ask, args=(self._asked,), name="rota-ready", daemon=True).start()
        answer = asyncio.wrap_future(self._asked)
        done, _ = await asyncio.wait({answer}, timeout=seconds)
        problem = answer.result() if done else Unavailable("the store does not answer in time")
        if problem is not None:
            raise problem

    def _ask(self, asked: "Future[RotaError | None]") -> None:
        try:
            health.require_ready(self._database)
        except RotaError as error:
            asked.set_result(error)
        except Exception as error:
            asked.set_exception(error)
        else:
            asked.set_result(None)


@router.get("/health/live", response_model=Live, openapi_extra={"security": []})
async def live() -> Response:
    """The process answers. Open without a token."""
    return reply(Live())


@router.get("/health/ready", response_model=Ready, openapi_extra={"security": []})
async def ready(request: Request) -> Response:
    """The store answers and has the current schema; else 503. Open without a token."""
    await request.app.state.readiness.require()
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
