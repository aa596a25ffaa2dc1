"""Cron expressions as sets of wall-clock times.

Five fields (minute, hour, day of month, month, day of week) or six with leading seconds. The semantics are those of
Vixie cron as cronsim implements them, plus Quartz's `?`, `nW`, `L-n` and Jenkins' `H`. A `Cron` knows nothing of time
zones: `rota.domain.zone` maps its wall-clock times to instants.
"""

import calendar
import hashlib
import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import MAXYEAR, date, datetime, time
from functools import lru_cache

from rota.domain.errors import InvalidInput

LONGEST_TEXT = 256
MOST_ITEMS = 64
_HORIZON = range(2000, 2040)  # any 40 years without a skipped leap year show every kind of month

_MACROS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")

_VALUE = "[0-9]{1,2}|[A-Z]{3}"
_ITEM = re.compile(
    rf"(?:(?P<star>[*?])|(?P<hash>H)(?:\((?P<from>[0-9]{{1,2}})-(?P<to>[0-9]{{1,2}})\))?"
    rf"|(?P<start>{_VALUE})(?:-(?P<end>{_VALUE}))?)(?:/(?P<step>[0-9]{{1,4}}))?"
)
_FROM_END = re.compile("L(?:-([0-9]{1,2}))?")
_NEAREST = re.compile("([0-9]{1,2}|L)W")
_LAST_WEEKDAY = re.compile(f"({_VALUE})L")
_NTH_WEEKDAY = re.compile(f"({_VALUE})#([0-9])")


@dataclass(frozen=True, slots=True)
class _Field:
    """One field of an expression: its bounds, and the highest value that `H` chooses."""

    name: str
    low: int
    high: int
    hash_high: int
    names: tuple[str, ...] = ()


_SECOND = _Field("second", 0, 59, 59)
_MINUTE = _Field("minute", 0, 59, 59)
_HOUR = _Field("hour", 0, 23, 23)
_DAY = _Field("day of month", 1, 31, 28)
_MONTH = _Field("month", 1, 12, 12, _MONTHS)
_WEEKDAY = _Field("day of week", 0, 7, 6, _WEEKDAYS)


@dataclass(frozen=True, slots=True)
class _Days:
    """Which days of a month match. Weekdays count from Sunday = 0, as in cron."""

    days: frozenset[int]
    from_end: frozenset[int]
    nearest_weekday: frozenset[int]  # 0 is the last weekday of the month (LW)
    weekdays: frozenset[int]
    nth_weekdays: frozenset[tuple[int, int]]
    last_weekdays: frozenset[int]
    both_must_match: bool


@dataclass(frozen=True, slots=True)
class Cron:
    """A parsed expression: the wall-clock times it matches.

    `follows_real_time`: the minute or hour field is a wildcard or step, so the expression means an interval and runs
    through both passes of a repeated hour (cronie's "wildcard job"; contrast a fixed time, which fires once). Seconds
    do not count: a burst of them within one fixed minute is still a fixed time.
    `spreads`: it holds an `H`, so it depends on the spread.
    """

    text: str
    follows_real_time: bool
    spreads: bool
    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    months: frozenset[int]
    days: _Days

    @classmethod
    def parse(cls, text: str, *, spread: str = "") -> "Cron":
        """Read an expression; `H` chooses values from a hash of `spread`.

        InvalidInput if it is malformed, too long, or names no day within 40 years.
        """
        if not isinstance(text, str) or len(text) > LONGEST_TEXT:
            raise _refused(f"an expression is text of at most {LONGEST_TEXT} characters")
        return _parse(" ".join(text.split()), spread)

    @property
    def every_hour(self) -> bool:
        """Whether every hour of a matching day matches, so that a skipped hour loses no run."""
        return len(self.hours) == 24

    def after(self, local: datetime) -> Iterator[datetime]:
        """The matching naive local times strictly after `local`, in order, up to the end of the year 9999."""
        first = local.date()
        for day in self._dates(first):
            start = local.hour * 3600 + local.minute * 60 + local.second + 1 if day == first else 0
            for moment in self._times(start):
                yield datetime.combine(day, moment)

    def _dates(self, first: date) -> Iterator[date]:
        for year in range(first.year, MAXYEAR + 1):
            for month in range(first.month if year == first.year else 1, 13):
                if month in self.months:
                    this_month = (year, month) == (first.year, first.month)
                    for day in _days_in_month(self.days, *calendar.monthrange(year, month)):
                        if not this_month or day >= first.day:
                            yield date(year, month, day)

    def _times(self, start: int) -> Iterator[time]:
        """The matching times of one day at or after `start`, in seconds since midnight."""
        first_hour, rest = divmod(start, 3600)
        first_minute, first_second = divmod(rest, 60)
        for hour in self.hours[bisect_left(self.hours, first_hour) :]:
            skip = bisect_left(self.minutes, first_minute) if hour == first_hour else 0
            for minute in self.minutes[skip:]:
                same = (hour, minute) == (first_hour, first_minute)
                for second in self.seconds[bisect_left(self.seconds, first_second) if same else 0 :]:
                    yield time(hour, minute, second)


