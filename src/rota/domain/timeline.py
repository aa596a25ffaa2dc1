"""The moments of one schedule: what its rule names, and what its calendar, window and exceptions make of that."""

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import lru_cache
from itertools import takewhile
from operator import attrgetter

from rota.domain.calendar import Roll
from rota.domain.instant import Duration, Instant
from rota.domain.occurrence import Decision
from rota.domain.place import Place
from rota.domain.recurrence import ClockRule, Rule, Times
from rota.domain.schedule_exception import ExceptionKind, ScheduleException
from rota.domain.window import Window
from rota.domain.working_days import FARTHEST_ROLL, Day, WorkingDays
from rota.domain.zone import LATEST, SEARCH_LIMIT, Moment, Note, Withheld, end_of_search

_SEARCH: Duration = SEARCH_LIMIT // timedelta(microseconds=1)
_MOST_CLOSED_WINDOWS = 800
"""How many times in a row a rule may name something else while its window is open, before it is taken for never.

Two years of days are more than any rule needs: what a change of the clock moves into a window comes every year.
"""
_MOST_CLOSED_DAYS = 10_000
"""How many stretches without working days a search for the next fire passes before it gives up."""


@dataclass(frozen=True, slots=True)
class Course:
    """A rule where it is at home: all that names moments again and again. Equal courses share their computations."""

    rule: Rule
    place: Place
    roll: Roll = Roll.SKIP
    window: Window | None = None

    def moments(self, after: Instant) -> Iterator[Moment]:
        """The moments strictly after an instant, in order. Of those at one instant at most one fires, and comes first."""
        named = self._in_window(lambda start: self.rule.moments(self.place, start), after)
        days = self.place.days
        if days is None:
            return named
        kept = (self._on_calendar(moment, days) for moment in named)
        if self.roll is Roll.SKIP or not isinstance(self.rule, ClockRule):
            return kept
        zone, clock = self.place.zone, self.rule.clock(self.place)
        times = _moved(self.rule.times(self.place), days, self.roll)
        moved = self._in_window(lambda start: zone.walk(start, times, clock), after)
        rolled = (Moment(one.instant, one.nominal, Note.ROLLED) for one in moved if one.fires)
        return _once(heapq.merge(kept, rolled, key=attrgetter("instant")))

    def resumes(self, instant: Instant) -> Instant | None:
        """Just before the next working day, where there is none at an instant: whatever rolls, rolls to a working day."""
        days, zone = self.place.days, self.place.zone
        if days is None or days.is_working(day := zone.local(instant).date()):
            return None
        following = days.next_after(day)
        return LATEST if following is None else zone.earliest(datetime.combine(following, time())) - 1

    def _on_calendar(self, moment: Moment, days: WorkingDays) -> Moment:
        if not moment.fires:
            return moment
        day = self.place.zone.local(moment.instant).date()
        if days.is_working(day):
            return moment
        why = f"{day} is no working day ({_told(days.explain(day))})"
        instead = days.rolled(day, self.roll)
        if instead is not None:
            why += f"; moved to {instead}"
        return Moment(moment.instant, moment.nominal, None, Withheld(Decision.SKIPPED_CALENDAR, why))

    def _in_window(self, moments: Callable[[Instant], Iterator[Moment]], after: Instant) -> Iterator[Moment]:
        """Those in the window. A closed one is passed over in one step, however much the rule names meanwhile."""
        window, zone = self.window, self.place.zone
        if window is None:
            yield from moments(after)
            return
        closed: Instant | None = after
        in_vain = 0
        while closed is not None and in_vain < _MOST_CLOSED_WINDOWS:
            after, closed = closed, None
            in_vain += 1
            for moment in moments(after):
                local = zone.local(moment.instant).replace(tzinfo=None)
                if window.is_open(local):
                    in_vain = 0
                    yield moment
                    continue
                opening = zone.earliest(window.next_opening(local)) - 1
                if opening > moment.instant:
                    closed = min(opening, LATEST)
                    break


