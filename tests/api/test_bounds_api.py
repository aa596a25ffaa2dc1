"""Numbers, times and results at the edge of what the store and the replies can hold: refused or shown, never a 500."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from rota.api.application import ApiDependencies
from rota.domain.execution import NewExecution
from rota.domain.instant import LATEST
from rota.service import access
from rota.service import executions as service
from rota.service.context import ServiceContext
from rota.stores.database import Database

TOO_LARGE = ["9223372036854775808", "9999999999999999999", "1" * 40, 2**63 - 1 + 1, -1]


def cursor(key: str) -> str:
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def job(client: TestClient, **fields: object) -> str:
    made = client.post("/api/jobs", json={"name": "bounds", "jobType": "echo"} | fields)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


def worker(client: TestClient) -> str:
    return str(client.post("/api/workers/register", json={"name": "w", "capacity": 5}).json()["id"])


@pytest.mark.parametrize("token", TOO_LARGE)
def test_a_token_beyond_64_bits_is_refused(client: TestClient, token: object) -> None:
    body = {"leaseToken": token}
    answers = [
        client.post("/api/jobs/x/complete", json={**body, "workerId": "w", "success": True}),
        client.post("/api/executions/x/extend", json=body),
        client.post("/api/executions/x/logs", json={**body, "lines": []}),
        client.post("/api/workers/w/heartbeat", json={"executions": [{**body, "executionId": "x"}]}),
    ]
    assert {answer.status_code for answer in answers} == {422}


def test_the_largest_token_is_only_unknown(client: TestClient) -> None:
    for token in ("9223372036854775807", 2**63 - 1):
        answer = client.post("/api/executions/x/extend", json={"leaseToken": token})
        assert answer.status_code in (404, 409), answer.text


@pytest.mark.parametrize("key", ["9" * 23, "9223372036854775808", "-1", "1.5", "x"])
def test_a_cursor_beyond_64_bits_is_refused(client: TestClient, key: str) -> None:
    id = job(client, cronExpression="0 0 1 1 *")
    schedule = client.get("/api/schedules").json()["items"][0]["id"]
    execution = client.post(f"/api/jobs/{id}/trigger").json()["executionId"]
    json_only = {"Accept": "application/json"}
    for path in (f"/api/jobs/{id}/versions", f"/api/schedules/{schedule}/occurrences", "/api/audit", "/api/events"):
        answer = client.get(path, params={"cursor": cursor(key)}, headers=json_only)
        assert answer.status_code == 422, (path, answer.text)
    for pair in (f"{key}.1", f"1.{key}"):
        assert client.get(f"/api/executions/{execution}/logs", params={"after": cursor(pair)}).status_code == 422


@pytest.mark.parametrize("time", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"])
def test_times_that_utc_cannot_write_are_refused(client: TestClient, time: str) -> None:
    id = job(client)
    assert client.post(f"/api/jobs/{id}/trigger", json={"runAt": time}).status_code == 422
    assert client.post("/api/jobs", json={"type": "echo", "runAt": time}).status_code == 422
    assert client.post("/api/keys", json={"name": "k", "role": "admin", "expiresAt": time}).status_code == 422
    assert client.get("/api/executions", params={"since": time}).status_code == 422
    schedule = {"schedule": {"once": time}}
    assert client.post("/api/schedules/preview", json=schedule).status_code == 422
    assert client.post("/api/schedules/preview", json={"schedule": {"every": "1h"}, "from": time}).status_code == 422


@pytest.mark.parametrize("time", ["9999-12-31T23:59:59.999999Z", "0001-01-01T00:00:00Z", "1969-07-20T20:17:40Z"])
def test_the_first_and_the_last_time_can_be_used(client: TestClient, time: str) -> None:
    id = job(client, cronExpression="0 0 1 1 *")
    answers = [
        client.post(f"/api/jobs/{id}/trigger", json={"runAt": time}),
        client.post("/api/jobs", json={"type": "echo", "runAt": time}),
        client.post(f"/api/jobs/{id}/pause", json={"until": time}),
        client.post("/api/keys", json={"name": "k", "role": "viewer", "expiresAt": time}),
        client.post("/api/jobs", json={"name": "o", "jobType": "echo", "schedule": {"once": time}}),
        client.post(
            "/api/jobs",
            json={"name": "e", "jobType": "echo", "schedule": {"every": "1h", "anchor": time, "startsAt": time}},
        ),
        client.post("/api/schedules/preview", json={"schedule": {"every": "1s", "anchor": time}, "from": time}),
        client.post("/api/schedules/preview", json={"schedule": {"cron": "* * * * *"}, "from": time, "until": time}),
        client.get("/api/executions", params={"since": time, "until": time}),
        client.get("/api/executions"),
        client.get("/api/jobs"),
        client.get("/api/schedules"),
        client.get(f"/api/jobs/{id}/why"),
        client.get("/api/dashboard/upcoming"),
        client.get("/api/dashboard/stats"),
    ]
    assert [answer.text for answer in answers if answer.status_code >= 500] == []
    assert LATEST < 2**63


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63)])
def test_large_numbers_of_bodies_are_taken_or_refused(client: TestClient, number: int) -> None:
    bodies: list[tuple[str, dict[str, Any]]] = [
        ("/api/jobs", {"type": "echo", "priority": number}),
        ("/api/jobs", {"type": "echo", "maxRetries": number}),
        ("/api/jobs", {"type": "echo", "timeoutSeconds": number}),
        ("/api/jobs", {"type": "echo", "delaySeconds": number}),
        ("/api/jobs", {"name": "a", "jobType": "echo", "priority": number}),
        ("/api/jobs", {"name": "b", "jobType": "echo", "retryCount": number}),
        ("/api/jobs", {"name": "c", "jobType": "echo", "maxConcurrentExecutions": number}),
        ("/api/jobs", {"name": "d", "jobType": "echo", "baseDelaySeconds": number}),
        ("/api/jobs", {"name": "e", "jobType": "echo", "permanentStatuses": [number]}),
        ("/api/jobs", {"name": "f", "jobType": "echo", "allowedEnvironments": number}),
        ("/api/jobs", {"name": "g", "jobType": "echo", "schedule": {"every": "1h", "maxRuns": number}}),
        ("/api/jobs", {"name": "h", "jobType": "echo", "schedule": {"every": number}}),
        ("/api/jobs", {"name": "i", "jobType": "echo", "schedule": {"every": "1h", "maxCatchupRuns": number}}),
        ("/api/jobs", {"name": "j", "jobType": "echo", "schedule": {"every": "1h", "jitter": number}}),
        ("/api/jobs", {"name": "k", "jobType": "echo", "schedule": {"after": number}}),
        ("/api/jobs", {"name": "l", "jobType": "echo", "schedule": {"monthly": {"day": number, "at": "06:00"}}}),
        ("/api/jobs/acquire", {"workerId": "w", "capacity": number}),
        ("/api/workers/register", {"name": "w", "capacity": number}),
        ("/api/executions/x/cancel", {"graceSeconds": number}),
    ]
    for path, body in bodies:
        answer = client.post(path, json=body)
        assert answer.status_code < 500, (path, body, answer.text)
    for path in ("/api/executions", "/api/jobs", "/api/schedules", "/api/audit", "/api/dashboard/trends?days=3"):
        for name in ("limit", "days", "hours", "count"):
            answer = client.get(path, params={name: number})
            assert answer.status_code < 500, (path, name)


def test_the_results_of_http_workers_are_as_bounded_as_any_body(client: TestClient, system: ServiceContext) -> None:
    id = service.submit(system, NewExecution("echo")).id
    holder = worker(client)
    (item,) = client.post("/api/jobs/acquire", json={"workerId": holder, "capacity": 1}).json()["items"]
    body = {"workerId": holder, "leaseToken": item["leaseToken"], "success": True}
    deep = json.dumps(body)[:-1] + ', "result": ' + "[" * 40 + "]" * 40 + "}"
    for content_type in ("application/json", "text/json", "text/plain", "application/xml", ""):
        answer = client.post(f"/api/jobs/{id}/complete", content=deep, headers={"Content-Type": content_type})
        assert answer.status_code in (400, 415, 422), (content_type, answer.text)
    assert client.get(f"/api/executions/{id}").json()["state"] == "Running"


@pytest.mark.parametrize("stored", ["[" * 300 + "]" * 300, "[" * 50_000 + "]" * 50_000, '"\\ud800"', "{", "1" * 5000])
def test_a_stored_result_that_cannot_be_shown_takes_no_list_with_it(
    client: TestClient, system: ServiceContext, database: Database, stored: str
) -> None:
    id = service.submit(system, NewExecution("echo")).id
    service.cancel(system, id)
    with database.write() as tx:
        tx.driver.execute("UPDATE history SET result = ?, reason = NULL WHERE id = ?", (stored, id))
    for path in ("/api/executions", "/api/executions/recent", "/api/jobs?status=cancelled", f"/api/jobs/{id}"):
        assert client.get(path).status_code == 200, path
    found = client.get(f"/api/executions/{id}").json()
    assert (found["result"], found["reason"]) == (None, "the stored result cannot be shown")


def test_a_key_whose_execution_is_gone_makes_a_new_one(client: TestClient, database: Database) -> None:
    id = job(client)
    first = client.post(f"/api/jobs/{id}/trigger", json={"key": "daily"}).json()["executionId"]
    with database.write() as tx:
        tx.driver.execute("DELETE FROM executions WHERE id = ?", (first,))
    second = client.post(f"/api/jobs/{id}/trigger", json={"key": "daily"})
    assert second.status_code == 202, second.text
    assert second.json()["executionId"] != first
    again = client.post(f"/api/jobs/{id}/trigger", json={"key": "daily"})
    assert again.json()["executionId"] == second.json()["executionId"]


def test_a_store_that_is_written_to_lets_readers_in(
    client: TestClient, anonymous: TestClient, services: ApiDependencies, database: Database
) -> None:
    token = client.headers["Authorization"].removeprefix("Bearer ")
    other = Database(str(database))
    try:
        for writer in (database, other):  # this process, or another one
            with writer.write():
                assert access.authenticate(database, token).name == "test admin"
                assert anonymous.get("/health/ready").status_code == 200
                assert client.get("/api/executions").status_code == 200
    finally:
        other.close()
    listed: Callable[[], list[dict[str, Any]]] = lambda: client.get("/api/keys").json()["items"]  # noqa: E731
    assert [key["lastUsedAt"] for key in listed()] == [None]
    access.authenticate(database, token)
    assert listed()[0]["lastUsedAt"] is not None
