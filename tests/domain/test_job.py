from typing import Any

import pytest

from rota.domain.errors import InvalidInput
from rota.domain.execution import Trigger
from rota.domain.instant import HOUR, SECOND, parse_instant
from rota.domain.job import Defaults, Environment, ExecutionMode, Isolation, Job, new_execution
from rota.domain.job_schedules import parse_schedules
from rota.domain.limits import UNLIMITED, Limits
from rota.domain.retry import OnLost, Strategy

NOW = parse_instant("2026-03-01T12:00:00Z")
LEAST = {"name": "a", "jobType": "echo"}


def parse(**fields: object) -> Job:
    return Job.parse(LEAST | fields, defaults=Defaults())


def refused(document: dict[str, Any]) -> list[tuple[object, ...]]:
    with pytest.raises(InvalidInput) as caught:
        Job.parse(document, defaults=Defaults())
    return [loc for loc, _ in caught.value.errors]


def test_what_is_left_out_comes_from_the_installation() -> None:
    job = Job.parse(LEAST, defaults=Defaults(timeout=7 * SECOND, retries=9, strategy=Strategy.LINEAR))
    assert (job.timeout, job.retry.retries, job.retry.strategy) == (7 * SECOND, 9, Strategy.LINEAR)
    assert (job.queue, job.priority, job.parameters, job.max_concurrent) == ("default", 0, {}, None)
    assert job.environments == tuple(Environment)


def test_a_job_is_rebuilt_from_its_own_text() -> None:
    job = parse(
        description="d", category="c", tags=["x", "y", "x"], parameters={"a": [1]}, parametersSchema={"type": "object"},
        queue="reports", priority=-3, timeoutSeconds="PT1M30S", retryCount=0, retryStrategy="LINEAR",
        baseDelaySeconds=0.25, maxDelaySeconds=60, permanentStatuses=[404, 400], maxConcurrentExecutions=2,
        allowedEnvironments=["prod"], executionMode="outofprocess", isolation="Inline", onLost="FAIL", ownerName="o",
        ownerEmail="o@example.com", teamName="t", escalationContact="e",
    )  # fmt: skip
    assert Job.from_json(job.to_json()) == job
    assert Job.from_json(job.to_json()) is Job.from_json(job.to_json())
    assert Job.parse(job.document(), defaults=Defaults(retries=8)) == job
    assert job.tags == ("x", "y")
    assert job.retry.permanent_statuses == (400, 404)
    assert job.on_lost is OnLost.FAIL


@pytest.mark.parametrize(
    ("flags", "names"),
    [
        (1, ["DEV"]),
        (2, ["HOM"]),
        (4, ["PROD"]),
        (7, ["DEV", "HOM", "PROD"]),
        (5, ["DEV", "PROD"]),
        ("Dev, Prod", ["DEV", "PROD"]),
    ],
)
def test_environments_are_names_or_flags(flags: object, names: list[str]) -> None:
    assert parse(allowedEnvironments=flags).document()["allowedEnvironments"] == names


@pytest.mark.parametrize(
    ("given", "strategy"),
    [
        (1, Strategy.LINEAR),
        (2, Strategy.EXPONENTIAL),
        (3, Strategy.EXPONENTIAL_JITTER),
        ("fixed", Strategy.FIXED),
        ("ExponentialJitter", Strategy.EXPONENTIAL_JITTER),
        ("ExponentialWithJitter", Strategy.EXPONENTIAL_JITTER),
    ],
)
def test_retry_strategies_are_names_or_numbers(given: object, strategy: Strategy) -> None:
    assert parse(retryStrategy=given).retry.strategy is strategy


def test_modes_choose_where_a_function_runs() -> None:
    assert parse(executionMode=1).mode is ExecutionMode.IN_PROCESS
    assert parse(executionMode="in-process").mode is ExecutionMode.IN_PROCESS
    assert parse(executionMode="Out-Of-Process").mode is ExecutionMode.OUT_OF_PROCESS
    assert parse(retryStrategy="exponential with jitter").retry.strategy is Strategy.EXPONENTIAL_JITTER
    assert parse(allowedEnvironments="All").environments == tuple(Environment)
    assert new_execution("j", parse(executionMode=1), trigger=Trigger.MANUAL).isolation == "thread"
    assert new_execution("j", parse(executionMode=2), trigger=Trigger.MANUAL).isolation == "process"
    assert new_execution("j", parse(executionMode=1, isolation="inline"), trigger=Trigger.MANUAL).isolation == "inline"
    assert parse(isolation="process").isolation is Isolation.PROCESS


