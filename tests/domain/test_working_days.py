"""Which days are worked: beside the library's own counting, beside hand-made tables, and as properties."""

from calendar import monthrange
from collections.abc import Sequence
from datetime import date, timedelta

import holidays
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rota.domain.calendar import Calendar, Roll
from rota.domain.errors import InvalidInput
from rota.domain.working_days import FARTHEST_ROLL, MOST_CALENDARS, ReasonKind, WorkingDays

COUNTRIES = ("AE", "AU", "BR", "CA", "CH", "CN", "DE", "ES", "FR", "GB", "IL", "IN", "JP", "KR", "MX", "PT", "SA", "TH",
             "US", "ZA")  # fmt: skip
YEARS = range(2023, 2028)
NTH = (1, 2, 3, 5, -1, -2)
PLAIN = WorkingDays.of((), {})


def days_of(document: dict[str, object], **others: dict[str, object]) -> WorkingDays:
    known = {"it": document, **others}
    return WorkingDays.of(["it"], {name: Calendar.parse(one) for name, one in known.items()})


def day(text: str) -> date:
    return date.fromisoformat(text)


def days_between(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


@pytest.mark.parametrize("country", COUNTRIES)
def test_working_days_are_those_of_the_library(country: str) -> None:
    """20 countries, 60 months each: every day, and every Nth working day counted by the library's own functions."""
    ours = days_of({"holidays": [{"country": country}]})
    theirs = holidays.country_holidays(country, years=range(YEARS[0] - 1, YEARS[-1] + 2))
    for one in days_between(date(YEARS[0], 1, 1), date(YEARS[-1], 12, 31)):
        assert ours.is_working(one) == theirs.is_working_day(one), one
    for year in YEARS:
        for month in range(1, 13):
            before = date(year, month, 1) - timedelta(days=1)
            behind = date(year, month, monthrange(year, month)[1]) + timedelta(days=1)
            for n in NTH:
                expected = theirs.get_nth_working_day(before if n > 0 else behind, n)
                assert ours.nth(year, month, n) == expected, (year, month, n)


@pytest.mark.parametrize("market", ["XNYS", "XECB", "XLON", "XSHG", "XJPX"])
def test_trading_days_are_those_of_the_library(market: str) -> None:
    ours = days_of({"holidays": [{"market": market}]})
    theirs = holidays.financial_holidays(market, years=range(2024, 2029))
    for one in days_between(date(2025, 1, 1), date(2027, 12, 31)):
        assert ours.is_working(one) == theirs.is_working_day(one), one


@pytest.mark.parametrize(
    ("unadjusted", "following", "modified", "preceding"),
    [
        # ISDA 2006 Definitions, section 4.12. The weekdays are those of the Gregorian calendar; England's holidays are
        # those of gov.uk/bank-holidays: 25 May 2026, 31 August 2026, 25 and 28 December 2026, 26 and 29 March 2027.
        ("2026-05-29", "2026-05-29", "2026-05-29", "2026-05-29"),  # a Friday stays
        ("2026-05-30", "2026-06-01", "2026-05-29", "2026-05-29"),  # Saturday at the end of May
        ("2026-05-31", "2026-06-01", "2026-05-29", "2026-05-29"),  # Sunday, the last of May
        ("2026-05-24", "2026-05-26", "2026-05-26", "2026-05-22"),  # Sunday before the spring bank holiday
        ("2026-05-25", "2026-05-26", "2026-05-26", "2026-05-22"),  # the holiday itself
        ("2026-08-31", "2026-09-01", "2026-08-28", "2026-08-28"),  # a holiday that ends its month
        ("2026-08-29", "2026-09-01", "2026-08-28", "2026-08-28"),  # Saturday before it
        ("2026-12-25", "2026-12-29", "2026-12-29", "2026-12-24"),  # Christmas; Boxing Day is made up on Monday the 28th
        ("2027-01-01", "2027-01-04", "2027-01-04", "2026-12-31"),  # back across the year
        (
            "2027-03-28",
            "2027-03-30",
            "2027-03-30",
            "2027-03-25",
        ),  # Easter Sunday, between Good Friday and Easter Monday
        ("2026-02-28", "2026-03-02", "2026-02-27", "2026-02-27"),  # Saturday, the end of a short month
    ],
)
def test_a_day_rolls_as_the_conventions_say(unadjusted: str, following: str, modified: str, preceding: str) -> None:
    england = days_of({"holidays": [{"country": "GB", "subdivision": "ENG"}]})
    rolled = {roll: england.rolled(day(unadjusted), roll) for roll in Roll}
    assert rolled[Roll.FOLLOWING] == day(following)
    assert rolled[Roll.MODIFIED_FOLLOWING] == day(modified)
    assert rolled[Roll.PRECEDING] == day(preceding)
    assert rolled[Roll.SKIP] == (day(unadjusted) if unadjusted == following else None)


def test_the_plain_week_is_monday_to_friday() -> None:
    assert [PLAIN.is_working(day(f"2026-12-{n}")) for n in range(21, 28)] == [True] * 5 + [False] * 2
    assert PLAIN.data == ""
    assert WorkingDays.of((), {}) == PLAIN
    assert PLAIN.nth(2026, 5, -1) == day("2026-05-29")
    assert PLAIN.nth(2026, 5, 22) is None
    said = PLAIN.explain(day("2026-12-26"))
    assert [(reason.calendar, reason.kind, reason.name) for reason in said.reasons] == [
        (None, ReasonKind.WEEKEND, "Saturday")
    ]


def test_the_zeroth_working_day_is_nonsense() -> None:
    with pytest.raises(ValueError, match="counted from 1"):
        PLAIN.nth(2026, 5, 0)


def test_a_working_saturday_is_worked_and_says_so() -> None:
    """China works on Saturday, 28 February 2026 for the days off around its New Year (State Council, November 2025)."""
    china = days_of({"holidays": [{"country": "CN"}]})
    said = china.explain(day("2026-02-28"))
    assert said.working
    assert [(reason.kind, reason.name) for reason in said.reasons] == [
        (ReasonKind.WORKED_WEEKEND, "Saturday, worked in CN")
    ]
    both = WorkingDays.of(
        ["cn", "us"], {name: Calendar.parse({"holidays": [{"country": name}]}) for name in ("cn", "us")}
    )
    assert not both.is_working(day("2026-02-28"))


def test_a_weekend_is_the_calendars_own_or_its_sources_or_its_parents() -> None:
    friday, sunday = day("2026-06-05"), day("2026-06-07")
    saudi: dict[str, object] = {"holidays": [{"country": "SA"}]}
    assert [days_of(saudi).is_working(one) for one in (friday, sunday)] == [False, True]
    assert [days_of(saudi | {"weekend": ["SUN"]}).is_working(one) for one in (friday, sunday)] == [True, False]
    child = days_of({"parents": ["sa"]}, sa=saudi)
    assert [child.is_working(one) for one in (friday, sunday)] == [False, True]
    assert all(days_of({"weekend": []}).is_working(one) for one in days_between(friday, sunday))


def test_rules_name_days_off() -> None:
    own = days_of(
        {
            "rules": [
                {"name": "stocktaking", "date": "2026-07-01"},
                {"name": "founder", "yearly": {"month": 2, "day": 29}},
                {"name": "Good Friday", "easter": -2},
                {"name": "Thanksgiving", "nthWeekday": {"month": 11, "weekday": "thursday", "nth": 4}},
                {"name": "Memorial Day", "nthWeekday": {"month": 5, "weekday": "MON", "nth": -1}},
                {"name": "a fifth Monday", "nthWeekday": {"month": 6, "weekday": "MON", "nth": 5}},
            ]
        }
    )
    found = {}
    for one in days_between(date(2026, 1, 1), date(2028, 12, 31)):
        names = [reason.name for reason in own.explain(one).reasons if reason.kind is ReasonKind.RULE]
        if names:
            found[one.isoformat()] = names
            assert not own.is_working(one)
    assert found == {
        # Easter is on 5 April 2026, 28 March 2027 and 16 April 2028
        "2026-04-03": ["Good Friday"],
        "2026-05-25": ["Memorial Day"],
        "2026-06-29": ["a fifth Monday"],
        "2026-07-01": ["stocktaking"],
        "2026-11-26": ["Thanksgiving"],
        "2027-03-26": ["Good Friday"],
        "2027-05-31": ["Memorial Day"],
        "2027-11-25": ["Thanksgiving"],
        "2028-02-29": ["founder"],
        "2028-04-14": ["Good Friday"],
        "2028-05-29": ["Memorial Day"],
        "2028-11-23": ["Thanksgiving"],
    }


def test_an_override_beats_its_calendar_and_its_parents_but_no_other_calendar() -> None:
    christmas = day("2026-12-25")
    known = {
        "bank": Calendar.parse({"holidays": [{"country": "DE"}], "rules": [{"name": "tree", "date": "2026-12-25"}]}),
        "shop": Calendar.parse(
            {
                "parents": ["bank"],
                "overrides": [
                    {
                        "date": "2026-12-25",
                        "working": True,
                        "reason": "sale",
                        "by": "ana",
                        "at": "2026-11-01T00:00:00Z",
                    },
                    {"date": "2026-12-23", "working": False},
                ],
            }
        ),
    }
    shop = WorkingDays.of(["shop"], known)
    said = shop.explain(christmas)
    assert said.working
    assert [(reason.calendar, reason.kind, reason.name, reason.overridden) for reason in said.reasons] == [
        ("shop", ReasonKind.OVERRIDE, "sale", False),
        ("bank", ReasonKind.HOLIDAY, "Christmas Day (DE)", True),
        ("bank", ReasonKind.RULE, "tree", True),
    ]
    assert said.reasons[0].by == "ana"
    assert not shop.is_working(day("2026-12-23"))
    both = WorkingDays.of(["bank", "shop"], known)
    assert not both.is_working(christmas)
    assert ("bank", False) in {(reason.calendar, reason.overridden) for reason in both.explain(christmas).reasons}


def test_where_nothing_is_worked_for_a_month_a_day_falls_away() -> None:
    closed = {f"2026-{month:02}-{n:02}": month for month in (7, 8) for n in range(1, 32)}
    shut = days_of({"weekend": [], "rules": [{"name": "closed", "date": text} for text in closed]})
    assert shut.nth(2026, 7, 1) is None
    assert shut.rolled(day("2026-07-15"), Roll.FOLLOWING) is None
    assert shut.rolled(day("2026-07-15"), Roll.PRECEDING) == day("2026-06-30")
    assert shut.rolled(day("2026-07-15"), Roll.MODIFIED_FOLLOWING) == day("2026-06-30")
    assert shut.rolled(day("2026-07-31"), Roll.PRECEDING) == day("2026-06-30")
    assert shut.rolled(day("2026-08-01"), Roll.PRECEDING) is None
    assert shut.rolled(day("2026-08-01"), Roll.FOLLOWING) == day("2026-09-01")


@pytest.mark.parametrize("year", [1, 2, 1600, 2101, 9998, 9999])
def test_years_without_data_have_weekends_only(year: int) -> None:
    china = days_of({"holidays": [{"country": "CN"}, {"country": "IN"}, {"market": "XNYS"}]})
    for month in (1, 12):
        assert china.nth(year, month, 1) == PLAIN.nth(year, month, 1)
    assert china.rolled(date(9999, 12, 31), Roll.FOLLOWING) == date(9999, 12, 31)


def test_the_last_day_there_is_rolls_nowhere() -> None:
    shut = days_of({"rules": [{"name": "over", "date": "9999-12-31"}, {"name": "begun", "date": "0001-01-01"}]})
    assert shut.rolled(date.max, Roll.FOLLOWING) is None
    assert shut.rolled(date.min, Roll.PRECEDING) is None


def test_equal_content_is_equal_and_a_change_is_not() -> None:
    first, same = (days_of({"holidays": [{"country": "DE"}], "description": text}) for text in ("a", "b"))
    assert first == same
    assert hash(first) == hash(same)
    assert first.data == f"holidays {holidays.__version__}"
    assert first.data in first.key
    assert first != days_of({"holidays": [{"country": "AT"}]})
    assert first != days_of({"holidays": [{"country": "DE"}], "overrides": [{"date": "2026-01-02", "working": False}]})
    assert days_of({"parents": ["p"]}, p={}) != days_of({"parents": ["p"]}, p={"weekend": ["SUN"]})


def test_unknown_names_and_circles_are_refused() -> None:
    known = {
        "a": Calendar.parse({"parents": ["b"]}),
        "b": Calendar.parse({"parents": ["c"]}),
        "c": Calendar.parse({"parents": ["a"]}),
        "orphan": Calendar.parse({"parents": ["nobody"]}),
    }
    for names, where, why in (
        (["orphn"], "calendar", "did you mean 'orphan'"),
        (["orphan"], "parents", "no calendar 'nobody', the parent of 'orphan'"),
        (["a"], "parents", "a → b → c → a"),
    ):
        with pytest.raises(InvalidInput, match=why) as refused:
            WorkingDays.of(names, known)
        assert refused.value.errors[0][0] == (where,)


def test_a_long_line_of_ancestors_is_refused() -> None:
    line = {str(n): Calendar.parse({"parents": [str(n + 1)]}) for n in range(MOST_CALENDARS + 1)}
    line[str(MOST_CALENDARS + 1)] = Calendar()
    assert WorkingDays.of(["2"], line).nth(2026, 5, 1) == day("2026-05-01")
    with pytest.raises(InvalidInput, match="more than 100"):
        WorkingDays.of(["1"], line)


def test_a_country_that_the_data_lost_is_named() -> None:
    stored = Calendar.from_json('{"holidays":[{"country":"ZZ"}]}')
    with pytest.raises(InvalidInput, match=r"ZZ: no country 'ZZ'.* in holidays"):
        WorkingDays.of(["old"], {"old": stored})


DATES = st.dates(date(2000, 1, 1), date(2060, 12, 31))
CALENDARS = st.builds(
    lambda weekend, off, overrides: {
        "weekend": weekend,
        "rules": [{"name": "off", "date": one.isoformat()} for one in off],
        "overrides": [{"date": one.isoformat(), "working": working} for one, working in overrides.items()],
    },
    st.lists(st.sampled_from(["MON", "WED", "FRI", "SAT", "SUN"]), max_size=3, unique=True),
    st.lists(st.dates(date(2026, 1, 1), date(2026, 3, 31)), max_size=60),
    st.dictionaries(st.dates(date(2026, 1, 1), date(2026, 3, 31)), st.booleans(), max_size=10),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(CALENDARS, min_size=1, max_size=3), st.dates(date(2026, 1, 1), date(2026, 3, 31)))
def test_a_day_is_worked_where_every_calendar_works(documents: Sequence[dict[str, object]], one: date) -> None:
    known = {str(n): Calendar.parse(document) for n, document in enumerate(documents)}
    together = WorkingDays.of(list(known), known)
    apart = [WorkingDays.of([name], known) for name in known]
    assert together.is_working(one) == all(days.is_working(one) for days in apart)
    said = together.explain(one)
    assert said.working == together.is_working(one)
    counting = [reason for reason in said.reasons if not reason.overridden]
    assert said.working == all(reason.working for reason in counting)


@settings(max_examples=100, deadline=None)
@given(CALENDARS, st.dates(date(2026, 1, 1), date(2026, 3, 31)))
def test_a_day_rolls_to_the_nearest_working_day(document: dict[str, object], one: date) -> None:
    days = days_of(document)
    for roll, step in ((Roll.FOLLOWING, 1), (Roll.PRECEDING, -1)):
        near = [one + timedelta(days=step * n) for n in range(FARTHEST_ROLL + 1)]
        assert days.rolled(one, roll) == next((other for other in near if days.is_working(other)), None)
    modified = days.rolled(one, Roll.MODIFIED_FOLLOWING)
    in_month = days_between(one, date(2026, one.month, monthrange(2026, one.month)[1]))
    later = next((other for other in in_month if days.is_working(other)), None)
    assert modified == (later or days.rolled(one, Roll.PRECEDING))
    assert days.rolled(one, Roll.SKIP) == (one if days.is_working(one) else None)


@settings(max_examples=60, deadline=None)
@given(CALENDARS, st.integers(1, 3))
def test_the_nth_working_days_are_the_working_days_of_the_month(document: dict[str, object], month: int) -> None:
    days = days_of(document)
    last = date(2026, month, monthrange(2026, month)[1])
    worked = [one for one in days_between(date(2026, month, 1), last) if days.is_working(one)]
    assert [days.nth(2026, month, n) for n in range(1, 32)] == [*worked, *[None] * (31 - len(worked))]
    assert [days.nth(2026, month, -n) for n in range(1, 32)] == [*worked[::-1], *[None] * (31 - len(worked))]
