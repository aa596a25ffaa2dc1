"""Simulation and forecast over HTTP: what is stored, what is not, durations of history, bounds, refusals."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from rota.domain.instant import MINUTE
from rota.stores.database import Database
from rota.stores.tables import history

SATURDAY = {"from": "2027-03-27T00:00:00Z", "days": 2}


def job(client: TestClient, name: str = "report", **fields: object) -> str:
    made = client.post("/api/jobs", json={"name": name, "jobType": "echo", **fields})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def ran(database: Database, job_id: str, *minutes: int) -> None:
    """Successful executions of a job that took so long."""
    with database.write() as tx:
        for number, length in enumerate(minutes):
            id = f"{tx.now // 1000:012x}"
            tx.execute(
                history.insert().values(
                    id=f"{id[:8]}-{id[8:]}-7000-8000-{number:012x}", job_id=job_id, type="echo", kind="python", queue="default",
                    priority=0, state="Succeeded", due_at=tx.now, created_at=tx.now, attempt=1, timeout=1, max_attempts=1,
                    trigger="manual", started_at=tx.now - length * MINUTE, finished_at=tx.now,
                )
            )  # fmt: skip


def simulated(client: TestClient, **body: object) -> dict[str, Any]:
    answer = client.post("/api/simulate", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def test_a_stored_schedule_runs_under_the_durations_of_history(client: TestClient, database: Database) -> None:
    id = job(client, schedule={"every": "1h"}, queue="reports")
    ran(database, id, 1, 90, 95)
    found = simulated(client, **SATURDAY)
    assert found["decisions"] == {"fired": 24, "skippedOverlap": 24}
    assert (found["jobs"], found["unknownDurations"], found["leftOut"]) == ({id: "report"}, [], [])
    first = found["items"][0]
    assert (first["nominalAt"], first["run"]["endsAt"]) == ("2027-03-27T01:00:00.000Z", "2027-03-27T02:30:00.000Z")
    assert found["load"][0] == {
        "queue": "reports", "hour": "2027-03-27T01:00:00.000Z", "fires": 1, "busySeconds": 3600, "longestWaitSeconds": 0,
    }  # fmt: skip
    assert simulated(client, **SATURDAY, durations={id: "10m"})["decisions"] == {"fired": 48}


def test_a_schedule_that_is_not_stored_takes_part_and_stays_unstored(client: TestClient) -> None:
    id = job(client)
    schedule = {"daily": {"at": "02:30"}, "timeZone": "Europe/Madrid", "dstGap": "skip"}
    found = simulated(client, **SATURDAY, jobIds=[id], schedule=schedule)
    assert [(one["decision"], one["jobId"]) for one in found["items"]] == [("fired", id), ("suppressedDst", id)]
    assert found["unknownDurations"] == [id]
    assert simulated(client, **SATURDAY, schedule=schedule)["items"][0]["jobId"] == "unsaved"
    assert client.get("/api/schedules").json()["items"] == []


def test_an_outage_shows_what_is_caught_up(client: TestClient) -> None:
    out = [{"from": "2027-03-27T00:30:00Z", "to": "2027-03-27T03:30:00Z"}]
    found = simulated(client, **SATURDAY, schedule={"every": "1h", "missed": "runEarliest"}, outages=out)
    assert [one["decision"] for one in found["items"][:4]] == ["fired", "coalesced", "coalesced", "fired"]


@pytest.mark.parametrize(
    ("body", "status", "loc"),
    [
        ({"schedule": {"cron": "x"}}, 422, ["schedule", "cron"]),
        ({"schedule": {"every": "1h", "calendar": "none"}}, 422, ["schedule", "calendar"]),
        ({"from": "2027-01-02T00:00:00Z", "to": "2027-01-01T00:00:00Z"}, 422, ["to"]),
        ({"from": "2027-01-02T00:00:00Z", "to": "2029-01-01T00:00:00Z"}, 422, ["to"]),
        ({"days": 401}, 422, ["body", "days"]),
        ({"nonsense": 1}, 422, ["body", "nonsense"]),
        ({"jobIds": ["nonsense"]}, 404, None),
    ],
)
def test_what_cannot_be_simulated_is_refused(
    client: TestClient, body: dict[str, object], status: int, loc: list[str] | None
) -> None:
    answer = client.post("/api/simulate", json=body)
    assert answer.status_code == status, answer.text
    if loc is not None:
        assert loc[-1] in answer.json()["errors"][0]["loc"]


def test_too_much_is_told_to_be_too_much(client: TestClient) -> None:
    found = simulated(client, schedule={"every": "1s"}, days=1)
    assert found["stoppedAt"] is not None
    assert len(found["items"]) == 50_000


def test_the_forecast_counts_fires_and_busy_time(client: TestClient, database: Database) -> None:
    id = job(client, schedule={"every": "20m"}, queue="reports")
    job(client, "paused", schedule={"every": "1m"}, state="Paused")
    ran(database, id, 4, 5, 90)
    found = client.get("/api/forecast", params={"days": 1}).json()
    assert sum(hour["fires"] for hour in found["items"]) == 72
    full = found["items"][1]
    assert (full["queue"], full["fires"], full["busySeconds"]) == ("reports", 3, 900)
    assert client.get("/api/forecast", params={"days": 0}).status_code == 422
