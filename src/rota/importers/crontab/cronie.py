"""When cronie itself runs an entry: its own matching minute by minute, with what it does when the clock changes.

The rule is that of `src/cron.c`: a virtual clock follows the local one. A jump forward of more than five minutes and up
to three hours runs wildcard entries once for now, and then the fixed times of every skipped minute; while the virtual
clock is ahead, after a jump back, only wildcard entries run. Several fixed times of one gap run within the same minute
and count once here. An entry with CRON_TZ matches the literal local time of that zone.
"""

from collections.abc import Iterator
from datetime import date

from rota.domain.instant import MINUTE, Instant
from rota.domain.zone import Zone
from rota.importers.base import Fires
from rota.importers.crontab.fields import Rule

_BLOCK = 15
"""Minutes in which no zone changes its offset."""
_DAY = 24 * 60
_EPOCH = date(1970, 1, 1).toordinal()
_CLOCK_CHANGE = 3 * 60
_JUMP = 5


def cronie_fires(rule: Rule, zone: Zone, *, own_zone: bool) -> Fires:
    """The rule as cronie evaluates it; `own_zone` for an entry whose zone is set by CRON_TZ."""

    def fires(after: Instant, until: Instant) -> Iterator[Instant]:
        first, last = after // MINUTE + 1, until // MINUTE
        ran = literal(rule, zone, first, last) if own_zone else followed(rule, zone, first, last)
        for minute in ran:
            yield minute * MINUTE

    return fires


def literal(rule: Rule, zone: Zone, first: int, last: int) -> Iterator[int]:
    """The UTC minutes whose local time matches."""
    for minute, offset in _offsets(zone, first, last):
        if _matches(rule, minute + offset):
            yield minute


def followed(rule: Rule, zone: Zone, first: int, last: int) -> Iterator[int]:
    """The UTC minutes in which cronie's main loop starts the entry."""
    virtual: int | None = None
    for minute, offset in _offsets(zone, first - _DAY, last):  # a day before shows a change that still has an effect
        clock = minute + offset
        virtual = clock - 1 if virtual is None else virtual
        jump = clock - virtual
        if 0 < jump <= _JUMP or abs(jump) > _CLOCK_CHANGE:
            passed = range(virtual + 1, clock + 1) if 0 < jump <= _JUMP else (clock,)
            runs = any(_matches(rule, one) for one in passed)
            virtual = clock
        elif jump > 0:
            passed = (clock,) if rule.wildcard else range(virtual + 1, clock + 1)
            runs = any(_matches(rule, one) for one in passed)
            virtual = clock
        else:
            runs = rule.wildcard and _matches(rule, clock)
        if runs and minute >= first:
            yield minute


def _offsets(zone: Zone, first: int, last: int) -> Iterator[tuple[int, int]]:
    """Each UTC minute with the zone's offset, in minutes."""
    offset = 0
    for minute in range(first, last + 1):
        if minute == first or minute % _BLOCK == 0:
            delta = zone.local(minute * MINUTE).utcoffset()
            offset = 0 if delta is None else int(delta.total_seconds()) // 60
        yield minute, offset


def _matches(rule: Rule, clock: int) -> bool:
    day, rest = divmod(clock, _DAY)
    hour, minute = divmod(rest, 60)
    return minute in rule.minutes and hour in rule.hours and _day_matches(rule, day)


def _day_matches(rule: Rule, day: int) -> bool:
    found = date.fromordinal(day + _EPOCH)
    if found.month not in rule.months:
        return False
    by_day, by_week = found.day in rule.days, found.isoweekday() % 7 in rule.weekdays
    return (by_day and by_week) if rule.both_days else (by_day or by_week)
