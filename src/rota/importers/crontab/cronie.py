"""When cronie itself runs an entry: its own matching minute by minute, with what it does when the clock changes.

The rule is that of `src/cron.c`: a virtual clock follows the local one. A jump forward of more than five minutes and up
to three hours runs wildcard entries once for now, and then the fixed times of every skipped minute; while the virtual
clock is ahead, after a jump back, only wildcard entries run. Several fixed times of one gap run within the same minute
and count once here. An entry with CRON_TZ matches the literal local time of that zone. That cronie leaves such entries
out while the clock of the machine itself changes is not imitated: which machine that is, nobody knows here.
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
        ran = _literal(rule, zone, first, last) if own_zone else _followed(rule, zone, first, last)
        yield from (minute * MINUTE for minute in ran)

    return fires


def _literal(rule: Rule, zone: Zone, first: int, last: int) -> Iterator[int]:
    """The UTC minutes whose local time matches."""
    for block, offset in _blocks(zone, first, last):
        if _may_match(rule, block, offset):
            yield from (minute for minute in block if _matches(rule, minute + offset))


def _followed(rule: Rule, zone: Zone, first: int, last: int) -> Iterator[int]:
    """The UTC minutes in which cronie's main loop starts the entry."""
    virtual: int | None = None
    for block, offset in _blocks(zone, first - _DAY, last):  # a day before shows a change that still has an effect
        virtual = block[0] + offset - 1 if virtual is None else virtual
        if virtual == block[0] + offset - 1 and not _may_match(rule, block, offset):
            virtual = block[-1] + offset
            continue
        for minute in block:
            runs, virtual = _step(rule, virtual, minute + offset)
            if runs and minute >= first:
                yield minute


def _step(rule: Rule, virtual: int, clock: int) -> tuple[bool, int]:
    """One round of the main loop: whether the entry runs, and the virtual clock after it."""
    jump = clock - virtual
    if 0 < jump <= _JUMP:
        return any(_matches(rule, passed) for passed in range(virtual + 1, clock + 1)), clock
    if abs(jump) > _CLOCK_CHANGE:
        return _matches(rule, clock), clock
    if jump > 0:
        passed = (clock,) if rule.wildcard else range(virtual + 1, clock + 1)
        return any(_matches(rule, one) for one in passed), clock
    return rule.wildcard and _matches(rule, clock), virtual


def _blocks(zone: Zone, first: int, last: int) -> Iterator[tuple[range, int]]:
    """The UTC minutes in blocks that have one offset, with it, in minutes."""
    begin = first
    while begin <= last:
        end = min(begin - begin % _BLOCK + _BLOCK, last + 1)
        delta = zone.local(begin * MINUTE).utcoffset()
        yield range(begin, end), 0 if delta is None else int(delta.total_seconds()) // 60
        begin = end


def _may_match(rule: Rule, block: range, offset: int) -> bool:
    """Whether a minute of the block could match: the hour does at one of its ends."""
    ends = (block[0] + offset, block[-1] + offset)
    return any(clock // 60 % 24 in rule.hours and _day_matches(rule, clock // _DAY) for clock in ends)


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
