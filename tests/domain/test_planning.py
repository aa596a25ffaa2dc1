"""Calendars, windows and exceptions: which instants they move, withhold or bring in, and that each is accounted for."""

from dataclasses import replace
from datetime import date, timedelta
from itertools import takewhile

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from rota.domain.calendar import Calendar
from rota.domain.errors import InvalidInput
from rota.domain.instant import DAY, HOUR, MINUTE, Instant, format_instant, parse_instant
from rota.domain.occurrence import Decision
from rota.domain.planning import decided_next, due, next_after, upcoming
from rota.domain.schedule import NO_SURROUNDINGS, Schedule, Surroundings
from rota.domain.schedule_exception import ExceptionKind, ScheduleException
from rota.domain.working_days import WorkingDays

NOW = parse_instant("2026-12-20T00:00:00Z")
XMAS = Calendar.parse(
    {
        "rules": [
            {"yearly": {"month": 12, "day": 24}, "name": "Christmas Eve"},
            {"yearly": {"month": 12, "day": 25}, "name": "Christmas"},
        ]
    }
)
OFFICE = Surroundings(WorkingDays.of(["office"], {"office": XMAS}))


def parse(document: dict[str, object]) -> Schedule:
    return Schedule.parse(document, now=NOW, spread="job")


def fires(
    document: dict[str, object], around: Surroundings = OFFICE, count: int = 6, start: Instant = NOW
) -> list[str]:
    """The next fires as `MM-DD HH:MM` with their notes."""
    found = upcoming(parse(document), start, count=count, around=around).items
    return [" ".join([fire.local_text[5:16].replace("T", " "), *fire.notes]) for fire in found]


def at(text: str) -> Instant:
    return parse_instant(f"2026-{text}:00Z")


def skip(first: str, last: str | None = None) -> ScheduleException:
    return ScheduleException(
        at(first), ExceptionKind.SKIP, None if last is None else at(last), by="ann", reason="audit"
    )


DAILY = {"daily": {"at": "06:00"}, "calendar": "office"}


@pytest.mark.parametrize(
    ("roll", "expected"),
    [
        # 24 and 25 December 2026 are a Thursday and a Friday, 26 and 27 the weekend
        (None, ["12-21 06:00", "12-22 06:00", "12-23 06:00", "12-28 06:00"]),
        ("following", ["12-21 06:00", "12-22 06:00", "12-23 06:00", "12-28 06:00"]),
        ("preceding", ["12-21 06:00", "12-22 06:00", "12-23 06:00", "12-28 06:00"]),
    ],
)
def test_a_daily_run_is_not_doubled_by_the_days_that_roll_onto_it(roll: str | None, expected: list[str]) -> None:
    assert fires(DAILY if roll is None else {**DAILY, "roll": roll}, count=4) == expected


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"monthly": {"day": 25, "at": "06:00"}, "roll": "following"}, "12-28 06:00 calendarShifted"),
        ({"monthly": {"day": 25, "at": "06:00"}, "roll": "preceding"}, "12-23 06:00 calendarShifted"),
        ({"monthly": {"day": 26, "at": "06:00"}, "roll": "modifiedFollowing"}, "12-28 06:00 calendarShifted"),
        ({"monthly": {"day": 25, "at": "06:00"}}, "01-25 06:00"),
        ({"yearly": {"month": 12, "day": 24, "at": "06:00"}, "roll": "following"}, "12-28 06:00 calendarShifted"),
        ({"cron": "0 6 25 * *", "roll": "following"}, "12-28 06:00 calendarShifted"),
        ({"monthly": {"nthBusinessDay": -1, "at": "06:00"}}, "12-31 06:00"),
        ({"monthly": {"nthBusinessDay": 17, "at": "06:00"}}, "12-23 06:00"),
        ({"monthly": {"nthBusinessDay": 18, "at": "06:00"}}, "12-28 06:00"),
    ],
)
def test_the_first_fire_on_a_calendar(document: dict[str, object], expected: str) -> None:
    assert fires({**document, "calendar": "office"}, count=1) == [expected]


