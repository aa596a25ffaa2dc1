"""Reading the text of a recurrence rule (RFC 5545, section 3.3.10) into its parts."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import NoReturn

from rota.domain.errors import InvalidInput

LONGEST_RULE = 2000
MOST_COUNTED = 1000
MOST_TIMES_A_DAY = 1440
_MOST_TIMES_TO_CHOOSE_FROM = 24
_LONGEST_INTERVAL = 100_000
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


class Frequency(StrEnum):
    """The period that a rule repeats."""

    YEARLY = "YEARLY"
    MONTHLY = "MONTHLY"
    WEEKLY = "WEEKLY"
    DAILY = "DAILY"
    HOURLY = "HOURLY"
    MINUTELY = "MINUTELY"

    @property
    def is_sub_daily(self) -> bool:
        """Whether it repeats within a day."""
        return self in (Frequency.HOURLY, Frequency.MINUTELY)


@dataclass(frozen=True, slots=True)
class Written:
    """A date or time as a rule writes it: local, unless `utc`. A date alone stands for its last second."""

    at: datetime
    utc: bool = False


@dataclass(frozen=True, slots=True)
class Parts:
    """What a rule says, each list in order. `by_day` holds (n, Monday = 0), with n = 0 for every such weekday."""

    frequency: Frequency
    start: datetime | None = None
    interval: int = 1
    count: int | None = None
    until: Written | None = None
    by_month: tuple[int, ...] = ()
    by_week: tuple[int, ...] = ()
    by_year_day: tuple[int, ...] = ()
    by_month_day: tuple[int, ...] = ()
    by_day: tuple[tuple[int, int], ...] = ()
    by_hour: tuple[int, ...] = ()
    by_minute: tuple[int, ...] = ()
    by_second: tuple[int, ...] = ()
    positions: tuple[int, ...] = ()
    week_start: int = 0

    @property
    def names_days(self) -> bool:
        """Whether a part says on which days of its period it fires, so that the start need not."""
        return bool(self.by_week or self.by_year_day or self.by_month_day or self.by_day)


_LISTS: Mapping[str, tuple[str, int, int, bool]] = {
    "BYMONTH": ("by_month", 1, 12, False),
    "BYWEEKNO": ("by_week", 1, 53, True),
    "BYYEARDAY": ("by_year_day", 1, 366, True),
    "BYMONTHDAY": ("by_month_day", 1, 31, True),
    "BYHOUR": ("by_hour", 0, 23, False),
    "BYMINUTE": ("by_minute", 0, 59, False),
    "BYSECOND": ("by_second", 0, 59, False),
    "BYSETPOS": ("positions", 1, 366, True),
}
"""The attribute of each list of numbers, its bounds, and whether the same numbers may count from the end."""
_TIMES = {"BYHOUR", "BYMINUTE", "BYSECOND"}
_TAKEN: Mapping[Frequency, set[str]] = {
    Frequency.YEARLY: {*_LISTS, "BYDAY"},
    Frequency.MONTHLY: {"BYMONTH", "BYMONTHDAY", "BYDAY", "BYSETPOS", *_TIMES},
    Frequency.WEEKLY: {"BYMONTH", "BYDAY", "BYSETPOS", *_TIMES},
    Frequency.DAILY: {"BYMONTH", "BYMONTHDAY", "BYDAY", *_TIMES},
    Frequency.HOURLY: {"BYDAY", *_TIMES},
    Frequency.MINUTELY: {"BYDAY", *_TIMES},
}
"""The table of the RFC, less what would only repeat what other parts say, or is looked for from minute to minute."""
_EXCEPTIONS = ("EXDATE", "RDATE", "EXRULE")
_LINE = re.compile(r"(?P<name>[A-Z]+)(?P<parameters>(?:;[^:;]*)*):(?P<value>.*)")
_DTSTART_LINE = re.compile(r"DTSTART(;[^:]*)?:")
_MOMENT = re.compile(r"(\d{8})(?:T(\d{6})(Z)?)?", re.ASCII)
_DAY = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)", re.ASCII)
_NUMBER = re.compile(r"[+-]?\d{1,6}", re.ASCII)


def read_parts(text: str, zone: str) -> Parts:
    """The parts of a rule in the time zone of its schedule. InvalidInput with one sentence for anything else.

    The text is `FREQ=…`, with or without `RRULE:` before it, and with or without a line `DTSTART:…`.
    """
    return _read(text.upper(), zone.upper())


def canonical(text: str, start: datetime | None) -> str:
    """One spelling of a readable rule: the parts as they were given, and a line before them for its own start."""
    lines = [line.strip() for line in text.upper().splitlines()]
    rule = next(line for line in lines if line and not _DTSTART_LINE.match(line)).removeprefix("RRULE:")
    given = ["=".join(text.strip() for text in part.split("=")) for part in rule.split(";") if part.strip()]
    parts = ";".join(part for part in given if not part.startswith("DTSTART="))
    return parts if start is None else f"DTSTART:{start.year:04}{start:%m%dT%H%M%S}\nRRULE:{parts}"


@lru_cache(maxsize=4096)
def _read(text: str, zone: str) -> Parts:
    start: datetime | None = None
    rule: str | None = None
    for line in (line.strip() for line in text.splitlines()):
        match = _LINE.fullmatch(line)
        name, value = (match["name"], match["value"]) if match else ("RRULE", line)
        _refuse_exceptions(name)
        if name == "DTSTART" and match and start is None:
            start = _start(value, match["parameters"], zone)
        elif name == "RRULE" and line and rule is None:
            rule = value
        elif line:
            _refuse(f"{name[:40]}: one line with the rule, and at most one DTSTART")
    return _parts(rule or "", start, zone)


def _parts(rule: str, start: datetime | None, zone: str) -> Parts:
    given: dict[str, str] = {}
    for part in filter(str.strip, rule.split(";")):
        name, _, value = (text.strip() for text in part.partition("="))
        if name in given:
            _refuse(f"{name[:40]} is there twice")
        given[name] = value
    if "DTSTART" in given:
        if start is not None:
            _refuse("DTSTART is there twice")
        start = _start(given.pop("DTSTART"), "", zone)
    frequency = _frequency(given.pop("FREQ", ""))
    _refuse_untaken(frequency, given)
    values: dict[str, object] = {"start": start}
    for name, value in given.items():
        if name in _LISTS:
            attribute, low, high, backwards = _LISTS[name]
            values[attribute] = _numbers(name, value, low, high, backwards)
        else:
            attribute, reader = _SINGLE[name]
            values[attribute] = reader(name, value)
    parts = Parts(frequency, **values)  # type: ignore[arg-type]
    _refuse_contradictions(parts)
    return parts


def _frequency(text: str) -> Frequency:
    if text == "SECONDLY":
        _refuse('FREQ=SECONDLY is not taken; say it as an interval: {"every": "10s"}')
    if text not in Frequency.__members__:
        _refuse(f"FREQ is one of {', '.join(Frequency)}")
    return Frequency(text)


def _refuse_exceptions(name: str) -> None:
    if name in _EXCEPTIONS:
        _refuse(f"{name} is not read here: single instants are left out or added by exceptions of the schedule")


def _refuse_untaken(frequency: Frequency, given: Mapping[str, str]) -> None:
    for name in given:
        _refuse_exceptions(name)
        if name not in _LISTS and name not in _SINGLE:
            _refuse(f"{name[:40]!r} is no part of a recurrence rule")
        if (name in _LISTS or name == "BYDAY") and name not in _TAKEN[frequency]:
            _refuse(f"{name} is not taken with FREQ={frequency}")


def _refuse_contradictions(parts: Parts) -> None:
    counted = [n for n, _ in parts.by_day if n]
    if counted and (parts.frequency not in (Frequency.YEARLY, Frequency.MONTHLY) or parts.by_week):
        _refuse("BYDAY counts weekdays, as 2TU does, in months and years only")
    within_month = parts.frequency is Frequency.MONTHLY or parts.by_month
    if any(abs(n) > (5 if within_month else 53) for n in counted):
        _refuse("BYDAY counts weekdays beyond what there are")
    if parts.by_week and not parts.by_day:
        _refuse("BYWEEKNO needs BYDAY, which says on which days of the week")
    if parts.positions and not (parts.names_days or parts.by_month or parts.by_hour or parts.by_minute):
        _refuse("BYSETPOS needs another BY part, from whose times it chooses")
    if parts.count is not None and parts.until is not None:
        _refuse("COUNT and UNTIL exclude each other")
    times = max(1, len(parts.by_hour)) * max(1, len(parts.by_minute)) * max(1, len(parts.by_second))
    if parts.positions and times > _MOST_TIMES_TO_CHOOSE_FROM:
        _refuse(f"BYSETPOS chooses from at most {_MOST_TIMES_TO_CHOOSE_FROM} times a day")
    if times > MOST_TIMES_A_DAY:
        _refuse(f"more than {MOST_TIMES_A_DAY} times a day; say it as an interval, with every")


def _start(value: str, parameters: str, zone: str) -> datetime:
    for parameter in filter(None, parameters.split(";")):
        name, _, named = parameter.partition("=")
        if name == "TZID" and named != zone:
            _refuse(f"DTSTART is in {named[:64]}, but the schedule is not: say timeZone, or leave TZID out")
        if name not in ("TZID", "VALUE"):
            _refuse(f"DTSTART has {name[:40]!r}, which is not read")
    written = _moment("DTSTART", value, timedelta())
    if written.utc and zone != "UTC":
        _refuse("DTSTART is in UTC, but the schedule is not: say its local time, without Z")
    return written.at


def _moment(name: str, value: str, of_a_date: timedelta) -> Written:
    match = _MOMENT.fullmatch(value)
    try:
        if match is None:
            raise ValueError
        at = datetime.strptime(match[1] + (match[2] or "000000"), "%Y%m%d%H%M%S")  # noqa: DTZ007 - a wall time
    except ValueError:
        _refuse(f"{name} is a date or a time, as 20261224 or 20261224T060000")
    if not 2 <= at.year <= 9900:
        _refuse(f"{name} is a year from 2 to 9900")
    return Written(at if match[2] else at + of_a_date, bool(match[3]))


def _until(name: str, value: str) -> Written:
    return _moment(name, value, timedelta(days=1, seconds=-1))


def _numbers(name: str, value: str, low: int, high: int, backwards: bool) -> tuple[int, ...]:
    found: set[int] = set()
    for text in value.split(","):
        number = int(text) if _NUMBER.fullmatch(text) else -high - 1
        if not (low <= number <= high or (backwards and low <= -number <= high)):
            _refuse(f"{name} holds numbers from {low} to {high}" + (", or negative from the end" if backwards else ""))
        found.add(number)
    return tuple(sorted(found))


def _days(name: str, value: str) -> tuple[tuple[int, int], ...]:
    found: set[tuple[int, int]] = set()
    for text in value.split(","):
        match = _DAY.fullmatch(text)
        if match is None or (match[1] and int(match[1]) == 0):
            _refuse(f"{name} holds weekdays as MO, or 2TU for the second Tuesday and -1FR for the last Friday")
        found.add((int(match[1] or 0), WEEKDAYS.index(match[2])))
    return tuple(sorted(found))


def _weekday(name: str, value: str) -> int:
    if value not in WEEKDAYS:
        _refuse(f"{name} is one of {', '.join(WEEKDAYS)}")
    return WEEKDAYS.index(value)


def _count(name: str, value: str) -> int:
    if not _NUMBER.fullmatch(value) or not 1 <= int(value) <= MOST_COUNTED:
        _refuse(f"{name} is a number from 1 to {MOST_COUNTED}; for more say UNTIL, or maxRuns of the schedule")
    return int(value)


def _interval(name: str, value: str) -> int:
    if not _NUMBER.fullmatch(value) or not 1 <= int(value) <= _LONGEST_INTERVAL:
        _refuse(f"{name} is a number from 1 to {_LONGEST_INTERVAL}")
    return int(value)


def _refuse(sentence: str) -> NoReturn:
    raise InvalidInput.field("rrule", msg=sentence)


_SINGLE: Mapping[str, tuple[str, Callable[[str, str], object]]] = {
    "INTERVAL": ("interval", _interval),
    "COUNT": ("count", _count),
    "UNTIL": ("until", _until),
    "WKST": ("week_start", _weekday),
    "BYDAY": ("by_day", _days),
}
