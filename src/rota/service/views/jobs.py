"""The jobs as a list, and one of them with all that is beside it."""

from dataclasses import dataclass

from rota.domain.access import Right
from rota.domain.instant import Instant
from rota.domain.job import JobState
from rota.domain.planning import Fire, upcoming
from rota.service import explain, jobs
from rota.service.context import ServiceContext
from rota.service.explain import Explanation
from rota.service.jobs import JobView
from rota.stores import durations, history, surroundings, views
from rota.stores.durations import Durations
from rota.stores.history import ExecutionRecord, Filter
from rota.stores.jobs import JobFilter
from rota.stores.schedules import ScheduleRecord, ScheduleState
from rota.stores.views import Run

RUNS_SHOWN = 20
_RUNS_LISTED = 50
_FIRES_SHOWN = 10


@dataclass(frozen=True, slots=True)
class JobLine:
    """A job in a list, with its newest runs."""

    view: JobView
    runs: list[Run]

    @property
    def next(self) -> ScheduleRecord | None:
        """The schedule that fires next; while none may, the first one."""
        coming = [one for one in self.view.schedules if one.state is ScheduleState.ENABLED and one.fires_at is not None]
        first = min(coming, key=lambda one: one.fires_at or 0, default=None)
        return first or next(iter(self.view.schedules), None)


@dataclass(frozen=True, slots=True)
class JobList:
    """A page of jobs, and by what they can be chosen."""

    lines: list[JobLine]
    facets: dict[str, list[tuple[str, int]]]


@dataclass(frozen=True, slots=True)
class JobPage:
    """A job with its coming fires by schedule, its newest runs, and why it has not run."""

    view: JobView
    fires: dict[str, list[Fire]]
    runs: list[ExecutionRecord]
    durations: Durations | None
    why: Explanation


def listed(ctx: ServiceContext, wanted: JobFilter, *, limit: int, before: str | None) -> JobList:
    """Jobs, newest first."""
    found = jobs.find(ctx, wanted, limit=limit, before=before)
    with ctx.read() as tx:
        runs = views.newest_runs(tx, [one.record.id for one in found], RUNS_SHOWN)
        return JobList([JobLine(one, runs[one.record.id]) for one in found], views.facets(tx))


def one(ctx: ServiceContext, id: str) -> JobPage:
    """One job. NotFound if there is none."""
    ctx.require(Right.READ)
    shown = jobs.get(ctx, id)
    with ctx.read() as tx:
        runs = history.page(tx, Filter(job_id=id), before=None, limit=_RUNS_LISTED)
        taking = durations.newest_of_jobs(tx, [id]).get(id)
        around = surroundings.of(tx, {one.id: one.schedule for one in shown.schedules})
        now = tx.now
    fires: dict[str, list[Fire]] = {}
    for schedule in shown.schedules:
        may = shown.record.state is JobState.ENABLED and schedule.state is ScheduleState.ENABLED
        most = schedule.schedule.fires_left(schedule.runs, _FIRES_SHOWN)
        fires[schedule.id] = []
        if may and schedule.id in around and most > 0:
            page = upcoming(schedule.schedule, now, None, most, around[schedule.id], ctx.config.environment)
            fires[schedule.id] = page.items
    return JobPage(shown, fires, runs, taking, explain.why(ctx, id))


def local_text(schedule: ScheduleRecord, at: Instant | None) -> str | None:
    """The instant in the schedule's own clock, such as 2026-11-28T06:00:00+01:00."""
    return None if at is None else schedule.schedule.zone.local(at).isoformat()


__all__ = ["JobFilter", "JobLine", "JobList", "JobPage", "listed", "local_text", "one"]
