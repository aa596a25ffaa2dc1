"""`@job`: names, options, definitions and submissions."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field

import rota
from rota import Context, Retry, cron, every, job
from rota.domain.errors import ConfigurationInvalid, InvalidInput
from rota.domain.instant import MINUTE, SECOND, parse_instant
from rota.sdk import submission
from rota.sdk.function import JobFunction
from rota.sdk.functions import registry


class Taken:
    """A submitter that keeps what it takes."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, object, dict[str, Any]]] = []

    def submit(self, type: str, parameters: object, **choices: Any) -> str:
        self.calls.append((type, parameters, {k: v for k, v in choices.items() if v is not None}))
        return f"id-{len(self.calls)}"


@pytest.fixture
def taken() -> Iterator[Taken]:
    made = Taken()
    submission.install(made)
    yield made
    submission.install(None)


class Customer(BaseModel):
    name: str
    since: date


@dataclass
class Window:
    hours: int


@job(schedule=cron("0 6 * * MON-FRI", tz="Europe/Madrid"), retries=3, timeout="5m", queue="reports")
async def daily_report(region: str = "EU", *, ctx: Context) -> dict[str, object]:
    """Build the report of one region."""
    return {"rows": 42, "region": region, "attempt": ctx.attempt}


@job(name="sdk.bill")
def bill(customer: Customer, window: Window, rows: Annotated[int, Field(ge=1)] = 1) -> str:
    return customer.name * rows


@job
def plain() -> int:
    return 1


def test_a_job_stays_a_plain_function() -> None:
    assert asyncio.run(daily_report("US", ctx=Context())) == {"rows": 42, "region": "US", "attempt": 1}
    assert plain() == 1
    assert daily_report.__name__ == "daily_report"


def test_the_name_is_module_and_function() -> None:
    assert daily_report.name == "test_function.daily_report"
    assert registry.get("test_function.plain") is plain
    assert registry.get("sdk.bill") is bill


def test_where_a_function_runs_by_default() -> None:
    assert daily_report.isolation == "inline"
    assert plain.isolation == "process"


def test_the_definition_holds_what_was_chosen() -> None:
    assert daily_report.definition() == {
        "name": "test_function.daily_report",
        "jobType": "test_function.daily_report",
        "parametersSchema": {
            "type": "object",
            "properties": {"region": {"type": "string", "title": "Region", "default": "EU"}},
            "additionalProperties": False,
        },
        "queue": "reports",
        "timeoutSeconds": 300,
        "retryCount": 3,
        "description": "Build the report of one region.",
        "schedules": [{"cron": "0 6 * * MON-FRI", "timeZone": "Europe/Madrid"}],
    }


def test_every_option_reaches_the_definition() -> None:
    @job(
        name="sdk.everything",
        schedule=[every("15m"), {"daily": {"at": "06:00"}}],
        retry=Retry(retries=5, strategy="linear", base_delay="10s", max_delay=timedelta(minutes=5)),
        timeout=timedelta(seconds=90),
        priority=7,
        isolation="thread",
        tags=["a", "b"],
        description="All of it",
        category="reports",
        owner="Ana",
        team="data",
        max_concurrent=2,
        concurrency_key="customer:{customer}",
        max_per_key=3,
        rate_limit="100/1m",
        on_lost="fail",
        environments=["DEV"],
    )
    def everything() -> None: ...

    document = everything.definition()
    del document["parametersSchema"]
    assert document == {
        "name": "sdk.everything",
        "jobType": "sdk.everything",
        "priority": 7,
        "timeoutSeconds": 90,
        "retryCount": 5,
        "retryStrategy": "linear",
        "baseDelaySeconds": 10,
        "maxDelaySeconds": 300,
        "isolation": "thread",
        "description": "All of it",
        "category": "reports",
        "tags": ["a", "b"],
        "ownerName": "Ana",
        "teamName": "data",
        "maxConcurrentExecutions": 2,
        "concurrencyKey": "customer:{customer}",
        "maxConcurrentPerKey": 3,
        "rateLimit": "100/1m",
        "onLost": "fail",
        "allowedEnvironments": ["DEV"],
        "schedules": [{"every": "15m"}, {"daily": {"at": "06:00"}}],
    }


