"""/api/views/calendars."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from rota.api.calendar_models import CalendarOutput, DayOutput, NamingSchedule, calendar_shown
from rota.api.errors import documented
from rota.api.models import Input, Output, PlainText, Time, reply
from rota.api.security import ReadContext
from rota.domain.working_days import Day
from rota.service.views import calendars as service

router = APIRouter()

Name = Annotated[PlainText, Path(max_length=100)]


class YearQuery(Input):
    """Which year."""

    year: int | None = Field(None, ge=1970, le=2100, description="default: the year that it is, UTC")


class NextDayOff(Output):
    """The next day off that is no weekend."""

    day: date = Field(serialization_alias="date")
    name: str


class CalendarRow(Output):
    """A calendar in a list."""

    name: str
    description: str | None
    weekend: list[str] | None
    version: int
    updated_at: Time
    users: int = Field(description="schedules that name it")
    next_day_off: NextDayOff | None


class CalendarRows(Output):
    """The calendars, by name."""

    items: list[CalendarRow]


class UsersOutput(Output):
    """Who goes by a calendar."""

    schedules: list[NamingSchedule]
    calendars: list[str]


class CalendarYearOutput(Output):
    """A year of a calendar."""

    calendar: CalendarOutput
    year: int
    working: str = Field(description="a character for each day: 1 = worked, 0 = not")
    days: list[DayOutput] = Field(description="the days of which more is said than that they are of a weekend")
    usage: UsersOutput
    data: str


@router.get("", response_model=CalendarRows)
def list_calendars(ctx: ReadContext) -> Response:
    """The calendars with who uses them and their next day off."""
    items = [
        {
            "name": line.record.name,
            "description": line.record.calendar.description,
            "weekend": calendar_shown(line.record).weekend,
            "version": line.record.version,
            "updated_at": line.record.updated_at,
            "users": line.users,
            "next_day_off": None
            if line.next_day_off is None
            else {"day": line.next_day_off[0], "name": line.next_day_off[1]},
        }
        for line in service.listed(ctx)
    ]
    return reply(CalendarRows.model_validate({"items": items}))


@router.get("/{name}", response_model=CalendarYearOutput, responses=documented(404, 422))
def get_calendar(name: Name, ctx: ReadContext, query: Annotated[YearQuery, Query()]) -> Response:
    """One year of a calendar, and who goes by it."""
    found = service.year(ctx, name, query.year)
    usage = {"schedules": found.usage.schedules, "calendars": found.usage.calendars}
    return reply(
        CalendarYearOutput.model_validate(
            {
                "calendar": calendar_shown(found.record),
                "year": found.year,
                "working": "".join("1" if day.working else "0" for day in found.days),
                "days": [DayOutput.model_validate(day) for day in found.days if _is_told(day)],
                "usage": UsersOutput.model_validate(usage),
                "data": found.data,
            }
        )
    )


def _is_told(day: Day) -> bool:
    return any(reason.kind != "weekend" for reason in day.reasons)
