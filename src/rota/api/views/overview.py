"""/api/views/overview."""

from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Request, Response

from rota.api import dashboard
from rota.api.dashboard import DashboardStats, FailingJob, TrendDay, UpcomingFire
from rota.api.models import Output, Time, reply
from rota.api.security import ReadContext
from rota.api.views.models import CoordinatorOutput, ExecutionRow, UnmetOutput, row, short
from rota.service.views import overview as service
from rota.version import __version__

router = APIRouter()


class QueueLine(Output):
    """What waits in a queue, and whether it may go on."""

    queue: str
    pending: int
    oldest_seconds: float
    paused: bool


class OverdueOutput(Output):
    """A schedule whose next instant should have been decided."""

    schedule_id: str
    job_id: str
    job_name: str
    next_at: Time


class OverviewOutput(DashboardStats):
    """The first screen."""

    now: Time
    environment: str
    version: str
    store: str
    coordinators: list[CoordinatorOutput]
    loops: dict[str, dict[str, Any]]
    queues: list[QueueLine]  # type: ignore[assignment]
    running: list[ExecutionRow]
    failing: list[FailingJob]
    missed: list[UnmetOutput]
    overdue: list[OverdueOutput]
    upcoming: list[UpcomingFire]
    trends: list[TrendDay]


@router.get("", response_model=OverviewOutput)
def overview(ctx: ReadContext, request: Request) -> Response:
    """Is everything well, what runs, what fails, what was missed, what comes."""
    found = service.overview(ctx)
    figures = dashboard.stats_shown(found.stats)
    waiting = {line.queue: line for line in figures.queues}
    names = sorted({*waiting, *(name for name, paused in found.paused.items() if paused and name != "*")})
    failing = [dashboard.failing_shown(job) for job in found.failing]
    return reply(
        OverviewOutput.model_validate(
            figures.model_dump(by_alias=False)
            | {
                "average_duration_seconds": found.stats.today.average,
                "now": found.now,
                "environment": ctx.config.environment,
                "version": __version__,
                "store": found.dialect,
                "coordinators": found.coordinators,
                "loops": request.app.state.services.loops(),
                "queues": [
                    {
                        "queue": name,
                        "pending": waiting[name].pending if name in waiting else 0,
                        "oldest_seconds": waiting[name].oldest_seconds if name in waiting else 0,
                        "paused": found.paused.get(name, False),
                    }
                    for name in names
                ],
                "running": [row(record) for record in found.running],
                "failing": [one.model_copy(update={"last_error": short(one.last_error)}) for one in failing],
                "missed": [replace(one, reason=short(one.reason)) for one in found.missed],
                "overdue": found.overdue,
                "upcoming": found.upcoming,
                "trends": [dashboard.day_shown(day) for day in found.trends],
            }
        )
    )
