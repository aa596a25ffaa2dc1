"""Schedules: documents, previews, and what becomes of due instants."""

import json
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rota.domain.errors import InvalidInput
from rota.domain.instant import DAY, HOUR, MINUTE, SECOND, Instant, format_instant, parse_instant
from rota.domain.missed import Missed, Overlap
from rota.domain.occurrence import Decision, Due
from rota.domain.planning import due, next_after, upcoming
from rota.domain.schedule import Schedule

NOW = parse_instant("2026-11-21T12:00:00Z")
HOURLY = {"cron": "0 * * * *"}


def parse(document: dict[str, object], now: Instant = NOW) -> Schedule:
    return Schedule.parse(document, now=now, spread="job-1")


def at(text: str) -> Instant:
    return parse_instant(f"2026-11-{text}Z")


def decided(result: Due) -> list[str]:
    return [f"{format_instant(one.nominal)[8:16]} {one.decision}" for one in result.decisions]


def tick(document: dict[str, object], cursor: str, now: str, runs: int = 0, limit: int = 1000) -> Due:
    created = at("01T00:00:00")
    schedule = parse(document, created)
    return due(schedule, cursor=at(cursor), now=at(now), revised_at=created, runs=runs, limit=limit)


# Documents


@pytest.mark.parametrize(
    ("document", "description", "first"),
    [
        ({"cron": "0 6 * * MON-FRI", "timeZone": "Europe/Madrid"}, "cron 0 6 * * MON-FRI, Europe/Madrid", "23T05:00"),
        ({"every": "15m"}, "every 15 min", "21T12:15"),
        ({"every": 10}, "every 10 s", "21T12:00"),
        ({"every": "1h", "anchor": "2027-01-01T00:20:00Z"}, "every 1 h", "21T12:20"),
        ({"every": "1h", "startsAt": "2026-11-21T13:07:00Z"}, "every 1 h", "21T13:07"),
        ({"daily": {"at": "06:00"}, "timeZone": "Europe/Madrid"}, "daily at 06:00 Europe/Madrid", "22T05:00"),
        ({"weekly": {"on": ["THU", "monday"], "at": "6:00"}}, "weekly on MON, THU at 06:00 UTC", "23T06:00"),
        ({"monthly": {"day": -1, "at": "06:00:30"}}, "monthly on the last day at 06:00:30 UTC", "30T06:00"),
        ({"monthly": {"day": 30, "at": "06:00"}}, "monthly on day 30 at 06:00 UTC", "30T06:00"),
        ({"yearly": {"month": 11, "day": 24, "at": "06:00"}}, "yearly on 24 November at 06:00 UTC", "24T06:00"),
        ({"once": "2026-11-22T06:00:00+01:00"}, "once at 2026-11-22T05:00:00+00:00 UTC", "22T05:00"),
        ({"after": "10m"}, "once, 10 min after 2026-11-21T12:00:00+00:00 UTC", "21T12:10"),
        ({"scheduleType": 1, "runAt": "2026-11-22T05:00:00Z"}, "once at 2026-11-22T05:00:00+00:00 UTC", "22T05:00"),
        ({"scheduleType": 2, "timeOfDay": "06:00:00"}, "daily at 06:00 UTC", "22T06:00"),
        ({"scheduleType": 3, "dayOfWeek": 1, "timeOfDay": "06:00:00"}, "weekly on MON at 06:00 UTC", "23T06:00"),
        ({"scheduleType": 4, "dayOfMonth": 30, "timeOfDay": "06:00"}, "monthly on day 30 at 06:00 UTC", "30T06:00"),
        ({"scheduleType": 5, "cronExpression": "0 6 * * *"}, "cron 0 6 * * *, UTC", "22T06:00"),
        ({"scheduleType": "Recurring", "cronExpression": "0 6 * * *"}, "cron 0 6 * * *, UTC", "22T06:00"),
        ({"monthly": {"nthBusinessDay": 3, "at": "06:00"}}, "monthly on business day 3 at 06:00 UTC", "03T06:00"),
        (
            {"monthly": {"nthBusinessDay": -1, "at": "06:00"}},
            "monthly on the last business day at 06:00 UTC",
            "30T06:00",
        ),
        (
            {"scheduleType": 6, "nthBusinessDay": -1, "timeOfDay": "06:00"},
            "monthly on the last business day at 06:00 UTC",
            "30T06:00",
        ),
        (
            {"scheduleType": 8, "cronExpression": "0 6 * * *", "condition": "day.working"},
            "cron 0 6 * * *, UTC",
            "22T06:00",
        ),
        ({"scheduleType": 7, "delaySeconds": 60}, "once, 1 min after 2026-11-21T12:00:00+00:00 UTC", "21T12:01"),
    ],
)
def test_each_rule_is_read_told_and_found_again(document: dict[str, object], description: str, first: str) -> None:
    schedule = parse(document)
    assert schedule.describe() == description
    following = next_after(schedule, NOW)
    assert following is not None
    assert format_instant(following)[8:16] == first
    canonical = schedule.document()
    assert Schedule.parse(json.loads(json.dumps(canonical)), now=NOW + DAY, spread="another") == schedule
    assert Schedule.from_json(json.dumps(canonical)) == schedule
    assert Schedule.from_document(canonical).document() == canonical


