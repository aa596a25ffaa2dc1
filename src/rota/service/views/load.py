"""The load that is coming, hour by hour and day by day, with the days off of the calendars."""

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from datetime import date
from weakref import WeakKeyDictionary

from rota.domain.access import Right
from rota.domain.instant import DAY, MINUTE, Duration, Instant, to_datetime
from rota.service import simulate
from rota.service.context import Database, ServiceContext
from rota.service.views.calendars import days_off
from rota.stores import calendars, reports, views

_MOST_CALENDARS = 20
_MOST_WHYS = 20
_FRESH: Duration = 10 * MINUTE
"""So long a forecast is told again, unless a schedule, a job, a calendar or an exception changes."""
_KEPT: WeakKeyDictionary[Database, dict[tuple[object, ...], "Load"]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Amount:
    """How much comes in an hour or in a day (UTC)."""

    at: Instant
    fires: int
    busy: Duration


@dataclass(frozen=True, slots=True)
class DayOff:
    """A day that a calendar has off for another reason than the weekend."""

    day: date
    calendar: str
    name: str


@dataclass(frozen=True, slots=True)
class Load:
    """The hours and days in which something fires. `slots` are those of the workers that are alive.

    `left_out` are the schedules that are not counted: how many, by why.
    """

    start: Instant
    until: Instant
    stopped_at: Instant | None
    slots: int
    hours: list[Amount]
    days: list[Amount]
    days_off: list[DayOff]
    left_out: dict[str, int]


def load(ctx: ServiceContext, days: int) -> Load:
    """The load of the next days. What was computed lately is told again, with the slots that there are now."""
    ctx.require(Right.READ)
    with ctx.read() as tx:
        key = days, tx.now // _FRESH, views.changes_of_time(tx)
        slots = reports.workers_by_state(tx).get("Alive", (0, 0))[1]
    kept = _KEPT.setdefault(ctx.database, {})
    found = kept.get(key)
    if found is None:
        found = _load(ctx, days)
        for old in [one for one in list(kept) if one[1:] != key[1:]]:
            kept.pop(old, None)
        kept[key] = found
    return replace(found, slots=int(slots or 0))


def _load(ctx: ServiceContext, days: int) -> Load:
    found, missing = simulate.forecast(ctx, days)
    with ctx.read() as tx:
        users = calendars.user_counts(tx)
        names = sorted(users, key=lambda name: (-users[name], name))[:_MOST_CALENDARS]
        known = calendars.known(tx, names)
    hours = _summed([(one.hour, one.fires, one.busy) for one in found.hours])
    by_day = _summed([(one.hour // DAY * DAY, one.fires, one.busy) for one in found.hours])
    first = to_datetime(found.start).date()
    off = [DayOff(day, name, why) for name in sorted(names) for day, why in days_off(name, known, first, days + 1)]
    left_out: Counter[str] = Counter()
    for one in missing:
        left_out[one.why] += one.schedules
    return Load(
        found.start, found.until, found.stopped_at, 0, hours, by_day, off, dict(left_out.most_common(_MOST_WHYS))
    )


def _summed(parts: list[tuple[Instant, int, Duration]]) -> list[Amount]:
    sums: dict[Instant, list[int]] = defaultdict(lambda: [0, 0])
    for at, fires, busy in parts:
        sums[at][0] += fires
        sums[at][1] += busy
    return [Amount(at, fires, busy) for at, (fires, busy) in sorted(sums.items())]
