"""Instants and durations: read, written, and refused with a sentence."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rota.domain.instant import (
    DAY,
    HOUR,
    MILLISECOND,
    MINUTE,
    SECOND,
    format_duration,
    format_instant,
    from_datetime,
    parse_duration,
    parse_instant,
    seconds,
    to_datetime,
)

MOMENTS = st.datetimes(
    datetime(1, 1, 2),  # noqa: DTZ001
    datetime(9999, 12, 30),  # noqa: DTZ001
    timezones=st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)


@given(MOMENTS)
def test_an_instant_keeps_every_microsecond(moment: datetime) -> None:
    instant = from_datetime(moment)
    assert to_datetime(instant) == moment
    assert parse_instant(moment.isoformat()) == instant
    assert parse_instant(format_instant(instant)) == instant


@given(MOMENTS, MOMENTS)
def test_instants_compare_as_the_moments_do(one: datetime, other: datetime) -> None:
    assert (one < other) == (from_datetime(one) < from_datetime(other))


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"),
        ("2026-11-21T06:00:00+02:00", "2026-11-21T04:00:00.000Z"),
        ("2026-11-21T06:00:00.1234567Z", "2026-11-21T06:00:00.123456Z"),
        ("2026-11-21 06:00:00.5Z", "2026-11-21T06:00:00.500Z"),
        ("1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999Z"),
    ],
)
def test_instants_are_written_in_utc_with_milliseconds_or_better(text: str, written: str) -> None:
    assert format_instant(parse_instant(text)) == written


@pytest.mark.parametrize(
    "text", ["2026-11-21T06:00:00", "2026-11-21", "tomorrow", "", "2026-13-01T00:00:00Z", "1" * 99]
)
def test_a_time_without_an_offset_or_sense_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_instant(text)


def test_a_naive_datetime_names_no_instant() -> None:
    with pytest.raises(ValueError, match="zone"):
        from_datetime(datetime(2026, 1, 1))  # noqa: DTZ001
    assert from_datetime(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)) == SECOND


@pytest.mark.parametrize(
    ("given", "duration"),
    [
        (0, 0),
        (90, 90 * SECOND),
        (0.25, 250 * MILLISECOND),
        ("500ms", 500 * MILLISECOND),
        ("1.5s", 1_500 * MILLISECOND),
        ("15m", 15 * MINUTE),
        (" 1h30m ", 90 * MINUTE),
        ("2d", 2 * DAY),
        ("1w", 7 * DAY),
        ("PT15M", 15 * MINUTE),
        ("PT0.5S", 500 * MILLISECOND),
        ("P1DT2H", 26 * HOUR),
        ("P2W", 14 * DAY),
    ],
)
def test_durations_are_read_in_every_form(given: object, duration: int) -> None:
    assert parse_duration(given) == duration


@pytest.mark.parametrize(
    "given",
    [
        -1, -0.5, True, None, [], {}, float("nan"), float("inf"), "", "P", "PT", "P1DT", "15", "m", "15x", "1h 30m", "-5s",
        "٣s", "1e3s", 10**30, "9" * 60 + "s", "6000w",
    ],
)  # fmt: skip
def test_everything_else_is_no_duration(given: object) -> None:
    with pytest.raises(ValueError):
        parse_duration(given)


@given(st.integers(0, 300 * DAY // MILLISECOND))
def test_a_written_duration_is_read_back(milliseconds: int) -> None:
    duration = milliseconds * MILLISECOND
    assert parse_duration(format_duration(duration)) == duration
    assert parse_duration(seconds(duration)) == duration


def test_whole_seconds_are_whole_numbers() -> None:
    assert (seconds(3 * SECOND), seconds(1_500_000), format_duration(0)) == (3, 1.5, "0s")
    assert isinstance(seconds(3 * SECOND), int)