def test_every_policy_survives_the_round_trip() -> None:
    document: dict[str, object] = {
        "cron": "H 6 * * *", "timeZone": "Europe/Madrid", "dstGap": "skip", "dstOverlap": "both", "missed": "runAll",
        "maxLateness": "2h", "maxCatchupRuns": 3, "overlap": "queueOne", "overlapKey": "params.tenant", "jitter": "30s",
        "spread": "mine", "startsAt": "2026-01-01T00:00:00.000Z", "endsAt": "2027-01-01T00:00:00.000Z", "maxRuns": 9,
        "parameters": {"a": 1}, "enabled": False, "key": "k", "name": "n", "description": "d",
    }  # fmt: skip
    schedule = parse(document)
    assert schedule.document() == document
    assert schedule.overlap is Overlap.QUEUE_ONE
    assert schedule.missed is Missed.RUN_ALL
    assert schedule.parameters == {"a": 1}
    assert hash(schedule) == hash(Schedule.from_json(json.dumps(document)))


def test_enumerations_are_read_in_any_case_and_null_is_absent() -> None:
    schedule = parse({**HOURLY, "missed": "RUNEARLIEST", "overlap": "KillPrevious", "jitter": None, "name": None})
    assert (schedule.missed, schedule.overlap, schedule.name) == (Missed.RUN_EARLIEST, Overlap.KILL_PREVIOUS, None)


@pytest.mark.parametrize(
    ("document", "locations"),
    [
        ({}, [("cron",)]),
        ({"cron": "0 * * * *", "every": "1m"}, [("every",)]),
        ({"cron": "0 * * *"}, [("cron",)]),
        ({"cron": 5}, [("cron",)]),
        ({**HOURLY, "anchor": "2026-01-01T00:00:00Z"}, [("anchor",)]),
        ({"every": "0s"}, [("every",)]),
        ({"every": "50ms"}, [("every",)]),
        ({"after": "-5s"}, [("after",)]),
        ({"once": "2026-11-22T06:00:00"}, [("once",)]),
        ({"once": 1700000000}, [("once",)]),
        ({"daily": "06:00"}, [("daily",)]),
        ({"daily": {}}, [("daily", "at")]),
        ({"daily": {"at": "24:00", "on": "MON"}}, [("daily", "at"), ("daily", "on")]),
        ({"weekly": {"on": ["MON", "FOO"], "at": "06:00"}}, [("weekly", "on", 1)]),
        ({"weekly": {"on": [], "at": "06:00"}}, [("weekly", "on")]),
        ({"monthly": {"day": 0, "at": "06:00"}}, [("monthly", "day")]),
        ({"monthly": {"day": True, "at": "06:00"}}, [("monthly", "day")]),
        ({"yearly": {"month": 2, "day": 30, "at": "06:00"}}, [("yearly", "day")]),
        ({**HOURLY, "timeZone": "Mars/Base", "foo": 1}, [("timeZone",), ("foo",)]),
        ({**HOURLY, "missed": "x", "overlap": 1, "dstGap": "y"}, [("dstGap",), ("missed",), ("overlap",)]),
        ({**HOURLY, "maxRuns": 0, "maxCatchupRuns": 1001}, [("maxCatchupRuns",), ("maxRuns",)]),
        ({**HOURLY, "enabled": "yes", "parameters": [1]}, [("parameters",), ("enabled",)]),
        ({**HOURLY, "parameters": {"a": float("nan")}}, [("parameters",)]),
        ({**HOURLY, "startsAt": "2026-01-02T00:00:00Z", "endsAt": "2026-01-01T00:00:00Z"}, [("endsAt",)]),
        ({"scheduleType": 3}, [("daysOfWeek",), ("timeOfDay",)]),
        ({"scheduleType": 9}, [("scheduleType",)]),
        ({"cron": "30 2 * 3 SUN#2", "timeZone": "America/New_York", "dstGap": "skip"}, [("cron",)]),
    ],
)
def test_every_problem_is_told_with_its_location(document: dict[str, object], locations: list[tuple[str, ...]]) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse(document)
    assert [location for location, _ in refused.value.errors] == locations


