"""Cron expressions: what they match, what is refused, and agreement with cronsim where both speak."""

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from cronsim import CronSim, CronSimError
from hypothesis import given, settings
from hypothesis import strategies as st

from rota.domain.cron import Cron
from rota.domain.errors import InvalidInput

START = datetime.fromisoformat("2026-01-31T23:59:58")


def fires(text: str, count: int = 3, start: datetime = START, spread: str = "") -> list[str]:
    return [moment.isoformat(" ") for moment in islice(Cron.parse(text, spread=spread).after(start), count)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0 6 * * MON-FRI", ["2026-02-02 06:00:00", "2026-02-03 06:00:00"]),
        ("*/10 * * * * *", ["2026-02-01 00:00:00", "2026-02-01 00:00:10"]),
        ("59 59 23 31 1 *", ["2026-01-31 23:59:59", "2027-01-31 23:59:59"]),
        ("0 0 L * *", ["2026-02-28 00:00:00", "2026-03-31 00:00:00"]),
        ("0 0 L-3 * ?", ["2026-02-25 00:00:00", "2026-03-28 00:00:00"]),
        ("0 0 LW * *", ["2026-02-27 00:00:00", "2026-03-31 00:00:00"]),
        ("0 0 15W * *", ["2026-02-16 00:00:00", "2026-03-16 00:00:00"]),
        ("0 0 1W * *", ["2026-02-02 00:00:00", "2026-03-02 00:00:00"]),
        ("0 0 1W 8 *", ["2026-08-03 00:00:00", "2027-08-02 00:00:00"]),  # 1 August 2026 is a Saturday
        ("0 0 28W 2 *", ["2026-02-27 00:00:00", "2027-02-26 00:00:00"]),
        ("0 0 31W * *", ["2026-03-31 00:00:00", "2026-05-29 00:00:00"]),  # 31 May 2026 is a Sunday
        ("0 0 ? * FRI#2", ["2026-02-13 00:00:00", "2026-03-13 00:00:00"]),
        ("0 0 ? * 5L", ["2026-02-27 00:00:00", "2026-03-27 00:00:00"]),
        ("0 0 ? * FRIL", ["2026-02-27 00:00:00", "2026-03-27 00:00:00"]),
        ("0 0 * * 7", ["2026-02-01 00:00:00", "2026-02-08 00:00:00"]),
        ("0 0 * * SAT-SUN", ["2026-02-01 00:00:00", "2026-02-07 00:00:00"]),
        ("0 0 13 * FRI", ["2026-02-06 00:00:00", "2026-02-13 00:00:00"]),  # both restricted: either
        ("0 0 */2 * MON", ["2026-02-09 00:00:00", "2026-02-23 00:00:00"]),  # a star does not restrict: both
        ("0 0 29 2 *", ["2028-02-29 00:00:00", "2032-02-29 00:00:00"]),
        ("0 0 1 jan-mar/2 *", ["2026-03-01 00:00:00", "2027-01-01 00:00:00"]),
        ("5/20 8,10 * * *", ["2026-02-01 08:05:00", "2026-02-01 08:25:00"]),
        ("@yearly", ["2027-01-01 00:00:00", "2028-01-01 00:00:00"]),
        ("@annually", ["2027-01-01 00:00:00", "2028-01-01 00:00:00"]),
        ("@monthly", ["2026-02-01 00:00:00", "2026-03-01 00:00:00"]),
        ("@weekly", ["2026-02-01 00:00:00", "2026-02-08 00:00:00"]),
        ("@Daily", ["2026-02-01 00:00:00", "2026-02-02 00:00:00"]),
        ("@midnight", ["2026-02-01 00:00:00", "2026-02-02 00:00:00"]),
        ("@hourly", ["2026-02-01 00:00:00", "2026-02-01 01:00:00"]),
    ],
)
def test_an_expression_matches_these_times(text: str, expected: list[str]) -> None:
    assert fires(text, len(expected)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "* * * *",
        "0 0 0 1 1 ? 2026",
        "60 * * * *",
        "* 24 * * *",
        "* * 0 * *",
        "* * 32 * *",
        "* * * 13 *",
        "* * * * 8",
        "*/0 * * * *",
        "5-1 * * * *",
        "? * * * *",
        "* * ?/2 * *",
        "* * * * ?,MON",
        "1,,2 * * * *",
        "* * * FOO *",
        "* * * * MON#6",
        "* * * * MON#0",
        "* * * * L",
        "-1 * * * *",
        "٣ * * * *",
        "0 0 * * ſun",
        "@wee\u212aly",
        "@reboot",
        "@every 5m",
        "0 0 30 2 *",
        "0 0 31 4,6,9,11 *",
        "0 0 31W 2 *",
        "0 0 L-31 2 *",
        "0 0 */31 2 5#5",
        "*" * 257,
        ",".join(["1"] * 65) + " * * * *",
        "H(50-70) * * * *",
    ],
)
def test_a_bad_or_barren_expression_is_refused_with_its_field(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        Cron.parse(text)
    assert refused.value.errors[0][0] == ("cron",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("*/30 * * * *", True),
        ("0 * * * *", True),
        ("0 0/2 * * *", True),
        ("H/15 3 * * *", True),
        ("*/5 */2 3 * * *", True),
        ("*/5 0 3 * * *", False),
        ("30 2 * * *", False),
        ("15,45 1-3 * * *", False),
        ("H H * * *", False),
        ("0 0 */2 * *", False),
        ("@daily", False),
    ],
)
def test_wildcards_and_steps_of_the_time_of_day_follow_real_time(text: str, expected: bool) -> None:
    assert Cron.parse(text).follows_real_time is expected


