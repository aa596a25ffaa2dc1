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
from rota.domain.weekday import read_weekday
from rota.domain.zone import Zone
from rota.importers.base import Document, Fires
from rota.importers.clock_sets import YEARS, ClockSets, year_spans

LONGEST_TEXT = 256
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
_COMPONENT = r"(?:\*|[0-9][0-9.,/]*)"
_DATE = re.compile(rf"(?:(?P<year>{_COMPONENT})-)?(?P<month>{_COMPONENT})(?P<from>[-~])(?P<day>{_COMPONENT})")
_TIME = re.compile(rf"(?P<hour>{_COMPONENT}):(?P<minute>{_COMPONENT})(?::(?P<second>{_COMPONENT}))?")
_PART = re.compile(r"([0-9]{1,4})(?:\.\.([0-9]{1,4}))?(?:/([0-9]{1,4}))?")


@dataclass(frozen=True, slots=True)
class CalendarEvent:
    """One calendar event. `zone` is None where it names none."""

    sets: ClockSets
    years: frozenset[int]
    zone: str | None

    def schedules(self, zone: Zone, now: Instant) -> list[Document]:
        """The schedules that fire when the event elapses, from `now` on. InvalidInput if no cron expression can say it.

        Minutes and hours are written out, because systemd neither makes up for a time that the clock skips nor repeats one.
        """
        schedule: Document = {"cron": self.sets.cron(stars=False), "timeZone": zone.name, "dstGap": "skip"}
        return [schedule | span for span in year_spans(self.years, zone, now)]


def read_calendar(text: str) -> CalendarEvent:
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
    from_end = found is not None and found["from"] == "~"
    sets = ClockSets(
        weekdays=weekdays,
        months=_values(found and found["month"], range(1, 13), text),
        days=_values(found and found["day"], range(1, 32), text, descending=from_end),
        from_end=from_end,
        hours=_values("0" if moment is None else moment["hour"], range(24), text),
        minutes=_values("0" if moment is None else moment["minute"], range(60), text),
        seconds=_values("0" if moment is None else moment["second"] or "0", range(60), text),
    )
    return CalendarEvent(sets, _values(found and found["year"], YEARS, text, year=True), zone)


def calendar_fires(event: CalendarEvent, zone: Zone) -> Fires:
    """The instants at which systemd lets the event elapse."""

    def fires(after: Instant, until: Instant) -> Iterator[Instant]:
        day = zone.local(after).date()
        last = zone.local(until).date()
        while day <= last:
            if _is_day(event, day):
                for instant in _of_day(event.sets, zone, day):
                    if after < instant <= until:
                        yield instant
            day += timedelta(days=1)

    return fires


def _is_day(event: CalendarEvent, day: date) -> bool:
    sets = event.sets
    if day.year not in event.years or day.month not in sets.months or day.weekday() not in sets.weekdays:
        return False
    number = monthrange(day.year, day.month)[1] - day.day + 1 if sets.from_end else day.day
    return number in sets.days


def _of_day(sets: ClockSets, zone: Zone, day: date) -> Iterator[Instant]:
    for hour in sorted(sets.hours):
        for minute in sorted(sets.minutes):
            for second in sorted(sets.seconds):
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
    day = read_weekday(name)
    if day is None:
        raise _refused(text, f"{name[:20]!r} is no weekday")
    return day


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
