"""Recurrence rules: the examples of the RFC, dateutil as the judge of random ones, and rules that mean harm."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise, takewhile
from math import prod
from zoneinfo import ZoneInfo

import pytest
from dateutil import rrule as judge
from hypothesis import given, settings
from hypothesis import strategies as st

import rota
from domain.rrule_examples import EXAMPLES
from rota.domain.errors import InvalidInput, Location
from rota.domain.instant import SECOND, Instant, from_datetime, parse_instant
from rota.domain.place import Place
from rota.domain.planning import Fire, next_after, upcoming
from rota.domain.rrule import RecurrenceRule
from rota.domain.schedule import Schedule
from rota.domain.zone import DstGap, DstOverlap, Zone

NOW = parse_instant("2026-11-21T12:00:00Z")
NEW_YORK = "America/New_York"
MOST_CPU_SECONDS = 0.05


def parse(rule: str, now: Instant = NOW, **fields: object) -> Schedule:
    return Schedule.parse({"rrule": rule, **fields}, now=now, spread="job-1")


def fires(rule: str, count: int, now: Instant = NOW, **fields: object) -> list[Fire]:
    return upcoming(parse(rule, now, **fields), now, count=count).items


def local(rule: str, count: int, now: Instant = NOW, **fields: object) -> list[str]:
    return [fire.local_text for fire in fires(rule, count, now, **fields)]


def refusal(rule: str, **fields: object) -> str:
    with pytest.raises(InvalidInput) as refused:
        parse(rule, **fields)
    ((location, message),) = refused.value.errors
    assert location == ("rrule",)
    return message


# The examples of the RFC


def written(at: str) -> datetime:
    return datetime.fromisoformat(at if "T" in at else f"{at}T090000")


@pytest.mark.parametrize(("start", "rule", "listed"), EXAMPLES, ids=[rule for _, rule, _ in EXAMPLES])
def test_an_example_of_the_rfc_names_the_times_that_it_lists(start: str, rule: str, listed: str) -> None:
    first = written(start)
    created = from_datetime(first.replace(tzinfo=UTC)) - 86_400 * SECOND
    goes_on = listed.endswith("…")
    wanted = [written(at) for at in listed.split() if at != "…"]
    text = f"DTSTART;TZID={NEW_YORK}:{start}\nRRULE:{rule}"
    found = fires(text, len(wanted) + 1, created, timeZone=NEW_YORK)
    zone = Zone.named(NEW_YORK)
    assert [zone.local(fire.at).replace(tzinfo=None) for fire in found[: len(wanted)]] == wanted
    assert len(found) == len(wanted) + goes_on


@pytest.mark.parametrize(("start", "rule", "listed"), EXAMPLES, ids=[rule for _, rule, _ in EXAMPLES])
def test_it_names_the_instants_that_dateutil_names(start: str, rule: str, listed: str) -> None:
    first = written(start)
    created = from_datetime(first.replace(tzinfo=UTC)) - 86_400 * SECOND
    found = fires(f"DTSTART:{start}\n{rule}", 200, created, timeZone=NEW_YORK)
    named = judge.rrulestr(rule, dtstart=first.replace(tzinfo=ZoneInfo(NEW_YORK)))
    assert [fire.at for fire in found] == [from_datetime(at) for at in islice(named, 200)]


# Random rules


@st.composite
def rules(draw: st.DrawFn) -> str:
    frequency = draw(st.sampled_from(["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY"]))
    parts = {"FREQ": frequency, "INTERVAL": str(draw(st.integers(1, 4)))}

    def numbers(name: str, low: int, high: int, *, backwards: bool = False) -> None:
        values = st.integers(low, high) | (st.integers(-high, -low) if backwards else st.nothing())
        if draw(st.booleans()):
            parts[name] = ",".join(map(str, draw(st.lists(values, min_size=1, max_size=4, unique=True))))

    within_a_day = frequency in ("HOURLY", "MINUTELY")
    counts = st.sampled_from(["", "1", "2", "-1", "5"]) if frequency in ("YEARLY", "MONTHLY") else st.just("")
    count = draw(counts)
    if draw(st.booleans()):
        days = draw(st.lists(st.sampled_from(judge.weekdays), min_size=1, max_size=3, unique=True))
        parts["BYDAY"] = ",".join(f"{count}{day}" for day in days)
    if not within_a_day:
        numbers("BYMONTH", 1, 12)
        if frequency != "WEEKLY":
            numbers("BYMONTHDAY", 1, 31, backwards=True)
    if frequency == "YEARLY":
        numbers("BYYEARDAY", 1, 366, backwards=True)
        if "BYDAY" in parts and not count:
            numbers("BYWEEKNO", 1, 53, backwards=True)
    numbers("BYHOUR", 0, 23)
    numbers("BYMINUTE", 0, 59)
    numbers("BYSECOND", 0, 59)
    times_a_day = prod(parts[name].count(",") + 1 for name in ("BYHOUR", "BYMINUTE", "BYSECOND") if name in parts)
    days_are_named = set(parts) & {"BYDAY", "BYMONTHDAY", "BYYEARDAY"}
    if frequency in ("YEARLY", "MONTHLY") and days_are_named and times_a_day <= 24:
        numbers("BYSETPOS", 1, 6, backwards=True)
    if frequency == "WEEKLY":
        parts["WKST"] = str(draw(st.sampled_from(judge.weekdays)))
    if draw(st.booleans()):
        parts["COUNT"] = str(draw(st.integers(1, 30)))
    return ";".join(f"{name}={value}" for name, value in parts.items())


@settings(max_examples=300, deadline=None)
@given(
    rules(),
    st.datetimes(datetime.fromisoformat("9800-01-01"), datetime.fromisoformat("9899-01-01")),
    st.timedeltas(timedelta(days=-3), timedelta(days=900)),
)
def test_random_rules_name_what_dateutil_names(rule: str, first: datetime, later: timedelta) -> None:
    """Late years, because dateutil looks for a rule that never comes true up to the last one."""
    first = first.replace(microsecond=0)
    start = first + later
    end = start + timedelta(days=900)
    named = RecurrenceRule.read(f"DTSTART:{first:%Y%m%dT%H%M%S}\n{rule}", None, "UTC").times(Place())
    try:
        judged = (at for at in judge.rrulestr(rule, dtstart=first) if at > start)
        wanted = list(islice(takewhile(end.__ge__, judged), 40))
    except ValueError:  # dateutil says of some rules at once that they never come true
        wanted = []
    assert list(islice(takewhile(end.__ge__, named(start)), 40)) == wanted


# Starts, ends and clocks


def test_a_rule_begins_at_the_start_of_the_schedule_in_its_zone() -> None:
    madrid = {"timeZone": "Europe/Madrid", "startsAt": "2026-11-24T05:30:15Z"}
    assert local("FREQ=WEEKLY;INTERVAL=2;COUNT=2", 5, **madrid) == [
        "2026-11-24T06:30:15+01:00",
        "2026-12-08T06:30:15+01:00",
    ]
    assert local("FREQ=HOURLY;INTERVAL=6", 2, **madrid) == ["2026-11-24T06:30:15+01:00", "2026-11-24T12:30:15+01:00"]


def test_a_fraction_of_a_second_is_rounded_up_so_that_the_first_time_counts() -> None:
    found = local("FREQ=DAILY;COUNT=2", 5, startsAt="2026-11-24T06:00:00.25Z")
    assert found == ["2026-11-24T06:00:01+00:00", "2026-11-25T06:00:01+00:00"]


def test_the_start_in_the_text_beats_the_start_of_the_schedule_which_only_holds_back() -> None:
    rule = "DTSTART:20261101T060000\nRRULE:FREQ=DAILY;INTERVAL=3;COUNT=9"
    found = local(rule, 9, startsAt="2026-11-20T00:00:00Z")
    assert found == ["2026-11-22T06:00:00+00:00", "2026-11-25T06:00:00+00:00"]


def test_without_a_start_times_are_on_the_hour_and_periods_count_from_1970() -> None:
    assert local("FREQ=MONTHLY;BYDAY=2TU;BYHOUR=6", 2, timeZone="Europe/Madrid") == [
        "2026-12-08T06:00:00+01:00",
        "2027-01-12T06:00:00+01:00",
    ]
    assert (parse_instant(f"{local('FREQ=DAILY;INTERVAL=5', 1)[0]}") // (86_400 * SECOND)) % 5 == 0


@pytest.mark.parametrize(
    ("until", "last"),
    [
        ("20261125", "2026-11-25T18:00:00"),
        ("20261125T180000", "2026-11-25T18:00:00"),
        ("20261125T175959", "2026-11-24T18:00:00"),
        ("20261125T170000Z", "2026-11-25T18:00:00"),
        ("20261125T165959Z", "2026-11-24T18:00:00"),
    ],
)
def test_until_is_the_last_time_itself_a_whole_day_where_it_is_a_date(until: str, last: str) -> None:
    assert local(f"FREQ=DAILY;BYHOUR=18;UNTIL={until}", 9, timeZone="Europe/Madrid")[-1] == f"{last}+01:00"


def test_positions_choose_in_the_whole_week_and_among_all_times_of_a_period() -> None:
    weekly = local("FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=-1;BYHOUR=6", 2)
    assert weekly == ["2026-11-27T06:00:00+00:00", "2026-12-04T06:00:00+00:00"]
    across_the_year = local("FREQ=WEEKLY;BYDAY=MO,SU;BYSETPOS=2;BYHOUR=6", 7)
    assert across_the_year[-1] == "2027-01-03T06:00:00+00:00"
    twice = local("FREQ=MONTHLY;BYMONTHDAY=1,2;BYHOUR=6,18;BYSETPOS=2,3", 2)
    assert twice == ["2026-12-01T18:00:00+00:00", "2026-12-02T06:00:00+00:00"]


def test_counted_and_plain_weekdays_stand_side_by_side() -> None:
    """Here dateutil takes both to be meant at once."""
    found = local("FREQ=MONTHLY;BYDAY=2TU,FR;BYHOUR=6", 4)
    assert [text[5:10] for text in found] == ["11-27", "12-04", "12-08", "12-11"]


def test_times_of_day_follow_the_policies_of_the_schedule_when_the_clock_changes() -> None:
    spring = {"now": parse_instant("2026-03-07T12:00:00Z"), "timeZone": NEW_YORK}
    daily = "FREQ=DAILY;BYHOUR=2;BYMINUTE=30"
    assert local(daily, 1, **spring) == ["2026-03-08T03:00:00-04:00"]
    assert local(daily, 1, **spring, dstGap=DstGap.SKIP) == ["2026-03-09T02:30:00-04:00"]
    autumn = {"now": parse_instant("2026-10-31T12:00:00Z"), "timeZone": NEW_YORK}
    daily = "FREQ=DAILY;BYHOUR=1;BYMINUTE=30"
    assert local(daily, 2, **autumn) == ["2026-11-01T01:30:00-04:00", "2026-11-02T01:30:00-05:00"]
    both = local(daily, 2, **autumn, dstOverlap=DstOverlap.BOTH)
    assert both == ["2026-11-01T01:30:00-04:00", "2026-11-01T01:30:00-05:00"]


@pytest.mark.parametrize("day", ["2026-03-08", "2026-11-01"])
def test_hours_and_minutes_follow_real_time_through_a_change_of_the_clock(day: str) -> None:
    now = parse_instant(f"{day}T04:59:00Z")
    for rule, step in (("FREQ=HOURLY", 3600), ("FREQ=MINUTELY;INTERVAL=20", 1200)):
        preview = upcoming(parse(rule, now, timeZone=NEW_YORK), now, count=12)
        instants = [fire.at for fire in preview.items]
        assert {after - before for before, after in pairwise(instants)} == {step * SECOND}
        assert preview.skipped == []


def test_an_hour_that_is_named_and_lost_is_told() -> None:
    now = parse_instant("2026-03-08T05:30:00Z")
    preview = upcoming(parse("FREQ=HOURLY;BYHOUR=1,2,3", now, timeZone=NEW_YORK), now, count=3)
    assert [fire.local_text[11:16] for fire in preview.items] == ["01:00", "03:00", "01:00"]
    assert [skipped.reason for skipped in preview.skipped] == ["suppressedDst"]


# Documents


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("FREQ=MONTHLY;BYDAY=2TU;BYHOUR=6", "monthly on the 2nd TUE at 06:00 UTC"),
        ("FREQ=MONTHLY;BYDAY=-1FR,-2FR", "monthly on the 2nd last FRI, the last FRI at 00:00 UTC"),
        ("FREQ=MONTHLY;BYMONTHDAY=15,-1;BYHOUR=6,18", "monthly on the last day, day 15 at 06:00, 18:00 UTC"),
        ("FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1", "monthly on MON, TUE (only the last) at 00:00 UTC"),
        (
            "DTSTART:20261201T060000\nRRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=10",
            "every 2 weeks on TUE at 06:00 UTC, 10 times",
        ),
        ("DTSTART:20261224T060000\nFREQ=YEARLY", "yearly on 24 December at 06:00 UTC"),
        ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", "yearly on MON and week 20 at 00:00 UTC"),
        ("FREQ=YEARLY;BYYEARDAY=100", "yearly on day 100 of the year at 00:00 UTC"),
        ("FREQ=YEARLY;BYMONTH=3;BYDAY=TH", "yearly on THU in March at 00:00 UTC"),
        ("FREQ=DAILY;BYMONTH=1,2;BYHOUR=6", "daily in January, February at 06:00 UTC"),
        ("FREQ=DAILY;BYHOUR=0,1,2,3,4,5,6", "daily at 7 times of day UTC"),
        ("FREQ=DAILY;UNTIL=20270101T060000Z", "daily at 00:00 UTC, until 2027-01-01 06:00:00 UTC"),
        ("FREQ=HOURLY;BYMINUTE=15", "hourly at minute 15, UTC"),
        ("FREQ=MINUTELY;INTERVAL=20;BYDAY=MO;BYHOUR=9,10", "every 20 minutes on MON in the hours 9, 10, UTC"),
        ("FREQ=MINUTELY", "every minute, UTC"),
    ],
)
def test_a_rule_is_told_in_words_and_read_back_from_its_document(rule: str, words: str) -> None:
    schedule = parse(rule)
    assert schedule.describe() == words
    assert Schedule.from_document(schedule.document()) == schedule
    assert hash(Schedule.from_document(schedule.document()).rule) == hash(schedule.rule)


def test_one_rule_in_several_spellings_is_one_rule() -> None:
    one = parse("FREQ=DAILY;BYHOUR=6")
    assert parse("rrule:freq=daily;byhour=6\n") == parse("RRULE:FREQ=DAILY;BYHOUR=6") == one
    dated = parse("DTSTART:20261201T060000\r\nRRULE:FREQ=DAILY")
    assert parse("FREQ = DAILY ; BYHOUR=6;") == one
    assert parse("FREQ=DAILY\nDTSTART;TZID=UTC:20261201T060000") == dated
    assert parse("DTSTART=20261201T060000;FREQ=DAILY") == dated
    assert parse("DTSTART:20261201T060000Z\nFREQ=DAILY") == dated


def test_the_helper_of_the_sdk_writes_the_same_document() -> None:
    rule = rota.rrule("FREQ=DAILY;BYHOUR=6", tz="Europe/Madrid", missed="skip")
    assert rule.document == {"rrule": "FREQ=DAILY;BYHOUR=6", "timeZone": "Europe/Madrid", "missed": "skip"}


# What is refused


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("FREQ=SECONDLY", 'FREQ=SECONDLY is not taken; say it as an interval: {"every": "10s"}'),
        ("FREQ=FORTNIGHTLY", "FREQ is one of YEARLY, MONTHLY, WEEKLY, DAILY, HOURLY, MINUTELY"),
        ("BYDAY=MO", "FREQ is one of YEARLY, MONTHLY, WEEKLY, DAILY, HOURLY, MINUTELY"),
        ("FREQ=DAILY;COUNT=3", "COUNT counts from a start: say startsAt, or DTSTART in the rule"),
        ("FREQ=WEEKLY", "it does not say on which day: add BYDAY, or startsAt"),
        ("FREQ=YEARLY;BYMONTH=3", "it does not say on which day: add BYDAY or BYMONTHDAY, or startsAt"),
        ("FREQ=DAILY;FREQ=DAILY", "FREQ is there twice"),
        ("FREQ=DAILY;X-WHAT=1", "'X-WHAT' is no part of a recurrence rule"),
        ("FREQ=YEARLY;BYEASTER=0", "'BYEASTER' is no part of a recurrence rule"),
        ("FREQ=HOURLY;BYMONTH=1", "BYMONTH is not taken with FREQ=HOURLY"),
        ("FREQ=MINUTELY;BYMONTHDAY=31", "BYMONTHDAY is not taken with FREQ=MINUTELY"),
        ("FREQ=DAILY;BYHOUR=6;BYSETPOS=1", "BYSETPOS is not taken with FREQ=DAILY"),
        ("FREQ=WEEKLY;BYDAY=2TU", "BYDAY counts weekdays, as 2TU does, in months and years only"),
        ("FREQ=MONTHLY;BYDAY=6MO", "BYDAY counts weekdays beyond what there are"),
        ("FREQ=YEARLY;BYWEEKNO=20", "BYWEEKNO needs BYDAY, which says on which days of the week"),
        ("FREQ=DAILY;BYHOUR=24", "BYHOUR holds numbers from 0 to 23"),
        ("FREQ=DAILY;BYHOUR=٣", "BYHOUR holds numbers from 0 to 23"),
        ("FREQ=DAILY;BYSECOND=60", "BYSECOND holds numbers from 0 to 59"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY holds numbers from 1 to 31, or negative from the end"),
        ("FREQ=MONTHLY;BYDAY=0MO", "BYDAY holds weekdays as MO, or 2TU for the second Tuesday and -1FR for the last Friday"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL is a number from 1 to 100000"),
        ("FREQ=DAILY;UNTIL=20261332", "UNTIL is a date or a time, as 20261224 or 20261224T060000"),
        ("FREQ=DAILY;UNTIL=99990101", "UNTIL is a year from 2 to 9900"),
        ("DTSTART:20261201T060000\nFREQ=DAILY;COUNT=1;UNTIL=20271201", "COUNT and UNTIL exclude each other"),
        ("FREQ=DAILY\nEXDATE:20261201T060000",
         "EXDATE is not read here: single instants are left out or added by exceptions of the schedule"),
        ("FREQ=DAILY;RDATE=20261201T060000",
         "RDATE is not read here: single instants are left out or added by exceptions of the schedule"),
        ("FREQ=DAILY\nFREQ=DAILY", "RRULE: one line with the rule, and at most one DTSTART"),
        ("DTSTART;TZID=Asia/Tokyo:20261201T060000\nFREQ=DAILY",
         "DTSTART is in ASIA/TOKYO, but the schedule is not: say timeZone, or leave TZID out"),
        ("FREQ=MONTHLY;BYDAY=MO;BYMONTH=2;BYMONTHDAY=30", "it never fires within 40 years"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_with_a_sentence(rule: str, message: str) -> None:
    assert refusal(rule) == message


def test_a_start_in_utc_is_refused_where_the_schedule_is_elsewhere() -> None:
    said = refusal("DTSTART:20261201T060000Z\nFREQ=DAILY", timeZone="Europe/Madrid")
    assert said == "DTSTART is in UTC, but the schedule is not: say its local time, without Z"


_BEGUN = "DTSTART:20260101T060000\n"
_EVERY_SECOND = ",".join(map(str, range(60)))
HOSTILE = [
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=MONTHLY;BYMONTH=4,6,9,11;BYMONTHDAY=31",
    "FREQ=YEARLY;BYWEEKNO=1;BYMONTH=7;BYDAY=MO",
    "FREQ=YEARLY;BYYEARDAY=1;BYMONTH=12",
    "FREQ=YEARLY;BYMONTHDAY=1;BYSETPOS=366",
    f"{_BEGUN}FREQ=YEARLY;INTERVAL=100000;BYMONTH=2;BYMONTHDAY=29",
    "DTSTART:20270101T060000\nFREQ=YEARLY;INTERVAL=2;BYMONTH=2;BYMONTHDAY=29",
    f"{_BEGUN}FREQ=MONTHLY;INTERVAL=12;BYMONTH=2;BYMONTHDAY=1",
    f"{_BEGUN}FREQ=DAILY;INTERVAL=7;BYDAY=MO",
    f"{_BEGUN}FREQ=DAILY;INTERVAL=99999;BYDAY=MO;BYMONTHDAY=13",
    f"{_BEGUN}FREQ=HOURLY;INTERVAL=168;BYDAY=MO",
    f"{_BEGUN}FREQ=HOURLY;INTERVAL=24;BYHOUR=7",
    f"{_BEGUN}FREQ=MINUTELY;INTERVAL=60;BYMINUTE=30",
    f"{_BEGUN}FREQ=MINUTELY;INTERVAL=10080;BYDAY=MO",
    f"{_BEGUN}FREQ=MINUTELY;INTERVAL=1440;BYHOUR=7;BYDAY=MO",
]
"""Rules that never come true, and for which dateutil alone would look up to the year 9999."""
LABORIOUS = [
    f"{_BEGUN}FREQ=YEARLY;COUNT=1000;BYMONTH=2;BYMONTHDAY=29",
    f"{_BEGUN}FREQ=MONTHLY;COUNT=1000;BYDAY=5FR",
    f"{_BEGUN}FREQ=MINUTELY;COUNT=1000;BYDAY=MO;BYHOUR=5;BYMINUTE=59",
    f"{_BEGUN}FREQ=MINUTELY;INTERVAL=1439;BYDAY=MO;BYHOUR=5;BYMINUTE=59",
    "DTSTART:00020101T000000\nFREQ=MINUTELY;INTERVAL=7",
    "DTSTART:00020101T000000\nFREQ=DAILY;INTERVAL=3;BYDAY=MO",
    "FREQ=MONTHLY;BYMONTHDAY=29;BYMONTH=2;BYDAY=MO",
    f"FREQ=DAILY;BYMINUTE={_EVERY_SECOND};BYHOUR=0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23",
    f"FREQ=HOURLY;BYMINUTE={_EVERY_SECOND}",
    f"{_BEGUN}FREQ=DAILY;INTERVAL=14999",
]
UNREADABLE = [
    "FREQ=DAILY;" * 150,
    f"{_BEGUN}FREQ=YEARLY;BYMINUTE={_EVERY_SECOND};BYDAY=MO;BYSETPOS=1",
    f"FREQ=DAILY;BYMINUTE={_EVERY_SECOND};BYSECOND={_EVERY_SECOND}",
    "FREQ=DAILY;INTERVAL=" + "9" * 1900,
    "\n" * 1900 + "FREQ=DAILY;COUNT=1001",
    "DTSTART" + ";" * 1900 + ":",
    "FREQ=MINUTELY;BYDAY=" + ",".join(["-53MO"] * 300),
    "=;=;=",
    ":",
    "\x00",
]


def cpu_seconds(work: Callable[[], object]) -> float:
    began = time.thread_time()
    work()
    return time.thread_time() - began


@pytest.mark.parametrize("rule", HOSTILE)
def test_a_rule_that_never_comes_true_is_refused_at_once(rule: str) -> None:
    assert cpu_seconds(lambda: refusal(rule)) < MOST_CPU_SECONDS
    assert refusal(rule) == "it never fires within 40 years"


@pytest.mark.parametrize("rule", LABORIOUS)
def test_a_laborious_rule_is_read_and_searched_at_once(rule: str) -> None:
    schedules: list[Schedule] = []
    assert cpu_seconds(lambda: schedules.append(parse(rule))) < MOST_CPU_SECONDS
    for at in (NOW, parse_instant("2027-12-31T23:59:59Z"), parse_instant("9990-01-01T00:00:00Z")):
        assert cpu_seconds(lambda at=at: next_after(schedules[0], at)) < MOST_CPU_SECONDS


@pytest.mark.parametrize("rule", UNREADABLE)
def test_an_unreadable_rule_is_refused_at_once(rule: str) -> None:
    assert cpu_seconds(lambda: refusal(rule)) < MOST_CPU_SECONDS


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("FREQ=DAILY;BYMONTHDSETPOSWKUX:,+-0123456789TZ\n")) | st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    outcome: list[Location] = []
    try:
        next_after(parse(text), NOW)
    except InvalidInput as refused:
        outcome = [location for location, _ in refused.errors]
    assert outcome in ([], [("rrule",)])
