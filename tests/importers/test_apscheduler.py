"""Schedules of APScheduler: what they become, and that they fire when APScheduler says so."""

import importlib.util
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from importers.definitions import Read, job
from rota import registry
from rota.importers.base import Found, Options, Source
from rota.importers.comparison import compare

needs_apscheduler = pytest.mark.skipif(
    importlib.util.find_spec("apscheduler") is None, reason="APScheduler is not installed"
)


@pytest.fixture
def jobs(read: Read, files: Path) -> dict[str, Found]:
    return {one.name: one for one in read("apscheduler", path=str(files / "python/jobs.py"))}


GUIDE = [
    ("jobs.job_function", {"cron": "0 0-3 ? 6-8,11-12 FRI#3"}),
    ("jobs.job_function-2", {"cron": "30 5 * * MON,TUE,WED,THU,FRI", "endsAt": "2027-05-29T21:00:00.000Z"}),
    ("my_job_id", {"cron": "0 0 ? * SUNL"}),
    ("jobs.job_function-3", {"cron": "0 0 1-15 5-8 *"}),
    ("jobs.job_function-4", {"cron": "0 * * * *", "jitter": 120}),
    ("two-hours", {"every": 7200}),
    ("bounded", {"every": 7200, "anchor": "2026-12-10T07:30:00.000Z", "endsAt": "2027-06-15T08:00:00.000Z"}),
    ("jobs.job_function-5", {"once": "2027-11-05T22:00:00.000Z"}),
    ("jobs.job_function-6", {"once": "2027-11-06T14:30:05.000Z"}),
]


@pytest.mark.parametrize(("name", "rule"), GUIDE)
def test_an_example_of_the_guide_becomes_a_schedule(jobs: dict[str, Found], name: str, rule: dict[str, object]) -> None:
    job(jobs[name])
    (schedule,) = jobs[name].schedules
    assert rule.items() <= schedule.items()
    assert schedule["timeZone"] == "Europe/Helsinki"


@needs_apscheduler
@pytest.mark.parametrize("name", [name for name, _ in GUIDE if name != "two-hours"])
def test_it_fires_when_apscheduler_says_so(jobs: dict[str, Found], now: int, name: str) -> None:
    assert compare(jobs[name], now).same, compare(jobs[name], now).words


def test_functions_arguments_and_policies(jobs: dict[str, Found]) -> None:
    assert job(jobs["my_job_id"])["jobType"] == "jobs.some_decorated_task"
    dated = job(jobs["jobs.job_function-5"])
    assert (dated["jobType"], dated["parameters"]) == ("jobs.job_function", {"text": "text"})
    assert dated["schedule"]["overlap"] == "skip"
    either = job(jobs["either"])
    assert [one["cron"] for one in either["schedules"]] == ["0 2 * * MON", "0 15 * * TUE"]
    policies = {"overlap": "allow", "maxLateness": 300, "missed": "runAll"}
    assert all(policies.items() <= one.items() for one in either["schedules"])
    assert either["maxConcurrentExecutions"] == 3
    assert jobs["two-hours"].not_compared is not None


@pytest.mark.parametrize(
    ("arguments", "cron"),
    [
        ("'cron', day_of_week=0, hour=1", "0 1 * * MON"),
        ("'cron', day_of_week='5-6', hour=1", "0 1 * * SAT,SUN"),
        ("'cron', hour='9/4'", "0 9,13,17,21 * * *"),
        ("'cron', minute='*/15'", "0,15,30,45 * * * *"),
        ("'cron', second=30", "30 * * * * *"),
        ("'cron', month='*/4'", "0 0 1 1,5,9 *"),
        ("'cron', day='last', hour=12", "0 12 L * *"),
        ("'cron', day='1,2nd tue,last sat'", "0 0 1 * TUE#2,SATL"),
        ("'cron', day='1-7', day_of_week='sun'", "0 0 ? * SUN#1"),
        ("CronTrigger.from_crontab('0 0 * * 0')", "0 0 * * MON"),
        ("CronTrigger.from_crontab('0 0 * * 1-5', timezone='UTC')", "0 0 * * TUE,WED,THU,FRI,SAT"),
        ("CronTrigger(hour=5)", "0 5 * * *"),
    ],
)
def test_its_weekdays_and_defaults_are_its_own(read: Read, arguments: str, cron: str) -> None:
    (found,) = read("apscheduler", f"from apscheduler.triggers.cron import CronTrigger\ns.add_job(f, {arguments})")
    assert [one["cron"] for one in found.schedules] == [cron], found.problem


