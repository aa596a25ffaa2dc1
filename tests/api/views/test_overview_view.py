"""The first screen."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import update
from starlette.testclient import TestClient

from rota.domain.access import Role
from rota.domain.execution import NewExecution
from rota.domain.instant import HOUR
from rota.domain.outcome import Failed, Succeeded
from rota.service import jobs
from rota.service.context import ServiceContext
from rota.stores import executions, workers
from rota.stores.base import Offer
from rota.stores.database import Database
from rota.stores.identity import new_id
from rota.stores.schedule_tables import schedules

MOST_BYTES = 50_000
LONG = "ä" * 200


def test_what_runs_fails_waits_and_comes(
    client: TestClient,
    view: Callable[..., Any],
    run: Callable[..., str],
    system: ServiceContext,
    database: Database,
) -> None:
    made = jobs.create(system, {"name": "nightly", "jobType": "echo", "cronExpression": "0 6 * * *"})
    late = jobs.create(system, {"name": "late", "jobType": "echo", "cronExpression": "0 7 * * *"})
    for outcome in (Succeeded(), Failed("f" * 500, retryable=False)):
        run(outcome, made.record.id)
    client.post("/api/queues/reports/pause")
    with database.write() as tx:
        worker = new_id(tx.now)
        workers.register(tx, workers.NewWorker(worker, "w", 4, "database"), HOUR)
        (running,) = executions.enqueue(tx, [NewExecution("echo", name="now")])
        executions.claim(tx, Offer(worker, 1, HOUR))
        executions.enqueue(tx, [NewExecution("echo", queue="reports")])
        overdue = schedules.c.id == late.schedules[0].id
        tx.execute(update(schedules).where(overdue).values(next_at=tx.now - HOUR))
    found = view("overview")
    assert found["store"] == database.url.get_backend_name()
    assert [(row["id"], row["state"]) for row in found["running"]] == [(running, "Running")]
    assert [(one["jobId"], one["failed"], one["total"], one["lastError"]) for one in found["failing"]] == [
        (made.record.id, 1, 2, "f" * 160)
    ]
    assert found["workers"] == {"alive": 1, "draining": 0, "slots": 4, "busy": 1}
    assert [(one["queue"], one["pending"], one["paused"]) for one in found["queues"]] == [("reports", 1, True)]
    assert [one["jobName"] for one in found["overdue"]] == ["late"]
    assert "nightly" in {fire["jobName"] for fire in found["upcoming"]}
    assert [(day["succeeded"], day["failed"]) for day in found["trends"]] == [(0, 0)] * 6 + [(1, 1)]
    assert found["jobs"]["total"] == found["schedules"]["total"] == 2


def test_long_words_fit(
    client: TestClient, run: Callable[..., str], system: ServiceContext, database: Database
) -> None:
    for _ in range(25):
        made = jobs.create(system, {"name": LONG, "jobType": "echo", "cronExpression": "0 6 * * *"})
        run(Failed("ß" * 500, retryable=False), made.record.id, LONG)
    with database.write() as tx:
        worker = new_id(tx.now)
        workers.register(tx, workers.NewWorker(worker, "w", 50, "database"), HOUR)
        executions.enqueue(tx, [NewExecution("echo", name=LONG)] * 25)
        executions.claim(tx, Offer(worker, 25, HOUR))
        tx.execute(update(schedules).values(next_at=tx.now - HOUR))
    answer = client.get("/api/views/overview")
    assert len(answer.json()["running"]) == len(answer.json()["overdue"]) == 20
    assert len(answer.content) <= MOST_BYTES


def test_every_view_takes_the_right_to_read(holding: Callable[[Role], TestClient]) -> None:
    paths = ("overview", "jobs", "executions", "fleet", "failures", "timeline", "load", "calendars")
    viewer, worker = holding(Role.VIEWER), holding(Role.WORKER)
    for path in paths:
        assert viewer.get(f"/api/views/{path}").status_code == 200, path
        assert worker.get(f"/api/views/{path}").status_code == 403, path
