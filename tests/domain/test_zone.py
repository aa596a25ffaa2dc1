"""Zones: golden days of odd clock changes, and properties over many zones."""

from itertools import islice, pairwise

import pytest
from cronsim import CronSim
from hypothesis import given, settings
from hypothesis import strategies as st

from rota.domain.cron import Cron
from rota.domain.errors import InvalidInput
from rota.domain.instant import HOUR, Instant, from_datetime, parse_instant, to_datetime
from rota.domain.zone import Clock, DstGap, DstOverlap, Moment, Zone

NEW_YORK = "America/New_York"


def moments(
    text: str, zone: str, start: Instant, gap: DstGap = DstGap.SHIFT, overlap: DstOverlap = DstOverlap.FIRST
) -> list[Moment]:
    cron = Cron.parse(text)
    clock = Clock(gap, overlap, cron.follows_real_time, gap_loses_runs=not cron.every_hour)
    return list(islice(Zone.named(zone).walk(start, cron.after, clock), 12))


def local(
    text: str,
    zone: str,
    after: str,
    until: str,
    gap: DstGap = DstGap.SHIFT,
    overlap: DstOverlap = DstOverlap.FIRST,
) -> list[str]:
    """The fires in (after, until] as `HH:MM+offset` with their notes."""
    told = []
    for moment in moments(text, zone, parse_instant(after), gap, overlap):
        if moment.instant <= parse_instant(until):
            named = Zone.named(zone).text(moment.instant)
            told.append(named[11:16] + named[19:] + "".join(f" {it}" for it in _said(moment)))
    return told


def _said(moment: Moment) -> list[str]:
    return [text for text in (moment.note, moment.withheld and moment.withheld.decision) if text]


SPRING = ("2026-03-08T05:00:00Z", "2026-03-08T09:00:00Z")  # 00:00 EST to 05:00 EDT
AUTUMN = ("2026-11-01T04:00:00Z", "2026-11-01T08:00:00Z")  # 00:00 EDT to 03:00 EST


@pytest.mark.parametrize(
    ("text", "gap", "expected"),
    [
        ("30 2 * * *", DstGap.SHIFT, ["03:00-04:00 dstShifted"]),
        ("30 2 * * *", DstGap.SKIP, ["03:00-04:00 suppressedDst"]),
        ("0,30 2,3 * * *", DstGap.SHIFT, ["03:00-04:00 dstShifted", "03:00-04:00 suppressedDst", "03:30-04:00"]),
        ("0 3 * * *", DstGap.SHIFT, ["03:00-04:00"]),
        ("0 * * * *", DstGap.SHIFT, ["01:00-05:00", "03:00-04:00", "04:00-04:00", "05:00-04:00"]),
        ("*/30 1-3 * * *", DstGap.SKIP, ["01:00-05:00", "01:30-05:00", "03:00-04:00 suppressedDst",
                                         "03:00-04:00 suppressedDst", "03:00-04:00", "03:30-04:00"]),
    ],
)  # fmt: skip
def test_spring_in_new_york(text: str, gap: DstGap, expected: list[str]) -> None:
    assert local(text, NEW_YORK, *SPRING, gap=gap) == expected


@pytest.mark.parametrize(
    ("text", "overlap", "expected"),
    [
        ("30 1 * * *", DstOverlap.FIRST, ["01:30-04:00", "01:30-05:00 suppressedDst"]),
        ("30 1 * * *", DstOverlap.BOTH, ["01:30-04:00", "01:30-05:00 dstRepeated"]),
        ("0 * * * *", DstOverlap.FIRST, ["01:00-04:00", "01:00-05:00 dstRepeated", "02:00-05:00", "03:00-05:00"]),
        ("*/30 1 * * *", DstOverlap.FIRST, ["01:00-04:00", "01:30-04:00", "01:00-05:00 dstRepeated",
                                            "01:30-05:00 dstRepeated"]),
        ("15,45 1-2 * * *", DstOverlap.FIRST, ["01:15-04:00", "01:45-04:00", "01:15-05:00 suppressedDst",
                                               "01:45-05:00 suppressedDst", "02:15-05:00", "02:45-05:00"]),
    ],
)  # fmt: skip
def test_autumn_in_new_york(text: str, overlap: DstOverlap, expected: list[str]) -> None:
    assert local(text, NEW_YORK, *AUTUMN, overlap=overlap) == expected


