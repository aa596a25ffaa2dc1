"""The rules that name instants: cron, every, daily, weekly, monthly, yearly, once, after; `rrule` has its own module.

A rule is a hashable value with four abilities: its canonical document, a phrase for people, its moments after an
instant, and whether computing those is worth remembering. A new kind of rule is one class here and one reader in
`rota.domain.rule_reading`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import MAXYEAR, datetime, timedelta
from typing import ClassVar, Protocol

from rota.domain.cron import Cron
from rota.domain.instant import (
    DAY,
    HOUR,
    MILLISECOND,
    MINUTE,
    SECOND,
    Duration,
    Instant,
    format_duration,
    format_instant,
)
from rota.domain.instant import seconds as in_seconds
from rota.domain.place import Place
from rota.domain.time_of_day import clock_text
from rota.domain.weekday import NAMES as WEEKDAYS
from rota.domain.zone import Clock, Moment, Zone

MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
          "December")  # fmt: skip
LAST_DAY = -1


class Rule(Protocol):
    """What names the instants of a schedule."""

    def __hash__(self) -> int:
        """Equal rules share their computed moments."""

    @property
    def reads_clock(self) -> bool:
        """Whether the rule names wall-clock times: the zone matters, and a search for the next one is remembered."""

    def document(self) -> dict[str, object]:
        """The rule's fields of the schedule document."""

    def describe(self, zone: str) -> str:
        """A phrase for a person."""

    def moments(self, place: Place, after: Instant) -> Iterator[Moment]:
        """The moments strictly after an instant, in order."""


Times = Callable[[datetime], Iterator[datetime]]
"""From a naive local time, the times strictly after it, in order."""


class ClockRule:
    """A rule that names wall-clock times."""

    __slots__ = ()
    reads_clock: ClassVar[bool] = True

    def times(self, place: Place) -> Times:
        """The naive local times that it names."""
        raise NotImplementedError

    def clock(self, place: Place) -> Clock:
        """How those become instants."""
        return Clock(place.gap, place.overlap)

    def moments(self, place: Place, after: Instant) -> Iterator[Moment]:
        """The moments strictly after an instant, in order."""
        return place.zone.walk(after, self.times(place), self.clock(place))


class _CronTold(ClockRule):
    """A rule whose wall-clock times a cron expression tells."""

    __slots__ = ()

    def cron(self) -> Cron:
        """The expression that matches the rule's wall-clock times."""
        raise NotImplementedError

    def times(self, place: Place) -> Times:
        """Those that the expression matches."""
        return self.cron().after

    def clock(self, place: Place) -> Clock:
        """Wildcards and steps follow real time."""
        cron = self.cron()
        return Clock(place.gap, place.overlap, cron.follows_real_time, gap_loses_runs=not cron.every_hour)


class _PlainRule:
    """A rule that names instants whatever the wall clock says."""

    __slots__ = ()
    reads_clock: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class CronRule(_CronTold):
    """A cron expression. `spread` is the text that `H` hashes; it is empty where the expression holds no `H`."""

    text: str
    spread: str = ""

    def cron(self) -> Cron:
        """The parsed expression."""
        return Cron.parse(self.text, spread=self.spread)

    def document(self) -> dict[str, object]:
        """The expression."""
        return {"cron": self.text}

    def describe(self, zone: str) -> str:
        """The expression with its zone."""
        return f"cron {self.text}, {zone}"


@dataclass(frozen=True, slots=True)
class Daily(_CronTold):
    """Every day at a time of day, in seconds after midnight."""

    at: int

    def cron(self) -> Cron:
        """The expression that matches it."""
        return Cron.parse(f"{_cron_time(self.at)} * * *")

    def document(self) -> dict[str, object]:
        """`{"daily": {"at": "06:00"}}`."""
        return {"daily": {"at": clock_text(self.at)}}

    def describe(self, zone: str) -> str:
        """Such as "daily at 06:00 Europe/Madrid"."""
        return f"daily at {clock_text(self.at)} {zone}"


@dataclass(frozen=True, slots=True)
class Weekly(_CronTold):
    """Chosen days of the week, Monday = 0, at a time of day."""

    on: tuple[int, ...]
    at: int

    def _names(self) -> list[str]:
        return [WEEKDAYS[day] for day in self.on]

    def cron(self) -> Cron:
        """The expression that matches it."""
        return Cron.parse(f"{_cron_time(self.at)} * * {','.join(self._names())}")

    def document(self) -> dict[str, object]:
        """`{"weekly": {"on": ["MON"], "at": "06:00"}}`."""
        return {"weekly": {"on": self._names(), "at": clock_text(self.at)}}

    def describe(self, zone: str) -> str:
        """Such as "weekly on MON, THU at 06:00 Europe/Madrid"."""
        return f"weekly on {', '.join(self._names())} at {clock_text(self.at)} {zone}"


@dataclass(frozen=True, slots=True)
class Monthly(_CronTold):
    """A day of the month, -1 for the last, at a time of day. A month without that day has no run."""

    day: int
    at: int

    def cron(self) -> Cron:
        """The expression that matches it."""
        return Cron.parse(f"{_cron_time(self.at)} {'L' if self.day == LAST_DAY else self.day} * *")

    def document(self) -> dict[str, object]:
        """`{"monthly": {"day": 1, "at": "06:00"}}`."""
        return {"monthly": {"day": self.day, "at": clock_text(self.at)}}

    def describe(self, zone: str) -> str:
        """Such as "monthly on day 1 at 06:00 Europe/Madrid"."""
        day = "the last day" if self.day == LAST_DAY else f"day {self.day}"
        return f"monthly on {day} at {clock_text(self.at)} {zone}"


