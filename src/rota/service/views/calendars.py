"""The business calendars as a list, and a year of one of them."""

from dataclasses import dataclass
from datetime import date, timedelta

from rota.domain.access import Right
from rota.domain.instant import to_datetime
from rota.domain.working_days import Day, WorkingDays
from rota.service import calendars as service
from rota.service.calendars import Usage
from rota.service.context import ServiceContext
from rota.stores import calendars
from rota.stores.calendars import CalendarRecord
from rota.stores.database import Transaction

_MOST = 100
_USERS_COUNTED = 500
_USERS_SHOWN = 50
_LOOKED_AHEAD = 400


@dataclass(frozen=True, slots=True)
class CalendarLine:
    """A calendar in a list: how many schedules go by it, and its next day off that is no weekend."""

    record: CalendarRecord
    users: int
    next_day_off: tuple[date, str] | None


@dataclass(frozen=True, slots=True)
class CalendarYear:
    """A calendar with every day of a year, and who goes by it."""

    record: CalendarRecord
    year: int
    days: list[Day]
    usage: Usage
    data: str


def listed(ctx: ServiceContext) -> list[CalendarLine]:
    """The calendars by name, at most a hundred."""
    ctx.require(Right.READ)
    with ctx.read() as tx:
        today = to_datetime(tx.now).date()
        return [
            CalendarLine(record, len(calendars.users(tx, record.name, limit=_USERS_COUNTED)), _next(tx, record, today))
            for record in calendars.find(tx, limit=_MOST)
        ]


def year(ctx: ServiceContext, name: str, year: int) -> CalendarYear:
    """One year of a calendar. NotFound if there is none."""
    record = service.get(ctx, name)
    found = service.days(ctx, name, date(year, 1, 1), date(year, 12, 31))
    return CalendarYear(record, year, found.days, service.usage(ctx, name, limit=_USERS_SHOWN), found.data)


def _next(tx: Transaction, record: CalendarRecord, today: date) -> tuple[date, str] | None:
    worked = WorkingDays.of([record.name], calendars.known(tx, [record.name]))
    for distance in range(_LOOKED_AHEAD):
        day = worked.explain(today + timedelta(days=distance))
        reason = next((one for one in day.reasons if not one.working and one.kind != "weekend"), None)
        if not day.working and reason is not None:
            return day.day, reason.name
    return None
