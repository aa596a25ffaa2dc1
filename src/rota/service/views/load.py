"""The load that is coming, hour by hour and day by day, with the days off of the calendars."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from weakref import WeakKeyDictionary

from rota.domain.access import Right
from rota.domain.instant import DAY, MINUTE, Duration, Instant, to_datetime
from rota.domain.working_days import Reason, WorkingDays
from rota.service import simulate
from rota.service.context import Database, ServiceContext
from rota.stores import calendars, reports, views

_MOST_CALENDARS = 20
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
    """The hours and days in which something fires. `slots` are those of the workers that are alive."""

    start: Instant
    until: Instant
    stopped_at: Instant | None
    slots: int
    hours: list[Amount]
    days: list[Amount]
    days_off: list[DayOff]


def load(ctx: ServiceContext, days: int) -> Load:
    """The load of the next days."""
    ctx.require(Right.READ)
    with ctx.read() as tx:
        key = days, tx.now // _FRESH, views.changes_of_time(tx)
    kept = _KEPT.setdefault(ctx.database, {})
    if key not in kept:
        kept.clear()
        kept[key] = _load(ctx, days)
    return kept[key]


def _load(ctx: ServiceContext, days: int) -> Load:
    found = simulate.forecast(ctx, days)
    with ctx.read() as tx:
        slots = reports.workers_by_state(tx).get("Alive", (0, 0))[1]
        names = [record.name for record in calendars.find(tx, limit=_MOST_CALENDARS)]
        known = {name: calendars.known(tx, [name]) for name in names}
    hours = _summed([(one.hour, one.fires, one.busy) for one in found.hours])
    by_day = _summed([(one.hour // DAY * DAY, one.fires, one.busy) for one in found.hours])
    first = to_datetime(found.start).date()
    off = [
        DayOff(day, name, reason.name)
        for name in names
        for day, reason in _days_off(WorkingDays.of([name], known[name]), first, days)
    ]
    return Load(found.start, found.until, found.stopped_at, int(slots or 0), hours, by_day, off)


def _summed(parts: list[tuple[Instant, int, Duration]]) -> list[Amount]:
    sums: dict[Instant, list[int]] = defaultdict(lambda: [0, 0])
    for at, fires, busy in parts:
        sums[at][0] += fires
        sums[at][1] += busy
    return [Amount(at, fires, busy) for at, (fires, busy) in sorted(sums.items())]


def _days_off(worked: WorkingDays, first: date, days: int) -> Iterator[tuple[date, Reason]]:
    for distance in range(days + 1):
        told = worked.explain(first + timedelta(days=distance))
        reason = next((one for one in told.reasons if not one.working and one.kind != "weekend"), None)
        if not told.working and reason is not None:
            yield told.day, reason
