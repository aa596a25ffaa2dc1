"""/api/views/jobs."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import Field

from rota.api.errors import documented
from rota.api.job_inputs import JobQuery
from rota.api.job_models import JobOutput, WhyOutput, job_shown, why_shown
from rota.api.models import Id, Output, PlainText, Seconds, Time, cursor_after, decode_cursor, reply
from rota.api.schedule_models import PreviewFire
from rota.api.security import ReadContext
from rota.api.views.models import MOST_BYTES, ExecutionRow, fitting, row, size_of
from rota.domain.errors import InvalidInput
from rota.domain.execution import State
from rota.domain.instant import SECOND
from rota.domain.job import JobState
from rota.service.views import jobs as service
from rota.service.views.jobs import JobFilter, JobLine

router = APIRouter()

_LONGEST_DESCRIPTION = 120
_MOST_ROWS = 100
_FACET_BYTES = 4000
_RUNS_BYTES = 30_000
_RUN_STATES = list(State)
_STATES = {state.value.lower(): state for state in JobState}


class JobListQuery(JobQuery):
    """Which jobs."""

    category: PlainText | None = Field(None, max_length=200)


class JobRow(Output):
    """A job in a list."""

    id: str
    name: str
    type: str
    kind: str
    description: str | None
    tags: list[str]
    category: str | None
    owner_name: str | None
    team_name: str | None
    queue: str
    state: JobState
    note: str | None
    paused_until: Time | None
    describe: str | None = Field(description="the schedule that fires next, in words")
    schedule_count: int
    schedule_id: str | None = Field(description="of the only schedule")
    next_at: Time | None
    next_local: str | None
    time_zone: str | None
    runs: list[tuple[int, float | None]] = Field(
        description="the newest twenty, newest first: state (as counted in `states`) and duration in seconds"
    )


class Facet(Output):
    """By what jobs can be chosen, and how many there are."""

    value: str
    count: int


class JobList(Output):
    """A page of jobs."""

    items: list[JobRow]
    next_cursor: str | None
    states: list[State] = Field(description="what the first number of a run counts in")
    facets: dict[str, list[Facet]]


class ScheduleOfJob(Output):
    """A schedule of a job, with its coming fires."""

    id: str
    key: str | None
    name: str | None
    state: str
    describe: str
    document: dict[str, Any]
    time_zone: str
    next_at: Time | None
    next_local: str | None
    note: str | None
    upcoming: list[PreviewFire]


class DurationsOutput(Output):
    """How long its newest fifty successful runs have taken; null where there were none."""

    p50_seconds: Seconds | None
    p95_seconds: Seconds | None
    count: int = Field(description="of the runs that are listed, those that have ended")


class JobPage(Output):
    """A job with all that is beside it."""

    job: JobOutput
    schedules: list[ScheduleOfJob]
    runs: list[ExecutionRow]
    why: WhyOutput
    durations: DurationsOutput


@router.get("", response_model=JobList, responses=documented(422))
def list_jobs(ctx: ReadContext, query: Annotated[JobListQuery, Query()]) -> Response:
    """Jobs, newest first, with their next fires and newest runs: at most `limit`, and no more than fit into 50 KB."""
    word = (query.state or query.status or "").strip().lower()
    if word and word not in _STATES:
        raise InvalidInput.field("query", "state", msg=f"no such state; known: {', '.join(JobState)}")
    wanted = JobFilter(
        query.q, _STATES.get(word), query.tag, query.owner, query.team, query.type, category=query.category
    )
    limit = min(query.limit, _MOST_ROWS)
    found = service.listed(ctx, wanted, limit=limit, before=decode_cursor(query.cursor))
    facets = {
        name: fitting([Facet(value=value, count=count) for value, count in counts], _FACET_BYTES)
        for name, counts in found.facets.items()
    }
    room = MOST_BYTES - sum(size_of(facet) for counts in facets.values() for facet in counts)
    items = fitting([_row(line) for line in found.lines], room)
    after = cursor_after(found.lines, limit if len(items) == len(found.lines) else 0, items and items[-1].id)
    return reply(JobList(items=items, next_cursor=after, states=_RUN_STATES, facets=facets))


@router.get("/{id}", response_model=JobPage, responses=documented(404))
def get_job(id: Id, ctx: ReadContext) -> Response:
    """One job with its schedules, its newest runs, and why it has not run."""
    found = service.one(ctx, id)
    schedules = [
        {
            "id": one.id,
            "key": one.key,
            "name": one.name,
            "state": one.state,
            "describe": one.schedule.describe(),
            "document": one.schedule.document(),
            "time_zone": one.schedule.time_zone,
            "next_at": one.fires_at,
            "next_local": service.local_text(one, one.fires_at),
            "note": one.note,
            "upcoming": [
                {"at": fire.at, "local": fire.local_text, "notes": list(fire.notes)} for fire in found.fires[one.id]
            ],
        }
        for one in found.view.schedules
    ]
    return reply(
        JobPage.model_validate(
            {
                "job": job_shown(found.view),
                "schedules": schedules,
                "runs": fitting([row(record) for record in found.runs], _RUNS_BYTES),
                "why": why_shown(found.why),
                "durations": {
                    "p50_seconds": None if found.durations is None else found.durations.median,
                    "p95_seconds": None if found.durations is None else found.durations.p95,
                    "count": sum(record.finished_at is not None for record in found.runs),
                },
            }
        )
    )


def _row(line: JobLine) -> JobRow:
    record, following = line.view.record, line.next
    job = record.job
    at = line.view.next_at
    return JobRow.model_validate(
        {
            "id": record.id,
            "name": job.name,
            "type": job.type[:200],
            "kind": job.kind,
            "description": None if job.description is None else job.description[:_LONGEST_DESCRIPTION],
            "tags": list(job.tags)[:10],
            "category": job.category,
            "owner_name": job.owner_name,
            "team_name": job.team_name,
            "queue": job.queue,
            "state": record.state,
            "note": record.note,
            "paused_until": record.resume_at,
            "describe": None if following is None else following.schedule.describe(),
            "schedule_count": len(line.view.schedules),
            "schedule_id": line.view.schedules[0].id if len(line.view.schedules) == 1 else None,
            "next_at": at,
            "next_local": None if following is None else service.local_text(following, at),
            "time_zone": None if following is None else following.schedule.time_zone,
            "runs": [(_RUN_STATES.index(run.state), _lasting(run.started_at, run.finished_at)) for run in line.runs],
        }
    )


def _lasting(started_at: int | None, finished_at: int | None) -> float | None:
    """Seconds with three digits: these are bars of a few pixels."""
    return None if started_at is None or finished_at is None else round(max(0, finished_at - started_at) / SECOND, 3)
