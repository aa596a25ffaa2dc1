"""Reading the JSON object of a calendar: its week, its holidays, its own rules, every problem at once."""

import re
from calendar import monthrange
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any

from rota.domain.dated_rules import (
    EARLIEST_FROM_EASTER,
    LATEST_FROM_EASTER,
    DatedRule,
    EveryYear,
    FromEaster,
    NthWeekday,
    OnDate,
    Override,
)
from rota.domain.errors import InvalidInput
from rota.domain.fields import Fields
from rota.domain.holiday_data import HolidaySource, country_source, market_source
from rota.domain.job_reading import is_plain
from rota.domain.weekday import NAMES, read_weekday

MOST_RULES = 2000
MOST_OVERRIDES = 2000
LONGEST_NAME = 200
LONGEST_REASON = 500
_MOST_SOURCES = 20
_MOST_PARENTS = 20
_LONGEST_CODE = 100
_LONGEST_DESCRIPTION = 10_000
_MOST_OF_A_WEEKDAY = 5
_LEAP_YEAR = 2000
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_CALENDAR = re.compile(r"[A-Za-z0-9._-]{1,100}", re.ASCII)

CALENDAR_NAME = "1 to 100 letters, digits and . _ -"


def is_calendar(name: str) -> bool:
    """Whether a text can name a calendar. Dots alone cannot: a URL would take them for a folder."""
    return _CALENDAR.fullmatch(name) is not None and name not in (".", "..")


def parse_date(text: str) -> date:
    """A day such as 2026-12-24. ValueError says what is wrong."""
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"no such day: {text}") from None
    raise ValueError(f"not a day: {text[:40]!r}; write 2026-12-24")


def is_day_of_month(fields: Fields, month: int, day: int) -> bool:
    """Whether a month has the day in leap years at least. If not, `day` is refused."""
    if day <= monthrange(_LEAP_YEAR, month)[1]:
        return True
    fields.refuse("day", f"month {month} never has a day {day}")
    return False


def read_calendar(fields: Fields, *, stored: bool) -> dict[str, Any]:
    """The values of `rota.domain.calendar.Calendar`. What is wrong is recorded in `fields`.

    What is `stored` was checked against the holiday data when it was written, and is taken as it is.
    """
    found = {
        "weekend": _weekend(fields),
        "holidays": tuple(_sources(fields, stored)),
        "rules": tuple(_rules(fields)),
        "overrides": _overrides(fields),
        "parents": _parents(fields),
        "description": plain_text(fields, "description", _LONGEST_DESCRIPTION),
    }
    fields.refuse_unknown()
    return found


def plain_text(fields: Fields, name: str, longest: int, *, required: bool = False) -> str | None:
    """A text that every store can keep."""
    found = fields.text(name, longest=longest, required=required)
    if found is not None and not is_plain(found):
        fields.refuse(name, "control characters and unpaired surrogates cannot be stored")
        return None
    return found


def _objects(fields: Fields, name: str, most: int) -> Iterator[Fields]:
    """The objects of a list, each to be read and then closed by whoever takes it."""
    found = fields.value(name)
    if found is None:
        return
    if not isinstance(found, list | tuple) or len(found) > most:
        fields.refuse(name, f"a list of at most {most} objects")
        return
    for position, item in enumerate(found):
        if isinstance(item, Mapping):
            inner = Fields(item, (*fields.location, name, position), fields.errors)
            yield inner
            inner.refuse_unknown()
        else:
            fields.refuse(name, "a JSON object", position)


def _weekend(fields: Fields) -> tuple[int, ...] | None:
    found = fields.value("weekend")
    if found is None:
        return None
    if not isinstance(found, list | tuple) or len(found) >= len(NAMES):
        fields.refuse("weekend", "a list of at most six weekdays; empty where every day is worked")
        return None
    days: set[int] = set()
    for position, name in enumerate(found):
        day = read_weekday(name)
        if day is None:
            fields.refuse("weekend", f"a weekday: one of {', '.join(NAMES)}", position)
        else:
            days.add(day)
    return tuple(sorted(days))