# Next fires and previews


def test_the_preview_tells_shifted_repeated_and_suppressed_times() -> None:
    new_york = {"timeZone": "America/New_York"}
    start = parse_instant("2026-03-07T12:00:00Z")
    spring = upcoming(parse({"cron": "30 2 * * *", **new_york}), start, count=2)
    assert [(fire.local_text, fire.notes) for fire in spring.items] == [
        ("2026-03-08T03:00:00-04:00", ("dstShifted",)),
        ("2026-03-09T02:30:00-04:00", ()),
    ]
    skipping = upcoming(parse({"cron": "30 2 * * *", "dstGap": "skip", **new_york}), start, count=1)
    assert [fire.local_text for fire in skipping.items] == ["2026-03-09T02:30:00-04:00"]
    assert [(one.nominal_local_text, one.reason) for one in skipping.skipped] == [
        ("2026-03-08T02:30:00-05:00", "suppressedDst")
    ]
    autumn = upcoming(
        parse({"cron": "30 1 * * *", "dstOverlap": "both", **new_york}), parse_instant("2026-11-01T04:00:00Z"), count=2
    )
    assert [(fire.local_text, fire.notes) for fire in autumn.items] == [
        ("2026-11-01T01:30:00-04:00", ()),
        ("2026-11-01T01:30:00-05:00", ("dstRepeated",)),
    ]


def test_the_preview_keeps_its_bounds() -> None:
    hourly = parse(HOURLY)
    assert len(upcoming(hourly, NOW).items) == 10
    assert [fire.at for fire in upcoming(hourly, NOW, until=NOW + 2 * HOUR).items] == [NOW + HOUR, NOW + 2 * HOUR]
    assert upcoming(hourly, NOW, count=0).items == []
    assert len(upcoming(hourly, NOW, count=10**9).items) == 1000
    assert len(upcoming(parse({**HOURLY, "maxRuns": 3}), NOW).items) == 3
    assert upcoming(parse({"every": "1d"}), parse_instant("9999-12-30T00:00:00Z")).items == []


def test_start_and_end_include_the_instants_they_name() -> None:
    schedule = parse({**HOURLY, "startsAt": "2026-11-22T00:00:00Z", "endsAt": "2026-11-22T02:00:00Z"})
    assert [format_instant(fire.at)[8:16] for fire in upcoming(schedule, NOW).items] == [
        "22T00:00",
        "22T01:00",
        "22T02:00",
    ]
    assert next_after(schedule, at("22T02:00:00")) is None


def test_a_delay_of_nothing_still_fires() -> None:
    result = due(parse({"after": 0}), cursor=NOW, now=NOW + SECOND, revised_at=NOW, runs=0)
    assert [one.decision for one in result.decisions] == [Decision.FIRED]
    assert result.next_at is None