def test_h_spreads_by_key_and_is_stable() -> None:
    keys = [f"job-{number}" for number in range(50)]
    assert len({tuple(fires("H H * * *", 1, spread=key)) for key in keys}) > 25
    assert fires("H H * * *", 1, spread="a") == fires("H H * * *", 1, spread="a")
    assert all(0 <= Cron.parse("H(10-19) * * * *", spread=key).minutes[0] - 10 < 10 for key in keys)
    assert all(len(Cron.parse("H/15 * * * *", spread=key).minutes) == 4 for key in keys)
    assert all(max(Cron.parse("0 0 H * *", spread=key).days.days) <= 28 for key in keys)
    assert Cron.parse("H * * * *").spreads
    assert not Cron.parse("0 0 * MAR THU").spreads


def _numbers(low: int, high: int) -> st.SearchStrategy[str]:
    number = st.integers(low, high)
    pair = st.tuples(number, number).filter(lambda ends: ends[0] < ends[1]).map(lambda ends: f"{ends[0]}-{ends[1]}")
    step = st.integers(1, high)
    item = st.one_of(
        number.map(str),
        pair,
        st.tuples(pair, step).map(lambda both: f"{both[0]}/{both[1]}"),
        st.tuples(number, step).map(lambda both: f"{both[0]}/{both[1]}"),
    )
    return st.one_of(st.just("*"), step.map(lambda by: f"*/{by}"), st.lists(item, min_size=1, max_size=3).map(",".join))


DAY = st.one_of(_numbers(1, 31), st.sampled_from(["L", "LW", "1,L"]))
WEEKDAY = st.one_of(_numbers(0, 6), st.sampled_from(["MON-FRI", "SUN", "TUE#2", "5L", "0,3#1", "7"]))
EXPRESSIONS = st.tuples(_numbers(0, 59), _numbers(0, 23), DAY, _numbers(1, 12), WEEKDAY).map(" ".join)
STARTS = st.datetimes(datetime.fromisoformat("2000-01-01"), datetime.fromisoformat("2060-01-01"))


@settings(max_examples=150, deadline=None)
@given(EXPRESSIONS, STARTS)
def test_it_agrees_with_cronsim(text: str, start: datetime) -> None:
    try:
        expected = [moment.replace(tzinfo=None) for moment in islice(CronSim(text, start.replace(tzinfo=UTC)), 5)]
    except CronSimError:
        expected = []
    if not expected:
        with pytest.raises(InvalidInput):
            Cron.parse(text)
        return
    assert list(islice(Cron.parse(text).after(start), 5)) == expected


@settings(max_examples=40, deadline=None)
@given(_numbers(0, 59), EXPRESSIONS, STARTS)
def test_six_fields_agree_with_cronsim(second: str, rest: str, start: datetime) -> None:
    text = f"{second} {rest}"
    try:
        cron = Cron.parse(text)
    except InvalidInput:
        return
    expected = [moment.replace(tzinfo=None) for moment in islice(CronSim(text, start.replace(tzinfo=UTC)), 5)]
    assert list(islice(cron.after(start), 5)) == expected


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="0123456789*/,-LWH#?@ MONJAN()", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        cron = Cron.parse(text)
    except InvalidInput:
        return
    first, second = islice(cron.after(START), 2)
    assert START < first < second < START + timedelta(days=81 * 366)
