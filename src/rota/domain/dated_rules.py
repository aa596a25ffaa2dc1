"""What a calendar says of single days: rules of its own that name days off, and overrides."""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

from rota.domain.instant import Instant, format_instant
from rota.domain.weekday import NAMES

_WEEK = 7
EARLIEST_FROM_EASTER = -80
LATEST_FROM_EASTER = 250
"""Easter falls on 22 March to 25 April: with these, what counts from it stays in its year."""


class DatedRule(Protocol):
    """A rule that names days off."""

    @property
    def name(self) -> str:
        """What the days are called."""

    def days(self, year: int) -> Iterator[date]:
        """Its days in a year."""

    def document(self) -> dict[str, object]:
        """The JSON object that names it."""


@dataclass(frozen=True, slots=True)
class OnDate:
    """One day."""

    day: date
    name: str

    def days(self, year: int) -> Iterator[date]:
        """The day, in its year."""
        if self.day.year == year:
            yield self.day

    def document(self) -> dict[str, object]:
        """`{"date": "2026-12-24", "name": …}`."""
        return {"date": self.day.isoformat(), "name": self.name}


@dataclass(frozen=True, slots=True)
class EveryYear:
    """A day of every year. 29 February comes in leap years only."""

    month: int
    day: int
    name: str

    def days(self, year: int) -> Iterator[date]:
        """The day, where the year has it."""
        try:
            yield date(year, self.month, self.day)
        except ValueError:
            return

    def document(self) -> dict[str, object]:
        """`{"yearly": {"month": 12, "day": 24}, "name": …}`."""
        return {"yearly": {"month": self.month, "day": self.day}, "name": self.name}


@dataclass(frozen=True, slots=True)
class FromEaster:
    """A number of days after Easter Sunday as the western churches keep it; before it, where negative."""

    offset: int
    name: str

    def days(self, year: int) -> Iterator[date]:
        """The day."""
        yield easter(year) + timedelta(days=self.offset)

    def document(self) -> dict[str, object]:
        """`{"easter": -2, "name": "Good Friday"}`."""
        return {"easter": self.offset, "name": self.name}


@dataclass(frozen=True, slots=True)
class NthWeekday:
    """The nth of a weekday (Monday = 0) in a month of every year; -1 is the last, -2 the one before."""

    month: int
    weekday: int
    nth: int
    name: str

    def days(self, year: int) -> Iterator[date]:
        """The day, where the month has so many of them."""
        if self.nth > 0:
            first = date(year, self.month, 1)
            day = 1 + (self.weekday - first.weekday()) % _WEEK + _WEEK * (self.nth - 1)
        else:
            last = date(year, self.month, monthrange(year, self.month)[1])
            day = last.day - (last.weekday() - self.weekday) % _WEEK + _WEEK * (self.nth + 1)
        if 1 <= day <= monthrange(year, self.month)[1]:
            yield date(year, self.month, day)

    def document(self) -> dict[str, object]:
        """`{"nthWeekday": {"month": 11, "weekday": "THU", "nth": 4}, "name": …}`."""
        inner = {"month": self.month, "weekday": NAMES[self.weekday], "nth": self.nth}
        return {"nthWeekday": inner, "name": self.name}


@dataclass(frozen=True, slots=True)
class Override:
    """What somebody said of one day. It beats everything else in its calendar."""

    day: date
    working: bool
    reason: str | None = None
    by: str | None = None
    at: Instant | None = None

    def document(self) -> dict[str, object]:
        """`{"date": "2026-12-24", "working": false, "reason": …, "by": …, "at": …}`."""
        document: dict[str, object] = {"date": self.day.isoformat(), "working": self.working}
        said = {"reason": self.reason, "by": self.by, "at": None if self.at is None else format_instant(self.at)}
        return document | {name: value for name, value in said.items() if value is not None}


def easter(year: int) -> date:
    """Easter Sunday in the Gregorian calendar.

    The algorithm of J.-M. Oudin (1940) as the U.S. Naval Observatory prints it, Explanatory Supplement to the
    Astronomical Almanac, 1992, section 12.4.
    """
    century = year // 100
    golden = year % 19
    k = (century - 17) // 25
    i = (century - century // 4 - (century - k) // 3 + 19 * golden + 15) % 30
    i -= (i // 28) * (1 - (i // 28) * (29 // (i + 1)) * ((21 - golden) // 11))
    j = (year + year // 4 + i + 2 - century + century // 4) % 7
    offset = i - j
    month = 3 + (offset + 40) // 44
    return date(year, month, offset + 28 - 31 * (month // 4))
