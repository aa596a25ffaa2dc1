"""/api/dashboard: figures."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from rota.api.errors import documented
from rota.api.models import Input, Output, Seconds, Time, reply
from rota.api.security import ReadContext
from rota.domain.execution import State
from rota.domain.instant import SECOND, format_instant
from rota.service import coming_fires, reports
from rota.service.reports import Day, Failing, Figures, Stats

router = APIRouter()


class JobCounts(Output):
    """How many jobs there are."""

    total: int
    enabled: int
    paused: int
    disabled: int


class ExecutionCounts(Output):
    """What is live, and what has ended since midnight, UTC."""

    running: int
    pending: int
    scheduled: int
    retrying: int
    waiting: int
    succeeded_today: int
    failed_today: int
    cancelled_today: int
    total_today: int
    success_rate_today: float | None = Field(description="of those that ran to an end, from 0 to 1; null = none did")


class WorkerCounts(Output):
    """How many workers serve, and how much of what they can hold is in use."""

    alive: int
    draining: int
    slots: int
    busy: int


class QueueBacklog(Output):
    """What waits in a queue."""

    queue: str
    pending: int
    oldest_seconds: float


class ScheduleCounts(Output):
    """How many schedules there are. Overdue = due for more than a minute."""

    total: int
    enabled: int
    overdue: int


class DashboardStats(Output):
    """The figures of now and today."""

    jobs: JobCounts
    executions: ExecutionCounts
    workers: WorkerCounts
    queues: list[QueueBacklog]
    average_duration_seconds: Seconds | None = Field(description="of the executions that ended today")
    schedules: ScheduleCounts


class TrendDay(Output):
    """One day, UTC."""

    date: str = Field(json_schema_extra={"format": "date"})
    succeeded: int
    failed: int
    cancelled: int
    average_duration_seconds: Seconds | None


class Trends(Output):
    """Day by day, oldest first."""

    items: list[TrendDay]


class FailingJob(Output):
    """A job that fails."""

    job_id: str
    name: str | None
    failed: int
    total: int
    failure_rate: float = Field(description="from 0 to 1")
    last_error: str | None
    last_failed_at: Time


class TopFailing(Output):
    """The jobs that fail most often."""

    items: list[FailingJob]


class UpcomingFire(Output):
    """A coming fire."""

    schedule_id: str
    job_id: str
    job_name: str
    at: Time
    describe: str


class UpcomingFires(Output):
    """What fires next, soonest first."""

    items: list[UpcomingFire]


class Days(Input):
    """How far back."""

    days: int = Field(7, ge=1, le=90)


class FailingQuery(Input):
    """How far back, and how many."""

    days: int = Field(7, ge=1, le=90)
    limit: int = Field(10, ge=1, le=100)


class UpcomingQuery(Input):
    """How far ahead, and how many."""

    hours: int = Field(24, ge=1, le=24 * 31)
    limit: int = Field(50, ge=1, le=200)


@router.get("/stats", response_model=DashboardStats)
def stats(ctx: ReadContext) -> Response:
    """The figures of now and today."""
    return reply(stats_shown(reports.stats(ctx)))


@router.get("/trends", response_model=Trends, responses=documented(422))
def trends(ctx: ReadContext, query: Annotated[Days, Query()]) -> Response:
    """The last days, oldest first."""
    return reply(Trends(items=[day_shown(day) for day in reports.trends(ctx, query.days)]))


@router.get("/top-failing", response_model=TopFailing, responses=documented(422))
def top_failing(ctx: ReadContext, query: Annotated[FailingQuery, Query()]) -> Response:
    """The jobs that have failed most often. Submissions are not among them: each is a job of its own."""
    items = [failing_shown(job) for job in reports.failing(ctx, query.days, query.limit)]
    return reply(TopFailing(items=items))


@router.get("/upcoming", response_model=UpcomingFires, responses=documented(422))
def upcoming(ctx: ReadContext, query: Annotated[UpcomingQuery, Query()]) -> Response:
    """What fires next: of each schedule at most the next ten fires."""
    fires = coming_fires.upcoming(ctx, query.hours, query.limit)
    return reply(UpcomingFires(items=[UpcomingFire.model_validate(fire) for fire in fires]))


def failing_shown(job: Failing) -> FailingJob:
    """A job that fails as the API shows it."""
    return FailingJob(
        job_id=job.job_id,
        name=job.name,
        failed=job.failed,
        total=job.total,
        failure_rate=job.failed / job.total,
        last_error=job.last_error,
        last_failed_at=format_instant(job.last_failed_at),
    )


def stats_shown(found: Stats) -> DashboardStats:
    """The figures as the API shows them."""
    figures, today = found.figures, found.today
    alive, draining = (figures.workers.get(state, (0, 0)) for state in ("Alive", "Draining"))
    jobs = {name: figures.jobs.get(name.title(), 0) for name in ("enabled", "paused", "disabled")}
    return DashboardStats(
        jobs=JobCounts(total=sum(jobs.values()), **jobs),
        executions=_executions(figures, today),
        workers=WorkerCounts(alive=alive[0], draining=draining[0], slots=alive[1], busy=figures.busy),
        queues=[
            QueueBacklog(
                queue=backlog.queue,
                pending=backlog.pending,
                oldest_seconds=max(0, figures.now - backlog.oldest_due_at) / SECOND,
            )
            for backlog in figures.backlogs
        ],
        average_duration_seconds=today.average,
        schedules=ScheduleCounts(
            total=sum(figures.schedules.values()),
            enabled=figures.schedules.get("Enabled", 0),
            overdue=figures.overdue,
        ),
    )


def _executions(figures: Figures, today: Day) -> ExecutionCounts:
    return ExecutionCounts(
        running=figures.busy,
        pending=figures.live.get(State.PENDING, 0),
        scheduled=figures.live.get(State.SCHEDULED, 0),
        retrying=figures.live.get(State.RETRYING, 0),
        waiting=figures.live.get(State.WAITING, 0),
        succeeded_today=today.succeeded,
        failed_today=today.failed,
        cancelled_today=today.cancelled,
        total_today=today.total,
        success_rate_today=today.success_rate,
    )


def day_shown(day: Day) -> TrendDay:
    """A day as the API shows it."""
    return TrendDay(
        date=format_instant(day.day)[:10],
        succeeded=day.succeeded,
        failed=day.failed,
        cancelled=day.cancelled,
        average_duration_seconds=day.average,
    )
