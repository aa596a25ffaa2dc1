"""`celery.schedules.crontab`: five sets that must all match, ranges that may wrap around, Sunday = 0."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rota.domain.errors import InvalidInput
from rota.domain.instant import SECOND, Instant, from_datetime, to_datetime
from rota.domain.zone import Zone
from rota.importers.base import Fires, asked_of
from rota.importers.clock_sets import ClockSets

FIELDS = ("minute", "hour", "day_of_week", "day_of_month", "month_of_year")
_BOUNDS = {"minute": (0, 59), "hour": (0, 23), "day_of_week": (0, 6), "day_of_month": (1, 31), "month_of_year": (1, 12)}
_NAMES = {
    "day_of_week": ("sun", "mon", "tue", "wed", "thu", "fri", "sat"),
    "month_of_year": ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
}
_ITEM = re.compile(
    r"(?:(?P<star>\*)|(?P<low>[0-9]{1,4}|[A-Za-z]{3,9})(?:-(?P<high>[0-9]{1,4}|[A-Za-z]{3,9}))?)(?:/(?P<step>[0-9]{1,4}))?"
)


@dataclass(frozen=True, slots=True)
class Crontab:
    """The sets, and the fields as Celery takes them."""

    sets: ClockSets
    fields: Mapping[str, object]


def read_crontab(fields: Mapping[str, object]) -> Crontab:
    """Read the arguments of `crontab(…)`. InvalidInput names the first one that is wrong."""
    values = {name: _set(name, fields.get(name, "*")) for name in FIELDS}
    sets = ClockSets(
        minutes=values["minute"],
        hours=values["hour"],
        days=values["day_of_month"],
        months=values["month_of_year"],
        weekdays=frozenset((day - 1) % 7 for day in values["day_of_week"]),
    )
    return Crontab(sets, dict(fields))


def celery_fires(crontab: Crontab, zone: Zone) -> Fires | None:
    """The instants that Celery itself computes, where it is installed."""
    try:
        from celery import Celery
        from celery.schedules import crontab as celery_crontab
    except ImportError:
        return None
    app = Celery(set_as_current=False)
    app.conf.timezone = zone.name

    def fires(after: Instant, until: Instant) -> Iterator[Instant]:
        last = after
        while True:
            schedule = celery_crontab(app=app, nowfun=lambda last=last: to_datetime(last), **crontab.fields)
            remaining = schedule.remaining_estimate(to_datetime(last))
            following = from_datetime(to_datetime(last) + remaining)
            last = max(following, last + SECOND)
            if last > until:
                return
            yield last

    return asked_of("Celery", fires)


def _set(name: str, given: object) -> frozenset[int]:
    low, high = _BOUNDS[name]
    if isinstance(given, str):
        values = {value for item in given.split(",") for value in _values(name, item.strip())}
    else:
        items = given if isinstance(given, list) else [given]
        values = {item for item in items if isinstance(item, int) and not isinstance(item, bool)}
        if len(values) != len(items):
            raise _refused(name, given)
    if not values or min(values) < low or max(values) > high:
        raise _refused(name, given)
    return frozenset(values)


def _values(name: str, item: str) -> list[int]:
    low, high = _BOUNDS[name]
    match = _ITEM.fullmatch(item)
    if match is None or (match["step"] is not None and not int(match["step"])):
        raise _refused(name, item)
    if match["star"]:
        values = list(range(low, high + 1))
    else:
        first = _number(name, match["low"])
        last = _number(name, match["high"]) if match["high"] else first
        values = list(range(first, last + 1)) if first <= last else [*range(first, high + 1), *range(low, last + 1)]
        if match["step"] and not match["high"]:
            raise _refused(name, item)
    return values[:: int(match["step"] or 1)]


def _number(name: str, text: str) -> int:
    low, high = _BOUNDS[name]
    names = _NAMES.get(name, ())
    number = names.index(text[:3].lower()) + low if text[:3].lower() in names else int(text) if text.isdigit() else -1
    if not low <= number <= high:
        raise _refused(name, text)
    return number


def _refused(name: str, given: object) -> InvalidInput:
    return InvalidInput.field("crontab", msg=f"bad {name} {str(given)[:40]!r}")
