"""Time zones: wall-clock times of a rule become instants under a schedule's daylight-saving policy.

The rule of cronie (`src/cron.c`) and cronsim: a fixed time that a forward change skips happens once, at the first
existing instant after the gap; a fixed time that a backward change repeats happens once, in the first pass. What means
an interval follows real time through both. Wall-clock times are naive datetimes, instants are UTC, and arithmetic on
instants never goes through an aware local datetime: Python's `datetime + timedelta` drops the fold.
"""

import zoneinfo
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from functools import lru_cache
from itertools import takewhile

from rota.domain.errors import InvalidInput
from rota.domain.instant import DAY, Instant, from_datetime, to_datetime
from rota.domain.occurrence import Decision

_MACHINE_DEPENDENT = frozenset({"localtime", "Factory", "posixrules"})
MOST_TOLD = 100
"""How many of the times that an interval loses in one gap are told: those of every second are too many to read."""
_MICROSECOND = timedelta(microseconds=1)
_EARLIEST: Instant = from_datetime(datetime(2, 1, 1, tzinfo=UTC))
LATEST: Instant = from_datetime(datetime(9998, 12, 31, tzinfo=UTC))
"""No moment comes after it: a later one could not be told in local time."""
SEARCH_LIMIT = timedelta(days=41 * 366)
"""How far ahead a search goes. The rarest date, a 29 February on a given weekday, needs 40 years."""


class DstGap(StrEnum):
    """What happens to a wall-clock time that a forward change skips."""

    SHIFT = "shift"
    SKIP = "skip"


class DstOverlap(StrEnum):
    """What happens to a wall-clock time that a backward change repeats."""

    FIRST = "first"
    BOTH = "both"


class Note(StrEnum):
    """What brought a moment to where it is; the codes of previews."""

    SHIFTED = "dstShifted"
    REPEATED = "dstRepeated"
    ROLLED = "calendarShifted"
    MOVED = "moved"
    ADDED = "added"


@dataclass(frozen=True, slots=True)
class Withheld:
    """Why a moment does not fire."""

    decision: Decision
    reason: str


@dataclass(frozen=True, slots=True)
class Moment:
    """One wall-clock time on the time line.

    `nominal` is the local time that the rule names where the clock changed it, possibly one that does not exist. What
    is withheld does not fire: its instant is the one at which it would have. For a time that a change of the clock
    suppressed that is the first after the gap, or the second pass.
    """

    instant: Instant
    nominal: datetime | None = None
    note: Note | None = None
    withheld: Withheld | None = None

    @property
    def fires(self) -> bool:
        """Whether this moment fires at all."""
        return self.withheld is None


@dataclass(frozen=True, slots=True)
class Clock:
    """How a rule reads the wall clock: its two policies, or real time.

    `follows_real_time` overrules the policies: both passes fire, skipped times do not. Those are told as suppressed
    only where `gap_loses_runs`; "every hour at :30" loses nothing in a gap.
    """

    gap: DstGap = DstGap.SHIFT
    overlap: DstOverlap = DstOverlap.FIRST
    follows_real_time: bool = False
    gap_loses_runs: bool = True


