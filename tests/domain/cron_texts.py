"""Hypothesis strategies for well-formed cron expressions of every form, and the changes of clocks to try them at."""

from datetime import timedelta
from functools import cache
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from domain.cron_in_words import MONTHS, WEEKDAYS
from domain.wall_clock import Minute, utc, watch

Texts = st.SearchStrategy[str]
AROUND = timedelta(days=5)

CHANGES = (
    ("America/New_York", "2024-03-10T07:00:00Z"),
    ("America/New_York", "2024-11-03T06:00:00Z"),
    ("Europe/London", "2024-03-31T01:00:00Z"),
    ("Europe/London", "2024-10-27T01:00:00Z"),
    ("Europe/Dublin", "2023-03-26T01:00:00Z"),
    ("Australia/Lord_Howe", "2024-04-06T15:00:00Z"),
    ("Australia/Lord_Howe", "2024-10-05T15:30:00Z"),
    ("America/Santiago", "2024-04-07T03:00:00Z"),
    ("America/Santiago", "2024-09-08T04:00:00Z"),
    ("Pacific/Apia", "2011-04-02T14:00:00Z"),
    ("Pacific/Apia", "2011-12-30T10:00:00Z"),
    ("Africa/Casablanca", "2024-03-10T02:00:00Z"),
    ("Africa/Casablanca", "2024-04-14T02:00:00Z"),
    ("Antarctica/Troll", "2024-03-31T01:00:00Z"),
    ("Antarctica/Troll", "2024-10-27T01:00:00Z"),
    ("Pacific/Chatham", "2024-09-28T14:00:00Z"),
    ("America/Caracas", "2007-12-09T07:00:00Z"),  # half an hour back, for good
    ("Asia/Pyongyang", "2018-05-04T15:00:00Z"),  # half an hour forward at midnight, for good
    ("America/St_Johns", "2006-10-29T02:31:00Z"),  # at one minute past midnight
    ("Asia/Kolkata", "2024-03-30T20:30:00Z"),  # no change
    ("UTC", "2024-02-28T23:00:00Z"),  # a leap day
)


@cache
def watched(zone: str, change: str) -> list[Minute]:
    """What the clock shows around a change."""
    return watch(ZoneInfo(zone), utc(change) - AROUND, utc(change) + AROUND)


def numbers(low: int, high: int, *, likely: Texts | None = None, named: list[str] | None = None) -> Texts:
    """A field: a star, a step, or a list of values, ranges, steps, names and hashes."""
    number = st.integers(low, high)
    value = number.map(str) if named is None else st.one_of(number.map(str), st.sampled_from(named))
    step = st.integers(1, max(high, 2))
    pair = st.tuples(number, number).map(sorted).map(lambda ends: f"{ends[0]}-{ends[1]}")
    names = [] if named is None else [st.tuples(*[st.integers(0, len(named) - 1)] * 2).map(sorted).map(
        lambda ends: f"{named[ends[0]]}-{named[ends[1]]}")]  # fmt: skip
    item = st.one_of(
        value,
        pair,
        *names,
        st.builds("{}/{}".format, pair, step),
        st.builds("{}/{}".format, number, step),
        st.sampled_from(["H", "h/7", "H/15"]) if low == 0 and high >= 23 else st.just("H"),
        st.builds("H({})".format, pair),
        st.builds("H({})/{}".format, pair, step),
    )
    items = st.lists(item, min_size=1, max_size=3).map(",".join)
    stars = st.one_of(st.just("*"), step.map("*/{}".format))
    return st.one_of(*([] if likely is None else [likely, likely]), items, stars)


SECONDS = numbers(0, 59, likely=st.sampled_from(["0", "0,30", "*/20", "59"]))
MINUTES = numbers(0, 59, likely=st.sampled_from(["0", "30", "15,45", "*/20", "59", "1"]))
HOURS = numbers(0, 23, likely=st.sampled_from(["0", "1", "2", "3", "1-3", "23", "0-4/2"]))
FIXED = st.tuples(
    st.lists(
        st.sampled_from(["30", "15", *map(str, range(0, 60, 5)), "0-20", "29-31", "58,59"]), min_size=1, max_size=3
    ).map(",".join),
    st.lists(st.sampled_from(["2", "1", "0-3", "0", "3", "4", "23", "1-2"]), min_size=1, max_size=2).map(",".join),
).map(" ".join)
"""Fixed times in the small hours, where clocks are changed."""
TIMES = st.one_of(FIXED, FIXED, st.tuples(MINUTES, HOURS).map(" ".join))
MONTH = st.one_of(st.just("*"), st.just("*"), numbers(1, 12, named=MONTHS))
DAYS = st.one_of(
    st.just("*"),
    st.just("?"),
    numbers(1, 31),
    st.lists(
        st.one_of(
            st.sampled_from(["L", "LW", "l"]),
            st.integers(0, 30).map("L-{}".format),
            st.integers(1, 31).map("{}W".format),
            st.integers(1, 31).map(str),
        ),
        min_size=1,
        max_size=3,
    ).map(",".join),
)
ONE_WEEKDAY = st.one_of(st.integers(0, 7).map(str), st.sampled_from(WEEKDAYS))
WEEK = st.one_of(
    st.just("*"),
    st.just("?"),
    numbers(0, 7, named=WEEKDAYS),
    st.sampled_from(["MON-FRI", "SAT-SUN", "FRI-SUN", "sun", "7", "1-7/2"]),
    st.lists(
        st.one_of(
            st.builds("{}#{}".format, ONE_WEEKDAY, st.integers(1, 5)), st.builds("{}L".format, ONE_WEEKDAY), ONE_WEEKDAY
        ),
        min_size=1,
        max_size=3,
    ).map(",".join),
)
DATES = st.tuples(DAYS, MONTH, WEEK).map(" ".join)
EVERY_DAY = st.just("* * *")
FIVE = st.tuples(TIMES, st.one_of(EVERY_DAY, EVERY_DAY, DATES)).map(" ".join)
SIX = st.tuples(SECONDS, FIVE).map(" ".join)
NICKNAMES = st.sampled_from(["@hourly", "@daily", "@midnight", "@weekly", "@monthly", "@yearly", "@annually", "@DAILY"])
EXPRESSIONS = st.one_of(FIVE, FIVE, FIVE, FIVE, SIX, NICKNAMES)
