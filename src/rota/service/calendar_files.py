"""Calendars and files in the iCalendar format: days off are read into one, and written out of one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from rota.domain.access import Right
from rota.domain.calendar import Calendar
from rota.domain.calendar_reading import MOST_RULES
from rota.domain.dated_rules import DatedRule, OnDate
from rota.domain.errors import InvalidInput
from rota.domain.ics import Skipped, read_days_off, write_days_off
from rota.domain.instant import to_datetime
from rota.service import calendars
from rota.service.calendars import CalendarRecord
from rota.service.context import ServiceContext

__all__ = ["Imported", "Skipped", "export_days", "import_days"]


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did: days that are new, that went, and that were there already; and what was left out."""

    record: CalendarRecord
    added: int
    removed: int
    unchanged: int
    skipped: Sequence[Skipped]


def import_days(ctx: ServiceContext, name: str, text: str, *, replacing: bool = False) -> Imported:
    """Make the days off of a file rules of a calendar, one for each day.

    With `replacing`, rules for single days that the file does not hold are taken away. InvalidInput for a file that
    cannot be read and for more rules than a calendar may have; an event that names no whole days is skipped.
    """
    ctx.require(Right.EDIT)
    found = read_days_off(text, to_datetime(ctx.database.clock.now()).date())
    was: list[Calendar] = []

    def changed(calendar: Calendar) -> Calendar:
        was.append(calendar)
        return replace(calendar, rules=_merged(calendar.rules, found.rules, replacing))

    detail = {"file": len(found.rules), "skipped": len(found.skipped)}
    record = calendars.change(ctx, name, "import", changed, detail=detail).record
    before, after = set(was[-1].rules), set(record.calendar.rules)
    unchanged = len(before & set(found.rules))
    return Imported(record, len(after - before), len(before - after), unchanged, found.skipped)


def export_days(ctx: ServiceContext, name: str, first: date, last: date) -> str:
    """The days off from `first` to `last`, both included, as a file. At most three years."""
    found = calendars.days(ctx, name, first, last)
    return write_days_off(name, found.days, ctx.database.clock.now())


def _merged(rules: Sequence[DatedRule], days: Sequence[OnDate], replacing: bool) -> tuple[DatedRule, ...]:
    lasting = [rule for rule in rules if not isinstance(rule, OnDate)]
    single = [rule for rule in rules if isinstance(rule, OnDate)]
    dated = sorted({*days, *(() if replacing else single)}, key=lambda rule: (rule.day, rule.name))
    if len(lasting) + len(dated) > MOST_RULES:
        raise InvalidInput.field("body", msg=f"the calendar would have more than {MOST_RULES} rules")
    return (*lasting, *dated)