def test_jitter_moves_only_when_the_execution_is_due() -> None:
    schedule = parse({**HOURLY, "jitter": "30s"})
    nominals = [NOW + hour * HOUR for hour in range(50)]
    offsets = [schedule.due_at(nominal) - nominal for nominal in nominals]
    assert all(0 <= offset <= 30 * SECOND for offset in offsets)
    assert len(set(offsets)) > 25
    assert offsets == [schedule.due_at(nominal) - nominal for nominal in nominals]
    result = due(schedule, cursor=NOW, now=NOW + HOUR, revised_at=NOW, runs=0)
    assert result.decisions[0].nominal == NOW + HOUR
    assert result.decisions[0].due_at == schedule.due_at(NOW + HOUR)
    assert result.next_at == NOW + 2 * HOUR


# Due instants


@pytest.mark.parametrize(
    ("policies", "now", "expected"),
    [
        ({}, "21T10:00:00", ["21T10:00 fired"]),
        ({}, "21T10:00:59", ["21T10:00 fired"]),
        ({"missed": "skip"}, "21T10:00:59", ["21T10:00 fired"]),
        ({"missed": "skip"}, "21T10:01:01", ["21T10:00 missed"]),
        ({}, "21T10:59:59", ["21T10:00 fired"]),
        ({}, "21T12:30:00", ["21T10:00 coalesced", "21T11:00 coalesced", "21T12:00 fired"]),
        ({}, "21T12:00:00", ["21T10:00 coalesced", "21T11:00 coalesced", "21T12:00 fired"]),
        ({"missed": "runEarliest"}, "21T12:30:00", ["21T10:00 fired", "21T11:00 coalesced", "21T12:00 coalesced"]),
        ({"missed": "runEarliest"}, "21T12:00:10", ["21T10:00 fired", "21T11:00 coalesced", "21T12:00 fired"]),
        ({"missed": "runAll"}, "21T12:30:00", ["21T10:00 fired", "21T11:00 fired", "21T12:00 fired"]),
        ({"missed": "runAll", "maxCatchupRuns": 1}, "21T12:30:00", ["21T10:00 missed", "21T11:00 missed", "21T12:00 fired"]),
        ({"missed": "skip"}, "21T12:30:00", ["21T10:00 missed", "21T11:00 missed", "21T12:00 missed"]),
        ({"missed": "skip"}, "21T12:00:30", ["21T10:00 missed", "21T11:00 missed", "21T12:00 fired"]),
        ({"maxLateness": "90m"}, "21T12:30:00", ["21T10:00 expired", "21T11:00 coalesced", "21T12:00 fired"]),
        ({"maxLateness": "5m"}, "21T12:30:00", ["21T10:00 expired", "21T11:00 expired", "21T12:00 expired"]),
        ({"maxLateness": 0}, "21T10:00:00", ["21T10:00 fired"]),
        ({"missed": "runAll", "maxLateness": "90m"}, "21T12:30:00", ["21T10:00 expired", "21T11:00 fired", "21T12:00 fired"]),
        ({"endsAt": "2026-11-21T11:00:00Z"}, "21T11:30:00", ["21T10:00 coalesced", "21T11:00 fired"]),
        ({"endsAt": "2026-11-21T11:00:00Z"}, "25T00:00:00", ["21T10:00 coalesced", "21T11:00 expired"]),
        ({"startsAt": "2026-11-21T12:00:00Z"}, "21T12:30:00", ["21T12:00 fired"]),
        ({"maxRuns": 1}, "21T10:00:00", []),
    ],
)  # fmt: skip
def test_due_instants_are_judged(policies: dict[str, object], now: str, expected: list[str]) -> None:
    result = tick({**HOURLY, **policies}, "21T09:00:00", now, runs=1 if "maxRuns" in policies else 0)
    assert decided(result) == expected
    assert result.more is False


