"""Celery's periodic tasks: what they become, and that they fire when Celery says so."""

import importlib.util
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from importers.definitions import Read, job
from rota import registry
from rota.domain.errors import InvalidInput
from rota.importers.base import Found, Options, Source
from rota.importers.comparison import compare

needs_celery = pytest.mark.skipif(importlib.util.find_spec("celery") is None, reason="Celery is not installed")


@pytest.fixture
def tasks(read: Read, files: Path) -> dict[str, Found]:
    return {one.key: one for one in read("celery", path=str(files / "python/tasks.py"))}


@pytest.mark.parametrize(
    ("key", "rule"),
    [
        ("add every 10", {"every": 10}),
        ("add every 30", {"every": 30}),
        ("tasks.test(Happy Mondays!)", {"cron": "30 7 * * MON"}),
        ("add-every-30-seconds", {"every": 30}),
        ("add-every-monday-morning", {"cron": "30 7 * * MON"}),
        ("every-three-hours", {"cron": "0 0,3,6,9,12,15,18,21 * * *"}),
        ("on-even-numbered-days", {"cron": "0 0 2,4,6,8,10,12,14,16,18,20,22,24,26,28,30 * *"}),
        ("first-and-third-weeks", {"cron": "0 0 ? * THU#1,THU#3"}),
        ("office", {"cron": "0 8,10,12,14,16,20 * * MON,TUE,WED,THU,FRI"}),
        ("cleanup", {"every": 86_400}),
        ("relative", {"every": 300}),
    ],
)
def test_an_entry_of_the_guide_becomes_a_schedule(tasks: dict[str, Found], key: str, rule: dict[str, object]) -> None:
    job(tasks[key])
    (schedule,) = tasks[key].schedules
    assert rule.items() <= schedule.items()
    if "cron" in rule:
        assert schedule["timeZone"] == "Europe/London"


def test_tasks_arguments_and_options(tasks: dict[str, Found]) -> None:
    adding = job(tasks["add-every-monday-morning"])
    assert (adding["jobType"], adding["parameters"]) == ("tasks.add", {"x": 16, "y": 16})
    assert job(tasks["add every 10"])["parameters"] == {"arg": "hello"}
    office = job(tasks["office"])
    assert (office["queue"], office["priority"], office["schedule"]["maxLateness"]) == ("shop", 5, 120)
    assert job(tasks["cleanup"])["parameters"] == {"days": 30}
    assert any("ignore_result" in note for note in tasks["cleanup"].notes)


def test_what_cannot_be_imported_says_why(tasks: dict[str, Found]) -> None:
    assert "follows the sun" in str(tasks["add-at-melbourne-sunset"].problem)
    assert "only its program knows what 'app.conf.minute' is" in str(tasks["computed"].problem)


@needs_celery
@pytest.mark.parametrize(
    "key", ["add-every-monday-morning", "every-three-hours", "on-even-numbered-days", "first-and-third-weeks", "office"]
)
def test_it_fires_when_celery_says_so(tasks: dict[str, Found], now: int, key: str) -> None:
    assert compare(tasks[key], now).same, compare(tasks[key], now).words


@needs_celery
def test_where_celery_shifts_a_skipped_time_the_difference_is_told(read: Read, now: int) -> None:
    (found,) = read(
        "celery", "beat_schedule = {'x': {'task': 'a', 'schedule': crontab(30, 1)}}\ntimezone='Europe/London'"
    )
    comparison = compare(found, now)
    assert comparison.same is False
    assert comparison.words == "first difference: Rota fires at 2027-03-28T02:00:00+01:00, the source does not"


def test_a_dump_of_django_celery_beat(read: Read, files: Path) -> None:
    contacts, report, wish, lost = read("celery", path=str(files / "python/beat.json"))
    first = job(contacts)
    assert first["jobType"] == "proj.tasks.import_contacts"
    assert first["parameters"] == {"args": ["arg1", "arg2"], "be_careful": True}
    assert first["description"] == "From the CRM"
    assert first["schedule"] == {"every": 10, "overlap": "allow", "maxLateness": 30}
    second = job(report)
    assert (second["queue"], second["priority"]) == ("reports", 7)
    assert second["schedule"]["cron"] == "30 6 * * MON,TUE,WED,THU,FRI"
    assert second["schedule"]["timeZone"] == "America/New_York"
    assert second["schedule"]["enabled"] is False
    assert "clocked" in str(wish.problem)
    assert "does not hold" in str(lost.problem)


