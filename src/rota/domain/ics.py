"""Days off from and to files in the iCalendar format (RFC 5545), by the library of the extra `ics`."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from rota.domain.calendar_reading import LONGEST_NAME, MOST_RULES
from rota.domain.dated_rules import OnDate
from rota.domain.errors import InvalidInput, Unavailable
from rota.domain.ics_recurrence import Unreadable, occurrences
from rota.domain.instant import Instant, to_datetime
from rota.domain.job_reading import is_plain
from rota.domain.working_days import Day, ReasonKind

if TYPE_CHECKING:
    import icalendar

YEARS_AHEAD = 10
"""So far ahead of today events that repeat are read."""

_MOST_EVENTS = 5000
_MOST_REPEATING = 200
_LONGEST_EVENT = 366
_MOST_PROBLEMS = 20
_READ = frozenset({"DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID"})
_WEEKEND_ALONE = frozenset({ReasonKind.WEEKEND})


@dataclass(frozen=True, slots=True)
class Skipped:
    """An event that names no days off, and why."""

    summary: str
    why: str


@dataclass(frozen=True, slots=True)
class DaysOff:
    """What a file holds: its days off, each with the title of its event, and the first 20 events that were left out."""

    rules: tuple[OnDate, ...]
    skipped: tuple[Skipped, ...]


def read_days_off(text: str, today: date) -> DaysOff:
    """The whole days of the events in a file; those that repeat, from the beginning of this year to ten years ahead.

    InvalidInput for what is no iCalendar text, and for more than 2000 days. Events with a time of day, that are
    cancelled or cannot be read are skipped; the first 20 of them are named.
    """
    events = _events(text)
    first, last = date(today.year, 1, 1), date(min(today.year + YEARS_AHEAD, date.max.year), 12, 31)
    moved = _moved(events)
    found: dict[tuple[date, str], None] = {}
    skipped: list[Skipped] = []
    repeating = 0
    for event in events:
        name = _title(event)
        repeating += "RRULE" in event
        if repeating > _MOST_REPEATING:
            raise InvalidInput.field("body", msg=f"more than {_MOST_REPEATING} events that repeat")
        try:
            for day in _days(event, first, last, moved):
                found[day, name] = None
                if len(found) > MOST_RULES:
                    raise InvalidInput.field("body", msg=f"more than {MOST_RULES} days")
        except Unreadable as problem:
            skipped.append(Skipped(name, str(problem)))
    rules = tuple(OnDate(day, name) for day, name in sorted(found))
    return DaysOff(rules, tuple(skipped[:_MOST_PROBLEMS]))


def write_days_off(name: str, days: Iterable[Day], now: Instant) -> str:
    """The days off among some days, as a file; weekends that nothing else is said of are left out."""
    library = _library()
    made = library.Calendar()
    made.add("prodid", "-//Rota//business calendars//EN")
    made.add("version", "2.0")
    made.add("x-wr-calname", name)
    for day in days:
        counting = [reason for reason in day.reasons if not reason.working and not reason.overridden]
        if day.working or {reason.kind for reason in counting} <= _WEEKEND_ALONE:
            continue
        event = library.Event()
        event.add("uid", f"{day.day.isoformat()}-{name}@rota")
        event.add("dtstamp", to_datetime(now - now % 1_000_000))
        event.add("dtstart", day.day)
        event.add("dtend", day.day + timedelta(days=1) if day.day < date.max else day.day)
        event.add("summary", "; ".join(one.name for one in counting if one.kind is not ReasonKind.WEEKEND))
        made.add_component(event)
    return str(made.to_ical(), "utf-8")


def _library() -> Any:
    try:
        import icalendar
    except ModuleNotFoundError:
        raise Unavailable(
            "iCalendar files take a library that is not installed; run: pip install 'rota-scheduler[ics]'"
        ) from None
    return icalendar


def _events(text: str) -> Sequence["icalendar.Event"]:
    library = _library()
    try:
        calendars = library.Calendar.from_ical(text, multiple=True)
        if not calendars or any(calendar.name != "VCALENDAR" for calendar in calendars):
            raise ValueError("it does not begin with BEGIN:VCALENDAR and end with END:VCALENDAR")
        events = [event for calendar in calendars for event in calendar.walk("VEVENT")]
    except (ValueError, KeyError, IndexError, RecursionError) as error:
        raise InvalidInput.field("body", msg=f"not an iCalendar file: {str(error)[:200]}") from None
    if len(events) > _MOST_EVENTS:
        raise InvalidInput.field("body", msg=f"more than {_MOST_EVENTS} events")
    return events


def _title(event: "icalendar.Event") -> str:
    text = " ".join(str(event.get("SUMMARY", "")).split())[:LONGEST_NAME]
    return text if text and is_plain(text) else "untitled"


def _moved(events: Iterable["icalendar.Event"]) -> dict[str, set[date]]:
    """For each event that repeats, the days on which another event of its name takes its place."""
    found: dict[str, set[date]] = {}
    for event in events:
        instead_of = getattr(event.get("RECURRENCE-ID"), "dt", None) if not _broken(event) else None
        if isinstance(instead_of, date):
            found.setdefault(str(event.get("UID")), set()).add(_day(instead_of))
    return found


def _broken(event: "icalendar.Event") -> str | None:
    """What of an event cannot be read."""
    return next((f"{name}: {why}" for name, why in event.errors if name in _READ), None)


def _days(event: "icalendar.Event", first: date, last: date, moved: dict[str, set[date]]) -> Iterator[date]:
    """The days of an event. Unreadable says why it has none."""
    if (problem := _broken(event)) is not None:
        raise Unreadable(problem)
    if str(event.get("STATUS", "")).upper() == "CANCELLED":
        raise Unreadable("it is cancelled")
    start = getattr(event.get("DTSTART"), "dt", None)
    if not isinstance(start, date) or isinstance(start, datetime):
        raise Unreadable("it has a time of day: only whole days count" if start else "it has no single DTSTART")
    length = _length(event, start)
    starts = [start]
    if "RRULE" in event:
        starts = occurrences(event["RRULE"], start, first, last)
    starts = [*starts, *_listed(event, "RDATE")]
    absent = set(_listed(event, "EXDATE"))
    if "RECURRENCE-ID" not in event:
        absent |= moved.get(str(event.get("UID")), set())
    for begin in starts:
        if begin not in absent:
            yield from (begin + timedelta(days=distance) for distance in range(length) if _exists(begin, distance))


def _length(event: "icalendar.Event", start: date) -> int:
    """How many days an event takes. Its end is the day after the last (RFC 5545, section 3.6.1)."""
    end, duration = (getattr(event.get(name), "dt", None) for name in ("DTEND", "DURATION"))
    days = 1
    if isinstance(end, date) and not isinstance(end, datetime):
        days = max((end - start).days, 1)
    elif end is not None:
        raise Unreadable("its end has a time of day")
    elif isinstance(duration, timedelta):
        days = max(duration.days, 1)
    if days > _LONGEST_EVENT:
        raise Unreadable("it is longer than a year")
    return days


def _listed(event: "icalendar.Event", name: str) -> Iterator[date]:
    """The days of a property that holds lists and may come more than once."""
    found = event.get(name)
    for group in found if isinstance(found, list) else [found]:
        for item in getattr(group, "dts", ()):
            if isinstance(item.dt, date):
                yield _day(item.dt)


def _day(moment: date) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


def _exists(begin: date, distance: int) -> bool:
    return begin.toordinal() + distance <= date.max.toordinal()