def test_every_decision_but_a_timely_fire_has_a_reason() -> None:
    result = tick(HOURLY, "21T09:00:00", "21T12:30:00")
    assert [one.reason for one in result.decisions] == [
        "2h30m late; left to 2026-11-21T12:00:00.000Z",
        "1h30m late; left to 2026-11-21T12:00:00.000Z",
        "30m late; catch-up run",
    ]
    assert tick(HOURLY, "21T09:00:00", "21T10:00:01").decisions[0].reason is None


def test_the_cursor_and_the_next_instant() -> None:
    nothing = tick(HOURLY, "21T09:00:00", "21T09:59:59")
    assert (nothing.decisions, nothing.cursor, nothing.next_at) == ([], at("21T09:00:00"), at("21T10:00:00"))
    one = tick(HOURLY, "21T09:00:00", "21T10:00:00")
    assert (one.cursor, one.next_at) == (at("21T10:00:00"), at("21T11:00:00"))
    ended = tick({**HOURLY, "endsAt": "2026-11-21T10:30:00Z"}, "21T09:00:00", "21T10:00:00")
    assert (ended.cursor, ended.next_at) == (at("21T10:00:00"), None)


def test_nothing_older_than_the_revision_is_computed() -> None:
    result = due(parse(HOURLY), cursor=NOW - DAY, now=NOW + HOUR, revised_at=NOW, runs=0)
    assert [one.nominal for one in result.decisions] == [NOW + HOUR]


def test_sub_second_instants_of_one_tick_all_fire() -> None:
    schedule = parse({"every": 0.25})
    result = due(schedule, cursor=NOW, now=NOW + SECOND - 1, revised_at=NOW, runs=0)
    assert [one.decision for one in result.decisions] == [Decision.FIRED] * 3


def test_the_last_run_ends_the_schedule() -> None:
    result = tick({**HOURLY, "missed": "runAll", "maxRuns": 5}, "21T09:00:00", "21T12:30:00", runs=3)
    assert decided(result) == ["21T10:00 fired", "21T11:00 fired"]
    assert (result.cursor, result.next_at, result.more) == (at("21T11:00:00"), None, False)


def test_a_late_single_run_has_no_bound_unless_given() -> None:
    document: dict[str, object] = {"once": "2026-11-21T10:00:00Z"}
    assert decided(tick(document, "20T00:00:00", "29T00:00:00")) == ["21T10:00 fired"]
    assert decided(tick({**document, "maxLateness": "1h"}, "20T00:00:00", "29T00:00:00")) == ["21T10:00 expired"]


def test_suppressed_times_are_written_down() -> None:
    new_york: dict[str, object] = {"cron": "30 1,2 * * *", "timeZone": "America/New_York", "dstGap": "skip"}
    schedule = parse(new_york)
    spring = parse_instant("2026-03-08T06:00:00Z")
    result = due(schedule, cursor=spring, now=spring + 2 * HOUR, revised_at=spring, runs=0)
    assert [(format_instant(one.nominal)[11:16], one.decision.value, one.reason) for one in result.decisions] == [
        ("06:30", "fired", "1h30m late; catch-up run"),
        ("07:00", "suppressedDst", "2026-03-08T02:30:00-05:00: the clock skips this time"),
    ]
    autumn = parse_instant("2026-11-01T05:00:00Z")
    result = due(schedule, cursor=autumn, now=autumn + 2 * HOUR, revised_at=autumn, runs=0)
    assert (
        result.decisions[-1].reason
        == "2026-11-01T01:30:00-05:00: the clock repeats this time; it fired in the first pass"
    )


def drain(schedule: Schedule, cursor: Instant, now: Instant, limit: int) -> list[Due]:
    """Every call of one outage, as a ticker makes them."""
    results = [due(schedule, cursor=cursor, now=now, revised_at=0, runs=0, limit=limit)]
    while results[-1].more:
        last = results[-1]
        results.append(
            due(schedule, cursor=last.cursor, now=now, revised_at=0, runs=0, limit=limit, caught_up=last.caught_up)
        )
    return results


