"""Calendar events of systemd (systemd.time(7)): read, and evaluated as systemd itself does.

The rule is that of `src/shared/calendarspec.c`: a local time that the clock skips does not elapse, and of one that it
repeats only the first pass does, for wildcards as well.
"""

import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from rota.domain.errors import InvalidInput
from rota.domain.instant import Instant, from_datetime
from rota.domain.zone import Zone
from rota.importers.base import Fires

LONGEST_TEXT = 256
YEARS = range(1970, 2200)
SHORTHANDS = {
    "minutely": "*-*-* *:*:00",
    "hourly": "*-*-* *:00:00",
    "daily": "*-*-* 00:00:00",
    "weekly": "Mon *-*-* 00:00:00",
    "monthly": "*-*-01 00:00:00",
    "quarterly": "*-01,04,07,10-01 00:00:00",
    **dict.fromkeys(("yearly", "annually", "anually"), "*-01-01 00:00:00"),
    **dict.fromkeys(("semiannually", "semi-annually", "biannually", "bi-annually"), "*-01,07-01 00:00:00"),
}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_COMPONENT = r"(?:\*|[0-9][0-9.,/]*)"
_DATE = re.compile(rf"(?:(?P<year>{_COMPONENT})-)?(?P<month>{_COMPONENT})(?P<from>[-~])(?P<day>{_COMPONENT})")
_TIME = re.compile(rf"(?P<hour>{_COMPONENT}):(?P<minute>{_COMPONENT})(?::(?P<second>{_COMPONENT}))?")
_PART = re.compile(r"([0-9]{1,4})(?:\.\.([0-9]{1,4}))?(?:/([0-9]{1,4}))?")


@dataclass(frozen=True, slots=True)
class Calendar:
    """One calendar event as sets of values; weekdays count from Monday = 0.

    `days` are days of the month, or with `from_end` distances to its end: 1 is the last day. `zone` is None where the
    event names none.
    """

    weekdays: frozenset[int]
    years: frozenset[int]
    months: frozenset[int]
    days: frozenset[int]
    from_end: bool
    hours: frozenset[int]
    minutes: frozenset[int]
    seconds: frozenset[int]
    zone: str | None


def read_calendar(text: str) -> Calendar:
    """Read a calendar event. InvalidInput if systemd would refuse it, or if it names fractions of a second."""
    if len(text) > LONGEST_TEXT:
        raise _refused(text, f"longer than {LONGEST_TEXT} characters")
    words = text.split()
    zone = _zone(words)
    if zone is not None:
        words.pop()
    if len(words) == 1 and words[0].lower() in SHORTHANDS:
        words = SHORTHANDS[words[0].lower()].split()
    weekdays = frozenset(range(7))
    if words and words[0][:1].isalpha():
        weekdays, rest = _weekdays(words.pop(0).rstrip(","), text), len(words)
        if not rest:
            words = ["*-*-*"]
    found = _DATE.fullmatch(words[0]) if words else None
    moment = _TIME.fullmatch(words[-1]) if words else None
    if not words or len(words) != (found is not None) + (moment is not None):
        raise _refused(text)
    return Calendar(
        weekdays=weekdays,
        years=_values(found and found["year"], YEARS, text, year=True),
        months=_values(found and found["month"], range(1, 13), text),
        days=_values(found and found["day"], range(1, 32), text, descending=bool(found and found["from"] == "~")),
        from_end=bool(found and found["from"] == "~"),
        hours=_values("0" if moment is None else moment["hour"], range(24), text),
        minutes=_values("0" if moment is None else moment["minute"], range(60), text),
        seconds=_values("0" if moment is None else moment["second"] or "0", range(60), text),
        zone=zone,
    )


def calendar_fires(calendar: Calendar, zone: Zone) -> Fires:
    """The instants at which systemd lets the event elapse."""

    def fires(after: Instant, until: Instant) -> Iterator[Instant]:
        day = zone.local(after).date()
        last = zone.local(until).date()
        while day <= last:
            if _is_day(calendar, day):
                for instant in _of_day(calendar, zone, day):
                    if after < instant <= until:
                        yield instant
            day += timedelta(days=1)

    return fires


def _is_day(calendar: Calendar, day: date) -> bool:
    if day.year not in calendar.years or day.month not in calendar.months or day.weekday() not in calendar.weekdays:
        return False
    number = monthrange(day.year, day.month)[1] - day.day + 1 if calendar.from_end else day.day
    return number in calendar.days


def _of_day(calendar: Calendar, zone: Zone, day: date) -> Iterator[Instant]:
    for hour in sorted(calendar.hours):
        for minute in sorted(calendar.minutes):
            for second in sorted(calendar.seconds):
                wall = datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=zone.tz)
                at = wall.astimezone(UTC)
                if at.astimezone(zone.tz).replace(tzinfo=None) == wall.replace(tzinfo=None):  # else it does not exist
                    yield from_datetime(at)


def _zone(words: list[str]) -> str | None:
    """The zone at the end: a name that is neither a weekday nor a shorthand."""
    last = words[-1] if len(words) > 1 else ""
    if not last[:1].isalpha():
        return None
    if last.upper() == "UTC":
        return "UTC"
    return Zone.named(last).name


def _weekdays(word: str, text: str) -> frozenset[int]:
    found: set[int] = set()
    for item in word.split(","):
        first, dots, last = item.partition(".." if ".." in item else "-")
        low = _weekday(first, text)
        high = _weekday(last, text) if dots else low
        if high < low:
            raise _refused(text, f"{last} comes before {first}; write it as two ranges")
        found.update(range(low, high + 1))
    return frozenset(found)


def _weekday(name: str, text: str) -> int:
    for number, day in enumerate(_DAYS):
        if name.lower() in (day, day[:3]):
            return number
    raise _refused(text, f"{name[:20]!r} is no weekday")


def _values(
    component: str | None, within: range, text: str, *, year: bool = False, descending: bool = False
) -> frozenset[int]:
    """The values of a list. `descending` ones count from the end of the month, where a repetition goes towards it."""
    if component is None or component == "*":
        return frozenset(within)
    found: set[int] = set()
    for item in component.split(","):
        match = _PART.fullmatch(item)
        if match is None:
            raise _refused(
                text, "fractions of a second are not supported" if "." in item else f"bad part {item[:20]!r}"
            )
        low, high = _full_year(int(match[1]), year), match[2] and _full_year(int(match[2]), year)
        step = int(match[3] or 1)
        last = int(high) if high else low if not match[3] else within[-1]
        if not step or low not in within or last not in within or (high and last <= low):
            raise _refused(text, f"bad part {item[:20]!r}")
        if descending and match[3]:
            found.update(range(last if high else low, (low if high else 1) - 1, -step))
        else:
            found.update(range(low, last + 1, step))
    return frozenset(found)


def _full_year(value: int, year: bool) -> int:
    """Two digits mean a year from 1970 to 2069."""
    if not year or value >= 100:
        return value
    return value + (1900 if value >= 70 else 2000)


def _refused(text: str, why: str = "") -> InvalidInput:
    return InvalidInput.field("OnCalendar", msg=f"not a calendar event: {text[:60]!r}" + (f", {why}" if why else ""))