def test_two_functions_cannot_share_a_name() -> None:
    with pytest.raises(ConfigurationInvalid, match=r"two functions are called 'sdk\.bill'"):

        @job(name="sdk.bill")
        def other() -> None: ...


def test_what_cannot_be_a_job() -> None:
    with pytest.raises(ConfigurationInvalid, match="generator"):

        @job
        def numbers() -> Iterator[int]:
            yield 1

    with pytest.raises(ConfigurationInvalid, match="thread"):

        @job(isolation="thread")
        async def threaded() -> None: ...

    with pytest.raises(TypeError):
        job(colour="red")  # type: ignore[call-overload]


def test_enqueue_submits_json(taken: Taken) -> None:
    assert asyncio.run(daily_report.enqueue(region="US", delay="10m", key="us-2026-11-21")) == "id-1"
    assert daily_report.enqueue_now("US") == "id-2"
    assert plain.enqueue_now() == "id-3"
    bill.enqueue_now(Customer(name="A", since=date(2026, 1, 2)), window=Window(3))
    assert taken.calls == [
        ("test_function.daily_report", {"region": "US"}, {"delay": 10 * MINUTE, "key": "us-2026-11-21"}),
        ("test_function.daily_report", {"region": "US"}, {}),
        ("test_function.plain", {}, {}),
        ("sdk.bill", {"customer": {"name": "A", "since": "2026-01-02"}, "window": {"hours": 3}}, {}),
    ]


def test_a_submission_can_choose_more(taken: Taken) -> None:
    at = datetime(2026, 11, 21, 6, tzinfo=UTC)
    chosen = daily_report.with_(queue="slow", priority=9, run_at=at, timeout="1m", retries=0)
    asyncio.run(chosen.enqueue(region="US"))
    assert taken.calls[0][2] == {
        "queue": "slow",
        "priority": 9,
        "run_at": parse_instant("2026-11-21T06:00:00Z"),
        "timeout": 60 * SECOND,
        "retries": 0,
    }
    with pytest.raises(ValueError, match="not both"):
        daily_report.with_(delay=1, run_at=at)


def test_wrong_parameters_are_refused_before_anything_is_submitted(taken: Taken) -> None:
    customer = Customer(name="A", since=date(2026, 1, 2))
    with pytest.raises(InvalidInput, match="rows"):
        bill.enqueue_now(customer, Window(1), rows=0)
    with pytest.raises(InvalidInput, match="missing a required argument: 'window'"):
        bill.enqueue_now(customer)
    with pytest.raises(InvalidInput, match="regoin"):
        daily_report.enqueue_now(regoin="US")
    assert taken.calls == []


def test_without_a_store_enqueue_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submission, "factory", None)
    with pytest.raises(ConfigurationInvalid, match="ROTA_DB"):
        plain.enqueue_now()


def test_what_is_enqueued_can_be_bound_again() -> None:
    customer = Customer(name="A", since=date(2026, 1, 2))
    payload = bill.signature.payload((customer,), {"window": Window(1)})
    assert bill.signature.bind(payload) == {"customer": customer, "window": Window(1)}


def test_the_public_names_exist() -> None:
    assert len(rota.__all__) <= 25
    for name in rota.__all__:
        assert getattr(rota, name) is not None
    assert set(rota.__all__) <= set(dir(rota))
    with pytest.raises(AttributeError):
        rota.nothing_of_this_name  # noqa: B018


def test_importing_rota_loads_nothing_heavy() -> None:
    code = "import sys, rota; print(*({'pydantic', 'sqlalchemy', 'asyncio', 'fastapi', 'click'} & set(sys.modules)))"
    heavy = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert heavy.strip() == ""
    code = "import sys; from rota import job; job(lambda: 1); print(*({'pydantic', 'asyncio'} & set(sys.modules)))"
    heavy = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert heavy.strip() == ""


def test_the_origin_tells_functions_apart() -> None:
    def one() -> None: ...

    def two() -> None: ...

    assert JobFunction(one).origin == JobFunction(one).origin
    assert JobFunction(one).origin != JobFunction(two).origin
