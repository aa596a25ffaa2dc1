"""The shipped testing kit: a whole Rota run by hand, with a clock that moves only when it is told to."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rota.domain.execution import State
from rota.domain.instant import HOUR, format_instant
from rota.sdk.function import JobFunction, Options, Retry
from rota.sdk.functions import Functions
from rota.service import jobs
from rota.stores import history
from rota.testing import Harness, ManualClock

calls: list[Any] = []


async def report(region: str = "EU") -> dict[str, str]:
    calls.append(region)
    return {"region": region}


async def flaky() -> int:
    calls.append("flaky")
    if len(calls) < 3:
        raise LookupError("not yet")
    return len(calls)


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[Harness]:
    calls.clear()
    functions = Functions()
    hourly = Options(schedules=({"every": "1h"},))
    functions.register(JobFunction(report, name="report", options=hourly))
    functions.register(JobFunction(flaky, name="flaky", options=Options(retry=Retry(base_delay="10m"))))
    with Harness(tmp_path, functions=functions) as made:
        yield made


def states(harness: Harness) -> list[State]:
    found = harness.database.reading(lambda tx: history.page(tx, history.Filter(), before=None, limit=100))
    return [one.state for one in found]


def test_nothing_runs_until_time_passes(harness: Harness) -> None:
    assert (harness.run_until_idle(), calls) == (0, [])
    assert harness.travel("3h") == 3
    assert calls == ["EU"] * 3
    assert states(harness) == [State.SUCCEEDED] * 3


def test_retries_happen_at_their_time(harness: Harness) -> None:
    (view,) = [
        view for view in jobs.find(harness.context, jobs.JobFilter(), limit=10) if view.record.job.name == "flaky"
    ]
    assert view.record.job.retry.base_delay == HOUR // 6
    flaky_function = harness.app.functions.get("flaky")
    assert flaky_function is not None
    flaky_function.enqueue_now()
    assert harness.run_until_idle() == 1
    assert states(harness) == [State.RETRYING]
    assert harness.travel("30m") == 2
    assert states(harness) == [State.SUCCEEDED]


def test_the_clock_stands_still_and_obeys() -> None:
    clock = ManualClock("2026-03-01T00:00:00Z")
    assert clock.now() == clock.now()
    clock.advance("90s")
    assert format_instant(clock.now()) == "2026-03-01T00:01:30.000Z"
    clock.set("2025-01-01T00:00:00+01:00")
    assert format_instant(clock.now()) == "2024-12-31T23:00:00.000Z"


def test_an_execution_is_part_of_the_transaction_it_was_submitted_in(harness: Harness) -> None:
    connection = sqlite3.connect(str(harness.database.url.database))
    greeting = JobFunction(report, name="report").with_(connection=connection)
    greeting.enqueue_now("US")
    connection.rollback()
    greeting.enqueue_now("EU")
    connection.commit()
    connection.close()
    assert harness.run_until_idle() == 1
    assert calls == ["EU"]


def test_time_travel_stops_where_a_rate_opens(tmp_path: Path) -> None:
    calls.clear()
    functions = Functions()
    limited = JobFunction(report, name="report", options=Options(rate_limit="2/1h"))
    functions.register(limited)
    with Harness(tmp_path, functions=functions) as harness:
        for region in ("EU", "US", "UK", "JP", "BR"):
            limited.enqueue_now(region)
        assert harness.run_until_idle() == 2
        assert harness.travel("59m") == 0
        assert harness.travel("1m") == 2
        assert harness.travel("1h") == 1
        assert calls == ["EU", "US", "UK", "JP", "BR"]