def test_every_real_half_hour_through_both_changes() -> None:
    for start, end in (SPRING, AUTUMN):
        instants = [moment.instant for moment in moments("*/30 * * * *", NEW_YORK, parse_instant(start))]
        inside = [instant for instant in instants if instant <= parse_instant(end)]
        assert inside == [parse_instant(start) + HOUR // 2 * step for step in range(1, 9)]


def test_lord_howe_moves_by_half_an_hour() -> None:
    spring = ("2026-10-03T15:00:00Z", "2026-10-03T16:30:00Z")
    autumn = ("2026-04-04T14:00:00Z", "2026-04-04T16:00:00Z")
    assert local("15 2 * * *", "Australia/Lord_Howe", *spring) == ["02:30+11:00 dstShifted"]
    assert local("45 1 * * *", "Australia/Lord_Howe", *autumn) == ["01:45+11:00", "01:45+10:30 suppressedDst"]
    assert local("*/15 1 * * *", "Australia/Lord_Howe", *autumn) == [
        "01:15+11:00", "01:30+11:00", "01:45+11:00", "01:30+10:30 dstRepeated", "01:45+10:30 dstRepeated",
    ]  # fmt: skip


def test_apia_skips_a_whole_day() -> None:
    days = moments("0 6 * * *", "Pacific/Apia", parse_instant("2011-12-29T00:00:00Z"))[:3]
    zone = Zone.named("Pacific/Apia")
    assert [zone.text(moment.instant) for moment in days] == [
        "2011-12-29T06:00:00-10:00",
        "2011-12-31T00:00:00+14:00",  # the 30th did not happen
        "2011-12-31T06:00:00+14:00",
    ]


def test_troll_moves_by_two_hours() -> None:
    window = ("2026-03-29T00:00:00Z", "2026-03-29T03:00:00Z")
    assert local("30 2 * * *", "Antarctica/Troll", *window) == ["03:00+02:00 dstShifted"]


@pytest.mark.parametrize(
    "name",
    ["", "../../etc/passwd", "/etc/localtime", "localtime", "Europe", "europe/madrid", "Mars/Base", "UTC+1", "\0"],
)
def test_an_unknown_zone_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput):
        Zone.named(name)


def test_a_near_miss_gets_a_hint() -> None:
    with pytest.raises(InvalidInput, match="did you mean Europe/Madrid"):
        Zone.named("europe/madrid")


ZONES = st.sampled_from(
    [NEW_YORK, "Europe/Madrid", "Australia/Lord_Howe", "Africa/Casablanca", "Antarctica/Troll", "Pacific/Apia",
     "Asia/Tehran", "America/St_Johns", "Africa/Cairo", "Pacific/Chatham", "America/Nuuk", "UTC"]
)  # fmt: skip
INSTANTS = st.integers(parse_instant("1995-01-01T00:00:00Z"), parse_instant("2035-01-01T00:00:00Z"))
TEXTS = st.sampled_from(
    ["30 2 * * *", "15,45 1-3 * * *", "*/20 * * * *", "0 0 * * *", "*/40 0-4 * * SUN", "0 */2 * * *", "30 23 L * *"]
)


@settings(max_examples=120, deadline=None)
@given(TEXTS, ZONES, INSTANTS, st.sampled_from(DstGap), st.sampled_from(DstOverlap))
def test_fires_increase_and_do_not_depend_on_where_the_walk_began(
    text: str, zone: str, start: Instant, gap: DstGap, overlap: DstOverlap
) -> None:
    fires = [moment for moment in moments(text, zone, start, gap, overlap) if moment.fires]
    instants = [moment.instant for moment in fires]
    assert instants == sorted(set(instants))
    assert instants[0] > start
    for earlier, later in pairwise(fires):
        again = next(moment for moment in moments(text, zone, earlier.instant, gap, overlap) if moment.fires)
        assert again.instant == later.instant


CHANGES = st.sampled_from(
    ["2026-03-08T00:00:00Z", "2026-11-01T00:00:00Z", "2026-03-29T00:00:00Z", "2026-10-25T00:00:00Z"]
)
SHARED = st.sampled_from(
    ["30 2 * * *", "30 1 * * *", "0 * * * *", "*/30 * * * *", "15,45 1-3 * * *", "*/10 2 * * *", "0 3 * * SUN"]
)


@settings(max_examples=60, deadline=None)
@given(SHARED, st.sampled_from([NEW_YORK, "Europe/Madrid", "America/Chicago"]), CHANGES, st.integers(0, 24 * 60))
def test_the_default_policies_are_those_of_cronsim(text: str, name: str, change: str, minutes: int) -> None:
    zone = Zone.named(name)
    start = parse_instant(change) - 12 * HOUR + minutes * HOUR // 60
    ours = [moment.instant for moment in moments(text, name, start) if moment.fires][:6]
    began = to_datetime(start).astimezone(zone.tz)
    theirs = [from_datetime(moment) for moment in islice(CronSim(text, began), 8)]
    assert ours == [instant for instant in theirs if instant > start][: len(ours)]


def test_a_search_without_fires_ends_after_forty_years() -> None:
    always_in_the_gap = Cron.parse("30 2 * 3 SUN#2")
    walk = list(
        Zone.named(NEW_YORK).walk(parse_instant("2026-01-01T00:00:00Z"), always_in_the_gap.after, Clock(DstGap.SKIP))
    )
    assert not any(moment.fires for moment in walk)
    assert 40 <= len(walk) <= 42


@pytest.mark.parametrize("start", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_the_ends_of_time_are_no_error(start: str) -> None:
    assert isinstance(moments("0 0 * * *", "Pacific/Apia", parse_instant(start)), list)