def _refused(message: str) -> InvalidInput:
    return InvalidInput.field("cron", msg=message)


@lru_cache(maxsize=4096)
def _parse(text: str, spread: str) -> Cron:
    parts = _split(text)
    second, minute, hour, day, month, weekday = parts
    cron = Cron(
        text=text,
        follows_real_time=any(sign in part for part in (minute, hour) for sign in "*/"),
        spreads=any(item.startswith("H") for part in parts for item in part.split(",")),
        seconds=_times_of(second, _SECOND, spread),
        minutes=_times_of(minute, _MINUTE, spread),
        hours=_times_of(hour, _HOUR, spread),
        months=frozenset(_times_of(month, _MONTH, spread)),
        days=_parse_days(day, weekday, spread),
    )
    if not any(_days_in_month(cron.days, *calendar.monthrange(y, m)) for m in cron.months for y in _HORIZON):
        raise _refused(f"{text!r} never fires: no month within 40 years has such a day")
    return cron


def _split(text: str) -> list[str]:
    """The six fields in upper case, with second 0 where the expression has five."""
    if not text.isascii():  # the upper case of some other letters is an ASCII letter: "ſun" would be a Sunday
        raise _refused("an expression is written in ASCII letters and digits")
    expression = _MACROS.get(text.lower(), text)
    if expression.startswith("@"):
        raise _refused(f"unknown name {text[:40]!r}; the names are {', '.join(_MACROS)}")
    parts = expression.upper().split()
    if len(parts) == 7:
        raise _refused("seven fields: a year field is not supported, use startsAt and endsAt")
    if len(parts) not in (5, 6):
        raise _refused(f"an expression has 5 fields, or 6 with leading seconds; {text[:40]!r} has {len(parts)}")
    return ["0", *parts] if len(parts) == 5 else parts


def _items(part: str, field: _Field) -> list[str]:
    items = part.split(",")
    if len(items) > MOST_ITEMS:
        raise _refused(f"the {field.name} field lists more than {MOST_ITEMS} items")
    if "?" in part and (part != "?" or field not in (_DAY, _WEEKDAY)):
        raise _refused(f"bad {field.name} {part[:20]!r}: ? stands alone, as the day of month or of week")
    return items


def _times_of(part: str, field: _Field, spread: str) -> tuple[int, ...]:
    values: set[int] = set()
    for item in _items(part, field):
        values.update(_values(item, field, spread))
    return tuple(sorted(values))


def _values(item: str, field: _Field, spread: str) -> range:
    """The values of one list item: `*`, `a`, `a-b`, `H` or `H(a-b)`, each with an optional `/step`."""
    match = _ITEM.fullmatch(item)
    if not match:
        raise _refused(f"bad {field.name} {item[:20]!r}")
    step = int(match["step"]) if match["step"] else None
    if step == 0:
        raise _refused(f"bad {field.name} {item!r}: a step is at least 1")
    if match["hash"]:
        return _hashed(match, field, step, spread)
    if match["star"]:
        return range(field.low, field.high + 1, step or 1)
    start = _value(match["start"], field)
    if match["end"]:
        return range(start, _range_end(match["end"], start, field) + 1, step or 1)
    return range(start, field.high + 1, step) if step else range(start, start + 1)


