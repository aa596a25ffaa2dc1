"""What a cron expression means, said again from the manuals and in another way than the parser says it.

Every question is asked of one moment ("does this field match this number?"), by comparison and remainder; days are
asked of the calendar. It judges expressions that are well formed, and is too slow for anything else.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import product

from domain.wall_clock import Rule
from rota.domain.cron import Cron

MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
WEEKDAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
NICKNAMES = {
    "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
}  # fmt: skip
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Words:
    """An expression as six fields of text; the first is `0` where it has five."""

    second: str
    minute: str
    hour: str
    day: str
    month: str
    weekday: str

    def rule(self) -> Rule:
        """The rule about the wall clock. A wildcard or step in the minute or hour makes it an interval."""
        hours = [hour for hour in range(24) if listed(self.hour, hour, 23)]
        minutes = [minute for minute in range(60) if listed(self.minute, minute, 59)]
        days: dict[date, bool] = {}

        def on(day: date) -> bool:
            if day not in days:
                days[day] = self.month_and_day(day)
            return days[day]

        return Rule(
            matches=lambda wall: wall.minute in minutes and wall.hour in hours and on(wall.date()),
            seconds=[second for second in range(60) if listed(self.second, second, 59)],
            interval=any(sign in self.minute + self.hour for sign in "*/"),
            every_hour=len(hours) == 24,
        )

    def after(self, start: datetime) -> Iterator[datetime]:
        """The matching times strictly after `start`, day by day, for four hundred years."""
        seconds, minutes, hours = (
            [number for number in range(last + 1) if listed(field, number, last)]
            for field, last in ((self.second, 59), (self.minute, 59), (self.hour, 23))
        )
        for ahead in range(146_097):
            day = start.date() + DAY * ahead
            if self.month_and_day(day):
                for hour, minute, second in product(hours, minutes, seconds):
                    moment = datetime.combine(day, time(hour, minute, second))
                    if moment > start:
                        yield moment

    def month_and_day(self, day: date) -> bool:
        """Whether a date matches: crontab(5) joins two restricted day fields by "or", and a star restricts nothing."""
        if not listed(self.month, day.month, 12, names=MONTHS, first=1):
            return False
        by_day = any(_item_of_days(item, day) for item in self.day.split(","))
        by_week = any(_item_of_weekdays(item, day) for item in self.weekday.split(","))
        if self.day[0] in "*?" or self.weekday[0] in "*?":
            return by_day and by_week
        return by_day or by_week


def words(text: str, spread: str = "") -> Words:
    """The fields of an expression. What `H` chooses is asked of the parser one item at a time."""
    fields = NICKNAMES.get(text.lower(), text).upper().split()
    fields = fields if len(fields) == 6 else ["0", *fields]
    return Words(
        *(",".join(_chosen(item, place, spread) for item in part.split(",")) for place, part in enumerate(fields))
    )


def listed(field: str, number: int, last: int, names: Sequence[str] = (), first: int = 0) -> bool:
    """Whether a list of `*`, `a`, `a-b`, each with or without a step, names the number."""
    return any(_item(item, number, last, names, first) for item in field.split(","))


def _item(item: str, number: int, last: int, names: Sequence[str], first: int) -> bool:
    span, _, step = item.partition("/")
    low, _, high = span.partition("-")

    def value(text: str) -> int:
        return names.index(text) + first if text in names else int(text)

    if low in ("*", "?"):
        lowest, highest = first, last
    else:
        lowest = value(low)
        highest = 7 if high == "SUN" and lowest > 0 else value(high) if high else last if step else lowest
    return lowest <= number <= highest and (number - lowest) % int(step or 1) == 0


def _item_of_days(item: str, day: date) -> bool:
    if item == "LW":
        return day == max(_weekdays_of_month(day))
    if item.startswith("L"):
        return (day + DAY * (int(item[2:] or 0) + 1)).day == 1 and _same_month(day, day + DAY * int(item[2:] or 0))
    if item.endswith("W"):
        wanted = int(item[:-1])
        if not any(one.day == wanted for one in _month(day)):
            return False
        return day == min(_weekdays_of_month(day), key=lambda one: abs(one.day - wanted))
    return _item(item, day.day, 31, (), 1)


def _item_of_weekdays(item: str, day: date) -> bool:
    numbers = {0: (0, 7)}.get(day.isoweekday() % 7, (day.isoweekday() % 7,))  # Sunday is both 0 and 7
    if item.endswith("L"):
        return _item_of_weekdays(item[:-1], day) and not _same_month(day, day + DAY * 7)
    if "#" in item:
        weekday, nth = item.split("#")
        before = DAY * 7 * int(nth)
        return (
            _item_of_weekdays(weekday, day)
            and not _same_month(day, day - before)
            and _same_month(day, day - before + DAY * 7)
        )
    return any(_item(item, number, 7, WEEKDAYS, 0) for number in numbers)


def _same_month(one: date, other: date) -> bool:
    return (one.year, one.month) == (other.year, other.month)


def _month(day: date) -> list[date]:
    first = day.replace(day=1)
    return [first + DAY * number for number in range(31) if _same_month(first + DAY * number, first)]


def _weekdays_of_month(day: date) -> list[date]:
    return [one for one in _month(day) if one.isoweekday() <= 5]


_ALONE: Sequence[tuple[str, Callable[[Cron], Sequence[int]]]] = (
    ("{} * * * * *", lambda cron: cron.seconds),
    ("{} * * * *", lambda cron: cron.minutes),
    ("0 {} * * *", lambda cron: cron.hours),
    ("0 0 {} * *", lambda cron: sorted(cron.days.days)),
    ("0 0 * {} *", lambda cron: sorted(cron.months)),
    ("0 0 * * {}", lambda cron: sorted(cron.days.weekdays)),
)


def _chosen(item: str, place: int, spread: str) -> str:
    """The item, or what its `H` chooses; whether the minute or hour is a step stays visible."""
    if not item.startswith("H"):
        return item
    alone, values = _ALONE[place]
    chosen = values(Cron.parse(alone.format(item), spread=spread))
    return ",".join(f"{value}-{value}/1" if "/" in item else str(value) for value in chosen)
