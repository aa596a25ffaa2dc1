"""/api/views/load."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from rota.api.errors import documented
from rota.api.models import Input, Output, Seconds, Time, TimeInput, reply
from rota.api.security import ReadContext
from rota.domain.errors import InvalidInput
from rota.domain.instant import DAY, format_instant
from rota.service import coming_fires
from rota.service.views import load as service

router = APIRouter()

_LONGEST = 31 * DAY


class LoadQuery(Input):
    """How far ahead."""

    days: int = Field(7, ge=1, le=31)


class FiresQuery(Input):
    """Which stretch of time."""

    from_: TimeInput = Field(alias="from", description="exclusive")
    to: TimeInput
    limit: int = Field(200, ge=1, le=500)


class HourOutput(Output):
    """An hour in which something fires."""

    at: Time
    fires: int
    busy_seconds: Seconds


class DayOutput(Output):
    """A day (UTC) in which something fires."""

    day: str = Field(serialization_alias="date", json_schema_extra={"format": "date"})
    fires: int
    busy_seconds: Seconds


class DayOffOutput(Output):
    """A day that a calendar has off for another reason than the weekend."""

    day: date = Field(serialization_alias="date")
    calendar: str
    name: str


class LeftOutCount(Output):
    """How many schedules are not counted, and why."""

    why: str
    schedules: int


class LoadOutput(Output):
    """The load that is coming."""

    from_: Time = Field(serialization_alias="from")
    to: Time
    stopped_at: Time | None = Field(description="there was too much to count behind this instant")
    slots: int = Field(description="of the workers that are alive")
    hours: list[HourOutput]
    days: list[DayOutput]
    days_off: list[DayOffOutput]
    left_out: list[LeftOutCount]


class ComingFireOutput(Output):
    """A fire that is coming."""

    schedule_id: str
    job_id: str
    job_name: str
    at: Time
    duration_seconds: Seconds | None = Field(description="the median of its newest runs")


class FiresOutput(Output):
    """Coming fires, soonest first."""

    items: list[ComingFireOutput]


@router.get("", response_model=LoadOutput, responses=documented(422))
def load(ctx: ReadContext, query: Annotated[LoadQuery, Query()]) -> Response:
    """How much fires in the next days, by hour and by day, and how long it keeps workers busy."""
    found = service.load(ctx, query.days)
    return reply(
        LoadOutput.model_validate(
            {
                "from_": found.start,
                "to": found.until,
                "stopped_at": found.stopped_at,
                "slots": found.slots,
                "hours": [{"at": one.at, "fires": one.fires, "busy_seconds": one.busy} for one in found.hours],
                "days": [{"day": _day(one.at), "fires": one.fires, "busy_seconds": one.busy} for one in found.days],
                "days_off": [{"day": one.day, "calendar": one.calendar, "name": one.name} for one in found.days_off],
                "left_out": [{"why": why, "schedules": number} for why, number in found.left_out.items()],
            }
        )
    )


@router.get("/fires", response_model=FiresOutput, responses=documented(422))
def fires(ctx: ReadContext, query: Annotated[FiresQuery, Query()]) -> Response:
    """What fires in a stretch of time."""
    if not query.from_ <= query.to <= query.from_ + _LONGEST:
        raise InvalidInput.field("query", "to", msg="not before `from`, and at most 31 days later")
    found = coming_fires.between(ctx, query.from_, query.to, query.limit)
    items = [
        ComingFireOutput.model_validate(
            {
                "schedule_id": one.schedule_id,
                "job_id": one.job_id,
                "job_name": one.job_name,
                "at": one.at,
                "duration_seconds": one.duration,
            }
        )
        for one in found
    ]
    return reply(FiresOutput(items=items))


def _day(at: int) -> str:
    return format_instant(at)[:10]