@dataclass(frozen=True, slots=True)
class Timeline:
    """A course between its start and end (both included), with the exceptions that people made."""

    course: Course
    starts_at: Instant | None = None
    ends_at: Instant | None = None
    exceptions: tuple[ScheduleException, ...] = ()

    def moments(self, after: Instant) -> Iterator[Moment]:
        """The moments strictly after an instant, in order, those that are withheld among them."""
        start = after if self.starts_at is None else max(after, self.starts_at - 1)
        end = LATEST if self.ends_at is None else min(self.ends_at, LATEST)
        named = takewhile(lambda moment: moment.instant <= end, self._named(start))
        if not self.exceptions:
            return named
        added = [
            Moment(one.fires_at, None, Note.ADDED if one.kind is ExceptionKind.ADD else Note.MOVED)
            for one in self.exceptions
            if one.fires_at is not None and one.fires_at > after
        ]
        added.sort(key=attrgetter("instant"))
        return _once(heapq.merge(map(self._excepted, named), added, key=attrgetter("instant")))

    def next(self, after: Instant) -> Moment | None:
        """The next moment strictly after an instant, fired or withheld."""
        return next(self.moments(after), None)

    def next_fire(self, after: Instant) -> Moment | None:
        """The next moment that fires strictly after an instant; what the calendar or a person rules out at a stretch costs nothing."""
        for _ in range(_MOST_CLOSED_DAYS):
            resumes: Instant | None = None
            last = after + _SEARCH
            for moment in self.moments(after):
                if moment.fires:
                    return moment
                if moment.instant > last:
                    return None
                resumes = self._resumes(moment.instant)
                if resumes is not None and resumes > moment.instant:
                    break
            else:
                return None
            brought = [one.fires_at for one in self.exceptions if one.fires_at is not None and one.fires_at > after]
            after = min([resumes or after, *(at - 1 for at in brought)])
        return None

    def _resumes(self, instant: Instant) -> Instant | None:
        """Just before something may fire again, where nothing does at an instant and for some time."""
        skipped = (one.until for one in self.exceptions if one.until is not None and one.leaves_out(instant))
        return max(skipped, default=None) or self.course.resumes(instant)

    def _named(self, after: Instant) -> Iterator[Moment]:
        if not self.course.rule.reads_clock and self.course.place.days is None and self.course.window is None:
            yield from self.course.moments(after)
            return
        while True:
            step = _ahead(self.course, after)
            if not step:
                return
            yield from step
            after = step[-1].instant

    def _excepted(self, moment: Moment) -> Moment:
        if not moment.fires:
            return moment
        found = next((one for one in self.exceptions if one.leaves_out(moment.instant)), None)
        if found is None:
            return moment
        return Moment(moment.instant, moment.nominal, None, Withheld(Decision.SKIPPED_EXCEPTION, found.says))


@lru_cache(maxsize=32768)
def _ahead(course: Course, after: Instant) -> tuple[Moment, ...]:
    """The next instant's moments: the one that fires first, and what shares the end of a gap with it."""
    found: list[Moment] = []
    for moment in course.moments(after):
        if found and moment.instant != found[0].instant:
            break
        found.append(moment)
        if moment.note is not Note.SHIFTED and moment.fires:
            break
    return tuple(sorted(found, key=_withheld_last))


def _told(day: Day) -> str:
    return ", ".join(reason.name for reason in day.reasons if not reason.working and not reason.overridden)


def _withheld_last(moment: Moment) -> bool:
    return not moment.fires


def _once(moments: Iterator[Moment]) -> Iterator[Moment]:
    """Of moments at one instant the first that fires, and whatever is withheld there where nothing fires."""
    held: list[Moment] = []
    for moment in moments:
        if held and moment.instant != held[0].instant:
            yield from _chosen(held)
            held = []
        held.append(moment)
    yield from _chosen(held)


def _chosen(same: list[Moment]) -> list[Moment]:
    firing = [moment for moment in same if moment.fires]
    return firing[:1] or same


def _moved(times: Times, days: WorkingDays, roll: Roll) -> Times:
    """The times that take the place of those on days without work, in order.

    A later day is never moved before an earlier one, whatever the convention, so what goes to one day is collected
    until a time goes to a later one.
    """

    def after(start: datetime) -> Iterator[datetime]:
        horizon = end_of_search(start)
        collected: set[datetime] = set()
        target = None
        for at in takewhile(horizon.__gt__, times(start - timedelta(days=FARTHEST_ROLL))):
            day = at.date()
            instead = days.rolled(day, roll)
            if instead is None:
                continue
            if target is not None and instead > target:
                yield from sorted(one for one in collected if one > start)
                collected.clear()
            target = instead
            if instead != day:
                collected.add(datetime.combine(instead, at.time()))
        yield from sorted(one for one in collected if one > start)

    return after