@dataclass(frozen=True, slots=True)
class BusinessDay(ClockRule):
    """The nth working day of each month at a time of day; -1 is the last, -2 the last but one.

    A month with fewer working days has no run.
    """

    nth: int
    at: int

    def times(self, place: Place) -> Times:
        """One a month."""
        days, offset = place.working_days, timedelta(seconds=self.at)

        def after(local: datetime) -> Iterator[datetime]:
            year, month = local.year, local.month
            while year < MAXYEAR:
                day = days.nth(year, month, self.nth)
                at = None if day is None else datetime(day.year, day.month, day.day) + offset  # noqa: DTZ001 - a wall time
                if at is not None and at > local:
                    yield at
                year, month = (year, month + 1) if month < 12 else (year + 1, 1)

        return after

    def document(self) -> dict[str, object]:
        """`{"monthly": {"nthBusinessDay": 3, "at": "06:00"}}`."""
        return {"monthly": {"nthBusinessDay": self.nth, "at": clock_text(self.at)}}

    def describe(self, zone: str) -> str:
        """Such as "monthly on business day 3 at 06:00 Europe/Madrid"."""
        last = {-1: "the last business day", -2: "the last but one business day"}
        told = (
            f"business day {self.nth}" if self.nth > 0 else last.get(self.nth, f"business day {self.nth} from the end")
        )
        return f"monthly on {told} at {clock_text(self.at)} {zone}"


@dataclass(frozen=True, slots=True)
class Yearly(_CronTold):
    """A day of the year at a time of day. 29 February comes in leap years only."""

    month: int
    day: int
    at: int

    def cron(self) -> Cron:
        """The expression that matches it."""
        return Cron.parse(f"{_cron_time(self.at)} {self.day} {self.month} *")

    def document(self) -> dict[str, object]:
        """`{"yearly": {"month": 12, "day": 24, "at": "06:00"}}`."""
        return {"yearly": {"month": self.month, "day": self.day, "at": clock_text(self.at)}}

    def describe(self, zone: str) -> str:
        """Such as "yearly on 24 December at 06:00 Europe/Madrid"."""
        return f"yearly on {self.day} {MONTHS[self.month - 1]} at {clock_text(self.at)} {zone}"


@dataclass(frozen=True, slots=True)
class Every(_PlainRule):
    """An interval of real time. Its instants are `anchor` plus whole intervals, before the anchor as well as after.

    Without an anchor they count from startsAt or, where that is absent too, from 1970: `15m` means :00, :15, :30, :45.
    """

    interval: Duration
    anchor: Instant = 0

    def document(self) -> dict[str, object]:
        """`{"every": "15m", "anchor": time}`."""
        document: dict[str, object] = {"every": duration_value(self.interval)}
        if self.anchor:
            document["anchor"] = format_instant(self.anchor)
        return document

    def describe(self, zone: str) -> str:
        """Such as "every 10 s"."""
        return f"every {duration_text(self.interval)}"

    def moments(self, place: Place, after: Instant) -> Iterator[Moment]:
        """The moments strictly after an instant, by arithmetic."""
        at = self.anchor + ((after - self.anchor) // self.interval + 1) * self.interval
        while True:
            yield Moment(at)
            at += self.interval


@dataclass(frozen=True, slots=True)
class Once(_PlainRule):
    """One instant."""

    at: Instant

    def document(self) -> dict[str, object]:
        """`{"once": time}`."""
        return {"once": format_instant(self.at)}

    def describe(self, zone: str) -> str:
        """Such as "once at 2026-11-21T06:00:00+01:00 Europe/Madrid"."""
        return f"once at {Zone.named(zone).text(self.at)} {zone}"

    def moments(self, place: Place, after: Instant) -> Iterator[Moment]:
        """The one moment, if it comes after."""
        if self.at > after:
            yield Moment(self.at)


@dataclass(frozen=True, slots=True)
class After(_PlainRule):
    """One instant, a delay after the anchor, which is the schedule's creation."""

    delay: Duration
    anchor: Instant

    def document(self) -> dict[str, object]:
        """`{"after": "10m", "anchor": time}`; the anchor keeps the instant when the document is read again."""
        return {"after": duration_value(self.delay), "anchor": format_instant(self.anchor)}

    def describe(self, zone: str) -> str:
        """Such as "once, 10 min after 2026-11-21T05:00:00+00:00 UTC"."""
        return f"once, {duration_text(self.delay)} after {Zone.named(zone).text(self.anchor)} {zone}"

    def moments(self, place: Place, after: Instant) -> Iterator[Moment]:
        """The one moment, if it comes after."""
        if self.anchor + self.delay > after:
            yield Moment(self.anchor + self.delay)


def duration_value(duration: Duration) -> str | float:
    """The canonical form of a duration: short text, or seconds where milliseconds cannot tell it."""
    return in_seconds(duration) if duration % MILLISECOND else format_duration(duration)


def duration_text(duration: Duration) -> str:
    """A duration for people, such as `1 h 30 min`."""
    units = ((DAY, "d"), (HOUR, "h"), (MINUTE, "min"), (SECOND, "s"), (MILLISECOND, "ms"), (1, "µs"))
    parts = []
    for unit, name in units:
        count, duration = divmod(duration, unit)
        if count:
            parts.append(f"{count} {name}")
    return " ".join(parts) or "0 s"


def _cron_time(at: int) -> str:
    return f"{at % 60} {at // 60 % 60} {at // 3600}"