def test_modified_following_stays_in_its_month() -> None:
    # 31 January 2027 is a Sunday (ISDA 2006 Definitions, section 4.12: the preceding day if the following is in the next month)
    document = {"monthly": {"day": 31, "at": "06:00"}, "roll": "modifiedFollowing"}
    assert fires(document, NO_SURROUNDINGS, 1, parse_instant("2027-01-01T00:00:00Z")) == ["01-29 06:00 calendarShifted"]


def test_what_the_calendar_withholds_is_told_with_its_reason_and_where_it_went() -> None:
    rolled = upcoming(parse({**DAILY, "roll": "following"}), NOW, count=4, around=OFFICE)
    assert [(it.nominal_local_text[5:10], it.reason) for it in rolled.skipped] == [
        (f"12-{day}", "skippedCalendar") for day in (20, 24, 25, 26, 27)
    ]
    assert rolled.skipped[1].says == "2026-12-24 is no working day (Christmas Eve); moved to 2026-12-28"


def test_an_interval_is_kept_to_working_days_and_cannot_roll() -> None:
    assert fires({"every": "12h", "calendar": "office"}, count=7)[5:] == ["12-23 12:00", "12-28 00:00"]
    with pytest.raises(InvalidInput) as refused:
        parse({"every": "12h", "roll": "following"})
    assert refused.value.errors[0][0] == ("roll",)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"every": "4h", "window": {"from": "08:00", "to": "16:00"}}, ["12-20 08:00", "12-20 12:00", "12-21 08:00"]),
        ({"every": "4h", "window": {"from": "22:00", "to": "06:00"}}, ["12-20 04:00", "12-21 00:00", "12-21 04:00"]),
        (
            {"every": "8h", "window": {"on": ["MON", "WED"]}},
            ["12-21 00:00", "12-21 08:00", "12-21 16:00", "12-23 00:00"],
        ),
        ({"cron": "*/30 * * * *", "window": {"from": "23:30"}}, ["12-20 23:30", "12-21 23:30"]),
        ({"every": "6h", "window": {"from": "22:00", "to": "02:00", "on": "SUN"}}, ["12-21 00:00", "12-28 00:00"]),
        ({"every": "1s", "window": {"to": "00:00:01"}}, ["12-21 00:00", "12-22 00:00"]),
    ],
)
def test_a_window_lets_nothing_be_named_outside_of_it(document: dict[str, object], expected: list[str]) -> None:
    assert fires(document, NO_SURROUNDINGS, len(expected)) == expected
    assert upcoming(parse(document), NOW, count=len(expected)).skipped == []
    canonical = parse(document)
    assert Schedule.from_document(canonical.document()) == canonical


@pytest.mark.parametrize(
    "window", [{"from": "8"}, {"from": "08:00", "to": "08:00"}, {"on": []}, {"until": "09:00"}, "x"]
)
def test_a_window_that_cannot_be_is_refused(window: object) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse({"every": "1h", "window": window})
    assert refused.value.errors[0][0][0] == "window"


def test_exceptions_leave_out_move_and_add() -> None:
    moved = ScheduleException(at("12-22T06:00"), ExceptionKind.MOVE, to=at("12-22T09:30"), by="ann")
    added = ScheduleException(at("12-26T12:00"), ExceptionKind.ADD, by="bob")
    around = replace(OFFICE, exceptions=(skip("12-21T06:00"), moved, added, skip("12-28T00:00", "12-29T23:59")))
    assert fires(DAILY, around, 4) == ["12-22 09:30 moved", "12-23 06:00", "12-26 12:00 added", "12-30 06:00"]
    told = [it for it in upcoming(parse(DAILY), NOW, count=1, around=around).skipped if it.reason == "skippedException"]
    assert [it.says for it in told] == ["skipped by ann: audit", "moved to 2026-12-22T09:30:00.000Z by ann"]


def test_an_instant_that_is_added_where_the_rule_fires_anyway_fires_once() -> None:
    around = Surroundings(None, (ScheduleException(at("12-21T06:00"), ExceptionKind.ADD, by="ann"),))
    assert fires({"daily": {"at": "06:00"}}, around, 3) == ["12-20 06:00", "12-21 06:00", "12-22 06:00"]