POLICIES = st.fixed_dictionaries(
    {"missed": st.sampled_from([policy.value for policy in Missed])},
    optional={
        "maxLateness": st.sampled_from(["1m", "90m", "10h"]),
        "maxCatchupRuns": st.integers(1, 8),
        "endsAt": st.sampled_from(["2026-11-21T06:00:00Z", "2026-11-22T00:00:00Z"]),
    },
)
RULES = st.sampled_from(
    [
        {"every": "7m"},
        {"every": 90},
        {"cron": "*/20 * * * *"},
        {"cron": "5,35 1-9 * * *", "timeZone": "America/New_York"},
        {"daily": {"at": "06:00"}},
        {"once": "2026-11-21T06:00:00Z"},
    ]
)


@settings(max_examples=120, deadline=None)
@given(RULES, POLICIES, st.integers(0, 14 * 60), st.integers(1, 25))
def test_every_instant_is_accounted_for_once_however_the_work_is_cut(
    rule: dict[str, object], policies: dict[str, object], minutes: int, limit: int
) -> None:
    schedule = parse({**rule, **policies}, at("01T00:00:00"))
    cursor = at("20T22:00:00")
    now = cursor + minutes * MINUTE + 7 * SECOND
    whole = drain(schedule, cursor, now, 10_000)
    cut = drain(schedule, cursor, now, limit)
    expected = [fire.at for fire in upcoming(schedule, cursor, until=now, count=1000).items]
    assert [one.nominal for one in whole[0].decisions] == expected
    pieces = [one for result in cut for one in result.decisions]
    assert [(one.nominal, one.decision) for one in pieces] == [
        (one.nominal, one.decision) for one in whole[0].decisions
    ]
    assert all(len(result.decisions) <= limit for result in cut)
    assert cut[-1].next_at == whole[0].next_at == next_after(schedule, now)
    assert all(earlier.next_at == later.decisions[0].nominal for earlier, later in pairwise(cut))
    fired_late = Counter(one.decision for one in pieces if one.reason)[Decision.FIRED]
    if schedule.missed in (Missed.RUN_LATEST, Missed.RUN_EARLIEST):
        assert fired_late <= 1
    if schedule.missed is Missed.SKIP:
        assert fired_late == 0


@settings(max_examples=60, deadline=None)
@given(RULES, st.integers(0, 400 * 24 * 60))
def test_the_next_instant_is_after_and_nothing_lies_between(rule: dict[str, object], minutes: int) -> None:
    schedule = parse(rule, 0)
    start = parse_instant("2026-01-01T00:00:00Z") + minutes * MINUTE
    following = next_after(schedule, start)
    if following is not None:
        assert following > start
        assert next_after(schedule, following - 1) == following
        assert next_after(schedule, (start + following) // 2) == following or following - start < 2


DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "cron": st.sampled_from(["* * * * *", "H * * * *", "x"]),
        "every": st.one_of(st.integers(-1, 10**7), st.sampled_from(["90s", "1h30m", "PT15M", "x"]), st.floats()),
        "daily": st.sampled_from([{"at": "06:00"}, {"at": "25:00"}, None]),
        "timeZone": st.sampled_from(["UTC", "Europe/Madrid", "x", 5]),
        "jitter": st.one_of(st.integers(-1, 100), st.text(max_size=5)),
        "maxRuns": st.one_of(st.integers(), st.booleans()),
        "parameters": st.dictionaries(st.text(max_size=3), st.one_of(st.integers(), st.text(max_size=3)), max_size=3),
        "enabled": st.one_of(st.booleans(), st.integers()),
        "name": st.text(max_size=5),
        "startsAt": st.sampled_from(["2026-01-01T00:00:00.123456+05:30", "2026-01-01", 0]),
    },
)


@settings(max_examples=150, deadline=None)
@given(DOCUMENTS)
def test_any_document_is_refused_or_survives_the_round_trip(document: dict[str, object]) -> None:
    try:
        schedule = parse(document)
    except InvalidInput:
        return
    text = json.dumps(schedule.document())
    assert Schedule.from_json(text) == schedule
    assert Schedule.parse(json.loads(text), now=NOW + HOUR, spread="other") == schedule