def _value(text: str, field: _Field) -> int:
    if text in field.names:
        return field.names.index(text) + field.low
    if not text.isdigit() or not field.low <= int(text) <= field.high:
        names = f" or {field.names[0]}-{field.names[-1]}" if field.names else ""
        raise _refused(f"bad {field.name} {text!r}: it is {field.low}-{field.high}{names}")
    return int(text)


def _range_end(text: str, start: int, field: _Field) -> int:
    end = _value(text, field)
    if field is _WEEKDAY and text == "SUN" and start > 0:
        return 7  # FRI-SUN: Sunday ends a week as well as it begins one
    if end < start:
        raise _refused(f"bad {field.name} range: {text} comes before {start}; write it as two ranges")
    return end


def _hashed(match: re.Match[str], field: _Field, step: int | None, spread: str) -> range:
    """Jenkins' H: a stable value for this `spread`, so that many schedules do not fire at once."""
    low, high = field.low, field.hash_high
    if match["from"]:
        low = _value(match["from"], field)
        high = _range_end(match["to"], low, field)
    digest = hashlib.sha256(f"{field.name}\0{spread}".encode(errors="backslashreplace")).digest()
    number = int.from_bytes(digest[:8], "big")
    if step is None:
        chosen = low + number % (high - low + 1)
        return range(chosen, chosen + 1)
    return range(low + number % min(step, high - low + 1), high + 1, step)


def _parse_days(day_part: str, weekday_part: str, spread: str) -> _Days:
    days: set[int] = set()
    from_end: set[int] = set()
    nearest: set[int] = set()
    for item in _items(day_part, _DAY):
        if match := _FROM_END.fullmatch(item):
            from_end.add(int(match[1] or 0))
        elif match := _NEAREST.fullmatch(item):
            nearest.add(0 if match[1] == "L" else _value(match[1], _DAY))
        else:
            days.update(_values(item, _DAY, spread))
    weekdays: set[int] = set()
    nth: set[tuple[int, int]] = set()
    last: set[int] = set()
    for item in _items(weekday_part, _WEEKDAY):
        if match := _LAST_WEEKDAY.fullmatch(item):
            last.add(_value(match[1], _WEEKDAY) % 7)
        elif match := _NTH_WEEKDAY.fullmatch(item):
            if not 1 <= int(match[2]) <= 5:
                raise _refused(f"bad day of week {item!r}: a month has weeks 1-5")
            nth.add((_value(match[1], _WEEKDAY) % 7, int(match[2])))
        else:
            weekdays.update(value % 7 for value in _values(item, _WEEKDAY, spread))
    return _Days(
        days=frozenset(days),
        from_end=frozenset(from_end),
        nearest_weekday=frozenset(nearest),
        weekdays=frozenset(weekdays),
        nth_weekdays=frozenset(nth),
        last_weekdays=frozenset(last),
        # Vixie: a field that starts with a star does not restrict, so both must match; two restrictions mean either.
        both_must_match=day_part[0] in "*?" or weekday_part[0] in "*?",
    )


@lru_cache(maxsize=8192)
def _days_in_month(rule: _Days, first_weekday: int, length: int) -> tuple[int, ...]:
    """The matching days of a month of this shape; `first_weekday` counts from Monday = 0, as `calendar` does."""
    matching = []
    for day in range(1, length + 1):
        weekday = (first_weekday + day) % 7  # Sunday = 0
        by_week = (
            weekday in rule.weekdays
            or (weekday, (day + 6) // 7) in rule.nth_weekdays
            or (weekday in rule.last_weekdays and day + 7 > length)
        )
        by_day = day in rule.days or length - day in rule.from_end
        by_day = by_day or any(
            _nearest_weekday(day_or_last, first_weekday, length) == day for day_or_last in rule.nearest_weekday
        )
        if (by_day and by_week) if rule.both_must_match else (by_day or by_week):
            matching.append(day)
    return tuple(matching)


def _nearest_weekday(day: int, first_weekday: int, length: int) -> int | None:
    """The weekday nearest to `day` within the month, as Quartz's `nW`; 0 asks for the last weekday of the month."""
    wanted = day or length
    if wanted > length:
        return None
    weekday = (first_weekday + wanted - 1) % 7  # Monday = 0
    if weekday == 5:
        return wanted - 1 if wanted > 1 else 3
    if weekday == 6:
        return wanted + 1 if wanted < length else wanted - 2
    return wanted