def test_what_is_withheld_is_decided_when_its_time_has_come() -> None:
    schedule = parse(DAILY)
    assert format_instant(decided_next(schedule, NOW, OFFICE) or 0) == "2026-12-20T06:00:00.000Z"
    assert format_instant(next_after(schedule, NOW, OFFICE) or 0) == "2026-12-21T06:00:00.000Z"
    found = due(schedule, cursor=NOW, now=NOW + 7 * HOUR, revised_at=NOW, runs=0, around=OFFICE)
    assert [(one.decision, one.reason) for one in found.decisions] == [
        (Decision.SKIPPED_CALENDAR, "2026-12-20 is no working day (Sunday)")
    ]
    assert (found.next_at, found.fires_at) == (at("12-21T06:00"), at("12-21T06:00"))


def test_a_year_without_working_days_ends_no_search_in_vain() -> None:
    closed = Calendar.parse({"weekend": ["MON", "TUE", "WED", "THU", "FRI", "SAT"], "rules": []})
    sundays = Surroundings(WorkingDays.of(["x"], {"x": closed}))
    assert fires({"every": "1s", "calendar": "x"}, sundays, 1, at("12-21T00:00")) == ["12-27 00:00"]


POLICIES = st.fixed_dictionaries(
    {},
    optional={
        "calendar": st.just("office"),
        "roll": st.sampled_from(["following", "preceding", "modifiedFollowing", "skip"]),
        "window": st.sampled_from([{"from": "04:00", "to": "20:00"}, {"on": ["MON", "TUE", "SUN"]}, {"from": "20:00", "to": "04:00"}]),
        "timeZone": st.sampled_from(["Europe/Madrid", "America/New_York", "Australia/Lord_Howe"]),
        "missed": st.sampled_from(["runLatest", "runEarliest", "runAll", "skip"]),
        "dstGap": st.sampled_from(["shift", "skip"]),
        "dstOverlap": st.sampled_from(["first", "both"]),
    },
)  # fmt: skip
RULES = st.sampled_from(
    [
        {"daily": {"at": "02:30"}},
        {"weekly": {"on": ["MON", "SAT"], "at": "05:00"}},
        {"cron": "15,45 1-3 * * *"},
        {"cron": "0 */7 * * *"},
        {"monthly": {"day": -1, "at": "06:00"}},
        {"monthly": {"nthBusinessDay": 2, "at": "06:00"}},
    ]
)
EXCEPTIONS = st.lists(
    st.builds(
        lambda kind, hour, more: ScheduleException(
            NOW + hour * 30 * MINUTE,
            kind,
            until=NOW + (hour + more) * 30 * MINUTE if kind is ExceptionKind.SKIP and more else None,
            to=NOW + more * 30 * MINUTE if kind is ExceptionKind.MOVE else None,
            by="ann",
        ),
        st.sampled_from(list(ExceptionKind)),
        st.integers(1, 48 * 90),
        st.integers(0, 48 * 4),
    ),
    max_size=4,
)


@settings(max_examples=200, deadline=None)
@given(RULES, POLICIES, EXCEPTIONS, st.integers(1, 90 * 24), st.lists(st.integers(1, 60), min_size=1, max_size=8))
def test_every_instant_is_decided_exactly_once(
    rule: dict[str, object],
    policies: dict[str, object],
    exceptions: list[ScheduleException],
    start: int,
    steps: list[int],
) -> None:
    try:
        schedule = parse(rule | policies)
    except InvalidInput:
        if "window" not in policies:
            raise
        reject()  # a rule that is never in its window
    around = replace(OFFICE, exceptions=tuple(exceptions))
    created = NOW + start * HOUR
    cursor, now, decided = created, created, []
    for days in steps:
        now += days * DAY // 3
        more = True
        while more:
            found = due(schedule, cursor=cursor, now=now, revised_at=created, runs=0, limit=5, around=around)
            decided += found.decisions
            cursor, more = found.cursor, found.more
            assert found.next_at is None or found.next_at > cursor
    nominal = [one.nominal for one in decided]
    assert nominal == sorted(set(nominal))
    expected = upcoming(schedule, created, now, 1000, around)
    assert {fire.at for fire in expected.items} == {
        one.nominal
        for one in decided
        if one.decision in (Decision.FIRED, Decision.MISSED, Decision.COALESCED, Decision.EXPIRED)
    }
    moments = takewhile(lambda moment: moment.instant <= now, schedule.timeline(around).moments(created))
    assert nominal == sorted({moment.instant for moment in moments})
    office = OFFICE.days
    assert office is not None
    if "calendar" in policies and not exceptions:
        for fire in expected.items:
            assert office.is_working(date.fromisoformat(fire.local_text[:10]))


