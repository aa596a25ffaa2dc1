"""Which days are worked under one or more calendars, and why not.

A day is worked when it is worked in every calendar. Within one, an override beats everything in it and in its parents.
"""

import json
from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from difflib import get_close_matches
from enum import StrEnum
from functools import lru_cache

from rota.domain.calendar import Calendar, Roll
from rota.domain.dated_rules import Override
from rota.domain.errors import InvalidInput
from rota.domain.holiday_data import data_name
from rota.domain.instant import Instant
from rota.domain.weekday import FULL_NAMES

MOST_CALENDARS = 100
"""So many may have a say in one answer, parents included."""

_FARTHEST_YEARS = 41
FARTHEST_ROLL = 31
"""Days within which the working day lies that takes the place of another."""

_SATURDAY_AND_SUNDAY = (5, 6)


class ReasonKind(StrEnum):
    """What a calendar says of a day."""

    WEEKEND = "weekend"
    WORKED_WEEKEND = "workedWeekend"
    HOLIDAY = "holiday"
    RULE = "rule"
    OVERRIDE = "override"


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that a calendar says of a day; `calendar` is None for the plain week.

    `by` and `at` are those of an override. What is `overridden` does not count, because an override beats it.
    """

    calendar: str | None
    kind: ReasonKind
    name: str
    working: bool
    by: str | None = None
    at: Instant | None = None
    overridden: bool = False


@dataclass(frozen=True, slots=True)
class Day:
    """Whether a day is worked, with everything that any calendar says of it; nothing, on an ordinary working day."""

    day: date
    working: bool
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, eq=False)
class WorkingDays:
    """The working days of some calendars together. Two are equal when their `key` is.

    `key` holds the content of the calendars and the version of the data behind them, so that what was computed with
    one value is known to be stale under another. `data` names that data, such as `holidays 0.109`; it is empty where
    no library data is used.
    """

    key: str
    names: tuple[str, ...]
    calendars: Mapping[str, Calendar]
    data: str

    @classmethod
    def of(cls, names: Sequence[str], known: Mapping[str, Calendar]) -> "WorkingDays":
        """The days that are worked in all the calendars `names`; without any, Monday to Friday.

        InvalidInput, located at `calendar` or `parents`, for a name that is not among the `known`, for calendars that
        are their own ancestors, for more than 100 of them together, and for a country or market that the holiday data
        of this version does not have any more.
        """
        chosen = tuple(sorted(set(names)))
        calendars: dict[str, Calendar] = {}
        for name in chosen:
            _collect(name, known, calendars, ())
        sources = [source for calendar in calendars.values() for source in calendar.holidays]
        for source in sources:
            source.require()
        data = data_name() if sources else ""
        documents = {name: calendars[name].document() | {"description": None} for name in sorted(calendars)}
        key = json.dumps([chosen, documents, data], ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        return cls(key, chosen, calendars, data)

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, WorkingDays) and self.key == other.key)

    def __hash__(self) -> int:
        return hash(self.key)

    def is_working(self, day: date) -> bool:
        """Whether the day is worked."""
        return bool(_year(self, day.year)[day.toordinal() - date(day.year, 1, 1).toordinal()])

    def explain(self, day: date) -> Day:
        """Whether the day is worked, and everything that is said of it."""
        said: dict[str, tuple[Reason, ...]] = {}
        reasons = [reason for name in self.names for reason in self._said(name, day, said)]
        if not self.names:
            reasons = list(_said_by(None, Calendar(), day))
        return Day(day, self.is_working(day), tuple(dict.fromkeys(reasons)))

    def rolled(self, day: date, roll: Roll) -> date | None:
        """The working day that takes the place of `day`: itself if it is worked.

        None when it falls away: under `Roll.SKIP`, or where there is no working day within 31 days.
        """
        if self.is_working(day):
            return day
        match roll:
            case Roll.SKIP:
                return None
            case Roll.FOLLOWING:
                return self._nearest(day, 1)
            case Roll.PRECEDING:
                return self._nearest(day, -1)
            case Roll.MODIFIED_FOLLOWING:
                following = self._nearest(day, 1)
                same_month = following is not None and (following.year, following.month) == (day.year, day.month)
                return following if same_month else self._nearest(day, -1)

    def nth(self, year: int, month: int, n: int) -> date | None:
        """The nth working day of a month, counted from 1; from its end where negative: -1 is the last.

        None where the month has no such day. ValueError for n = 0.
        """
        if n == 0:
            raise ValueError("working days are counted from 1, or from -1 at the end")
        worked = _year(self, year)
        first = date(year, month, 1)
        start = first.toordinal() - date(year, 1, 1).toordinal()
        days = [day for day in range(monthrange(year, month)[1]) if worked[start + day]]
        position = n - 1 if n > 0 else len(days) + n
        return first + timedelta(days=days[position]) if 0 <= position < len(days) else None

    def next_after(self, day: date) -> date | None:
        """The first working day after a day, however far away; None when there is none within 41 years."""
        for year in range(day.year, min(day.year + _FARTHEST_YEARS, date.max.year) + 1):
            begin = day.timetuple().tm_yday if year == day.year else 0
            found = _year(self, year).find(1, begin)
            if found >= 0:
                return date(year, 1, 1) + timedelta(days=found)
        return None

    def _nearest(self, day: date, step: int) -> date | None:
        for distance in range(1, FARTHEST_ROLL + 1):
            ordinal = day.toordinal() + step * distance
            if not 1 <= ordinal <= date.max.toordinal():
                return None
            if self.is_working(found := date.fromordinal(ordinal)):
                return found
        return None

    def _said(self, name: str, day: date, said: dict[str, tuple[Reason, ...]]) -> tuple[Reason, ...]:
        """What a calendar and its ancestors say of a day; what has been asked before is in `said`."""
        if name not in said:
            calendar = self.calendars[name]
            dated = _dated(self, name, day.year)
            found = [
                *_said_by(name, calendar, day),
                *(Reason(name, ReasonKind.RULE, rule, False) for rule in dated.rules.get(day, ())),
                *(reason for parent in calendar.parents for reason in self._said(parent, day, said)),
            ]
            override = dated.overrides.get(day)
            if override is not None:
                found = [_told(name, override), *(replace(reason, overridden=True) for reason in found)]
            said[name] = tuple(dict.fromkeys(found))
        return said[name]


MONDAY_TO_FRIDAY = WorkingDays.of((), {})
"""What is worked where no calendar says anything else."""


def _collect(
    name: str, known: Mapping[str, Calendar], found: dict[str, Calendar], descendants: tuple[str, ...]
) -> None:
    """Add a calendar and its ancestors to `found`."""
    where = "parents" if descendants else "calendar"
    if name in descendants:
        circle = " → ".join((*descendants[descendants.index(name) :], name))
        raise InvalidInput.field(where, msg=f"a calendar cannot be its own ancestor: {circle}")
    if name in found:
        return
    if name not in known:
        near = get_close_matches(name, known, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        whose = f", the parent of {descendants[-1]!r}" if descendants else ""
        raise InvalidInput.field(where, msg=f"no calendar {name!r}{whose}{hint}")
    if len(descendants) + len(found) >= MOST_CALENDARS:
        raise InvalidInput.field(where, msg=f"more than {MOST_CALENDARS} calendars together, with their parents")
    for parent in known[name].parents:
        _collect(parent, known, found, (*descendants, name))
    found[name] = known[name]


@lru_cache(maxsize=4096)
def _year(days: WorkingDays, year: int) -> bytes:
    """For each day of a year, 1 where it is worked."""
    first = date(year, 1, 1).toordinal()
    length = date(year, 12, 31).toordinal() - first + 1
    if not days.names:
        return bytes(_own_days(Calendar(), year, first, length))
    worked: dict[str, bytearray] = {}
    for name, calendar in days.calendars.items():  # parents come before their children
        own = _own_days(calendar, year, first, length)
        for parent in calendar.parents:
            own = bytearray(mine & its for mine, its in zip(own, worked[parent], strict=True))
        for override in calendar.overrides:
            if override.day.year == year:
                own[override.day.toordinal() - first] = override.working
        worked[name] = own
    return bytes(min(said) for said in zip(*(worked[name] for name in days.names), strict=True))


def _own_days(calendar: Calendar, year: int, first: int, length: int) -> bytearray:
    """What a calendar says of a year by its week, its holidays and its rules alone."""
    own = bytearray(b"\x01" * length)
    weekdays = _weekend(calendar)
    for position in range(length):
        if (first + position - 1) % len(FULL_NAMES) in weekdays:
            own[position] = 0
    off: set[date] = set()
    if calendar.holidays:
        leading = calendar.holidays[0].in_year(year)
        if calendar.weekend is None:
            off |= leading.weekend
        for day in leading.worked:
            own[day.toordinal() - first] = 1
        off -= leading.worked
    off.update(day for source in calendar.holidays for day in source.in_year(year).names)
    off.update(day for rule in calendar.rules for day in rule.days(year))
    for day in off:
        own[day.toordinal() - first] = 0
    return own


def _weekend(calendar: Calendar) -> tuple[int, ...]:
    """The weekdays that a calendar itself takes for its weekend."""
    if calendar.weekend is not None:
        return calendar.weekend
    return () if calendar.holidays or calendar.parents else _SATURDAY_AND_SUNDAY


def _said_by(name: str | None, calendar: Calendar, day: date) -> Iterator[Reason]:
    """What a calendar says of a day by its week and its holidays."""
    leading = calendar.holidays[0].in_year(day.year) if calendar.holidays else None
    rests = day.weekday() in _weekend(calendar)
    if leading is not None and calendar.weekend is None:
        rests = day in leading.weekend
    worked = leading is not None and day in leading.worked
    if rests and not worked:
        yield Reason(name, ReasonKind.WEEKEND, FULL_NAMES[day.weekday()], False)
    elif rests:
        what = f"{FULL_NAMES[day.weekday()]}, worked in {calendar.holidays[0].label}"
        yield Reason(name, ReasonKind.WORKED_WEEKEND, what, True)
    for source in calendar.holidays:
        holiday = source.in_year(day.year).names.get(day)
        if holiday is not None:
            yield Reason(name, ReasonKind.HOLIDAY, f"{holiday} ({source.label})", False)


@dataclass(frozen=True, slots=True)
class _Dated:
    """What a calendar says of the single days of one year: the names of its rules, and its overrides."""

    rules: Mapping[date, Sequence[str]]
    overrides: Mapping[date, Override]


@lru_cache(maxsize=1024)
def _dated(days: WorkingDays, name: str, year: int) -> _Dated:
    calendar = days.calendars[name]
    rules: dict[date, list[str]] = {}
    for rule in calendar.rules:
        for day in rule.days(year):
            rules.setdefault(day, []).append(rule.name)
    return _Dated(rules, {override.day: override for override in calendar.overrides if override.day.year == year})


def _told(name: str, override: Override) -> Reason:
    text = override.reason or ("worked" if override.working else "not worked")
    return Reason(name, ReasonKind.OVERRIDE, text, override.working, override.by, override.at)
