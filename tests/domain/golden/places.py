"""The zones of the golden table, the changes of their clocks, and the rules that are taken through them."""

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.wall_clock import Rule, utc

WINDOW = timedelta(hours=4)
"""How far before and after a change the table reaches."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a clock: `at` is its instant, `before` and `after` are the offsets around it."""

    at: str
    before: str
    after: str
    says: str

    @property
    def start(self) -> datetime:
        """Where the table begins; an instant that does not belong to it any more."""
        return utc(self.at) - WINDOW

    @property
    def until(self) -> datetime:
        """Where it ends; an instant that still belongs to it."""
        return utc(self.at) + WINDOW


@dataclass(frozen=True, slots=True)
class Place:
    """A zone. `skipped` and `repeated` are times of day in its gap and in its overlap; `edges` is a cron expression
    for the beginning and the end of the gap; `day` is the local date of the gap.
    """

    zone: str
    skipped: str
    repeated: str
    edges: str
    day: str
    changes: tuple[Change, ...]


PLACES = (
    Place("America/New_York", "02:30", "01:30", "0 2,3 * * *", "2024-03-10", (
        Change("2024-03-10T07:00:00Z", "-05:00", "-04:00", "02:00 becomes 03:00"),
        Change("2024-11-03T06:00:00Z", "-04:00", "-05:00", "02:00 becomes 01:00"),
    )),
    Place("Europe/London", "01:30", "01:30", "0 1,2 * * *", "2024-03-31", (
        Change("2024-03-31T01:00:00Z", "+00:00", "+01:00", "01:00 becomes 02:00"),
        Change("2024-10-27T01:00:00Z", "+01:00", "+00:00", "02:00 becomes 01:00"),
    )),
    Place("Australia/Lord_Howe", "02:15", "01:45", "0,30 2 * * *", "2024-10-06", (
        Change("2024-04-06T15:00:00Z", "+11:00", "+10:30", "02:00 becomes 01:30"),
        Change("2024-10-05T15:30:00Z", "+10:30", "+11:00", "02:00 becomes 02:30"),
    )),
    Place("America/Santiago", "00:30", "23:30", "0 0,1 * * *", "2024-09-08", (
        Change("2024-04-07T03:00:00Z", "-03:00", "-04:00", "24:00 becomes 23:00"),
        Change("2024-09-08T04:00:00Z", "-04:00", "-03:00", "00:00 becomes 01:00"),
    )),
    Place("Pacific/Apia", "03:30", "03:30", "0 0 30,31 12 *", "2011-12-30", (
        Change("2011-04-02T14:00:00Z", "-10:00", "-11:00", "04:00 becomes 03:00"),
        Change("2011-09-24T14:00:00Z", "-11:00", "-10:00", "03:00 becomes 04:00"),
        Change("2011-12-30T10:00:00Z", "-10:00", "+14:00", "29 December, 24:00, becomes 31 December, 00:00"),
    )),
    Place("Africa/Casablanca", "02:30", "02:30", "0 2,3 * * *", "2024-04-14", (
        Change("2024-03-10T02:00:00Z", "+01:00", "+00:00", "Ramadan begins: 03:00 becomes 02:00"),
        Change("2024-04-14T02:00:00Z", "+00:00", "+01:00", "Ramadan has ended: 02:00 becomes 03:00"),
    )),
    Place("Antarctica/Troll", "01:30", "01:30", "0 1,2,3 * * *", "2024-03-31", (
        Change("2024-03-31T01:00:00Z", "+00:00", "+02:00", "01:00 becomes 03:00"),
        Change("2024-10-27T01:00:00Z", "+02:00", "+00:00", "03:00 becomes 01:00"),
    )),
    Place("Asia/Kolkata", "02:30", "01:30", "0 2,3 * * *", "2024-03-31", (
        Change("2024-03-30T20:30:00Z", "+05:30", "+05:30", "02:00, and no change"),
        Change("2024-10-26T20:30:00Z", "+05:30", "+05:30", "02:00, and no change"),
    )),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Case:
    """One rule of the table: its schedule document, and the same said without any parser."""

    name: str
    document: dict[str, object]
    rule: Rule | None  # None: real time, told by `period` alone
    period: timedelta = timedelta()


def cases(place: Place) -> Iterator[Case]:
    """The rules that are taken through the changes of a place."""
    skip, both = {"dstGap": "skip"}, {"dstOverlap": "both"}
    gap_hour, gap_minute = map(int, place.skipped.split(":"))
    day = datetime.fromisoformat(place.day)
    weekday = calendar.day_abbr[day.weekday()].upper()
    skipped, repeated = _at(place.skipped), _at(place.repeated)
    yield Case(f"daily at {place.skipped}", {"daily": {"at": place.skipped}}, skipped)
    yield Case(f"daily at {place.skipped}, dstGap skip", {"daily": {"at": place.skipped}, **skip}, skipped)
    yield Case(f"daily at {place.repeated}, dstOverlap first", {"daily": {"at": place.repeated}}, repeated)
    yield Case(f"daily at {place.repeated}, dstOverlap both", {"daily": {"at": place.repeated}, **both}, repeated)
    yield Case(f"cron {place.edges}", {"cron": place.edges}, _edges(place))
    yield Case("cron 0 0 * * *", {"cron": "0 0 * * *"}, _at("00:00"))
    yield Case("cron 0 * * * *", {"cron": "0 * * * *"}, Rule(lambda t: t.minute == 0, interval=True, every_hour=True))
    yield Case("cron */30 * * * *", {"cron": "*/30 * * * *"},
               Rule(lambda t: t.minute in (0, 30), interval=True, every_hour=True))  # fmt: skip
    yield Case("cron */20 1-3 * * *", {"cron": "*/20 1-3 * * *"},
               Rule(lambda t: t.minute in (0, 20, 40) and 1 <= t.hour <= 3, interval=True))  # fmt: skip
    quarters = Rule(lambda t: t.minute in (15, 45) and 1 <= t.hour <= 3)
    yield Case("cron 15,45 1-3 * * *", {"cron": "15,45 1-3 * * *"}, quarters)
    yield Case("cron 15,45 1-3 * * *, dstGap skip, dstOverlap both",
               {"cron": "15,45 1-3 * * *", **skip, **both}, quarters)  # fmt: skip
    yield Case("every 90m", {"every": "90m"}, None, timedelta(minutes=90))
    yield Case(f"weekly on {weekday} at {place.skipped}", {"weekly": {"on": [weekday], "at": place.skipped}},
               Rule(lambda t: skipped.matches(t) and t.weekday() == day.weekday()))  # fmt: skip
    yield Case(f"monthly on the last day at {place.skipped}", {"monthly": {"day": -1, "at": place.skipped}},
               Rule(lambda t: skipped.matches(t) and (t + timedelta(days=1)).day == 1))  # fmt: skip
    yield Case(f"yearly on {day.day} {day:%B} at {place.skipped}",
               {"yearly": {"month": day.month, "day": day.day, "at": place.skipped}},
               Rule(lambda t: skipped.matches(t) and (t.month, t.day) == (day.month, day.day)))  # fmt: skip
    text = f"0,30 {gap_minute} {gap_hour} * * *"
    yield Case(f"cron {text}", {"cron": text}, Rule(skipped.matches, seconds=(0, 30)))
    text = f"*/20 {gap_minute} {gap_hour} * * *"
    yield Case(f"cron {text}, dstOverlap both", {"cron": text, **both}, Rule(skipped.matches, seconds=(0, 20, 40)))
    yield Case(f"cron {text}", {"cron": text}, Rule(skipped.matches, seconds=(0, 20, 40)))


def _at(clock: str) -> Rule:
    return Rule(lambda t: f"{t:%H:%M}" == clock)


def _edges(place: Place) -> Rule:
    times = {
        "0 0 30,31 12 *": ("12-30 00:00", "12-31 00:00"),
        "0 2,3 * * *": ("02:00", "03:00"),
        "0 1,2 * * *": ("01:00", "02:00"),
        "0,30 2 * * *": ("02:00", "02:30"),
        "0 0,1 * * *": ("00:00", "01:00"),
        "0 1,2,3 * * *": ("01:00", "02:00", "03:00"),
    }[place.edges]
    return Rule(lambda t: f"{t:%m-%d %H:%M}".endswith(times))
