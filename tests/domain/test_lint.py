"""Each rule of the linter finds what it is for, and leaves alone what is nearly the same."""

from typing import Any

import pytest

from rota.domain.calendar import Calendar
from rota.domain.errors import InvalidInput
from rota.domain.instant import DAY, HOUR, MINUTE, parse_instant
from rota.domain.job import Defaults, Job
from rota.domain.lint import Facts, Finding, Severity, lint
from rota.domain.lint_reading import lint_documents
from rota.domain.schedule import Schedule, Surroundings
from rota.domain.working_days import WorkingDays
from rota.domain.zone import Zone, clock_changes

NOW = parse_instant("2026-01-01T00:00:00Z")
OWNED = {"name": "j", "jobType": "echo", "teamName": "data", "timeoutSeconds": 60}
DAILY = {"daily": {"at": "06:00"}, "timeZone": "Europe/Madrid"}


def found(schedule: dict[str, Any], job: dict[str, Any] | None = None, **facts: Any) -> dict[str, Finding]:
    definition = Job.parse(OWNED | (job or {}), defaults=Defaults())
    read = Schedule.parse(schedule, now=NOW, spread="s")
    return {one.code: one for one in lint(definition, [read], Facts(NOW, **facts))}


@pytest.mark.parametrize(
    ("code", "suspicious", "innocent"),
    [
        ("day29To31", {"monthly": {"day": 30, "at": "06:00"}}, {"monthly": {"day": -1, "at": "06:00"}}),
        ("day29To31", {"yearly": {"month": 2, "day": 29, "at": "06:00"}}, {"yearly": {"month": 2, "day": 28, "at": "06:00"}}),
        ("day29To31", {"cron": "0 6 31 * *"}, {"cron": "0 6 15,31 * *"}),
        ("day29To31", {"cron": "0 6 29-31 * *"}, {"cron": "0 6 L * *"}),
        ("inDstHour", {"daily": {"at": "02:30"}}, {"daily": {"at": "03:30"}}),
        ("inDstHour", {"cron": "15 2 * * *"}, {"cron": "*/15 2 * * *"}),
        ("retryLongerThanInterval", {"every": "5s"}, {"every": "8s"}),
        ("catchUpAllUnbounded", DAILY | {"missed": "runAll"}, DAILY | {"missed": "runAll", "maxCatchupRuns": 5}),
        ("rollOnFrequentRule", {"cron": "0 6,18 * * *", "roll": "following"}, {"cron": "0 6 * * *", "roll": "following"}),
        ("jitterLongerThanInterval", {"every": "10m", "jitter": "11m"}, {"every": "10m", "jitter": "10m"}),
        ("zoneMissing", {"daily": {"at": "06:00"}, "timeZone": "UTC"}, {"cron": "*/5 * * * *", "timeZone": "UTC"}),
        ("zoneMissing", {"cron": "0 6 * * *", "timeZone": "UTC"}, {"every": "1h", "timeZone": "UTC"}),
    ],
)  # fmt: skip
def test_a_rule_finds_what_it_is_for(code: str, suspicious: dict[str, Any], innocent: dict[str, Any]) -> None:
    zone = {"timeZone": "Europe/Madrid"}
    assert found(zone | suspicious)[code].severity is Severity.WARNING
    assert code not in found(zone | innocent)


def test_dates_in_a_changed_hour_are_named() -> None:
    says = found({"daily": {"at": "02:30"}, "timeZone": "Europe/Madrid"})["inDstHour"].says
    assert says == (
        "the clock of Europe/Madrid skips or repeats its time:"
        " 2026-03-29 02:30, 2026-10-25 02:30, 2027-03-28 02:30, 2027-10-31 02:30"
    )
    changes = clock_changes(Zone.named("America/New_York"), NOW, NOW + 365 * DAY)
    assert changes == [parse_instant("2026-03-08T07:00:00Z"), parse_instant("2026-11-01T06:00:00Z")]


def test_what_never_fires_any_more_is_an_error() -> None:
    read = Schedule.parse({"once": "2026-01-02T00:00:00Z"}, now=NOW, spread="")
    job = Job.parse(OWNED, defaults=Defaults())
    assert "neverFires" not in {one.code for one in lint(job, [read], Facts(NOW))}
    (finding,) = lint(job, [read], Facts(NOW + 3 * DAY))
    assert (finding.code, finding.severity, finding.schedule) == ("neverFires", Severity.ERROR, 0)


def test_runs_that_take_longer_than_the_interval() -> None:
    assert "intervalShorterThanDuration" in found({"every": "1h"}, p95=HOUR + MINUTE)
    assert "intervalShorterThanDuration" not in found({"every": "1h"}, p95=HOUR)


def test_fires_are_those_of_the_environment() -> None:
    rule = {"every": "1h", "condition": 'environment == "PROD"'}
    assert "intervalShorterThanDuration" in found(rule, p95=2 * HOUR, environment="PROD")
    assert "intervalShorterThanDuration" not in found(rule, p95=2 * HOUR, environment="DEV")


def test_a_crowd_is_told_who_does_not_spread() -> None:
    crowd = {parse_instant("2026-01-01T05:00:00Z"): 40}
    assert found(DAILY, crowd=crowd)["crowdedMinute"].says.startswith("40 schedules fire at 06:00")
    assert "crowdedMinute" not in found(DAILY | {"jitter": "5m"}, crowd=crowd)
    assert "crowdedMinute" not in found(DAILY, crowd=dict.fromkeys(crowd, 39))


def test_a_calendar_that_is_gone_or_says_nothing() -> None:
    named = DAILY | {"calendar": "plant"}
    missing = found(named, around=[None])["calendarUnknownOrEmpty"]
    assert missing.severity is Severity.ERROR
    empty = Surroundings(WorkingDays.of(["plant"], {"plant": Calendar()}))
    assert found(named, around=[empty])["calendarUnknownOrEmpty"].severity is Severity.WARNING
    german = Calendar.parse({"holidays": [{"country": "DE"}]})
    full = Surroundings(WorkingDays.of(["plant"], {"plant": german}))
    assert "calendarUnknownOrEmpty" not in found(named, around=[full])


def test_owner_and_timeout() -> None:
    assert {"noOwner", "noTimeout"}.isdisjoint(found(DAILY, given=OWNED))
    assert "noOwner" in found(DAILY, {"teamName": None})
    assert "noTimeout" in found(DAILY, given={"name"})
    assert "noTimeout" in found(DAILY, {"timeoutSeconds": 2 * 86400})


def test_documents_are_linted_together() -> None:
    jobs = [{**OWNED, "name": f"j{n}", "schedule": DAILY} for n in range(40)]
    assert all([one.code for one in findings] == ["crowdedMinute"] for findings in lint_documents(list(jobs), NOW))
    assert [[one.code for one in found] for found in lint_documents([{"daily": {"at": "06:00"}}], NOW)] == [
        ["zoneMissing"]
    ]
    with pytest.raises(InvalidInput):
        lint_documents([{"name": "j", "jobType": "echo", "schedule": {"cron": "x"}}], NOW)
