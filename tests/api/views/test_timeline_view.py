"""What ran, runs, waits and will come, as bars over time."""

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from rota.domain.execution import NewExecution
from rota.domain.instant import DAY, HOUR, format_instant
from rota.domain.outcome import Failed, Succeeded
from rota.service import jobs
from rota.service.context import ServiceContext
from rota.stores import executions
from rota.stores.database import Database

MOST_BYTES = 50_000


def test_states_are_looked_for_beyond_the_first_page(view: Callable[..., Any], run: Callable[..., str]) -> None:
    failed = run(Failed("no", retryable=False))
    for _ in range(12):
        run(Succeeded())
    found = view("timeline", state="failed", limit=10)
    assert [bar[1] for bar in found["bars"]] == [failed]
    assert found["nextCursor"] is None


def test_a_part_of_a_name_is_looked_for_beyond_the_first_page(
    view: Callable[..., Any], run: Callable[..., str]
) -> None:
    wanted = [run(Succeeded(), name="The Report") for _ in range(3)]
    for _ in range(12):
        run(Succeeded())
    first = view("timeline", q="report", limit=2)
    assert [bar[1] for bar in first["bars"]] == wanted[:0:-1]
    assert [bar[1] for bar in view("timeline", q="report", limit=2, cursor=first["nextCursor"])["bars"]] == wanted[:1]


def test_only_what_lives_before_the_end_is_a_bar(view: Callable[..., Any], database: Database) -> None:
    with database.write() as tx:
        soon, _later = executions.enqueue(
            tx, [NewExecution("echo", due_at=tx.now + HOUR // 2), NewExecution("echo", due_at=tx.now + 30 * DAY)]
        )
    found = view("timeline")
    ((_, id, start, end, state),) = found["bars"]
    assert (id, end, found["states"][state]) == (soon, None, "Scheduled")
    assert start == pytest.approx((6 * HOUR + HOUR // 2) // 1000, abs=60_000)


@pytest.mark.parametrize("ahead", [0, 3 * DAY])
def test_what_is_expected_is_of_the_time_that_is_looked_at(
    view: Callable[..., Any], system: ServiceContext, database: Database, ahead: int
) -> None:
    for name in ("hourly", "other"):
        jobs.create(system, {"name": name, "jobType": "echo", "cronExpression": "0 * * * *"})
    with database.read() as tx:
        start = tx.now + ahead
    found = view("timeline", **{"from": format_instant(start), "to": format_instant(start + DAY)}, q="hour")
    assert [lane["name"] for lane in found["lanes"]] == ["hourly"]
    assert len(found["expected"]) == 24
    assert all(0 <= at <= DAY // 1000 for _, _, at, _ in found["expected"])


def test_pages_with_a_lane_for_each_bar_fit_and_lead_to_all(client: TestClient, run: Callable[..., str]) -> None:
    ids = [run(Succeeded(), name="n" * 190 + f"{number:03}") for number in range(410)]
    seen: list[str] = []
    cursor = None
    while cursor is not None or not seen:
        answer = client.get("/api/views/timeline", params={"cursor": cursor} if cursor else {})
        assert len(answer.content) <= MOST_BYTES
        found = answer.json()
        assert {bar[0] for bar in found["bars"]} == set(range(len(found["lanes"])))
        seen += [bar[1] for bar in found["bars"]]
        cursor = found["nextCursor"]
    assert sorted(seen) == sorted(ids)


def test_what_cannot_be_asked(client: TestClient) -> None:
    backwards = {"from": "2026-02-01T00:00:00Z", "to": "2026-01-01T00:00:00Z"}
    for wrong in ({"group": "moon"}, {"state": "broken"}, backwards, {"cursor": "MQ"}, {"limit": 2001}):
        assert client.get("/api/views/timeline", params=wrong).status_code == 422, wrong
