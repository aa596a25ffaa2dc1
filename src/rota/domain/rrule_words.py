"""A recurrence rule in words."""

from collections.abc import Iterable
from datetime import datetime

from rota.domain.recurrence import MONTHS
from rota.domain.rrule_parts import Frequency, Parts
from rota.domain.time_of_day import clock_text
from rota.domain.weekday import NAMES as WEEKDAYS

_ALONE = {
    Frequency.YEARLY: "yearly",
    Frequency.MONTHLY: "monthly",
    Frequency.WEEKLY: "weekly",
    Frequency.DAILY: "daily",
    Frequency.HOURLY: "hourly",
    Frequency.MINUTELY: "every minute",
}
_UNITS = {
    Frequency.YEARLY: "years",
    Frequency.MONTHLY: "months",
    Frequency.WEEKLY: "weeks",
    Frequency.DAILY: "days",
    Frequency.HOURLY: "hours",
    Frequency.MINUTELY: "minutes",
}
_MOST_TOLD = 6


def words(parts: Parts, first: datetime, zone: str) -> str:
    """Such as "every 2 weeks on MON, FRI at 06:00 Europe/Madrid, 10 times". `first` is where the rule begins."""
    told = _ALONE[parts.frequency] if parts.interval == 1 else f"every {parts.interval} {_UNITS[parts.frequency]}"
    if days := _days(parts, first):
        told += f" on {days}"
    if parts.by_month and (parts.names_days or parts.frequency is not Frequency.YEARLY):
        told += f" in {', '.join(MONTHS[month - 1] for month in parts.by_month)}"
    if parts.positions:
        told += f" (only the {_listed(map(_nth, parts.positions))})"
    told += f"{_times(parts, first)} {zone}"
    if parts.count is not None:
        told += f", {parts.count} times" if parts.count > 1 else ", once"
    if parts.until is not None:
        told += f", until {parts.until.at.isoformat(' ')}{' UTC' if parts.until.utc else ''}"
    return told


def _days(parts: Parts, first: datetime) -> str:
    if not parts.names_days:
        match parts.frequency:
            case Frequency.YEARLY:
                months = parts.by_month or (first.month,)
                return _listed(f"{first.day} {MONTHS[month - 1]}" for month in months)
            case Frequency.MONTHLY:
                return f"day {first.day}"
            case Frequency.WEEKLY:
                return WEEKDAYS[first.weekday()]
            case _:
                return ""
    phrases = [
        _listed(f"the {_nth(n)} {WEEKDAYS[day]}" if n else WEEKDAYS[day] for n, day in parts.by_day),
        _listed("the last day" if day == -1 else _day(day) for day in parts.by_month_day),
        _listed(f"{_day(day)} of the year" for day in parts.by_year_day),
        _listed(f"week {week}" if week > 0 else f"the {_nth(week)} week" for week in parts.by_week),
    ]
    return " and ".join(filter(None, phrases))


def _times(parts: Parts, first: datetime) -> str:
    hours = parts.by_hour or (first.hour,)
    minutes = parts.by_minute or (first.minute,)
    seconds = parts.by_second or (first.second,)
    if parts.frequency.is_sub_daily:
        return _within_a_day(parts, minutes, seconds)
    number = len(hours) * len(minutes) * len(seconds)
    if number > _MOST_TOLD:
        return f" at {number} times of day"
    times = [hour * 3600 + minute * 60 + second for hour in hours for minute in minutes for second in seconds]
    return f" at {', '.join(map(clock_text, times))}"


def _within_a_day(parts: Parts, minutes: tuple[int, ...], seconds: tuple[int, ...]) -> str:
    told = []
    if parts.by_hour:
        told.append(f"in the hours {_listed(map(str, parts.by_hour))}")
    if parts.by_minute or parts.frequency is Frequency.HOURLY:
        told.append(f"at minute {_listed(map(str, minutes))}")
    if parts.by_second or seconds != (0,):
        told.append(f"at second {_listed(map(str, seconds))}")
    return "".join(f" {phrase}" for phrase in told) + ","


def _day(number: int) -> str:
    return f"day {number}" if number > 0 else f"the {_nth(number)} day"


def _nth(number: int) -> str:
    if number < 0:
        return "last" if number == -1 else f"{_nth(-number)} last"
    teen = 10 < number % 100 < 20
    return f"{number}{'th' if teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def _listed(told: Iterable[str]) -> str:
    found = list(told)
    shown = found if len(found) <= _MOST_TOLD else [*found[:_MOST_TOLD], "…"]
    return ", ".join(shown)
