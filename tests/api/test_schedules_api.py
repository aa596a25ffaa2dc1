"""Schedules through the front door."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from rota.api.application import ApiDependencies
from rota.domain.instant import HOUR
from rota.domain.occurrence import Decision
from rota.stores import occurrences


@pytest.fixture
def job_id(client: TestClient) -> str:
    id: str = client.post("/api/jobs", json={"name": "echo", "jobType": "echo"}).json()["id"]
    return id


def made(client: TestClient, body: dict[str, Any]) -> dict[str, Any]:
    response = client.post("/api/schedules", json=body)
    assert response.status_code == 201, response.text
    found: dict[str, Any] = response.json()
    assert response.headers["location"] == f"/api/schedules/{found['id']}"
    return found


@pytest.mark.parametrize(
    ("rule", "describe"),
    [
        ({"cron": "0 6 * * MON-FRI"}, "cron 0 6 * * MON-FRI, UTC"),
        ({"every": "15m"}, "every 15 min"),
        ({"daily": {"at": "06:00"}, "timeZone": "Europe/Madrid"}, "daily at 06:00 Europe/Madrid"),
        ({"weekly": {"on": ["MON", "THU"], "at": "06:00"}}, "weekly on MON, THU at 06:00 UTC"),
        ({"monthly": {"day": -1, "at": "06:00"}}, "monthly on the last day at 06:00 UTC"),
        ({"once": "2099-01-01T00:00:00Z"}, "once at 2099-01-01T00:00:00+00:00 UTC"),
        ({"scheduleType": 2, "timeOfDay": "06:00:00"}, "daily at 06:00 UTC"),
        ({"scheduleType": 5, "cronExpression": "0 6 * * *"}, "cron 0 6 * * *, UTC"),
        ({"schedule": {"every": "1h"}}, "every 1 h"),
    ],
)
def test_each_rule(client: TestClient, job_id: str, rule: dict[str, Any], describe: str) -> None:
    schedule = made(client, {"jobId": job_id, "key": "k", **rule})
    assert (schedule["describe"], schedule["state"], schedule["revision"], schedule["runs"]) == (
        describe,
        "Enabled",
        1,
        0,
    )
    assert schedule["nextAt"] is not None
    assert schedule["lastAt"] is None
    for name, value in schedule["rule"].items():
        assert schedule[name] == value
    assert client.get(f"/api/schedules/{schedule['id']}").json() == schedule


@pytest.mark.parametrize(
    ("body", "loc"),
    [
        ({}, ["cron"]),
        ({"cron": "@daily", "every": "1h"}, ["every"]),
        ({"cron": "0 0 31 2 *"}, ["cron"]),
        ({"cron": "* * * * * * *"}, ["cron"]),
        ({"every": "0s"}, ["every"]),
        ({"every": -5}, ["every"]),
        ({"every": "1h", "unknown": 1}, ["unknown"]),
        ({"every": "1h", "timeZone": "../../etc/passwd"}, ["timeZone"]),
        ({"every": "1h", "overlap": "sometimes"}, ["overlap"]),
        ({"every": "1h", "maxRuns": 0}, ["maxRuns"]),
        ({"every": "1h", "maxRuns": "1"}, ["maxRuns"]),
        ({"every": "1h", "enabled": "yes"}, ["enabled"]),
        ({"every": "1h", "parameters": []}, ["parameters"]),
        ({"every": "1h", "createdBy": 7}, ["createdBy"]),
        ({"daily": {"at": "24:00"}}, ["daily", "at"]),
        ({"daily": "06:00"}, ["daily"]),
        ({"once": "2020-01-01T00:00:00Z"}, ["once"]),
        ({"once": "2099-01-01T00:00:00"}, ["once"]),
        ({"scheduleType": 99}, ["scheduleType"]),
        ({"scheduleType": 2}, ["timeOfDay"]),
    ],
)
def test_bad_schedules_are_refused_by_field(
    client: TestClient, job_id: str, body: dict[str, Any], loc: list[str]
) -> None:
    response = client.post("/api/schedules", json={"jobId": job_id, **body})
    assert response.status_code == 422, response.text
    assert loc in [error["loc"] for error in response.json()["errors"]]
    assert client.get("/api/schedules").json()["items"] == []


def test_a_schedule_needs_a_job(client: TestClient) -> None:
    assert client.post("/api/schedules", json={"every": "1h"}).json()["errors"][0]["loc"] == ["jobId"]
    assert client.post("/api/schedules", json={"jobId": 7, "every": "1h"}).status_code == 422
    assert client.post("/api/schedules", json={"jobId": "a", "jobDefinitionId": "b", "every": "1h"}).status_code == 422
    unknown = {"jobDefinitionId": "a1b2c3d4-e5f6-4a5b-8c9d-0e1f2a3b4c5d", "scheduleType": 2, "timeOfDay": "06:00:00"}
    assert client.post("/api/schedules", json=unknown).status_code == 404


def test_put_makes_a_revision(client: TestClient, job_id: str) -> None:
    schedule = made(client, {"jobId": job_id, "every": "1h", "overlap": "allow"})
    url = f"/api/schedules/{schedule['id']}"
    tag = client.get(url).headers["etag"]
    assert client.put(url, json=schedule).json() == schedule
    changed = client.put(url, json={"every": "2h"}, headers={"If-Match": tag})
    assert (changed.json()["revision"], changed.json()["describe"]) == (2, "every 2 h")
    assert "overlap" not in changed.json()["rule"]
    assert client.put(url, json={"every": "3h"}, headers={"If-Match": tag}).status_code == 412
    assert client.put(url, json={"jobId": "other", "every": "3h"}).status_code == 422
    assert client.put(url, json={"every": "never"}).status_code == 422
    assert client.put(url, json=changed.json() | {"enabled": False}).json()["state"] == "Paused"


def test_pause_resume_delete(client: TestClient, job_id: str) -> None:
    url = f"/api/schedules/{made(client, {'jobId': job_id, 'every': '1h'})['id']}"
    paused = client.post(f"{url}/pause", json={"note": "wait"}).json()
    assert (paused["state"], paused["note"], paused["nextAt"], paused["enabled"]) == ("Paused", "wait", None, False)
    assert client.get("/api/schedules", params={"state": "paused"}).json()["items"] == [paused]
    resumed = client.post(f"{url}/resume").json()
    assert (resumed["state"], resumed["note"]) == ("Enabled", None)
    assert client.delete(url).status_code == 204
    for method, path in (("GET", url), ("DELETE", url), ("POST", f"{url}/pause"), ("POST", f"{url}/resume")):
        assert client.request(method, path).status_code == 404


def test_the_ledger_pages_and_outlives_the_schedule(client: TestClient, job_id: str, services: ApiDependencies) -> None:
    schedule = made(client, {"jobId": job_id, "every": "1h"})
    with services.database.write() as tx:
        occurrences.record(
            tx,
            [
                (schedule["id"], number * HOUR, Decision.FIRED if number % 2 else Decision.MISSED, None, None)
                for number in range(1, 6)
            ],
        )
    url = f"/api/schedules/{schedule['id']}/occurrences"
    page = client.get(url, params={"limit": 3}).json()
    rest = client.get(url, params={"limit": 3, "cursor": page["nextCursor"]}).json()
    times = [item["nominalAt"] for item in page["items"] + rest["items"]]
    assert times == [f"1970-01-01T0{hour}:00:00.000Z" for hour in (5, 4, 3, 2, 1)]
    assert rest["nextCursor"] is None
    assert len(client.get(url, params={"decision": "Missed"}).json()["items"]) == 2
    assert client.get(url, params={"decision": "odd"}).status_code == 422
    client.delete(f"/api/schedules/{schedule['id']}")
    assert len(client.get(url).json()["items"]) == 5
    assert client.get("/api/schedules/unknown/occurrences").status_code == 404


def test_a_preview_tells_what_the_clock_does(client: TestClient) -> None:
    body = {
        "schedule": {"cron": "30 2 * * *", "timeZone": "Europe/Madrid", "dstGap": "skip"},
        "from": "2026-03-28T00:00:00Z",
        "count": 3,
    }
    found = client.post("/api/schedules/preview", json=body).json()
    assert [item["local"] for item in found["items"]] == [
        "2026-03-28T02:30:00+01:00", "2026-03-30T02:30:00+02:00", "2026-03-31T02:30:00+02:00",
    ]  # fmt: skip
    assert found["items"][0]["at"] == "2026-03-28T01:30:00.000Z"
    (skipped,) = found["skipped"]
    assert skipped["reason"] == "suppressedDst"
    assert skipped["nominal"].startswith("2026-03-29T02:30:00")
    until = body | {"until": "2026-03-28T12:00:00Z"}
    assert len(client.post("/api/schedules/preview", json=until).json()["items"]) == 1
    assert len(client.post("/api/schedules/preview", json={"schedule": {"every": "1h"}}).json()["items"]) == 10


@pytest.mark.parametrize(
    ("change", "loc"),
    [
        ({"schedule": {"cron": "x"}}, ["schedule", "cron"]),
        ({"schedule": {"every": "1h", "calendar": "none"}}, ["schedule", "calendar"]),
        ({"schedule": []}, ["schedule"]),
        ({"schedule": None}, ["schedule"]),
        ({"from": "2026-03-28"}, ["from"]),
        ({"from": 5}, ["from"]),
        ({"count": 0}, ["count"]),
        ({"count": "3"}, ["count"]),
        ({"count": True}, ["count"]),
        ({"count": 100_000}, ["count"]),
        ({"what": 1}, ["what"]),
    ],
)
def test_bad_previews_are_refused_by_field(client: TestClient, change: dict[str, Any], loc: list[str]) -> None:
    response = client.post("/api/schedules/preview", json={"schedule": {"every": "1h"}} | change)
    assert response.status_code == 422
    assert loc in [error["loc"] for error in response.json()["errors"]]


def test_lists_page(client: TestClient, job_id: str) -> None:
    ids = [made(client, {"jobId": job_id, "every": "1h"})["id"] for _ in range(3)]
    page = client.get("/api/schedules", params={"limit": 2, "jobId": job_id}).json()
    rest = client.get("/api/schedules", params={"limit": 2, "cursor": page["nextCursor"]}).json()
    assert [item["id"] for item in page["items"] + rest["items"]] == ids[::-1]
    assert client.get("/api/schedules", params={"jobId": "other"}).json()["items"] == []
    once = {"Idempotency-Key": "s"}
    answers = [
        client.post("/api/schedules", json={"jobId": job_id, "every": "5h"}, headers=once).json() for _ in range(2)
    ]
    assert answers[0] == answers[1]
