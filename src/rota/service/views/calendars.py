"""The business calendars as a list, and a year of one of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from rota.domain.access import Right
from rota.domain.calendar import Calendar
from rota.domain.errors import InvalidInput
from rota.domain.instant import to_datetime
from rota.domain.working_days import Day, WorkingDays
from rota.service import calendars as service
from rota.service.calendars import Usage
from rota.service.context import ServiceContext
from rota.stores import calendars
from rota.stores.calendars import CalendarRecord

_MOST = 100
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
        records = calendars.find(tx, limit=_MOST)
        known = calendars.known(tx, [record.name for record in records])
        users = calendars.user_counts(tx)
    return [
        CalendarLine(one, users.get(one.name, 0), next(days_off(one.name, known, today, _LOOKED_AHEAD), None))
        for one in records
    ]


def year(ctx: ServiceContext, name: str, year: int | None) -> CalendarYear:
    """One year of a calendar, without one the year that it is. NotFound if there is no such calendar."""
    record = service.get(ctx, name)
    if year is None:
        year = to_datetime(ctx.database.clock.now()).year
    found = service.days(ctx, name, date(year, 1, 1), date(year, 12, 31))
    return CalendarYear(record, year, found.days, service.usage(ctx, name, limit=_USERS_SHOWN), found.data)


def days_off(name: str, known: Mapping[str, Calendar], first: date, days: int) -> Iterator[tuple[date, str]]:
    """The days off from `first` on that are no weekend, each with why.

    None under a calendar that cannot be read any more, because its country left the holiday data: its own page says so,
    and what shows several calendars must not fail for one of them.
    """
    try:
        worked = WorkingDays.of([name], known)
    except InvalidInput:
        return
    for distance in range(days):
        day = worked.explain(first + timedelta(days=distance))
        reason = next((one for one in day.reasons if not one.working and one.kind != "weekend"), None)
        if not day.working and reason is not None:
            yield day.day, reason.name