@dataclass(frozen=True, slots=True)
class Zone:
    """An IANA time zone."""

    name: str
    tz: tzinfo

    @classmethod
    def named(cls, name: str) -> "Zone":
        """The zone of an IANA name. InvalidInput for any other text, which never reaches the file system."""
        if not isinstance(name, str):
            raise InvalidInput.field("timeZone", msg="an IANA name such as Europe/Madrid")
        return _named(name)

    def local(self, instant: Instant) -> datetime:
        """The aware local time of an instant."""
        return to_datetime(instant).astimezone(self.tz)

    def earliest(self, wall: datetime) -> Instant:
        """The first instant at which a clock may show this naive local time; around a gap, the earlier of its ends."""
        return from_datetime(min(self._passes(wall)).replace(tzinfo=UTC))

    def text(self, instant: Instant) -> str:
        """The local time of an instant as text with its offset."""
        return self.local(instant).isoformat()

    def walk(self, after: Instant, times: Callable[[datetime], Iterable[datetime]], clock: Clock) -> Iterator[Moment]:
        """The moments strictly after an instant of the naive times that `times(start)` yields in order after `start`.

        Instants of firing moments strictly increase; a suppressed one may share the instant of its neighbour.
        """
        after = min(max(after, _EARLIEST), LATEST)
        start = self.local(after)
        horizon = end_of_search(start.replace(tzinfo=None))
        fired = after
        for moment in self._placed(start, lambda wall: takewhile(horizon.__gt__, times(wall)), clock):
            if moment.instant <= after:
                continue
            if moment.fires and moment.instant == fired:  # two times share the end of a gap: they fire once
                if moment.nominal is not None:
                    yield _suppressed(moment.instant, moment.nominal)
                continue
            if moment.fires:
                if moment.instant < fired:
                    raise AssertionError(f"fire instants must increase: {moment} in {self.name}")
                fired = moment.instant
            yield moment

    def _passes(self, wall: datetime) -> tuple[datetime, datetime]:
        """The naive UTC times of a wall time read with fold 0 and fold 1 (PEP 495).

        They are equal for an ordinary time, rising for a repeated one and falling for one that does not exist.
        """
        first = wall.replace(tzinfo=self.tz, fold=0).utcoffset() or timedelta()
        second = wall.replace(tzinfo=self.tz, fold=1).utcoffset() or timedelta()
        return wall - first, wall - second

    def _placed(
        self, start: datetime, times: Callable[[datetime], Iterable[datetime]], clock: Clock
    ) -> Iterator[Moment]:
        """Place the wall times after an aware local time on the time line.

        Repeated times come twice: those of the first pass, then, once it is over, those of the second. A start in the
        second pass has the first one behind it.
        """
        begin = start.replace(tzinfo=None)
        first, second = self._passes(begin)
        in_second = second > first and bool(start.fold)
        repeats_from = begin - (second - first + _MICROSECOND) if second > first and not in_second else None
        gap_ends, told = datetime.min, 0  # noqa: DTZ901 - a naive wall time
        for wall in times(begin):
            first, second = self._passes(wall)
            if second > first:
                if in_second:
                    yield self._repeated(wall, second, clock)
                    continue
                if repeats_from is None:
                    repeats_from = wall - _MICROSECOND
                yield Moment(from_datetime(first.replace(tzinfo=UTC)))
                continue
            if repeats_from is not None:
                yield from self._second_pass(takewhile(wall.__gt__, times(repeats_from)), clock)
                repeats_from = None
            in_second = False
            if second == first:
                yield Moment(from_datetime(first.replace(tzinfo=UTC)))
            elif clock.follows_real_time:
                told = told + 1 if wall < gap_ends else 0
                if clock.gap_loses_runs and told < MOST_TOLD:
                    moment = self._moved(wall, self._end_of_gap(second, first), None)
                    gap_ends = self.local(moment.instant).replace(tzinfo=None)
                    yield moment
            else:
                note = Note.SHIFTED if clock.gap is DstGap.SHIFT else None
                yield self._moved(wall, self._end_of_gap(second, first), note)
        if repeats_from is not None:
            yield from self._second_pass(times(repeats_from), clock)

    def _second_pass(self, times: Iterable[datetime], clock: Clock) -> Iterator[Moment]:
        """The second pass of the repeated stretch that lies among these times."""
        for wall in times:
            first, second = self._passes(wall)
            if second > first:
                yield self._repeated(wall, second, clock)

    def _repeated(self, wall: datetime, second: datetime, clock: Clock) -> Moment:
        both = clock.follows_real_time or clock.overlap is DstOverlap.BOTH
        return self._moved(wall, second, Note.REPEATED if both else None, fold=1)

    def _moved(self, wall: datetime, utc: datetime, note: Note | None, fold: int = 0) -> Moment:
        """A time that the clock changed, to fire as noted; without a note it is suppressed."""
        instant, nominal = from_datetime(utc.replace(tzinfo=UTC)), wall.replace(tzinfo=self.tz, fold=fold)
        return Moment(instant, nominal, note) if note else _suppressed(instant, nominal)

    def _end_of_gap(self, before: datetime, after: datetime) -> datetime:
        """The first existing instant after a gap, which lies between these two naive UTC times."""
        old = self._offset(before)
        while after - before > timedelta(seconds=1):
            middle = before + (after - before) // 2
            middle = middle.replace(microsecond=0)
            before, after = (middle, after) if self._offset(middle) == old else (before, middle)
        return after

    def _offset(self, utc: datetime) -> timedelta | None:
        return utc.replace(tzinfo=UTC).astimezone(self.tz).utcoffset()


def end_of_search(wall: datetime) -> datetime:
    """The naive local time up to which a search from a naive local time goes."""
    return wall + SEARCH_LIMIT if wall.year < 9900 else datetime.max  # noqa: DTZ901 - a naive wall time


def clock_changes(zone: Zone, start: Instant, until: Instant) -> list[Instant]:
    """The first instants under another offset, strictly after `start` and up to `until`; changes within one day count once."""

    def offset(instant: Instant) -> timedelta | None:
        return zone.local(instant).utcoffset()

    found: list[Instant] = []
    for day in range(start, until, DAY):
        before, after = day, min(day + DAY, until)
        if offset(before) == offset(after):
            continue
        old = offset(before)
        while after - before > 1:
            middle = (before + after) // 2
            before, after = (middle, after) if offset(middle) == old else (before, middle)
        found.append(after)
    return found


def _suppressed(instant: Instant, nominal: datetime) -> Moment:
    repeated = from_datetime(nominal) == instant
    why = "the clock repeats this time; it fired in the first pass" if repeated else "the clock skips this time"
    return Moment(instant, nominal, None, Withheld(Decision.SUPPRESSED_DST, f"{nominal.isoformat()}: {why}"))


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones()) - _MACHINE_DEPENDENT | {"UTC"}


@lru_cache(maxsize=1024)
def _named(name: str) -> Zone:
    if name == "UTC":
        return Zone(name, UTC)  # needs no tzdata
    if name not in _names():
        meant = next((known for known in sorted(_names()) if known.lower() == name.lower()), None)
        hint = f"; did you mean {meant}?" if meant else ", such as Europe/Madrid"
        raise InvalidInput.field("timeZone", msg=f"{name[:40]!r} is no IANA time zone{hint}")
    return Zone(name, zoneinfo.ZoneInfo(name))