def _sources(fields: Fields, stored: bool) -> Iterator[HolidaySource]:
    for source in _objects(fields, "holidays", _MOST_SOURCES):
        codes = {name: source.text(name, longest=_LONGEST_CODE) for name in ("country", "market", "subdivision")}
        country, market, subdivision = codes.values()
        if source.has("country") == source.has("market"):
            source.refuse("country", "either a country or a market")
            continue
        if country is market:  # neither: what stands there is no text
            continue
        if stored:
            yield HolidaySource(country, subdivision, market)
            continue
        try:
            yield country_source(country, subdivision) if country else market_source(market or "", subdivision)
        except InvalidInput as error:
            ((where, *_), why) = error.errors[0]
            source.refuse(where, why)


def _rules(fields: Fields) -> Iterator[DatedRule]:
    for rule in _objects(fields, "rules", MOST_RULES):
        name = plain_text(rule, "name", LONGEST_NAME, required=True)
        present = [kind for kind in _RULES if rule.has(kind)]
        for kind in present:
            rule.value(kind)
        if len(present) != 1:
            rule.refuse(present[-1] if present else "date", f"exactly one of {', '.join(_RULES)}")
        elif name is not None and (found := _RULES[present[0]](rule, name)) is not None:
            yield found


def _on_date(rule: Fields, name: str) -> DatedRule | None:
    day = _day(rule)
    return None if day is None else OnDate(day, name)


def _every_year(rule: Fields, name: str) -> DatedRule | None:
    if (inner := rule.inner("yearly")) is None:
        return None
    month = inner.integer("month", 1, 12, required=True)
    day = inner.integer("day", 1, 31, required=True)
    inner.refuse_unknown()
    if month is None or day is None or not is_day_of_month(inner, month, day):
        return None
    return EveryYear(month, day, name)


def _from_easter(rule: Fields, name: str) -> DatedRule | None:
    offset = rule.integer("easter", EARLIEST_FROM_EASTER, LATEST_FROM_EASTER)
    return None if offset is None else FromEaster(offset, name)


def _nth_weekday(rule: Fields, name: str) -> DatedRule | None:
    if (inner := rule.inner("nthWeekday")) is None:
        return None
    month = inner.integer("month", 1, 12, required=True)
    nth = inner.integer("nth", -_MOST_OF_A_WEEKDAY, _MOST_OF_A_WEEKDAY, required=True)
    weekday = read_weekday(inner.value("weekday", required=True))
    if weekday is None and inner.has("weekday"):
        inner.refuse("weekday", f"one of {', '.join(NAMES)}")
    inner.refuse_unknown()
    if nth == 0:
        inner.refuse("nth", "1 is the first, -1 the last; there is no 0th")
        return None
    return None if month is None or nth is None or weekday is None else NthWeekday(month, weekday, nth, name)


def _overrides(fields: Fields) -> tuple[Override, ...]:
    found: dict[date, Override] = {}
    for override in _objects(fields, "overrides", MOST_OVERRIDES):
        day = _day(override)
        working = override.boolean("working")
        if not override.has("working"):
            override.refuse("working", "required")
        reason = plain_text(override, "reason", LONGEST_REASON)
        by = plain_text(override, "by", LONGEST_NAME)
        at = override.instant("at")
        if day is None or working is None:
            continue
        if day in found:
            override.refuse("date", f"{day} has an override already")
        found[day] = Override(day, working, reason, by, at)
    return tuple(found[day] for day in sorted(found))


def _day(fields: Fields) -> date | None:
    text = fields.text("date", longest=40, required=True)
    try:
        return None if text is None else parse_date(text)
    except ValueError as error:
        fields.refuse("date", str(error))
        return None


def _parents(fields: Fields) -> tuple[str, ...]:
    found = fields.value("parents")
    if found is None:
        return ()
    if not isinstance(found, list | tuple) or len(found) > _MOST_PARENTS:
        fields.refuse("parents", f"a list of at most {_MOST_PARENTS} names of calendars")
        return ()
    names: set[str] = set()
    for position, name in enumerate(found):
        if isinstance(name, str) and is_calendar(name):
            names.add(name)
        else:
            fields.refuse("parents", f"the name of a calendar: {CALENDAR_NAME}", position)
    return tuple(sorted(names))


_RULES: Mapping[str, Callable[[Fields, str], DatedRule | None]] = {
    "date": _on_date,
    "yearly": _every_year,
    "easter": _from_easter,
    "nthWeekday": _nth_weekday,
}
