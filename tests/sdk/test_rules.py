"""Rules are the JSON documents of schedules."""

from datetime import UTC, datetime, time, timedelta

import pytest

from rota import after, business_day, cron, daily, every, monthly, once, rrule, weekly, yearly
from rota.sdk.rules import Rule, documents


@pytest.mark.parametrize(
    ("rule", "document"),
    [
        (cron("0 6 * * MON-FRI", tz="Europe/Madrid"), {"cron": "0 6 * * MON-FRI", "timeZone": "Europe/Madrid"}),
        (every("15m"), {"every": "15m"}),
        (
            every(timedelta(seconds=90), anchor="2026-01-01T00:00:00+01:00"),
            {"every": 90, "anchor": "2025-12-31T23:00:00.000Z"},
        ),
        (daily("06:00"), {"daily": {"at": "06:00"}}),
        (daily(time(6, 0, 30)), {"daily": {"at": "06:00:30"}}),
        (weekly("mon,thu", "06:00"), {"weekly": {"on": ["MON", "THU"], "at": "06:00"}}),
        (weekly(["FRI"], time(6)), {"weekly": {"on": ["FRI"], "at": "06:00"}}),
        (monthly(-1, "06:00"), {"monthly": {"day": -1, "at": "06:00"}}),
        (
            business_day(3, at="06:00", calendar="ES"),
            {"monthly": {"nthBusinessDay": 3, "at": "06:00"}, "calendar": "ES"},
        ),
        (yearly(12, 24, "06:00"), {"yearly": {"month": 12, "day": 24, "at": "06:00"}}),
        (
            rrule("FREQ=MONTHLY;BYDAY=2TU;BYHOUR=6", tz="Europe/Madrid"),
            {"rrule": "FREQ=MONTHLY;BYDAY=2TU;BYHOUR=6", "timeZone": "Europe/Madrid"},
        ),
        (once(datetime(2026, 11, 21, 6, tzinfo=UTC)), {"once": "2026-11-21T06:00:00.000Z"}),
        (after("10m"), {"after": "10m"}),
    ],
)
def test_each_rule(rule: Rule, document: dict[str, object]) -> None:
    assert rule.document == document


def test_policies_are_written_in_the_names_of_the_document() -> None:
    rule = cron(
        "@daily",
        dst_gap="skip",
        missed="runAll",
        max_lateness=timedelta(hours=1),
        max_catchup_runs=3,
        overlap="queueOne",
        starts_at=datetime(2026, 1, 1, tzinfo=UTC),
        calendar=("ES", "company"),
        parameters={"region": "EU"},
        enabled=False,
    )
    assert rule.document == {
        "cron": "@daily",
        "dstGap": "skip",
        "missed": "runAll",
        "maxLateness": 3600,
        "maxCatchupRuns": 3,
        "overlap": "queueOne",
        "startsAt": "2026-01-01T00:00:00.000Z",
        "calendar": ["ES", "company"],
        "parameters": {"region": "EU"},
        "enabled": False,
    }


def test_what_is_wrong_is_said_at_once() -> None:
    with pytest.raises(TypeError, match="colour"):
        cron("@daily", colour="red")  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="zone"):
        once(datetime(2026, 1, 1))  # noqa: DTZ001
    with pytest.raises(ValueError, match="duration"):
        every("soon")
    with pytest.raises(ValueError, match="zone"):
        daily(time(6, tzinfo=UTC))


def test_one_rule_several_or_none() -> None:
    assert documents(None) == []
    assert documents(every("1h")) == [{"every": "1h"}]
    assert documents([every("1h"), {"cron": "@daily"}]) == [{"every": "1h"}, {"cron": "@daily"}]