@pytest.mark.parametrize(
    ("assembly", "type_name", "job_type"),
    [
        ("SalesReports.dll", "SalesReports.DailyReportJob", "SalesReports:DailyReportJob"),
        ("Sales", "Reports.Daily", "Sales:Reports.Daily"),
        (None, "sales.reports.daily", "sales.reports:daily"),
        (None, "daily", "daily"),
    ],
)
def test_an_assembly_and_a_type_name_a_python_target(assembly: str | None, type_name: str, job_type: str) -> None:
    document = {"name": "a", "executionAssembly": assembly, "executionTypeName": type_name}
    assert Job.parse(document, defaults=Defaults()).type == job_type
    assert Job.parse(document | {"jobType": job_type}, defaults=Defaults()).type == job_type
    assert ("jobType",) in refused(document | {"jobType": "another"})


def test_synonyms_mean_the_same_and_may_not_differ() -> None:
    job = Job.parse({"name": "a", "type": "echo", "maxRetries": 5, "payload": {"a": 1}}, defaults=Defaults())
    assert (job.type, job.retry.retries, job.parameters) == ("echo", 5, {"a": 1})
    assert parse(type="echo", maxRetries=2, retryCount=2).retry.retries == 2
    assert refused(LEAST | {"type": "sample"}) == [("type",)]
    assert refused(LEAST | {"retryCount": 1, "maxRetries": 2}) == [("maxRetries",)]
    assert refused(LEAST | {"parameters": {}, "payload": {"a": 1}}) == [("payload",)]


DEEP: Any = {}
for _ in range(40):
    DEEP = {"a": DEEP}


@pytest.mark.parametrize(
    ("fields", "loc"),
    [
        ({"name": None}, ("name",)),
        ({"name": ""}, ("name",)),
        ({"name": " "}, ("name",)),
        ({"name": "x" * 201}, ("name",)),
        ({"name": 7}, ("name",)),
        ({"name": "a\x00b"}, ("name",)),
        ({"name": "\ud800"}, ("name",)),
        ({"jobType": None}, ("jobType",)),
        ({"jobType": ["echo"]}, ("jobType",)),
        ({"jobType": "echo\nx"}, ("jobType",)),
        ({"jobType": "x" * 2049}, ("jobType",)),
        ({"nmae": "x"}, ("nmae",)),
        ({"timeoutSeconds": -1}, ("timeoutSeconds",)),
        ({"timeoutSeconds": 0}, ("timeoutSeconds",)),
        ({"timeoutSeconds": "5"}, ("timeoutSeconds",)),
        ({"timeoutSeconds": True}, ("timeoutSeconds",)),
        ({"timeoutSeconds": 1e300}, ("timeoutSeconds",)),
        ({"retryCount": -1}, ("retryCount",)),
        ({"retryCount": 1001}, ("retryCount",)),
        ({"retryCount": 1.5}, ("retryCount",)),
        ({"maxRetries": "3"}, ("maxRetries",)),
        ({"maxRetries": True}, ("maxRetries",)),
        ({"retryStrategy": "sometimes"}, ("retryStrategy",)),
        ({"retryStrategy": 4}, ("retryStrategy",)),
        ({"retryStrategy": True}, ("retryStrategy",)),
        ({"baseDelaySeconds": -1}, ("baseDelaySeconds",)),
        ({"baseDelaySeconds": 60, "maxDelaySeconds": 5}, ("maxDelaySeconds",)),
        ({"priority": 1001}, ("priority",)),
        ({"priority": 2**40}, ("priority",)),
        ({"priority": "high"}, ("priority",)),
        ({"maxConcurrentExecutions": 0}, ("maxConcurrentExecutions",)),
        ({"parameters": []}, ("parameters",)),
        ({"parameters": "x"}, ("parameters",)),
        ({"payload": "x"}, ("payload",)),
        ({"parameters": {"a": "x" * 300_000}}, ("parameters",)),
        ({"parameters": DEEP}, ("parameters",)),
        ({"parameters": {"a": float("nan")}}, ("parameters",)),
        ({"parametersSchema": True}, ("parametersSchema",)),
        ({"queue": ""}, ("queue",)),
        ({"queue": "a b"}, ("queue",)),
        ({"queue": "-a"}, ("queue",)),
        ({"tags": "x"}, ("tags",)),
        ({"tags": ["ok", 3]}, ("tags", 1)),
        ({"tags": [""]}, ("tags", 0)),
        ({"allowedEnvironments": 0}, ("allowedEnvironments",)),
        ({"allowedEnvironments": 8}, ("allowedEnvironments",)),
        ({"allowedEnvironments": []}, ("allowedEnvironments",)),
        ({"allowedEnvironments": ["MOON"]}, ("allowedEnvironments",)),
        ({"executionMode": 4}, ("executionMode",)),
        ({"isolation": "cellar"}, ("isolation",)),
        ({"onLost": "shrug"}, ("onLost",)),
        ({"permanentStatuses": [99]}, ("permanentStatuses",)),
        ({"executionAssembly": "A.dll"}, ("executionTypeName",)),
        ({"ownerEmail": "x" * 321}, ("ownerEmail",)),
    ],
)  # fmt: skip
def test_bad_fields_are_named(fields: dict[str, Any], loc: tuple[object, ...]) -> None:
    assert refused(LEAST | fields) == [loc]


