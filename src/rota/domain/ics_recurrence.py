"""Days of an event that repeats: the rules of RFC 5545, section 3.3.10, that whole days need and that end quickly."""

from calendar import monthrange
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from rota.domain.rrule_parts import WEEKDAYS

_PARTS = {
    "YEARLY": frozenset({"BYMONTH", "BYMONTHDAY", "BYDAY"}),
    "MONTHLY": frozenset({"BYMONTHDAY", "BYDAY"}),
    "WEEKLY": frozenset({"BYDAY"}),
    "DAILY": frozenset[str](),
}
"""The parts that each frequency may have here. Others are rare for days off, and some never match and never end."""
_ALWAYS = frozenset({"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST"})
_PERIODS_OF_A_YEAR = {"YEARLY": 1, "MONTHLY": 12, "WEEKLY": 53, "DAILY": 366}
_MOST_PERIODS = 20_000
"""The library walks from the first day on, one period after the other."""
_MOST_IN_MONTH = 5
_MOST_IN_YEAR = 53
_LEAP_YEAR = 2000


class Unreadable(Exception):
    """Why an event names no days."""


def occurrences(rule: object, start: date, first: date, last: date) -> list[date]:
    """The days of a recurrence that begins at `start`, from `first` to `last`. Unreadable for one that is not taken."""
    from dateutil import rrule

    if not isinstance(rule, Mapping):
        raise Unreadable("it has more than one RRULE")
    frequency = str(next(iter(rule.get("FREQ", ())), "")).upper()
    _require_known(rule, frequency)
    months = [int(month) for month in rule.get("BYMONTH", ())]
    days = [int(day) for day in rule.get("BYMONTHDAY", ())]
    weekdays = [_weekday(str(day)) for day in rule.get("BYDAY", ())]
    if months and not days and not weekdays:
        days = [start.day]
    _require_possible(frequency, months, days, weekdays)
    interval = _positive(rule, "INTERVAL") or 1
    if (last.year - start.year) * _PERIODS_OF_A_YEAR[frequency] > _MOST_PERIODS * interval:
        raise Unreadable("it has repeated for too long: write a later DTSTART")
    steps = rrule.rrule(
        getattr(rrule, frequency),
        dtstart=_midnight(start),
        interval=interval,
        count=_positive(rule, "COUNT"),
        until=_until(rule),
        bymonth=months or None,
        bymonthday=days or None,
        byweekday=[getattr(rrule, day)(nth) if nth else getattr(rrule, day) for nth, day in weekdays] or None,
        wkst=getattr(rrule, str(next(iter(rule.get("WKST", ())), "MO")).upper(), None),
    )
    found: list[date] = []
    try:
        for moment in steps:
            if moment.date() > last:
                break
            if moment.date() >= first:
                found.append(moment.date())
    except (ValueError, OverflowError):
        pass  # the rule ran past the last year there is: it has no more days
    return found


def _require_known(rule: Mapping[str, Sequence[Any]], frequency: str) -> None:
    if frequency not in _PARTS:
        raise Unreadable(f"its RRULE repeats {frequency or 'by nothing'}, which is less than a day")
    unknown = sorted({str(part).upper() for part in rule} - _PARTS[frequency] - _ALWAYS)
    if unknown:
        raise Unreadable(f"its RRULE has {', '.join(unknown)}, which is not read with FREQ={frequency}")


def _require_possible(frequency: str, months: list[int], days: list[int], weekdays: list[tuple[int, str]]) -> None:
    if any(not 1 <= month <= 12 for month in months) or any(not 1 <= abs(day) <= 31 for day in days):
        raise Unreadable("its RRULE names a month or a day that no year has")
    longest = max((monthrange(_LEAP_YEAR, month)[1] for month in months), default=31)
    if days and all(abs(day) > longest for day in days):
        raise Unreadable("its RRULE never comes true")
    most = 0 if frequency == "WEEKLY" or days else _MOST_IN_MONTH
    if frequency == "YEARLY" and not days and not months:
        most = _MOST_IN_YEAR
    if any(abs(nth) > most for nth, _ in weekdays):
        raise Unreadable("its RRULE counts weekdays beyond what there are")


def _weekday(text: str) -> tuple[int, str]:
    """`4TH` is the fourth Thursday, `-1MO` the last Monday, `FR` every Friday."""
    number, day = text[:-2], text[-2:].upper()
    try:
        nth = int(number) if number not in ("", "+") else 0
    except ValueError:
        raise Unreadable(f"its RRULE has no weekday {text!r}") from None
    if day not in WEEKDAYS:
        raise Unreadable(f"its RRULE has no weekday {text!r}")
    return nth, day


def _positive(rule: Mapping[str, Sequence[Any]], name: str) -> int | None:
    found = next(iter(rule.get(name, ())), None)
    if found is not None and int(found) < 1:
        raise Unreadable(f"its RRULE has {name}={found}")
    return None if found is None else int(found)


def _until(rule: Mapping[str, Sequence[Any]]) -> datetime | None:
    """The last day of a rule. Many programs write it with a time of day even where the event has none."""
    found = next(iter(rule.get("UNTIL", ())), None)
    if not isinstance(found, date):
        return None
    day = found.astimezone(UTC).date() if isinstance(found, datetime) and found.tzinfo else found
    return _midnight(day)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
