"""Jobs through the front door, with the bodies that clients of older systems send."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.testclient import TestClient

from rota.api.application import ApiDependencies
from rota.domain.access import Role
from rota.domain.execution import NewExecution
from rota.stores import control, executions, workers
from rota.stores.database import Database
from rota.stores.identity import new_id
from rota.stores.workers import NewWorker

WEBHOOK = {
    "name": "Webhook Notification",
    "description": "Send notification to external webhook",
    "jobType": "https://api.example.com/webhook",
    "cronExpression": "0 0 * * *",
    "retryCount": 5,
    "timeoutSeconds": 30,
    "parameters": {
        "HttpMethod": "POST",
        "ContentType": "application/json",
        "Header_Authorization": "Bearer YOUR_TOKEN",
        "Header_X-Custom-Header": "CustomValue",
        "message": "Daily report notification",
        "timestamp": "auto",
    },
}
HEALTH_CHECK = {
    "name": "External Service Health Check",
    "description": "Check if external service is healthy",
    "jobType": "https://api.example.com/health",
    "cronExpression": "*/5 * * * *",
    "retryCount": 1,
    "timeoutSeconds": 10,
    "parameters": {"HttpMethod": "GET"},
}
CUSTOM = {
    "name": "My Custom Job",
    "description": "Custom job description",
    "jobType": "MyNamespace.MyCustomJob, MyAssembly",
    "cronExpression": "0 */5 * * *",
    "retryCount": 3,
    "timeoutSeconds": 600,
    "parameters": {"configKey": "configValue"},
}
SALES_REPORT = {
    "name": "Daily Sales Report",
    "description": "Generates daily sales reports",
    "category": "Reporting",
    "allowedEnvironments": 7,
    "executionMode": 1,
    "executionAssembly": "SalesReports.dll",
    "executionTypeName": "SalesReports.DailyReportJob",
    "timeoutSeconds": 300,
    "maxRetries": 3,
    "retryStrategy": 3,
    "baseDelaySeconds": 30,
    "maxConcurrentExecutions": 1,
    "ownerName": "John Smith",
    "ownerEmail": "john.smith@company.com",
    "teamName": "Data Analytics",
    "createdBy": "admin@company.com",
}
SAMPLE = {"name": "My Job", "type": "sample", "payload": "Hello, World!", "maxRetries": 3, "priority": 5}
ECHO = {"name": "echo", "jobType": "echo"}


@pytest.fixture
def worker(database: Database) -> str:
    """A connected worker that says nothing about what it can run."""
    with database.write() as tx:
        id = new_id(tx.now)
        workers.register(tx, NewWorker(id, "w", 4, "http"), 600_000_000)
    return id


def made(client: TestClient, body: dict[str, Any]) -> dict[str, Any]:
    response = client.post("/api/jobs", json=body)
    assert response.status_code == 201, response.text
    found: dict[str, Any] = response.json()
    assert response.headers["location"] == f"/api/jobs/{found['id']}"
    return found


def test_a_webhook_with_a_cron_expression(client: TestClient) -> None:
    job = made(client, WEBHOOK)
    assert (job["kind"], job["jobType"], job["retryCount"], job["timeoutSeconds"]) == (
        "http",
        WEBHOOK["jobType"],
        5,
        30,
    )
    assert job["parameters"] == WEBHOOK["parameters"]
    assert (job["cronExpression"], job["timeZone"], job["state"], job["version"]) == ("0 0 * * *", "UTC", "Enabled", 1)
    assert job["schedules"][0]["key"] == "default"
    assert job["nextAt"].endswith("T00:00:00.000Z")
    assert client.get(f"/api/jobs/{job['id']}").json() == job


def test_jobs_of_older_systems_are_taken_as_they_are(client: TestClient, worker: str) -> None:
    assert made(client, HEALTH_CHECK)["kind"] == "http"
    assert made(client, CUSTOM)["jobType"] == CUSTOM["jobType"]
    report = made(client, SALES_REPORT)
    assert report["jobType"] == "SalesReports:DailyReportJob"
    assert report["allowedEnvironments"] == ["DEV", "HOM", "PROD"]
    assert (report["executionMode"], report["retryStrategy"], report["retryCount"]) == (
        "inProcess",
        "exponentialJitter",
        3,
    )
    assert (report["createdBy"], report["ownerName"], report["teamName"]) == (
        "admin@company.com",
        "John Smith",
        "Data Analytics",
    )
    schedule = client.post(
        "/api/schedules",
        json={
            "jobDefinitionId": report["id"],
            "scheduleType": 2,
            "timeOfDay": "06:00:00",
            "createdBy": "admin@company.com",
        },
    )
    assert schedule.status_code == 201, schedule.text
    assert schedule.json()["daily"] == {"at": "06:00"}
    assert schedule.json()["createdBy"] == "admin@company.com"
    assert client.get(f"/api/jobs/{report['id']}").json()["nextAt"] == schedule.json()["nextAt"]


def test_a_submission_is_its_own_job(client: TestClient) -> None:
    job = made(client, SAMPLE)
    assert (job["status"], job["type"], job["payload"], job["maxRetries"], job["priority"]) == (
        "Pending", "sample", "Hello, World!", 3, 5,
    )  # fmt: skip
    assert job["timeoutSeconds"] == 300
    assert client.get(f"/api/jobs/{job['id']}").json() == job
    execution = client.get(f"/api/executions/{job['id']}").json()
    assert execution["jobId"] == job["id"]
    assert {name: value for name, value in execution.items() if name != "attempts"}.items() <= job.items()
    assert [one["id"] for one in client.get("/api/jobs", params={"status": "Pending"}).json()["items"]] == [job["id"]]
    assert client.get("/api/jobs", params={"status": "completed"}).json()["items"] == []
    assert client.get("/api/jobs").json()["items"] == []
    later = made(client, {"type": "echo", "delaySeconds": 60})
    assert (later["status"], later["name"]) == ("Scheduled", "echo")
    assert client.post(f"/api/jobs/{job['id']}/cancel").json()["items"] == [{"id": job["id"], "state": "Cancelled"}]


@pytest.mark.parametrize(
    ("body", "loc"),
    [
        ({"name": "a"}, ["jobType"]),
        ({"name": None, "jobType": "echo"}, ["name"]),
        (ECHO | {"unknown": 1}, ["unknown"]),
        (ECHO | {"timeoutSeconds": -1}, ["timeoutSeconds"]),
        (ECHO | {"retryCount": "3"}, ["retryCount"]),
        (ECHO | {"priority": True}, ["priority"]),
        (ECHO | {"cronExpression": "0 0 30 2 *"}, ["cronExpression"]),
        (ECHO | {"cronExpression": "not cron"}, ["cronExpression"]),
        (ECHO | {"cronExpression": "* * * * *" + " " * 300}, ["cronExpression"]),
        (ECHO | {"cronExpression": "@daily", "timeZone": "Nowhere/Land"}, ["timeZone"]),
        (ECHO | {"schedule": {"once": "2020-01-01T00:00:00Z"}}, ["schedule", "once"]),
        (ECHO | {"state": "sleepy"}, ["state"]),
        (ECHO | {"createdBy": 7}, ["createdBy"]),
        (ECHO | {"jobType": "container"}, ["jobType"]),
        (ECHO | {"jobType": "nobody.knows"}, ["jobType"]),
        (ECHO | {"executionMode": 3}, ["executionMode"]),
        ({"type": "echo", "priority": 1e9}, ["priority"]),
        ({"type": "echo", "runAt": "tomorrow"}, ["runAt"]),
        ({"type": "echo", "runAt": "2030-01-01T00:00:00"}, ["runAt"]),
        ({"type": "echo", "delaySeconds": 5, "runAt": "2030-01-01T00:00:00Z"}, ["delaySeconds"]),
        ({"type": "echo", "delaySeconds": -5}, ["delaySeconds"]),
        ({"type": "echo", "maxRetries": -1}, ["maxRetries"]),
        ({"type": "spark"}, ["type"]),
        ({"type": "echo", "payload": 1, "parameters": 2}, ["parameters"]),
        ({"type": "echo", "payload": "x" * 300_000}, ["payload"]),
        ({"type": "script", "payload": "x"}, ["payload"]),
        ({"type": "nobody.knows"}, ["type"]),
        ([], ["body"]),
    ],
)
def test_bad_bodies_are_refused_by_field(client: TestClient, body: Any, loc: list[str]) -> None:
    response = client.post("/api/jobs", json=body)
    assert response.status_code == 422, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert loc in [error["loc"] for error in response.json()["errors"]]
    assert client.get("/api/jobs").json()["items"] == []


def test_an_empty_body_and_another_content_type_are_refused(client: TestClient) -> None:
    assert client.post("/api/jobs").status_code == 422
    refused = client.post("/api/jobs", content=b'{"name":"a","jobType":"echo"}', headers={"Content-Type": "text/plain"})
    assert refused.status_code == 422


def test_an_unknown_function_is_taken_while_a_worker_is_connected(client: TestClient, worker: str) -> None:
    job = made(client, ECHO | {"jobType": "reports.daily"})
    answer = client.get(f"/api/jobs/{job['id']}/why").json()
    assert next(gate for gate in answer["gates"] if gate["code"] == "noWorkerFor")["ok"]


def test_put_replaces_and_counts_versions(client: TestClient) -> None:
    job = made(client, ECHO | {"description": "old", "cronExpression": "@daily"})
    url = f"/api/jobs/{job['id']}"
    stale = client.get(url).headers["etag"]
    changed = client.put(
        url, json=ECHO | {"description": "new", "cronExpression": "@daily"}, headers={"If-Match": stale}
    )
    assert (changed.status_code, changed.json()["version"], changed.json()["description"]) == (200, 2, "new")
    assert changed.json()["schedules"] == job["schedules"]
    assert changed.headers["etag"] != stale
    assert client.put(url, json=ECHO, headers={"If-Match": stale}).status_code == 412
    assert client.put(url, json=ECHO, headers={"If-Match": "gibberish"}).status_code == 422
    on_demand = client.put(url, json=ECHO).json()
    assert (on_demand["description"], on_demand["cronExpression"], on_demand["schedules"], on_demand["nextAt"]) == (
        None, None, [], None,
    )  # fmt: skip
    listed = client.get(f"{url}/versions").json()["items"]
    assert [item["version"] for item in listed] == [3, 2, 1]
    assert [item["definition"]["description"] for item in listed] == [None, "new", "old"]
    page = client.get(f"{url}/versions", params={"limit": 2}).json()
    rest = client.get(f"{url}/versions", params={"limit": 2, "cursor": page["nextCursor"]}).json()
    assert [item["version"] for item in rest["items"]] == [1]


def test_what_is_sent_back_takes_no_schedule_away_and_overwrites_none(client: TestClient) -> None:
    rules = [{"every": "1h"}, {"every": "2h", "key": "night"}, {"every": "3h"}]
    made = client.post("/api/jobs", json=ECHO | {"schedules": rules})
    url = f"/api/jobs/{made.json()['id']}"
    seen = client.get(url)
    assert seen.headers["etag"] == made.headers["etag"]
    back = client.put(url, json=seen.json(), headers={"If-Match": seen.headers["etag"]})
    assert (back.status_code, back.headers["etag"]) == (200, seen.headers["etag"])
    assert back.json()["schedules"] == seen.json()["schedules"]
    night = next(one["id"] for one in seen.json()["schedules"] if one["key"] == "night")
    assert client.put(f"/api/schedules/{night}", json={"every": "4h", "key": "night"}).status_code == 200
    refused = client.put(url, json=ECHO | {"schedules": rules}, headers={"If-Match": seen.headers["etag"]})
    assert refused.status_code == 412
    fewer = [one for one in seen.json()["schedules"] if one["key"] != "default-3"]
    left = client.put(url, json=client.get(url).json() | {"schedules": fewer}).json()["schedules"]
    assert {one["key"] for one in left} == {one["key"] for one in fewer}


def test_what_is_sent_back_overwrites_no_state_and_no_schedule_that_came_meanwhile(client: TestClient) -> None:
    made = client.post("/api/jobs", json=ECHO | {"schedule": {"every": "1h"}})
    url = f"/api/jobs/{made.json()['id']}"
    seen = client.get(url)
    assert seen.headers["etag"] == made.headers["etag"]
    client.post(f"{url}/pause", json={"note": "audit"})
    refused = client.put(url, json=seen.json(), headers={"If-Match": seen.headers["etag"]})
    assert (refused.status_code, client.get(url).json()["state"]) == (412, "Paused")
    assert client.delete(url, headers={"If-Match": seen.headers["etag"]}).status_code == 412
    paused = client.get(url)
    schedule = f"/api/schedules/{paused.json()['schedules'][0]['id']}"
    assert client.put(schedule, json={"every": "2h"}).status_code == 200
    assert client.put(url, json=paused.json(), headers={"If-Match": paused.headers["etag"]}).status_code == 412
    assert client.get(url).json()["schedule"]["every"] == "2h"
    status = client.put(f"{url}/status", json={"enabled": True}, headers={"If-Match": seen.headers["etag"]})
    assert status.status_code == 412
    assert client.put(url, json={"priority": 3}, headers={"If-Match": '"1"'}).json()["state"] == "Paused"


def test_what_a_get_answers_may_be_put_back(client: TestClient) -> None:
    job = made(client, WEBHOOK | {"timeZone": "Europe/Madrid", "tags": ["a"]})
    url = f"/api/jobs/{job['id']}"
    assert client.put(url, json=job).json() == job
    faster = client.put(url, json=job | {"cronExpression": "*/10 * * * *"})
    assert faster.status_code == 200, faster.text
    assert (faster.json()["cronExpression"], faster.json()["timeZone"]) == ("*/10 * * * *", "Europe/Madrid")
    assert faster.json()["schedules"][0]["id"] == job["schedules"][0]["id"]
    assert client.put(url, json=faster.json() | {"state": "disabled"}).json()["state"] == "Disabled"
    assert client.put(url, json=job | {"color": "red"}).json()["errors"][0]["loc"] == ["color"]


def test_a_put_without_name_and_type_changes_what_it_names(client: TestClient) -> None:
    job = made(client, WEBHOOK)
    url = f"/api/jobs/{job['id']}"
    changed = client.put(url, json={"timeoutSeconds": 600, "maxRetries": 7}).json()
    assert (changed["timeoutSeconds"], changed["retryCount"], changed["cronExpression"]) == (600, 7, "0 0 * * *")
    assert client.put(url, json={}).status_code == 422
    assert client.put(url, json={"timeoutSeconds": 0}).status_code == 422
    assert client.put("/api/jobs/unknown", json={"timeoutSeconds": 1}).status_code == 404


def test_states_and_what_they_allow(client: TestClient) -> None:
    job = made(client, ECHO | {"cronExpression": "@hourly"})
    url = f"/api/jobs/{job['id']}"
    paused = client.post(f"{url}/pause", json={"note": "moving house"}).json()
    assert (paused["state"], paused["note"], paused["nextAt"]) == ("Paused", "moving house", None)
    assert client.post(f"{url}/trigger").status_code == 202
    assert client.post(f"{url}/resume").json()["state"] == "Enabled"
    assert client.post(f"{url}/disable").json()["state"] == "Disabled"
    refused = client.post(f"{url}/trigger")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/conflict")
    assert client.post(f"{url}/resume").status_code == 409
    assert client.post(f"{url}/enable").json()["state"] == "Enabled"
    for body, state in (
        ({"status": "disabled"}, "Disabled"),
        ({"enabled": True}, "Enabled"),
        ({"state": "PAUSED"}, "Paused"),
    ):
        assert client.put(f"{url}/status", json=body).json()["state"] == state
    for bad in ({}, {"status": "gone"}, {"status": 1}, {"enabled": "yes"}, {"status": "Enabled", "enabled": False}):
        assert client.put(f"{url}/status", json=bad).status_code == 422
    assert client.post(f"{url}/pause", json={"until": "2001-01-01T00:00:00Z"}).status_code == 422
    assert (
        client.post(f"{url}/pause", json={"until": "2101-01-01T00:00:00Z"}).json()["pausedUntil"]
        == "2101-01-01T00:00:00.000Z"
    )
    for verb in ("enable", "disable", "pause", "resume", "trigger", "cancel"):
        assert client.post(f"/api/jobs/unknown/{verb}").status_code == 404


def test_a_trigger_merges_parameters_and_obeys_the_overlap_policy(client: TestClient) -> None:
    job = made(client, ECHO | {"cronExpression": "@hourly", "parameters": {"a": 1, "b": 2}})
    url = f"/api/jobs/{job['id']}"
    started = client.post(f"{url}/trigger", json={"parameters": {"b": 3}})
    assert started.status_code == 202
    execution = started.json()
    assert started.headers["location"] == f"/api/executions/{execution['executionId']}"
    assert (execution["parameters"], execution["trigger"], execution["jobId"]) == (
        {"a": 1, "b": 3},
        "manual",
        job["id"],
    )
    refused = client.post(f"{url}/trigger")
    assert refused.status_code == 409
    assert execution["executionId"] in refused.json()["detail"]
    assert client.post(f"{url}/trigger", json={"overlap": "Allow"}).status_code == 202
    assert client.post(f"{url}/trigger", json={"delaySeconds": 60}).json()["state"] == "Scheduled"
    assert client.get(url).json()["nextAt"] == job["nextAt"]
    free = made(client, ECHO)
    assert [client.post(f"/api/jobs/{free['id']}/trigger").status_code for _ in range(2)] == [202, 202]
    cancelled = client.post(f"{url}/cancel", json={"reason": "enough"})
    assert cancelled.status_code == 202
    assert {item["state"] for item in cancelled.json()["items"]} == {"Cancelled"}
    assert len(cancelled.json()["items"]) == 3


def test_the_same_key_at_the_same_time_makes_one_execution(client: TestClient) -> None:
    def ask(_: int) -> tuple[int, str]:
        answer = client.post("/api/jobs", json={"type": "echo"}, headers={"Idempotency-Key": "together"})
        return answer.status_code, answer.json()["id"]

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(ask, range(24)))
    assert len(answers) == 1
    assert {status for status, _ in answers} == {201}
    assert len(client.get("/api/executions").json()["items"]) == 1


def test_the_same_key_makes_one_execution(client: TestClient) -> None:
    job = made(client, ECHO)
    url = f"/api/jobs/{job['id']}/trigger"
    ids = {client.post(url, json={"key": "k"}).json()["executionId"] for _ in range(2)}
    assert len(ids) == 1
    headers = {"Idempotency-Key": "h"}
    answers = [client.post(url, json={"overlap": "allow"}, headers=headers) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert client.post(url, json={"overlap": "obey"}, headers=headers).status_code == 422
    first = client.post("/api/jobs", json=ECHO, headers={"Idempotency-Key": "j"})
    again = client.post("/api/jobs", json=ECHO, headers={"Idempotency-Key": "j"})
    assert first.json() == again.json()
    assert len(client.get("/api/jobs").json()["items"]) == 2


@pytest.mark.parametrize(
    "body",
    [
        {"runAt": "soon"},
        {"delaySeconds": -1},
        {"delaySeconds": 1, "runAt": "2030-01-01T00:00:00Z"},
        {"key": ""},
        {"key": 5},
        {"overlap": "sometimes"},
        {"parameters": {"a": "x" * 300_000}},
        {"what": 1},
    ],
)
def test_bad_triggers_are_refused(client: TestClient, body: dict[str, Any]) -> None:
    job = made(client, ECHO)
    assert client.post(f"/api/jobs/{job['id']}/trigger", json=body).status_code == 422


def test_prefer_wait_answers_with_the_end(client: TestClient, services: ApiDependencies) -> None:
    job = made(client, ECHO)
    url = f"/api/jobs/{job['id']}/trigger"
    assert client.post(url, headers={"Prefer": "wait=0"}).status_code == 202

    def end_it() -> None:
        with services.database.write() as tx:
            control.request_cancellation(tx, [id for id, _ in control.live_of(tx, job_id=job["id"])], {})

    ended = services.database.bell.listen("work", _once(end_it))
    response = client.post(url, headers={"Prefer": "respond-async, wait=20"})
    ended()
    assert (response.status_code, response.json()["state"]) == (200, "Cancelled")


def _once(work: Callable[[], None]) -> Callable[[], None]:
    called = []

    def listener() -> None:
        if not called:
            called.append(1)
            work()

    return listener


def test_an_operator_triggers_but_never_changes_what_runs(
    client: TestClient, holding: Callable[[Role], TestClient]
) -> None:
    operator = holding(Role.OPERATOR)
    script = made(client, {"name": "s", "jobType": "script", "parameters": {"command": ["true"]}})
    url = f"/api/jobs/{script['id']}/trigger"
    assert operator.post(url).status_code == 202
    assert operator.post(url, json={"parameters": {"command": ["false"]}}).status_code == 403
    assert client.post(url, json={"parameters": {"command": ["false"]}}).status_code == 202
    schema = {"type": "object", "properties": {"day": {"type": "string"}}}
    opened = made(
        client, {"name": "t", "jobType": "script", "parameters": {"command": ["true"]}, "parametersSchema": schema}
    )
    assert operator.post(f"/api/jobs/{opened['id']}/trigger", json={"parameters": {"day": "1"}}).status_code == 202
    function = made(client, ECHO)
    assert operator.post(f"/api/jobs/{function['id']}/trigger", json={"parameters": {"a": 1}}).status_code == 202
    assert operator.post("/api/jobs", json=ECHO).status_code == 403
    assert operator.delete(f"/api/jobs/{function['id']}").status_code == 403
    assert holding(Role.VIEWER).post(f"/api/jobs/{function['id']}/trigger").status_code == 403


def test_delete_leaves_nothing_waiting(client: TestClient) -> None:
    job = made(client, ECHO | {"cronExpression": "@hourly"})
    url = f"/api/jobs/{job['id']}"
    execution = client.post(f"{url}/trigger").json()["executionId"]
    gone = client.delete(url)
    assert (gone.status_code, gone.content) == (204, b"")
    for path in ("", "/why", "/versions", "/next"):
        assert client.get(f"{url}{path}").status_code == 404
    assert client.get("/api/schedules").json()["items"] == []
    assert client.get(f"/api/executions/{execution}").json()["state"] == "Cancelled"
    assert client.delete(url).status_code == 404


def test_lists_filter_and_page(client: TestClient) -> None:
    for number in range(5):
        made(client, ECHO | {"name": f"Job {number}", "tags": ["odd" if number % 2 else "even"], "teamName": "Über"})
    made(client, ECHO | {"name": "100% sure", "ownerName": "Ann"})

    def names(**query: object) -> list[str]:
        response = client.get("/api/jobs", params=query)  # type: ignore[arg-type]
        assert response.status_code == 200, response.text
        return [item["name"] for item in response.json()["items"]]

    assert names(tag="odd") == ["Job 3", "Job 1"]
    assert names(q="JOB über") == [f"Job {number}" for number in (4, 3, 2, 1, 0)]
    assert names(q="100%") == ["100% sure"]
    assert names(q="#even 4") == ["Job 4"]
    assert names(owner="Ann") == ["100% sure"]
    assert names(team="Über", limit=2) == ["Job 4", "Job 3"]
    assert names(state="paused") == []
    assert names(status="Enabled", type="echo", limit=1) == ["100% sure"]
    page = client.get("/api/jobs", params={"limit": 4}).json()
    assert len(page["items"]) == 4
    rest = client.get("/api/jobs", params={"limit": 4, "cursor": page["nextCursor"]}).json()
    assert [item["name"] for item in rest["items"]] == ["Job 1", "Job 0"]
    assert rest["nextCursor"] is None
    for bad in ({"state": "odd"}, {"limit": 0}, {"limit": 5000}, {"cursor": "?"}, {"what": 1}):
        assert client.get("/api/jobs", params=bad).status_code == 422


def test_next_starts_and_the_last_execution(client: TestClient, services: ApiDependencies) -> None:
    job = made(client, ECHO | {"schedules": [{"daily": {"at": "06:00"}, "timeZone": "Europe/Madrid"}, {"every": "1d"}]})
    fires = client.get(f"/api/jobs/{job['id']}/next", params={"count": 4}).json()["items"]
    assert [fire["key"] for fire in fires].count("default-2") == 2
    assert [fire["at"] for fire in fires] == sorted(fire["at"] for fire in fires)
    assert any("T06:00:00+0" in fire["local"] for fire in fires)
    with services.database.write() as tx:
        (id,) = executions.enqueue(tx, [NewExecution("echo", job_id=job["id"])])
    assert client.get(f"/api/jobs/{job['id']}").json()["lastExecution"] == {
        "id": id,
        "state": "Pending",
        "finishedAt": None,
    }


def test_the_description_is_whole(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    for path in ("/api/jobs", "/api/jobs/{id}", "/api/jobs/{id}/trigger", "/api/schedules/{id}/occurrences"):
        assert path in paths
    body = paths["/api/jobs"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert {"jobType", "cronExpression"} <= set(body["anyOf"][0]["properties"])
