"""/api/simulate and /api/forecast: what will happen."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import Field, StrictInt, StrictStr

from rota.api.errors import documented
from rota.api.models import DurationInput, Input, Output, Seconds, Time, TimeInput, reply
from rota.api.security import ReadContext
from rota.service import simulate as service
from rota.service.simulate import Outage, Prediction, Question, SimulatedOccurrence

router = APIRouter()

_Job = Annotated[StrictStr, Field(min_length=1, max_length=64)]


class OutageInput(Input):
    """A time in which nothing is decided and nothing starts."""

    from_: TimeInput = Field(alias="from")
    to: TimeInput


class SimulateInput(Input):
    """What to simulate."""

    days: StrictInt | None = Field(None, ge=1, le=service.MOST_DAYS, description="from `from` on; default 7")
    from_: TimeInput | None = Field(None, alias="from", description="exclusive; default now")
    to: TimeInput | None = Field(None, description="in place of `days`")
    job_ids: list[_Job] | None = Field(None, min_length=1, max_length=500, description="default: all jobs")
    schedule: dict[str, Any] | None = Field(
        None, description="a schedule that is not stored; of the job, if one is named"
    )
    durations: dict[str, DurationInput] = Field(
        default_factory=dict,
        max_length=500,
        description="how long a run takes, by job id; `unsaved` is the job of a schedule without one."
        " Default: the median of the last 30 days",
    )
    slots: StrictInt | None = Field(
        None, ge=1, le=1_000_000, description="runs at once; default: the slots of the workers that are alive"
    )
    outages: list[OutageInput] = Field(default_factory=list, max_length=100)


class RunOutput(Output):
    """The run of an instant."""

    queue: str
    due_at: Time
    starts_at: Time | None = Field(description="null while it waits when the simulation ends, or is never begun")
    ends_at: Time | None
    wait_seconds: Seconds | None
    cancelled: bool = Field(description="a later instant ends it")
    expired: bool = Field(description="its latest start passes before it begins")


class SimulatedOccurrenceOutput(Output):
    """One instant, and what will be decided about it."""

    schedule_id: str
    job_id: str
    nominal_at: Time
    decision: str
    reason: str | None
    decided_at: Time
    run: RunOutput | None


class LoadOutput(Output):
    """An hour of a queue."""

    queue: str
    hour: Time
    fires: int
    busy_seconds: Seconds
    longest_wait_seconds: Seconds


class LeftOutOutput(Output):
    """A schedule that is not part of the answer."""

    schedule_id: str
    why: str
    schedules: int = Field(description="how many it stands for: of those that are too many, the first stands for all")


class SimulateOutput(Output):
    """What will happen."""

    from_: Time = Field(serialization_alias="from")
    to: Time
    stopped_at: Time | None = Field(description="there was too much to tell after this instant")
    slots: int | None = Field(description="null = no bound")
    decisions: dict[str, int]
    jobs: dict[str, str] = Field(description="the names of the jobs, by id")
    unknown_durations: list[str] = Field(description="jobs without a duration: theirs is taken for zero")
    left_out: list[LeftOutOutput]
    load: list[LoadOutput]
    items: list[SimulatedOccurrenceOutput]


class ForecastQuery(Input):
    """How far ahead."""

    days: int = Field(7, ge=1, le=31)


class ForecastHourOutput(Output):
    """An hour of a queue."""

    queue: str
    hour: Time
    fires: int
    busy_seconds: Seconds = Field(description="expected: fires by the median duration of their jobs")


class ForecastOutput(Output):
    """The load that is coming: the hours in which something fires."""

    from_: Time = Field(serialization_alias="from")
    to: Time
    stopped_at: Time | None
    left_out: list[LeftOutOutput]
    items: list[ForecastHourOutput]


@router.post("/simulate", response_model=SimulateOutput, responses=documented(404, 422))
def simulate(body: SimulateInput, ctx: ReadContext) -> Response:
    """Run schedules under a virtual clock: what fires, what is skipped and why, what waits and for how long.

    It is the scheduler itself that decides. Nothing is stored.
    """
    question = Question(
        start=body.from_,
        until=body.to,
        days=body.days or 7,
        job_ids=body.job_ids,
        schedule=body.schedule,
        durations=body.durations,
        slots=body.slots,
        outages=[Outage(one.from_, one.to) for one in body.outages],
    )
    return reply(_shown(service.simulate(ctx, question)))


@router.get("/forecast", response_model=ForecastOutput, responses=documented(422))
def forecast(ctx: ReadContext, query: Annotated[ForecastQuery, Query()]) -> Response:
    """How often the queues fire in the next days, hour by hour, and how long that keeps workers busy."""
    found, left_out = service.forecast(ctx, query.days)
    items = [
        ForecastHourOutput.model_validate(
            {"queue": one.queue, "hour": one.hour, "fires": one.fires, "busy_seconds": one.busy}
        )
        for one in found.hours
    ]
    return reply(
        ForecastOutput.model_validate(
            {
                "from_": found.start,
                "to": found.until,
                "stopped_at": found.stopped_at,
                "left_out": left_out,
                "items": items,
            }
        )
    )


def _shown(found: Prediction) -> SimulateOutput:
    done = found.simulation
    return SimulateOutput.model_validate(
        {
            "from_": done.start,
            "to": done.until,
            "stopped_at": done.stopped_at,
            "slots": found.slots,
            "decisions": {decision.value: count for decision, count in sorted(done.decisions.items())},
            "jobs": found.job_names,
            "unknown_durations": found.unknown,
            "left_out": found.left_out,
            "load": [
                {
                    "queue": one.queue,
                    "hour": one.hour,
                    "fires": one.fires,
                    "busy_seconds": one.busy,
                    "longest_wait_seconds": one.longest_wait,
                }
                for one in done.load()
            ],
            "items": [_occurrence(one) for one in done.occurrences],
        }
    )


def _occurrence(one: SimulatedOccurrence) -> dict[str, object]:
    run = one.run
    shown: dict[str, object] = {
        "schedule_id": one.schedule_id,
        "job_id": one.job_id,
        "nominal_at": one.nominal,
        "decision": one.decision.value,
        "reason": one.reason,
        "decided_at": one.decided_at,
        "run": None,
    }
    if run is not None:
        shown["run"] = {
            "queue": run.queue,
            "due_at": run.due_at,
            "starts_at": run.starts_at,
            "ends_at": run.ends_at,
            "wait_seconds": run.wait,
            "cancelled": run.cancelled,
            "expired": run.expired,
        }
    return shown
