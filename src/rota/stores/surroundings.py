"""What stands around schedules: the working days of their calendars, and their exceptions."""

from collections.abc import Collection, Mapping

from rota.domain.calendar import Calendar
from rota.domain.errors import InvalidInput
from rota.domain.schedule import NO_SURROUNDINGS, Schedule, Surroundings
from rota.domain.working_days import WorkingDays
from rota.stores import calendars, schedule_exceptions
from rota.stores.database import Transaction

Names = tuple[str, ...]


def of(
    tx: Transaction, schedules: Mapping[str, Schedule], instead: Mapping[str, Calendar] | None = None
) -> dict[str, Surroundings]:
    """What is around each schedule, by its id. One whose calendar is not to be had is left out.

    `instead` are calendars by name that are taken in place of those in the store.
    """
    named = {schedule.calendar for schedule in schedules.values() if schedule.calendar}
    days = {names: found for names, found in _days(tx, named, instead or {}).items() if isinstance(found, WorkingDays)}
    excepted = schedule_exceptions.of(tx, list(schedules))
    return {
        id: _around(days.get(schedule.calendar), excepted.get(id, ()))
        for id, schedule in schedules.items()
        if not schedule.calendar or schedule.calendar in days
    }


def of_one(tx: Transaction, schedule: Schedule, schedule_id: str | None = None) -> Surroundings:
    """What is around one schedule, stored or not. InvalidInput, at `calendar`, for a calendar that there is not."""
    days = None
    if schedule.calendar:
        found = _days(tx, {schedule.calendar}, {})[schedule.calendar]
        if isinstance(found, InvalidInput):
            raise found
        days = found
    excepted = schedule_exceptions.of(tx, [schedule_id]).get(schedule_id, []) if schedule_id is not None else ()
    return _around(days, excepted)


def _around(days: WorkingDays | None, excepted: Collection[schedule_exceptions.ExceptionRecord]) -> Surroundings:
    if days is None and not excepted:
        return NO_SURROUNDINGS
    return Surroundings(days, tuple(record.exception for record in excepted))


def _days(
    tx: Transaction, named: Collection[Names], instead: Mapping[str, Calendar]
) -> dict[Names, WorkingDays | InvalidInput]:
    """The working days under each combination of calendars, or why there are none."""
    if not named:
        return {}
    wanted = {name for names in named for name in names}
    wanted |= {parent for calendar in instead.values() for parent in calendar.parents}
    known = {**calendars.known(tx, sorted(wanted)), **instead}
    return {names: _united(names, known) for names in named}


def _united(names: Names, known: Mapping[str, Calendar]) -> WorkingDays | InvalidInput:
    try:
        return WorkingDays.of(names, known)
    except InvalidInput as error:
        return error
