"""Calendars as people write them and as they are stored."""

from datetime import date

import pytest
from dateutil.easter import easter as dateutil_easter
from hypothesis import given, settings
from hypothesis import strategies as st

from rota.domain.calendar import Calendar, require_calendar
from rota.domain.dated_rules import (
    EARLIEST_FROM_EASTER,
    LATEST_FROM_EASTER,
    EveryYear,
    FromEaster,
    NthWeekday,
    OnDate,
    Override,
    easter,
)
from rota.domain.errors import InvalidInput
from rota.domain.holiday_data import HolidaySource

NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20).filter(str.strip)
DATES = st.dates()
RULES = st.one_of(
    st.builds(OnDate, DATES, NAMES),
    st.builds(EveryYear, st.integers(1, 12), st.integers(1, 28), NAMES),
    st.builds(FromEaster, st.integers(EARLIEST_FROM_EASTER, LATEST_FROM_EASTER), NAMES),
    st.builds(
        NthWeekday, st.integers(1, 12), st.integers(0, 6), st.integers(-5, 5).filter(lambda nth: nth != 0), NAMES
    ),
)
OVERRIDES = st.builds(
    Override,
    DATES,
    st.booleans(),
    st.none() | NAMES,
    st.none() | NAMES,
    st.none() | st.integers(0, 2_000_000_000_000_000),
)
CALENDARS = st.builds(
    Calendar,
    st.none() | st.sets(st.integers(0, 6), max_size=6).map(lambda days: tuple(sorted(days))),
    st.lists(
        st.sampled_from(
            [HolidaySource("DE", "BY"), HolidaySource("US"), HolidaySource(market="XNYS"), HolidaySource("GB", "SCT")]
        ),
        max_size=3,
    ).map(tuple),
    st.lists(RULES, max_size=3).map(tuple),
    st.lists(OVERRIDES, max_size=3, unique_by=lambda one: one.day).map(
        lambda found: tuple(sorted(found, key=lambda one: one.day))
    ),
    st.sets(st.sampled_from(["a", "b.c", "D_e-f"])).map(lambda names: tuple(sorted(names))),
    st.none() | NAMES,
)


@settings(max_examples=100)
@given(CALENDARS)
def test_a_calendar_reads_as_it_is_written(calendar: Calendar) -> None:
    assert Calendar.parse(calendar.document()) == calendar
    assert Calendar.from_json(calendar.to_json()) == calendar


@pytest.mark.parametrize(
    ("written", "source"),
    [
        ({"country": "de", "subdivision": "Bayern"}, HolidaySource("DE", "BY")),
        ({"country": "GBR", "subdivision": "sct"}, HolidaySource("GB", "SCT")),
        ({"country": "UK"}, HolidaySource("GB")),
        ({"market": "nyse"}, HolidaySource(market="XNYS")),
        ({"market": "XAMS"}, HolidaySource(market="ENX", subdivision="XAMS")),
    ],
)
def test_sources_are_kept_under_one_code(written: dict[str, object], source: HolidaySource) -> None:
    assert Calendar.parse({"holidays": [written]}).holidays == (source,)


@pytest.mark.parametrize(
    ("document", "where", "why"),
    [
        ({"holidays": [{"country": "Germny"}]}, ("holidays", 0, "country"), "did you mean DE"),
        ({"holidays": [{"country": "DE", "subdivision": "Bayrn"}]}, ("holidays", 0, "subdivision"), "did you mean BY"),
        ({"holidays": [{"country": "DE", "subdivision": "???"}]}, ("holidays", 0, "subdivision"), "DE has "),
        ({"holidays": [{"country": "HK", "subdivision": "X"}]}, ("holidays", 0, "subdivision"), "HK has none"),
        ({"holidays": [{"market": "XNYSE"}]}, ("holidays", 0, "market"), "did you mean .*XNYS"),
        ({"holidays": [{}]}, ("holidays", 0, "country"), "either a country or a market"),
        ({"holidays": [{"country": "US", "market": "XNYS"}]}, ("holidays", 0, "country"), "either"),
        ({"holidays": [{"country": 1}]}, ("holidays", 0, "country"), "a text"),
        ({"holidays": [{"country": "US", "state": "NY"}]}, ("holidays", 0, "state"), "unknown field"),
        ({"holidays": {"country": "US"}}, ("holidays",), "a list"),
        ({"holidays": ["US"]}, ("holidays", 0), "a JSON object"),
        ({"weekend": ["SUN", "someday"]}, ("weekend", 1), "a weekday"),
        ({"weekend": ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"]}, ("weekend",), "at most six"),
        ({"weekend": "SUN"}, ("weekend",), "a list"),
        ({"rules": [{"date": "2026-01-01"}]}, ("rules", 0, "name"), "required"),
        ({"rules": [{"name": "x"}]}, ("rules", 0, "date"), "exactly one of"),
        ({"rules": [{"name": "x", "easter": 1, "date": "2026-01-01"}]}, ("rules", 0, "easter"), "exactly one of"),
        ({"rules": [{"name": "x", "date": "2026-02-29"}]}, ("rules", 0, "date"), "no such day"),
        ({"rules": [{"name": "x", "date": "20260229"}]}, ("rules", 0, "date"), "write 2026-12-24"),
        ({"rules": [{"name": "x", "yearly": {"month": 2, "day": 30}}]}, ("rules", 0, "yearly", "day"), "never has"),
        ({"rules": [{"name": "x", "yearly": "12-24"}]}, ("rules", 0, "yearly"), "a JSON object"),
        ({"rules": [{"name": "x", "easter": 300}]}, ("rules", 0, "easter"), "from -80 to 250"),
        (
            {"rules": [{"name": "x", "nthWeekday": {"month": 1, "weekday": "MON", "nth": 0}}]},
            ("rules", 0, "nthWeekday", "nth"),
            "no 0th",
        ),
        (
            {"rules": [{"name": "x", "nthWeekday": {"month": 1, "weekday": 1, "nth": 1}}]},
            ("rules", 0, "nthWeekday", "weekday"),
            "one of MON",
        ),
        ({"rules": [{"name": "x\0y", "easter": 1}]}, ("rules", 0, "name"), "control characters"),
        ({"overrides": [{"date": "2026-01-01"}]}, ("overrides", 0, "working"), "required"),
        ({"overrides": [{"working": True}]}, ("overrides", 0, "date"), "required"),
        ({"overrides": [{"date": "2026-01-01", "working": 1}]}, ("overrides", 0, "working"), "true or false"),
        ({"overrides": [{"date": "2026-01-01", "working": True}] * 2}, ("overrides", 1, "date"), "already"),
        ({"parents": ["a/b"]}, ("parents", 0), "letters, digits"),
        ({"parents": "a"}, ("parents",), "a list"),
        ({"holiday": []}, ("holiday",), "unknown field"),
    ],
)
def test_what_is_no_calendar_is_refused_where_it_is_wrong(
    document: dict[str, object], where: tuple[str | int, ...], why: str
) -> None:
    with pytest.raises(InvalidInput, match=why) as refused:
        Calendar.parse(document)
    assert [location for location, _ in refused.value.errors] == [where]


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a b", "ä", "x" * 101, "a\n"])
def test_what_cannot_name_a_calendar_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput):
        require_calendar(name)


def test_easter_is_that_of_dateutil() -> None:
    for year in range(1583, 4100):
        assert easter(year) == dateutil_easter(year)
    # outside the years that dateutil knows: still a Sunday between 22 March and 25 April
    for year in (1, 9999):
        assert easter(year).weekday() == 6
        assert date(year, 3, 22) <= easter(year) <= date(year, 4, 25)