SHUT = Calendar.parse(
    {"rules": [{"date": str(date(2027, 1, 1) + timedelta(days=n)), "name": "shut"} for n in range(200)]}
)


@pytest.mark.parametrize("policies", [{}, {"timeZone": "Europe/Madrid"}])
@pytest.mark.parametrize(
    "rule", [{"every": "1s"}, {"cron": "* * * * * *"}, {"daily": {"at": "06:00"}, "roll": "following"}]
)
def test_a_long_closure_is_passed_in_one_step(rule: dict[str, object], policies: dict[str, object]) -> None:
    """A walk through every second of it takes longer than a test may."""
    around = Surroundings(WorkingDays.of(["x"], {"x": SHUT}))
    found = next_after(parse(rule | policies | {"calendar": "x"}), parse_instant("2027-01-02T00:00:00Z"), around)
    assert found is not None
    assert parse_instant("2027-07-19T21:00:00Z") < found < parse_instant("2027-07-21T00:00:00Z")


def test_calendars_that_leave_no_day_let_nothing_fire() -> None:
    most = Calendar.parse({"weekend": ["MON", "TUE", "WED", "THU", "FRI", "SAT"]})
    rest = Calendar.parse({"weekend": ["SUN"]})
    around = Surroundings(WorkingDays.of(["a", "b"], {"a": most, "b": rest}))
    assert next_after(parse({"every": "1h", "calendar": ["a", "b"]}), NOW, around) is None
    assert decided_next(parse({"every": "1h", "calendar": ["a", "b"]}), NOW, around) is None


@pytest.mark.parametrize("rule", [{"cron": "* * * * *"}, {"cron": "*/10 * * * *"}, {"rrule": "FREQ=MINUTELY"}])
def test_what_fires_all_day_does_not_move(rule: dict[str, object]) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse(rule | {"roll": "following"})
    assert refused.value.errors[0][0] == ("roll",)
    assert parse(rule | {"roll": "skip"}).roll is not None


def test_a_start_in_a_repeated_stretch_that_the_rule_does_not_name_loses_nothing_after_it() -> None:
    # St John's put its clock back at 00:01 on Sunday 29 October 2006: 23:01 to 00:01 came twice
    schedule = Schedule.parse({"cron": "* 1 * * SUN", "timeZone": "America/St_Johns"}, now=0, spread="")
    for start in ("2006-10-29T01:30:00Z", "2006-10-29T01:31:00Z", "2006-10-29T02:31:00Z", "2006-10-29T03:00:00Z"):
        found = next_after(schedule, parse_instant(start))
        assert format_instant(found or 0) == "2006-10-29T04:30:00.000Z"


def test_one_instant_may_be_farther_away_than_a_rule_is_searched() -> None:
    assert next_after(parse({"once": "2199-01-01T00:00:00Z"}), NOW) == parse_instant("2199-01-01T00:00:00Z")


def test_a_rule_that_is_never_in_its_window_is_refused_at_once() -> None:
    with pytest.raises(InvalidInput) as refused:
        parse({"daily": {"at": "02:30"}, "window": {"from": "04:00", "to": "20:00"}})
    assert refused.value.errors == [(("daily",), "it never fires within 40 years")]


@pytest.mark.parametrize("rule", [{"every": "0.1s"}, {"cron": "* * * * * *"}, {"daily": {"at": "06:00"}}])
@pytest.mark.parametrize("until", ["2999-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_a_long_stretch_that_is_skipped_costs_nothing(rule: dict[str, object], until: str) -> None:
    last = parse_instant(until)
    stretch = ScheduleException(NOW, ExceptionKind.SKIP, until=last)
    found = next_after(parse(rule), NOW, Surroundings(exceptions=(stretch,)))
    if until.startswith("9999"):
        assert found is None
    else:
        assert found is not None
        assert last < found <= last + DAY
    added = ScheduleException(last - HOUR, ExceptionKind.ADD)
    again = Surroundings(exceptions=(added, stretch))
    assert next_after(parse(rule), NOW, again) == (last - HOUR)
