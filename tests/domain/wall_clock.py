"""What a clock on the wall shows, found by watching it minute by minute, and the policies in their plainest words.

This is the judge of the time rules, so it shares nothing with them: it never asks for the fold or the gap of a local
time. It reads the clock at every real minute; a minute that the clock left out was skipped, a minute that it had shown
before is shown again.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from enum import Enum

MINUTE = timedelta(minutes=1)


class Kind(Enum):
    """How often a minute of the wall clock comes."""

    SHOWN = "shown for the first time"
    AGAIN = "shown before, and now again"
    SKIPPED = "left out by the clock"


@dataclass(frozen=True, slots=True)
class Minute:
    """One minute of the wall clock: `wall` is what it reads, `at` the instant at which that begins.

    A skipped minute has the first instant after the gap. `offset` is the one that a person would write behind the
    time: behind a skipped one, the offset before the change.
    """

    wall: datetime
    at: datetime
    kind: Kind
    offset: timedelta


@dataclass(frozen=True, slots=True)
class Told:
    """A fire with its local text and note, or (`fires` is false) a nominal local time that does not fire."""

    at: datetime
    local: str
    note: str | None
    fires: bool = True


@dataclass(frozen=True, slots=True)
class Rule:
    """What a rule says about the wall clock, in words that need no parser.

    `interval`: its minute or hour is a wildcard or step. `every_hour`: it runs in every hour of its days, so an hour
    that is left out takes no run away.
    """

    matches: Callable[[datetime], bool]
    seconds: Sequence[int] = (0,)
    interval: bool = False
    every_hour: bool = False


def watch(zone: tzinfo, first: datetime, last: datetime) -> list[Minute]:
    """The minutes of a wall clock from one instant to another, in the order in which it shows or skips them."""
    minutes: list[Minute] = []
    at, before, latest = first, None, None
    while at <= last:
        local = at.astimezone(zone)
        wall, offset = local.replace(tzinfo=None), local.utcoffset() or timedelta()
        if before is not None:
            left_out = before.wall + MINUTE
            while left_out < wall:
                minutes.append(Minute(left_out, at, Kind.SKIPPED, before.offset))
                left_out += MINUTE
        again = latest is not None and wall <= latest
        before = Minute(wall, at, Kind.AGAIN if again else Kind.SHOWN, offset)
        minutes.append(before)
        latest = wall if latest is None or wall > latest else latest
        at += MINUTE
    return minutes


def expected(minutes: Sequence[Minute], rule: Rule, gap: str, overlap: str) -> list[Told]:
    """What the rule does, second by second, under the policies `dstGap` and `dstOverlap`."""
    told: list[Told] = []
    shifted_to: datetime | None = None
    for minute in minutes:
        if not rule.matches(minute.wall):
            continue
        for second in rule.seconds:
            nominal = _text(minute.wall + timedelta(seconds=second), minute.offset)
            if minute.kind is Kind.SKIPPED:
                fires_once = not rule.interval and gap == "shift" and shifted_to != minute.at
                if fires_once:
                    shifted_to = minute.at
                    told.append(Told(minute.at, "", "dstShifted"))
                elif not (rule.interval and rule.every_hour):
                    told.append(Told(minute.at, nominal, None, fires=False))
                continue
            at = minute.at + timedelta(seconds=second)
            if minute.kind is Kind.SHOWN:
                if at != shifted_to:  # the end of a gap has fired already
                    told.append(Told(at, nominal, None))
            elif rule.interval or overlap == "both":
                told.append(Told(at, nominal, "dstRepeated"))
            else:
                told.append(Told(at, nominal, None, fires=False))
    ends = {minute.at: _text(minute.wall, minute.offset) for minute in minutes if minute.kind is not Kind.SKIPPED}
    return [Told(one.at, one.local or ends[one.at], one.note, one.fires) for one in told]


def between(minutes: Sequence[Minute], start: datetime, until: datetime) -> Sequence[Minute]:
    """The minutes in which something after `start` and up to `until` can happen."""
    first = bisect_left(minutes, start - MINUTE, key=lambda minute: minute.at)
    return minutes[first : bisect_right(minutes, until, key=lambda minute: minute.at)]


def within(told: Sequence[Told], start: datetime, until: datetime) -> list[Told]:
    """What is told after `start` and up to `until`."""
    return [one for one in told if start < one.at <= until]


def utc(text: str) -> datetime:
    """An instant from text such as 2024-03-10T07:00:00Z."""
    return datetime.fromisoformat(text).astimezone(UTC)


def _text(wall: datetime, offset: timedelta) -> str:
    sign = "-" if offset < timedelta() else "+"
    hours, minutes = divmod(abs(offset) // MINUTE, 60)
    return f"{wall.isoformat()}{sign}{hours:02}:{minutes:02}"