def test_every_problem_is_told_at_once() -> None:
    assert set(refused({"name": "", "timeoutSeconds": -1, "extra": 1})) == {
        ("name",), ("jobType",), ("timeoutSeconds",), ("extra",),
    }  # fmt: skip


def test_an_execution_takes_over_what_the_job_says() -> None:
    job = parse(parameters={"a": 1, "b": 2}, maxConcurrentExecutions=2, queue="q", priority=4, timeoutSeconds=9)
    new = new_execution("id", job, trigger=Trigger.MANUAL, parameters={"b": 3}, due_at=NOW + HOUR, actor="me")
    assert new.parameters == {"a": 1, "b": 3}
    assert job.parameters == {"a": 1, "b": 2}
    assert new.limits == Limits((("job:id", 2),))
    assert (new.queue, new.priority, new.timeout, new.due_at, new.actor) == ("q", 4, 9 * SECOND, NOW + HOUR, "me")
    assert new_execution("id", parse(), trigger=Trigger.SCHEDULE).limits == UNLIMITED


def test_a_definition_carries_its_schedules() -> None:
    (cron,) = parse_schedules({"cronExpression": "0 6 * * *", "timeZone": "Europe/Madrid"}, now=NOW, spread="x")
    assert (cron.key, cron.time_zone, cron.document()["cron"]) == ("default", "Europe/Madrid", "0 6 * * *")
    (daily,) = parse_schedules({"schedule": {"daily": {"at": "06:00"}, "key": "early"}}, now=NOW, spread="x")
    assert daily.key == "early"
    several = parse_schedules({"schedules": [{"every": "1h"}, {"every": "2h"}]}, now=NOW, spread="x")
    assert [schedule.key for schedule in several] == ["default", "default-2"]
    assert parse_schedules({}, now=NOW, spread="x") == []


@pytest.mark.parametrize(
    ("document", "loc"),
    [
        ({"cronExpression": "* * *"}, ("cronExpression",)),
        ({"cronExpression": 5}, ("cronExpression",)),
        ({"cronExpression": "0 0 31 2 *"}, ("cronExpression",)),
        ({"cronExpression": "@daily", "timeZone": "Mars/Base"}, ("timeZone",)),
        ({"timeZone": "Europe/Madrid"}, ("timeZone",)),
        ({"schedule": []}, ("schedule",)),
        ({"schedule": {"daily": {"at": "25:00"}}}, ("schedule", "daily", "at")),
        ({"schedule": {"every": "1h", "color": "red"}}, ("schedule", "color")),
        ({"cronExpression": "@daily", "schedule": {"every": "1h"}}, ("cronExpression",)),
        ({"schedules": {"every": "1h"}}, ("schedules",)),
        ({"schedules": [7]}, ("schedules", 0)),
        ({"schedules": [{"every": "1h", "key": "a"}, {"every": "2h", "key": "a"}]}, ("schedules", 1, "key")),
        ({"schedules": [{"every": "1h"}], "cronExpression": "@daily"}, ("schedules",)),
    ],
)
def test_bad_schedules_are_named(document: dict[str, Any], loc: tuple[object, ...]) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_schedules(document, now=NOW, spread="x")
    assert [found for found, _ in caught.value.errors] == [loc]
