"""Sets of wall-clock values as cron expressions, for schedulers in which day and weekday must both match.

In Rota, as in Vixie cron, either is enough when both are restricted, unless one of the fields begins with a star.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from rota.domain.errors import InvalidInput
from rota.domain.instant import SECOND, Instant, format_instant, from_datetime, to_datetime
from rota.domain.weekday import NAMES
from rota.domain.zone import Zone
from rota.importers.base import Document

MOST_SPANS = 20
"""So many schedules for the years of one rule."""
YEARS = range(1970, 2200)
"""Those that a rule may name; with all of them it has no end."""
_EVERY_DAY = frozenset(range(7))
_ALL_DAYS = frozenset(range(1, 32))
_WEEKS = {1: range(1, 8), 2: range(8, 15), 3: range(15, 22), 4: range(22, 29), 5: range(29, 32)}


@dataclass(frozen=True, slots=True)
class ClockSets:
    """The wall-clock times at which all of these match. Weekdays count from Monday = 0.

    With `from_end`, `days` are distances to the end of the month: 1 is its last day.
    """

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int] = _ALL_DAYS
    months: frozenset[int] = frozenset(range(1, 13))
    weekdays: frozenset[int] = _EVERY_DAY
    seconds: frozenset[int] = frozenset({0})
    from_end: bool = False

    def cron(self, *, stars: bool) -> str:
        """The expression that matches them. InvalidInput if no single one does.

        `stars` writes `*` for every minute or hour, which makes the schedule follow real time when the clock changes;
        without, values are listed, and the schedule's policies apply.
        """
        day, weekday = self._days()
        fields = [
            listed(self.minutes, 60 if stars else None),
            listed(self.hours, 24 if stars else None),
            day,
            listed(self.months, 12),
            weekday,
        ]
        if self.seconds != {0}:
            fields.insert(0, listed(self.seconds, 60 if stars else None))
        return " ".join(fields)

    def _days(self) -> tuple[str, str]:
        any_day, any_weekday = self.days == _ALL_DAYS, self.weekdays == _EVERY_DAY
        weekdays = ",".join(NAMES[day] for day in sorted(self.weekdays))
        if any_weekday:
            return "*" if any_day else self._day_list(), "*"
        if any_day:
            return "*", weekdays
        if self.from_end:
            if self.days == frozenset(range(1, 8)):
                return "?", ",".join(f"{NAMES[day]}L" for day in sorted(self.weekdays))
            raise _refused("days that count from the end of the month, on some weekdays, have no cron expression")
        if weeks := _whole_weeks(self.days):
            return "?", ",".join(f"{NAMES[day]}#{week}" for day in sorted(self.weekdays) for week in weeks)
        if 1 in self.days:  # a field that begins with a star leaves both to match; */31 is the first day alone
            return f"*/31,{listed(self.days)}", weekdays
        raise _refused("this choice of days on some weekdays has no cron expression")

    def _day_list(self) -> str:
        if not self.from_end:
            return listed(self.days)
        return ",".join("L" if day == 1 else f"L-{day - 1}" for day in sorted(self.days))


def year_spans(years: Iterable[int], zone: Zone, now: Instant) -> list[Document]:
    """`startsAt` and `endsAt` of each run of consecutive years from now on; one without either if all `YEARS` are named.

    InvalidInput if there is none to come, or too many.
    """
    named = frozenset(years)
    if named.issuperset(YEARS):
        return [{}]
    coming = sorted(year for year in named.intersection(YEARS) if year >= to_datetime(now).year)
    if not coming:
        raise _refused("its years are over")
    runs = _runs(coming)
    if len(runs) > MOST_SPANS:
        raise _refused(f"it names more than {MOST_SPANS} separate years")
    spans: list[Document] = []
    for run in runs:
        span: Document = {"startsAt": format_instant(_start_of(run[0], zone))}
        if run[-1] != YEARS[-1]:
            span["endsAt"] = format_instant(_start_of(run[-1] + 1, zone) - SECOND)
        spans.append(span)
    return spans


def listed(values: frozenset[int], all_of_them: int | None = None) -> str:
    """The values as a list of numbers and ranges; `*` where they are as many as there are."""
    if len(values) == all_of_them:
        return "*"
    return ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in _runs(sorted(values)))


def _start_of(year: int, zone: Zone) -> Instant:
    return from_datetime(to_datetime(0).replace(year=year, tzinfo=zone.tz))


def _whole_weeks(days: frozenset[int]) -> list[int]:
    """The weeks of a month that the days are, or none if they are not whole ones."""
    weeks = [week for week, whole in _WEEKS.items() if days.issuperset(whole)]
    return weeks if days == frozenset(day for week in weeks for day in _WEEKS[week]) else []


def _runs(values: list[int]) -> list[list[int]]:
    """Consecutive values together."""
    return [[value for _, value in run] for _, run in groupby(enumerate(values), lambda pair: pair[1] - pair[0])]


def _refused(why: str) -> InvalidInput:
    return InvalidInput.field("schedule", msg=why)
