"""APScheduler's cron trigger: fields that must all match, weekdays from Monday = 0, smaller fields at their minimum.

The rule is that of `apscheduler/triggers/cron` 3.11: a time that the clock skips fires later by as much, and both passes
of a repeated hour fire.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from rota.domain.errors import InvalidInput
from rota.domain.instant import Instant
from rota.domain.weekday import NAMES
from rota.domain.zone import Zone
from rota.importers.base import Document
from rota.importers.clock_sets import YEARS, ClockSets, year_spans

FIELDS = ("year", "month", "day", "week", "day_of_week", "hour", "minute", "second")
CRONTAB = ("minute", "hour", "day", "month", "day_of_week")
_MINIMUM = {"month": "1", "day": "1", "hour": "0", "minute": "0", "second": "0"}
_BOUNDS = {
    "year": (YEARS[0], YEARS[-1]),
    "month": (1, 12),
    "day": (1, 31),
    "week": (1, 53),
    "day_of_week": (0, 6),
    "hour": (0, 23),
    "minute": (0, 59),
    "second": (0, 59),
}
_WEEKDAYS = tuple(name.lower() for name in NAMES)
_NAMES = {
    "day_of_week": _WEEKDAYS,
    "month": ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
}
_ITEM = re.compile(
    r"(?:\*|(?P<first>[0-9]{1,4}|[a-z]{3})(?:-(?P<last>[0-9]{1,4}|[a-z]{3}))?)(?:/(?P<step>[0-9]{1,4}))?"
)
_POSITION = re.compile("(?P<which>1st|2nd|3rd|4th|5th|last) +(?P<weekday>[a-z]{3})")
_LAST = "last"


@dataclass(frozen=True, slots=True)
class CronTrigger:
    """The trigger. `positions` are weekdays by their place in the month, `last` asks for its last day."""

    fields: Mapping[str, str]
    sets: ClockSets
    years: frozenset[int]
    positions: tuple[str, ...]
    last: bool

    def schedules(self, zone: Zone, now: Instant) -> list[Document]:
        """The schedules that fire when the trigger does. InvalidInput if no cron expression can say it."""
        every_hour = len(self.sets.hours) == 24
        schedule: Document = {"cron": self._expression(every_hour), "timeZone": zone.name, "dstOverlap": "both"}
        return [schedule | span for span in year_spans(self.years, zone, now)]

    def _expression(self, every_hour: bool) -> str:
        if not self.positions and not self.last:
            return self.sets.cron(stars=every_hour)
        if len(self.sets.weekdays) < 7:
            raise _refused("day", "together with day_of_week it has no cron expression")
        numbers = self.sets.days
        every_day = ClockSets(self.sets.minutes, self.sets.hours, months=self.sets.months, seconds=self.sets.seconds)
        *clock, _, month, _ = every_day.cron(stars=every_hour).split()
        days = [*map(str, sorted(numbers)), *(["L"] if self.last else [])]
        return " ".join([*clock, ",".join(days) or "?", month, ",".join(self.positions) or "*"])


def read_cron(given: Mapping[str, object]) -> CronTrigger:
    """Read the fields of a trigger. InvalidInput names the first one that is wrong."""
    fields = _completed({name: str(value).strip().lower() for name, value in given.items() if value is not None})
    if fields["week"] != "*":
        raise _refused("week", "a week of the year has no cron expression")
    positions: list[str] = []
    days: list[str] = []
    for item in re.split(" *, *", fields["day"]):
        match = _POSITION.fullmatch(item)
        if match is None:
            days.append(item)
        elif match["weekday"] not in _WEEKDAYS:
            raise _refused("day", item)
        else:
            place = "L" if match["which"] == _LAST else f"#{match['which'][0]}"
            positions.append(f"{match['weekday'].upper()}{place}")
    last = _LAST in days
    numbers = [item for item in days if item != _LAST]
    return CronTrigger(
        fields=fields,
        sets=ClockSets(
            minutes=_values("minute", fields["minute"]),
            hours=_values("hour", fields["hour"]),
            days=_values("day", ",".join(numbers)) if numbers else frozenset(),
            months=_values("month", fields["month"]),
            weekdays=_values("day_of_week", fields["day_of_week"]),
            seconds=_values("second", fields["second"]),
        ),
        years=_values("year", fields["year"]),
        positions=tuple(positions),
        last=last,
    )


def crontab_fields(text: str, *, sunday_is_zero: bool) -> dict[str, object]:
    """The fields of `CronTrigger.from_crontab`. Release 3 takes weekday 0 for Monday, release 4 for Sunday."""
    parts = text.split()
    if len(parts) != len(CRONTAB):
        raise _refused("crontab", f"{text[:40]!r} has {len(parts)} fields, not 5")
    fields: dict[str, object] = dict(zip(CRONTAB, parts, strict=True))
    if sunday_is_zero:
        fields["day_of_week"] = re.sub("[0-7]", lambda digit: _WEEKDAYS[(int(digit[0]) - 1) % 7], parts[4])
    return fields


def _completed(given: dict[str, str]) -> dict[str, str]:
    """Fields that are smaller than the smallest given one stand at their minimum, others match always."""
    smallest = max((FIELDS.index(name) for name in given), default=-1)
    return {
        name: given.get(name, _MINIMUM.get(name, "*") if place > smallest >= 0 else "*")
        for place, name in enumerate(FIELDS)
    }


def _values(name: str, text: str) -> frozenset[int]:
    low, high = _BOUNDS[name]
    found: set[int] = set()
    for item in re.split(" *, *", text):
        match = _ITEM.fullmatch(item)
        if match is None or (match["step"] and not int(match["step"])):
            raise _refused(name, item)
        first = _number(name, match["first"]) if match["first"] else low
        last = _number(name, match["last"]) if match["last"] else first if match["first"] else high
        if match["first"] and not match["last"] and match["step"]:
            last = high
        if not low <= first <= last <= high:
            raise _refused(name, item)
        found.update(range(first, last + 1, int(match["step"] or 1)))
    return frozenset(found)


def _number(name: str, text: str) -> int:
    names = _NAMES.get(name, ())
    if text in names:
        return names.index(text) + _BOUNDS[name][0]
    if not text.isdigit():
        raise _refused(name, text)
    return int(text)


def _refused(name: str, given: str) -> InvalidInput:
    return InvalidInput.field("trigger", msg=f"bad {name}: {given[:60]}")