def test_release_4_counts_the_weekdays_of_a_crontab_from_sunday(read: Read) -> None:
    (found,) = read(
        "apscheduler",
        """
from apscheduler import Scheduler
from apscheduler.triggers.cron import CronTrigger
from tasks import tick
with Scheduler() as scheduler:
    scheduler.add_schedule(tick, CronTrigger.from_crontab("0 6 * * 0"), id="tick", max_jitter=5, paused=True)
""",
    )
    assert job(found)["jobType"] == "tasks.tick"
    (schedule,) = found.schedules
    assert (schedule["cron"], schedule["jitter"], schedule["enabled"]) == ("0 6 * * SUN", 5, False)
    assert "APScheduler 4" in str(found.not_compared)


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ("add_job(f)", "it runs at once"),
        ("add_job(f, 'date')", "it runs at once"),
        ("add_job(f, 'date', run_date='2001-01-01')", "its time is over"),
        ("add_job(lambda: 1, 'cron')", "no function with a name"),
        ("add_job(f, 'cron', week=3)", "a week of the year"),
        ("add_job(f, 'cron', hour=25)", "bad hour"),
        ("add_job(f, 'cron', day='1st mon', day_of_week='tue')", "no cron expression"),
        ("add_job(f, 'cron', hour=h)", "only its program knows what 'h' is"),
        ("add_job(f, 'interval')", "more than nothing"),
        ("add_job(f, 'interval', seconds=1e999 - 1e999)", "more than nothing"),
        (f"add_job(f, 'interval', seconds=1e9 * {10**400})", "only its program knows"),
        ("add_job(f, 'interval', seconds=1 / 0)", "only its program knows"),
        ("add_job(f, 'interval', fortnights=1)", "unknown argument"),
        ("add_job(f, 'moon')", "no rule of Rota"),
        ("add_job(f, 'cron', **more)", "only its program knows"),
        ("add_job(f, 'cron', hour=1, args=[3j])", "no JSON"),
        ("add_job(f, 'cron', hour=1, args='text')", "no JSON"),
        ("add_job(f, 'cron', hour=1, args=[1e999])", "no JSON"),
        ("add_job(f, 'cron', hour=1, max_instances=0)", "only its program knows what '0' is"),
        ("add_job(f, 'cron', hour=1, timezone='Mars/Olympus')", "no IANA time zone"),
    ],
)
def test_what_cannot_be_imported_says_why(read: Read, call: str, reason: str) -> None:
    (found,) = read("apscheduler", f"s.{call}")
    assert found.job is None
    assert reason in str(found.problem)


@needs_apscheduler
def test_what_apscheduler_itself_refuses_is_not_compared(read: Read, now: int) -> None:
    (found,) = read("apscheduler", "s.add_job(f, 'cron', hour='*/30')")
    comparison = compare(found, now)
    assert comparison.same is None
    assert "APScheduler refuses it" in comparison.words


@needs_apscheduler
@settings(max_examples=40, deadline=None)
@given(
    # APScheduler refuses a step that is longer than its range.
    hour=st.from_regex(r"(1?[0-9]|\*/[2-9]|[0-9]-1[0-9]|[0-9]-1[3-9]/[1-4])", fullmatch=True),
    day=st.sampled_from(["*", "last", "2nd tue", "1-7", "31"]),
    month=st.sampled_from(["*", "jan-mar", "*/5"]),
)
def test_what_is_read_fires_as_apscheduler_does(hour: str, day: str, month: str) -> None:
    text = f"s.add_job(f, 'cron', hour={hour!r}, day={day!r}, month={month!r}, timezone='UTC')"
    (found,) = registry.importers()["apscheduler"].read(Source("/x/y.py", text), Options("UTC", 1_795_000_000_000_000))
    comparison = compare(found, 1_795_000_000_000_000)
    assert comparison.same, f"{text}: {comparison.words}"