def test_other_ways_to_write_it(read: Read) -> None:
    found = read(
        "celery",
        """
from celery.schedules import crontab as at
MINUTE = 5
app.conf.beat_schedule["one"] = {"task": "a.b", "schedule": at(minute=MINUTE * 2, hour=[1, 2])}
app.conf.update(timezone="Asia/Tokyo", beat_schedule={"two": {"task": "a.b", "schedule": at(day_of_week="sun")}})
CELERY_BEAT_SCHEDULE = {"three": {"task": "a.b"}, **others}
""",
    )
    assert [one.schedules[0].get("cron") if one.job else one.problem for one in found] == [
        "10 1-2 * * *",
        "0-59 0-23 * * SUN",
        "line 6: only its program knows what \"{'three': {'task': 'a.b'}, **others}\" is",
    ]
    assert found[0].schedules[0]["timeZone"] == "Asia/Tokyo"


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ("9.0, test.s(**more)", "only its program knows what 'test.s(**more)' is"),
        ("9.0, signature('tasks.test', args=('hello',))", "only its program knows what"),
        ("9.0, test.s(), args=('hello',)", "arguments beside those of its signature"),
        ("9.0", "no schedule or no task"),
    ],
)
def test_a_call_that_cannot_be_imported_says_why(read: Read, call: str, reason: str) -> None:
    (found,) = read("celery", f"sender.add_periodic_task({call})")
    assert found.job is None
    assert reason in str(found.problem)


def test_options_of_a_call_count_as_those_of_an_entry(read: Read) -> None:
    (found,) = read("celery", "sender.add_periodic_task(9.0, test.s(), queue='slow', expires=60, serializer='json')")
    assert (job(found)["queue"], found.schedules[0]["maxLateness"]) == ("slow", 60)
    assert any("serializer" in note for note in found.notes)


@pytest.mark.parametrize(("name", "value"), [("args", "[1"), ("args", "{}1"), ("kwargs", "[1]"), ("args", '{"a": 1}')])
def test_arguments_of_a_dump_that_are_none_are_not_lost(read: Read, name: str, value: str) -> None:
    rows = [
        {"model": "django_celery_beat.intervalschedule", "pk": 1, "fields": {"every": 9, "period": "seconds"}},
        {"model": "django_celery_beat.periodictask", "pk": 1, "fields": {"task": "a", "interval": 1, name: value}},
    ]
    (found,) = read("celery", json.dumps(rows), path="/x/dump.json")
    assert found.problem == "its arguments are no JSON"


@pytest.mark.parametrize("every", [10**400, -1, "9"])
def test_an_interval_of_a_dump_that_is_none_is_refused(read: Read, every: object) -> None:
    rows = [
        {"model": "django_celery_beat.intervalschedule", "pk": 1, "fields": {"every": every, "period": "days"}},
        {"model": "django_celery_beat.periodictask", "pk": 1, "fields": {"task": "a", "interval": 1}},
    ]
    (found,) = read("celery", json.dumps(rows), path="/x/dump.json")
    assert "interval" in str(found.problem)


def test_a_file_that_is_no_python_is_refused(read: Read) -> None:
    with pytest.raises(InvalidInput, match="line 1: not Python"):
        read("celery", "beat_schedule = {")
    with pytest.raises(InvalidInput, match="nested too deeply"):
        read("celery", f"beat_schedule = {'+'.join('a' * 900)}")
    with pytest.raises(InvalidInput, match="not a dump"):
        read("celery", '[{"model": 1}]', path="/x/dump.json")


def test_nothing_of_a_file_is_run(read: Read, tmp_path: Path) -> None:
    trace = tmp_path / "ran"
    text = f"open({str(trace)!r}, 'w')\nbeat_schedule = {{'x': {{'task': 'a', 'schedule': print(1)}}}}\n"
    assert read("celery", text)[0].job is None
    assert read("apscheduler", text + "s.add_job(f, 'cron', hour=open('/x'))\n")[0].job is None
    assert not trace.exists()


expressions = st.recursive(
    st.sampled_from(["1", "'*'", "x", "None", "-1", "crontab()", "timedelta(1)", "'*/2'", "1.5", "f()", "1/0"]),
    lambda inner: st.one_of(
        inner.map("crontab({})".format),
        inner.map("crontab(hour={})".format),
        inner.map("[{}]".format),
        inner.map("timedelta(days={})".format),
        st.tuples(inner, inner).map("{0[0]} * {0[1]}".format),
        inner.map("{{'task': 't', 'schedule': {}}}".format),
    ),
    max_leaves=4,
)


@settings(max_examples=200, deadline=None)
@given(entry=expressions, kind=st.sampled_from(["celery", "apscheduler"]))
def test_any_entry_is_read_or_refused(entry: str, kind: str) -> None:
    text = f"beat_schedule = {{'k': {entry}}}\ns.add_job(f, {entry})\ns.add_job(f, 'cron', hour={entry})\n"
    for one in registry.importers()[kind].read(Source("/x/y.py", text), Options("UTC", 0)):
        assert (one.job is None) != (one.problem is None)


@settings(max_examples=150, deadline=None)
@given(st.text(), st.sampled_from(["celery", "apscheduler"]), st.sampled_from(["/x/y.py", "/x/y.json"]))
def test_any_text_is_read_or_refused(text: str, kind: str, path: str) -> None:
    try:
        registry.importers()[kind].read(Source(path, text), Options("UTC", 0))
    except InvalidInput:
        return
