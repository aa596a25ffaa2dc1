import dataclasses

from starlette.testclient import TestClient

from rota.api.application import ApiDependencies, create_application
from rota.domain.execution import NewExecution
from rota.domain.instant import DAY
from rota.domain.outcome import Failed, Outcome, Succeeded
from rota.domain.transition import decide
from rota.service import jobs
from rota.service.context import ServiceContext
from rota.stores import executions, reports
from rota.stores.base import Offer
from rota.stores.database import Database


def run(database: Database, outcome: Outcome, job_id: str | None = None) -> None:
    """One execution from its acceptance to its end."""
    with database.write() as tx:
        executions.enqueue(tx, [NewExecution("echo", job_id=job_id, name="nightly")])
        for claim in executions.claim(tx, Offer("0" * 36, 1, 1)):
            executions.settle(tx, [decide(claim, outcome, tx.now)])


def test_the_figures_of_today(client: TestClient, database: Database) -> None:
    for outcome in (Succeeded(), Succeeded(), Failed("no", retryable=False), Failed("again")):
        run(database, outcome)
    client.post("/api/workers/register", json={"name": "w", "capacity": 7})
    with database.write() as tx:
        executions.enqueue(tx, [NewExecution("echo", queue="reports"), NewExecution("echo", due_at=tx.now + DAY)])
    stats = client.get("/api/dashboard/stats").json()
    assert stats["executions"] == {
        "running": 0,
        "pending": 1,
        "scheduled": 1,
        "retrying": 1,
        "waiting": 0,
        "succeededToday": 2,
        "failedToday": 1,
        "cancelledToday": 0,
        "totalToday": 3,
        "successRateToday": 2 / 3,
    }
    assert stats["workers"] == {"alive": 1, "draining": 0, "slots": 7, "busy": 0}
    assert [(queue["queue"], queue["pending"]) for queue in stats["queues"]] == [("reports", 1)]
    assert stats["jobs"] == {"total": 0, "enabled": 0, "paused": 0, "disabled": 0}
    trends = client.get("/api/dashboard/trends", params={"days": 3}).json()["items"]
    assert [(day["succeeded"], day["failed"]) for day in trends] == [(0, 0), (0, 0), (2, 1)]
    assert client.get("/api/dashboard/trends", params={"days": 0}).status_code == 422


def test_jobs_that_fail_and_schedules_that_come(client: TestClient, database: Database, system: ServiceContext) -> None:
    job = jobs.create(system, {"name": "nightly", "jobType": "echo", "cronExpression": "0 6 * * *"})
    id = job.record.id
    for outcome in (Succeeded(), Failed("first", retryable=False), Failed("last", retryable=False)):
        run(database, outcome, id)
    (failing,) = client.get("/api/dashboard/top-failing").json()["items"]
    assert (failing["jobId"], failing["failed"], failing["total"], failing["lastError"]) == (id, 2, 3, "last")
    upcoming = client.get("/api/dashboard/upcoming", params={"hours": 48}).json()["items"]
    assert len(upcoming) == 2
    assert {fire["jobName"] for fire in upcoming} == {"nightly"}
    assert upcoming[0]["at"].endswith("T06:00:00.000Z")
    assert client.get("/api/dashboard/stats").json()["schedules"] == {"total": 1, "enabled": 1, "overdue": 0}


def test_counting_what_has_ended_reads_only_an_index(database: Database) -> None:
    seen: list[str] = []
    with database.read() as tx:
        tx.driver.set_trace_callback(seen.append)
        reports.ended(tx, 0, DAY)
        tx.driver.set_trace_callback(None)
        plan = [row[3] for row in tx.driver.execute(f"EXPLAIN QUERY PLAN {seen[-1]}")]
    assert plan[0].startswith("SEARCH history USING COVERING INDEX ix_history_finished"), plan


def test_the_health_of_rota_is_told_check_by_check(client: TestClient, services: ApiDependencies) -> None:
    healthy = client.get("/health").json()
    assert (healthy["status"], healthy["version"]) == ("healthy", "0.0.0")
    with services.database.write() as tx:
        executions.enqueue(tx, [NewExecution("echo")])
    assert client.get("/health/jobs").json()["status"] == "degraded"
    stuck = dataclasses.replace(services, loops=lambda: {"ticker": {"healthy": False, "ageSeconds": 99.0}})
    headers = client.headers
    with TestClient(create_application(stuck), base_url="http://127.0.0.1:8400", headers=headers) as other:
        told = other.get("/health").json()
    assert told["status"] == "unhealthy"
    assert {"name": "loop ticker", "healthy": False, "detail": "last step 99.0 s ago"} in told["checks"]


def test_a_store_without_a_schema_is_not_ready(anonymous: TestClient, services: ApiDependencies) -> None:
    assert anonymous.get("/health/ready").json() == {"status": "ready"}
    with services.database.write() as tx:
        tx.driver.execute("UPDATE alembic_version SET version_num = '9999'")
    refused = anonymous.get("/health/ready")
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert "9999" not in refused.text
    assert anonymous.get("/health/live").status_code == 200


def test_prometheus_reads_the_metrics(client: TestClient, database: Database) -> None:
    with database.write() as tx:
        executions.enqueue(tx, [NewExecution("echo", queue="reports")])
    text = client.get("/metrics").text
    assert 'rota_executions{state="Pending"} 1.0' in text
    assert 'rota_queue_pending{queue="reports"} 1.0' in text
    assert 'rota_workers{state="Dead"} 0.0' in text
    assert "process_resident_memory_bytes" in text
