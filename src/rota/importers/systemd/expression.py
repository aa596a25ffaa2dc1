"""A calendar event of systemd as schedules of Rota.

systemd lets wildcards skip and repeat nothing when the clock changes, so minutes and hours are written out: Rota takes
`*` and `/` in them for an interval of real time. Day and weekday must both match in systemd, in cron either is enough.
"""

from itertools import groupby

from rota.domain.errors import InvalidInput
from rota.domain.instant import Instant, format_instant, from_datetime, to_datetime
from rota.domain.zone import Zone
from rota.importers.base import Document
from rota.importers.systemd.calendar import YEARS, Calendar

MOST_SPANS = 20
"""So many schedules for the years of one event."""
_EVERY_DAY = frozenset(range(7))
_ALL_DAYS = frozenset(range(1, 32))
_WEEKS = {1: range(1, 8), 2: range(8, 15), 3: range(15, 22), 4: range(22, 29), 5: range(29, 32)}
_NAMES = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")


def schedules_of(calendar: Calendar, zone: Zone, now: Instant) -> list[Document]:
    """The schedules that fire when the event elapses, from `now` on. InvalidInput if no cron expression can say it."""
    day, weekday = _days(calendar)
    fields = [_listed(calendar.minutes), _listed(calendar.hours), day, _months(calendar.months), weekday]
    if calendar.seconds != {0}:
        fields.insert(0, _listed(calendar.seconds))
    schedule: Document = {"cron": " ".join(fields), "timeZone": zone.name, "dstGap": "skip"}
    return [schedule | span for span in _spans(calendar, zone, now)]


def _spans(calendar: Calendar, zone: Zone, now: Instant) -> list[Document]:
    """`startsAt` and `endsAt` for each run of consecutive years."""
    if calendar.years == frozenset(YEARS):
        return [{}]
    coming = sorted(year for year in calendar.years if year >= to_datetime(now).year)
    if not coming:
        raise _refused("its years are over")
    runs = [[year for _, year in run] for _, run in groupby(enumerate(coming), lambda pair: pair[1] - pair[0])]
    if len(runs) > MOST_SPANS:
        raise _refused(f"it names more than {MOST_SPANS} separate years")
    spans: list[Document] = []
    for run in runs:
        span: Document = {"startsAt": _new_year(run[0], zone)}
        if run[-1] != YEARS[-1]:
            span["endsAt"] = _last_second(run[-1], zone)
        spans.append(span)
    return spans


def _new_year(year: int, zone: Zone) -> str:
    return format_instant(_start_of(year, zone))


def _last_second(year: int, zone: Zone) -> str:
    return format_instant(_start_of(year + 1, zone) - 1_000_000)


def _start_of(year: int, zone: Zone) -> Instant:
    return from_datetime(to_datetime(0).replace(year=year, tzinfo=zone.tz))


def _days(calendar: Calendar) -> tuple[str, str]:
    """Day of month and day of week."""
    any_day, any_weekday = calendar.days == _ALL_DAYS, calendar.weekdays == _EVERY_DAY
    weekdays = ",".join(_NAMES[day] for day in sorted(calendar.weekdays))
    if any_weekday:
        return "*" if any_day else _day_list(calendar), "*"
    if any_day:
        return "*", weekdays
    if calendar.from_end:
        if calendar.days == frozenset(range(1, 8)):
            return "?", ",".join(f"{_NAMES[day]}L" for day in sorted(calendar.weekdays))
        raise _refused("days that count from the end of the month, on some weekdays, cannot be said in one expression")
    if weeks := _whole_weeks(calendar.days):
        return "?", ",".join(f"{_NAMES[day]}#{week}" for day in sorted(calendar.weekdays) for week in weeks)
    if 1 in calendar.days:  # a field that begins with a star leaves both to match; */31 is the first day alone
        return f"*/31,{_listed(calendar.days)}", weekdays
    raise _refused("this choice of days on some weekdays cannot be said in one expression")


def _day_list(calendar: Calendar) -> str:
    if not calendar.from_end:
        return _listed(calendar.days)
    return ",".join("L" if day == 1 else f"L-{day - 1}" for day in sorted(calendar.days))


def _whole_weeks(days: frozenset[int]) -> list[int]:
    """The weeks of a month that the days are, or none if they are not whole ones."""
    weeks = [week for week, whole in _WEEKS.items() if days.issuperset(whole)]
    return weeks if days == frozenset(day for week in weeks for day in _WEEKS[week]) else []


def _months(months: frozenset[int]) -> str:
    return "*" if len(months) == 12 else _listed(months)


def _listed(values: frozenset[int]) -> str:
    """The values as a list of numbers and ranges."""
    pairs = enumerate(sorted(values))
    runs = [[value for _, value in run] for _, run in groupby(pairs, lambda pair: pair[1] - pair[0])]
    return ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def _refused(why: str) -> InvalidInput:
    return InvalidInput.field("OnCalendar", msg=why)
