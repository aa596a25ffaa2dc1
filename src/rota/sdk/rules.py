"""Schedules as application code writes them: each function returns a `Rule` that holds the schedule's JSON document.

The scheduler checks a rule when the job is saved; what is refused here is only what could not be written as JSON.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Literal, TypedDict, Unpack

from rota.domain.instant import format_instant, from_datetime, parse_duration, parse_instant, seconds
from rota.sdk.failures import DurationLike, duration_of

TimeOfDay = str | time
"""`"06:00"`, `"06:00:30"` or a `datetime.time` without a zone."""


@dataclass(frozen=True)
class Rule:
    """One schedule. `document` is the JSON object that `/api/schedules` reads."""

    document: dict[str, Any]


class Policies(TypedDict, total=False):
    """What every rule may add: how it treats zones, calendars, missed and overlapping runs."""

    calendar: str | Sequence[str]
    roll: Literal["following", "modifiedFollowing", "preceding", "skip"]
    dst_gap: Literal["shift", "skip"]
    dst_overlap: Literal["first", "both"]
    missed: Literal["runLatest", "runEarliest", "runAll", "skip"]
    max_lateness: DurationLike
    max_catchup_runs: int
    overlap: Literal["skip", "queueOne", "queueAll", "cancelPrevious", "killPrevious", "allow"]
    overlap_key: str
    jitter: DurationLike
    starts_at: str | datetime
    ends_at: str | datetime
    max_runs: int
    window: Mapping[str, Any]
    condition: str | Mapping[str, Any]
    parameters: Mapping[str, Any]
    enabled: bool
    key: str
    name: str
    description: str


def cron(expression: str, tz: str | None = None, **policies: Unpack[Policies]) -> Rule:
    """Five cron fields, or six with leading seconds, in the time zone `tz` (default UTC)."""
    return _rule({"cron": expression}, tz, policies)


def every(
    interval: DurationLike, *, anchor: str | datetime | None = None, tz: str | None = None, **policies: Unpack[Policies]
) -> Rule:
    """Every `interval`, counted from `anchor`."""
    rule: dict[str, Any] = {"every": _duration(interval)}
    if anchor is not None:
        rule["anchor"] = _instant(anchor)
    return _rule(rule, tz, policies)


def daily(at: TimeOfDay, tz: str | None = None, **policies: Unpack[Policies]) -> Rule:
    """Every day at a time of day."""
    return _rule({"daily": {"at": _time_of_day(at)}}, tz, policies)


def weekly(on: str | Sequence[str], at: TimeOfDay, tz: str | None = None, **policies: Unpack[Policies]) -> Rule:
    """On the named days of each week: `weekly(["MON", "THU"], "06:00")`."""
    days = on.replace(",", " ").split() if isinstance(on, str) else list(on)
    return _rule({"weekly": {"on": [day.upper() for day in days], "at": _time_of_day(at)}}, tz, policies)


def monthly(day: int, at: TimeOfDay, tz: str | None = None, **policies: Unpack[Policies]) -> Rule:
    """On one day of each month, from 1; -1 is the last."""
    return _rule({"monthly": {"day": day, "at": _time_of_day(at)}}, tz, policies)


def business_day(nth: int, at: TimeOfDay = "00:00", tz: str | None = None, **policies: Unpack[Policies]) -> Rule:
    """On the nth business day of each month, from 1; -1 is the last. `calendar=` names the holidays that count."""
    return _rule({"monthly": {"nthBusinessDay": nth, "at": _time_of_day(at)}}, tz, policies)


def yearly(month: int, day: int, at: TimeOfDay, tz: str | None = None, **policies: Unpack[Policies]) -> Rule:
    """Once a year."""
    return _rule({"yearly": {"month": month, "day": day, "at": _time_of_day(at)}}, tz, policies)


def rrule(text: str, tz: str | None = None, **policies: Unpack[Policies]) -> Rule:
    """A recurrence rule of iCalendar: `rrule("FREQ=MONTHLY;BYDAY=2TU;BYHOUR=6")`. It begins at `starts_at`, if given."""
    return _rule({"rrule": text}, tz, policies)


def once(at: str | datetime, **policies: Unpack[Policies]) -> Rule:
    """At one instant: an aware datetime, or RFC 3339 text with its offset."""
    return _rule({"once": _instant(at)}, None, policies)


def after(delay: DurationLike, **policies: Unpack[Policies]) -> Rule:
    """Once, `delay` after the schedule was saved."""
    return _rule({"after": _duration(delay)}, None, policies)


def documents(schedule: "Rule | Mapping[str, Any] | Sequence[Rule | Mapping[str, Any]] | None") -> list[dict[str, Any]]:
    """The JSON documents of one rule, several, or none."""
    if schedule is None:
        return []
    items = [schedule] if isinstance(schedule, Rule | Mapping) else schedule
    return [dict(item.document if isinstance(item, Rule) else item) for item in items]


def _rule(rule: dict[str, Any], tz: str | None, policies: Policies) -> Rule:
    unknown = set(policies) - Policies.__optional_keys__
    if unknown:
        raise TypeError(f"a schedule has no policy {sorted(unknown)[0]!r}")
    if tz is not None:
        rule["timeZone"] = tz
    for name, value in policies.items():
        rule[_camel(name)] = _plain(value)
    return Rule(rule)


def _plain(value: object) -> object:
    if isinstance(value, timedelta):
        return _duration(value)
    if isinstance(value, datetime):
        return _instant(value)
    return list(value) if isinstance(value, tuple) else value


def _duration(value: DurationLike) -> str | float:
    """Text stays as it was written, for people who read the schedule later; everything else becomes seconds."""
    if isinstance(value, str):
        parse_duration(value)
        return value
    return seconds(duration_of(value))


def _instant(value: str | datetime) -> str:
    return format_instant(from_datetime(value) if isinstance(value, datetime) else parse_instant(value))


def _time_of_day(value: TimeOfDay) -> str:
    if isinstance(value, str):
        return value
    if value.tzinfo is not None:
        raise ValueError("a time of day has no zone of its own; give the schedule its zone with tz=")
    return value.isoformat("minutes" if value.second == 0 and value.microsecond == 0 else "auto")


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
