"""Reading the one rule of a schedule document."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rota.domain.calendar_reading import is_day_of_month
from rota.domain.cron import LONGEST_TEXT, Cron
from rota.domain.errors import InvalidInput
from rota.domain.fields import Fields
from rota.domain.instant import MILLISECOND, Instant
from rota.domain.recurrence import (
    LAST_DAY,
    After,
    BusinessDay,
    CronRule,
    Daily,
    Every,
    Monthly,
    Once,
    Rule,
    Weekly,
    Yearly,
)
from rota.domain.rrule import RecurrenceRule
from rota.domain.rrule_parts import LONGEST_RULE
from rota.domain.time_of_day import clock_seconds
from rota.domain.weekday import NAMES as WEEKDAYS
from rota.domain.weekday import read_weekday

SHORTEST_INTERVAL = 100 * MILLISECOND
MOST_BUSINESS_DAYS = 23


@dataclass(frozen=True, slots=True)
class Context:
    """What a rule may depend on besides its own fields.

    `created_at` is None when a stored document is read back, which holds everything already.
    """

    created_at: Instant | None
    starts_at: Instant | None
    spread: str
    time_zone: str


def read_rule(fields: Fields, context: Context) -> Rule | None:
    """The rule of a schedule document, or None with what is wrong recorded in `fields`."""
    present = [name for name in _READERS if fields.has(name)]
    if len(present) != 1:
        found = f"found {', '.join(present)}" if present else "found none"
        fields.refuse(present[-1] if present else "cron", f"exactly one rule of {', '.join(_READERS)}; {found}")
        for name in (*present, "anchor"):
            fields.value(name)
        return None
    return _READERS[present[0]](fields, context)


def _read_cron(fields: Fields, context: Context) -> Rule | None:
    text = fields.text("cron", longest=LONGEST_TEXT)
    if text is None:
        return None
    try:
        cron = Cron.parse(text, spread=context.spread)
    except InvalidInput as error:
        fields.refuse("cron", error.errors[0][1])
        return None
    return CronRule(cron.text, context.spread if cron.spreads else "")


def _read_every(fields: Fields, context: Context) -> Rule | None:
    interval = fields.duration("every")
    anchor = fields.instant("anchor")
    if interval is None:
        return None
    if interval < SHORTEST_INTERVAL:
        fields.refuse("every", "an interval is at least 0.1 s")
        return None
    return Every(interval, anchor if anchor is not None else context.starts_at or 0)


def _read_once(fields: Fields, context: Context) -> Rule | None:
    at = fields.instant("once")
    return None if at is None else Once(at)


def _read_after(fields: Fields, context: Context) -> Rule | None:
    delay = fields.duration("after")
    anchor = fields.instant("anchor")
    if delay is None:
        return None
    if anchor is None:
        anchor = context.created_at
    if anchor is None:
        fields.refuse("anchor", "required")
        return None
    # The creation itself is decided already, so a delay of nothing means the next instant there is.
    return After(max(delay, MILLISECOND), anchor)


def _read_rrule(fields: Fields, context: Context) -> Rule | None:
    text = fields.text("rrule", longest=LONGEST_RULE)
    if text is None:
        return None
    try:
        return RecurrenceRule.read(text, context.starts_at, context.time_zone)
    except InvalidInput as error:
        fields.refuse("rrule", error.errors[0][1])
        return None


def _read_daily(fields: Fields, context: Context) -> Rule | None:
    if (inner := fields.inner("daily")) is None:
        return None
    at = clock_time(inner, "at")
    inner.refuse_unknown()
    return None if at is None else Daily(at)


def _read_weekly(fields: Fields, context: Context) -> Rule | None:
    if (inner := fields.inner("weekly")) is None:
        return None
    on = weekdays(inner, "on")
    at = clock_time(inner, "at")
    inner.refuse_unknown()
    return None if on is None or at is None else Weekly(on, at)


def _read_monthly(fields: Fields, context: Context) -> Rule | None:
    if (inner := fields.inner("monthly")) is None:
        return None
    if inner.has("nthBusinessDay"):
        return _read_business_day(inner)
    day = inner.integer("day", LAST_DAY, 31, required=True)
    at = clock_time(inner, "at")
    inner.refuse_unknown()
    if day == 0:
        inner.refuse("day", "1 to 31, or -1 for the last day")
        return None
    return None if day is None or at is None else Monthly(day, at)


def _read_business_day(inner: Fields) -> Rule | None:
    nth = inner.integer("nthBusinessDay", -MOST_BUSINESS_DAYS, MOST_BUSINESS_DAYS)
    at = clock_time(inner, "at")
    inner.refuse_unknown()
    if nth == 0:
        inner.refuse("nthBusinessDay", f"1 to {MOST_BUSINESS_DAYS}, or -1 for the last, -2 for the last but one …")
        return None
    return None if nth is None or at is None else BusinessDay(nth, at)


def _read_yearly(fields: Fields, context: Context) -> Rule | None:
    if (inner := fields.inner("yearly")) is None:
        return None
    month = inner.integer("month", 1, 12, required=True)
    day = inner.integer("day", 1, 31, required=True)
    at = clock_time(inner, "at")
    inner.refuse_unknown()
    if month is None or day is None or at is None or not is_day_of_month(inner, month, day):
        return None
    return Yearly(month, day, at)


def clock_time(fields: Fields, name: str) -> int | None:
    """A time of day such as 06:00 or 06:00:30, in seconds after midnight."""
    text = fields.text(name, longest=16, required=True)
    at = None if text is None else clock_seconds(text)
    if text is not None and at is None:
        fields.refuse(name, "a time of day from 00:00 to 23:59, or with seconds as 06:00:30")
    return at


def weekdays(fields: Fields, name: str) -> tuple[int, ...] | None:
    """A weekday or a list of them, in the order of the week."""
    found = fields.value(name, required=True)
    if found is None:
        return None
    names = found if isinstance(found, list | tuple) else [found]
    days: set[int] = set()
    for position, given in enumerate(names[: len(WEEKDAYS) + 1]):
        day = _weekday(given)
        if day is None:
            fields.refuse(name, f"a weekday: one of {', '.join(WEEKDAYS)}", position)
            return None
        days.add(day)
    if not 1 <= len(names) <= len(WEEKDAYS):
        fields.refuse(name, "one to seven weekdays")
        return None
    return tuple(sorted(days))


def _weekday(given: object) -> int | None:
    """Monday = 0. Numbers are read as cron reads them: 1 is Monday, 0 and 7 are Sunday."""
    if isinstance(given, int) and not isinstance(given, bool) and 0 <= given <= 7:
        return (given - 1) % 7
    return read_weekday(given)


_READERS: Mapping[str, Callable[[Fields, Context], Rule | None]] = {
    "cron": _read_cron,
    "every": _read_every,
    "daily": _read_daily,
    "weekly": _read_weekly,
    "monthly": _read_monthly,
    "yearly": _read_yearly,
    "rrule": _read_rrule,
    "once": _read_once,
    "after": _read_after,
}
