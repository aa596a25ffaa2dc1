"""Recurrence rules of iCalendar (RFC 5545, section 3.3.10), such as `FREQ=MONTHLY;BYDAY=2TU;BYHOUR=6`.

Which days of a year a rule means is asked of `dateutil`, one year at a time and once for each kind of year. The way
from year to year is ours: left alone the library looks for a rule that never comes true up to the year 9999.
"""

from calendar import isleap
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import dropwhile, groupby, islice

from rota.domain.errors import InvalidInput
from rota.domain.instant import SECOND, Instant, from_datetime
from rota.domain.place import Place
from rota.domain.recurrence import ClockRule, Times
from rota.domain.rrule_parts import Frequency, Parts, Written, canonical, read_parts
from rota.domain.rrule_words import words
from rota.domain.zone import Clock, Zone

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a wall time
_SECOND = timedelta(seconds=1)
_LAST_YEAR = 9950
_KINDS_OF_YEARS = range(9999, 9971, -1)
"""28 years with every weekday on 1 January, leap or not, after a leap year or not; the library ends behind them."""
_MOST_BARREN_YEARS = 41
_MINUTES_OF_A_WEEK = 10_080
"""Steps of minutes or hours come back to the same weekday and time after at most so many."""


@dataclass(frozen=True, slots=True)
class RecurrenceRule(ClockRule):
    """The text of a rule, and where it begins if the text does not say so: at the schedule's `startsAt`.

    A rule that begins nowhere counts its periods from 1970, as `every` does.
    """

    text: str
    starts_at: Instant | None = None

    @classmethod
    def read(cls, text: str, starts_at: Instant | None, zone: str) -> "RecurrenceRule":
        """Check a rule. InvalidInput with one sentence, located at `rrule`."""
        parts = read_parts(text, zone)
        if parts.start is None and starts_at is None:
            _require_no_start(parts)
        return cls(canonical(text, parts.start), starts_at)

    def times(self, place: Place) -> Times:
        """Those from its start to its UNTIL, or as many as its COUNT says."""
        parts, first = self._parts(place.time_zone), self._first(place.zone)
        last = None if parts.until is None else _local(parts.until, place.zone)
        if parts.count is not None:
            last = _last_counted(parts, first)

        def after(local: datetime) -> Iterator[datetime]:
            for at in _named(parts, first, max(local, first - _SECOND)):
                if last is not None and at > last:
                    return
                yield at

        return after

    def clock(self, place: Place) -> Clock:
        """Hours and minutes follow real time; times of day follow the policies."""
        parts = self._parts(place.time_zone)
        if not parts.frequency.is_sub_daily:
            return Clock(place.gap, place.overlap)
        fills_hours = parts.interval == 1 if parts.frequency is Frequency.HOURLY else 60 % parts.interval == 0
        return Clock(
            place.gap, place.overlap, follows_real_time=True, gap_loses_runs=bool(parts.by_hour) or not fills_hours
        )

    def document(self) -> dict[str, object]:
        """`{"rrule": "FREQ=…"}`."""
        return {"rrule": self.text}

    def describe(self, zone: str) -> str:
        """Such as "monthly on the 2nd TUE at 06:00 Europe/Madrid"."""
        return words(self._parts(zone), self._first(Zone.named(zone)), zone)

    def _parts(self, zone: str) -> Parts:
        return read_parts(self.text, zone)

    def _first(self, zone: Zone) -> datetime:
        """DTSTART, in whole seconds of local time."""
        if (start := self._parts(zone.name).start) is not None:
            return start
        if self.starts_at is None:
            return _EPOCH
        return zone.local(-(-self.starts_at // SECOND) * SECOND).replace(tzinfo=None)


def _require_no_start(parts: Parts) -> None:
    if parts.count is not None:
        raise InvalidInput.field("rrule", msg="COUNT counts from a start: say startsAt, or DTSTART in the rule")
    of_period = parts.frequency in (Frequency.YEARLY, Frequency.MONTHLY, Frequency.WEEKLY)
    if of_period and not parts.names_days:
        which = "BYDAY" if parts.frequency is Frequency.WEEKLY else "BYDAY or BYMONTHDAY"
        raise InvalidInput.field("rrule", msg=f"it does not say on which day: add {which}, or startsAt")


def _local(written: Written, zone: Zone) -> datetime:
    if not written.utc:
        return written.at
    return zone.local(from_datetime(written.at.replace(tzinfo=UTC))).replace(tzinfo=None)


def _named(parts: Parts, first: datetime, start: datetime) -> Iterator[datetime]:
    """The times strictly after `start`, which is not before the first one, whatever UNTIL and COUNT say."""
    return _within_days(parts, first, start) if parts.frequency.is_sub_daily else _by_days(parts, first, start)


@lru_cache(maxsize=4096)
def _last_counted(parts: Parts, first: datetime) -> datetime:
    assert parts.count is not None
    *_, last = first - _SECOND, *islice(_named(parts, first, first - _SECOND), parts.count)
    return last


def _by_days(parts: Parts, first: datetime, start: datetime) -> Iterator[datetime]:
    times = _times_of_day(parts, first)
    days = _aligned_days(parts, first, start)
    if not parts.positions:
        for day in dropwhile(start.date().__gt__, days):
            yield from (at for at in (datetime.combine(day, one) for one in times) if at > start)
        return
    fruitful = start.year
    for _, period in groupby(days, lambda day: _period(parts, day)):
        named = [datetime.combine(day, one) for day in period for one in times]
        places = {place - 1 if place > 0 else len(named) + place for place in parts.positions}
        chosen = [at for place, at in enumerate(named) if place in places]
        if chosen:
            fruitful = chosen[-1].year
        elif named[0].year - fruitful > _MOST_BARREN_YEARS:
            return
        yield from (at for at in chosen if at > start)


def _aligned_days(parts: Parts, first: datetime, start: datetime) -> Iterator[date]:
    """The days of the periods that INTERVAL leaves, in order, from the beginning of a period before `start`."""
    phase = _period(parts, first.date())
    barren = 0
    for year in range((start - timedelta(days=6)).year, _LAST_YEAR + 1):
        new_year = date(year, 1, 1)
        barren += 1
        days = _days_of_year(parts, _start_day(parts, first), *_kind(year))
        for position in days:
            day = new_year + timedelta(days=position)
            if (_period(parts, day) - phase) % parts.interval == 0:
                barren = 0
                yield day
        if barren > _MOST_BARREN_YEARS:
            return


def _period(parts: Parts, day: date) -> int:
    match parts.frequency:
        case Frequency.YEARLY:
            return day.year
        case Frequency.MONTHLY:
            return day.year * 12 + day.month
        case Frequency.WEEKLY:
            return (day.toordinal() - 1 - parts.week_start) // 7  # the first day there is was a Monday
        case _:
            return day.toordinal()


def _kind(year: int) -> tuple[int, bool, bool]:
    """What decides which days of a year a rule means: the weekday of 1 January, and where the leap days are."""
    return date(year, 1, 1).weekday(), isleap(year), isleap(year - 1)


def _start_day(parts: Parts, first: datetime) -> tuple[int, int, int]:
    """Month, day and weekday of the start, where the rule takes its days from there."""
    return (0, 0, 0) if parts.names_days else (first.month, first.day, first.weekday())


@lru_cache(maxsize=32768)
def _days_of_year(
    parts: Parts, start: tuple[int, int, int], weekday: int, leap: bool, after_leap: bool
) -> tuple[int, ...]:
    """The days of a kind of year, counted from 0, that a rule with INTERVAL=1 means.

    Every frequency is told as days of a year: a month or a week only chooses among them.
    """
    from dateutil import rrule

    kind = (weekday, leap, after_leap)
    year = next(year for year in _KINDS_OF_YEARS if _kind(year) == kind)
    counted, plain = [day for day in parts.by_day if day[0]], [day for day in parts.by_day if not day[0]]
    months, month_days = _months_and_days(parts, start)
    if parts.frequency is Frequency.WEEKLY and not plain:
        plain = [(0, start[2])]
    found: set[int] = set()
    for group in filter(None, (counted, plain)) if counted or plain else ([],):
        rule = rrule.rrule(
            rrule.YEARLY,
            dtstart=datetime(year, 1, 1),  # noqa: DTZ001 - a wall time
            until=datetime(year, 12, 31),  # noqa: DTZ001
            wkst=parts.week_start,
            bymonth=months or None,
            byweekno=parts.by_week or None,
            byyearday=parts.by_year_day or None,
            bymonthday=month_days or None,
            byweekday=[rrule.weekday(day, n or None) for n, day in group] or None,
        )
        found.update(at.timetuple().tm_yday - 1 for at in rule)
    return tuple(sorted(found))


def _months_and_days(parts: Parts, start: tuple[int, int, int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """BYMONTH and BYMONTHDAY, with what the frequency and the start add to them."""
    months, days = parts.by_month, parts.by_month_day
    every_month = tuple(range(1, 13))
    match parts.frequency:
        case Frequency.YEARLY if not parts.names_days:
            return months or (start[0],), (start[1],)
        case Frequency.MONTHLY:
            return months or every_month, days if parts.names_days else (start[1],)
        case Frequency.DAILY if not parts.names_days:
            return months, tuple(range(1, 32))
        case _:
            return months, days


@lru_cache(maxsize=4096)
def _times_of_day(parts: Parts, first: datetime) -> tuple[time, ...]:
    return tuple(
        time(hour, minute, second)
        for hour in parts.by_hour or (first.hour,)
        for minute in parts.by_minute or (first.minute,)
        for second in parts.by_second or (first.second,)
    )


def _within_days(parts: Parts, first: datetime, start: datetime) -> Iterator[datetime]:
    """Steps of hours or minutes, counted from the start. Past a week of misses nothing comes any more."""
    hourly = parts.frequency is Frequency.HOURLY
    base = first.replace(minute=0, second=0) if hourly else first.replace(second=0)
    step = parts.interval * timedelta(hours=1 if hourly else 0, minutes=0 if hourly else 1)
    at, misses = base + (start - base) // step * step, 0
    while misses <= _MINUTES_OF_A_WEEK and at.year <= _LAST_YEAR:
        resume = _resumes(parts, at)
        if resume > at:
            misses += 1
            at = base - (base - resume) // step * step
            continue
        misses = 0
        minutes = (parts.by_minute or (first.minute,)) if hourly else (at.minute,)
        for minute in minutes:
            for second in parts.by_second or (first.second,):
                if (named := at.replace(minute=minute, second=second)) > start and named >= first:
                    yield named
        at += step


def _resumes(parts: Parts, at: datetime) -> datetime:
    """The first time from `at` on that may be one of the rule: `at` itself where nothing speaks against it."""
    midnight = datetime.combine(at.date(), time())
    if parts.by_day and (0, at.weekday()) not in parts.by_day:
        return midnight + timedelta(days=1)
    if parts.by_hour and at.hour not in parts.by_hour:
        hour = next((hour for hour in parts.by_hour if hour > at.hour), 24)
        return midnight + timedelta(hours=hour)
    if parts.frequency is Frequency.MINUTELY and parts.by_minute and at.minute not in parts.by_minute:
        minute = next((minute for minute in parts.by_minute if minute > at.minute), 60)
        return at.replace(minute=0) + timedelta(minutes=minute)
    return at
