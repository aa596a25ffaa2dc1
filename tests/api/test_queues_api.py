"""Queues over HTTP: seen, set, paused, resumed, reset; bad values refused with their field; rights and audit."""

from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from rota.domain.access import Role


def submit(client: TestClient, queue: str, count: int = 1, **fields: object) -> None:
    for _ in range(count):
        made = client.post("/api/jobs", json={"type": "echo", "queue": queue} | fields)
        assert made.status_code == 201, made.text


def acquire(client: TestClient, worker: str) -> list[str]:
    answer = client.post("/api/jobs/acquire", json={"workerId": worker, "capacity": 10})
    assert answer.status_code == 200, answer.text
    return [item["executionId"] for item in answer.json()["items"]]


@pytest.fixture
def worker(client: TestClient) -> str:
    return str(client.post("/api/workers/register", json={"name": "w", "capacity": 10}).json()["id"])


def test_queues_are_listed_with_what_stands_in_them(client: TestClient, worker: str) -> None:
    submit(client, "mail", 3)
    submit(client, "mail", delaySeconds=60)
    submit(client, "team/reports")
    client.put("/api/queues/quiet", json={"priority": 5})
    client.put("/api/queues/mail", json={"maxRunning": 2, "rateLimit": {"count": 10, "per": "1m"}})
    assert len(acquire(client, worker)) == 3
    fleet, mail, quiet, reports = client.get("/api/queues").json()["items"]
    assert (fleet["name"], fleet["pending"], fleet["running"], fleet["later"]) == ("*", 1, 3, 1)
    assert (mail["name"], mail["pending"], mail["running"], mail["later"]) == ("mail", 1, 2, 1)
    assert (mail["maxRunning"], mail["rateLimit"], mail["paused"]) == (2, "10/1m", False)
    assert mail["oldestDueAt"] is not None
    assert (quiet["name"], quiet["priority"], quiet["pending"], quiet["oldestDueAt"]) == ("quiet", 5, 0, None)
    assert (reports["name"], reports["changedBy"], reports["running"]) == ("team/reports", None, 1)
    assert client.get("/api/queues/team/reports").json() == client.get("/api/queues/team%2Freports").json() == reports


def test_pages_go_by_name(client: TestClient) -> None:
    for name in ("b", "a", "c"):
        client.put(f"/api/queues/{name}", json={"priority": 1})
    first = client.get("/api/queues", params={"limit": 2}).json()
    second = client.get("/api/queues", params={"limit": 3, "cursor": first["nextCursor"]}).json()
    assert [queue["name"] for page in (first, second) for queue in page["items"]] == ["*", "a", "b", "c"]
    assert second["nextCursor"] is None


def test_what_was_read_may_be_sent_back_and_nothing_set_is_nothing_kept(client: TestClient) -> None:
    put = client.put("/api/queues/mail", json={"maxRunning": 2, "note": "provider"})
    assert put.status_code == 200
    assert client.put("/api/queues/mail", json=put.json()).json() == put.json()
    assert client.put("/api/queues/mail", json={}).json()["changedBy"] is None
    assert client.get("/api/queues/mail").status_code == 404
    assert client.delete("/api/queues/mail").status_code == 404


def test_who_was_slower_overwrites_nothing(client: TestClient) -> None:
    first = client.put("/api/queues/mail", json={"priority": 1}).headers["ETag"]
    assert client.get("/api/queues/mail").headers["ETag"] == first
    second = client.put("/api/queues/mail", json={"priority": 2}, headers={"If-Match": first})
    assert (second.status_code, second.json()["priority"]) == (200, 2)
    assert client.put("/api/queues/mail", json={"priority": 3}, headers={"If-Match": first}).status_code == 412
    assert client.get("/api/queues/mail").json()["priority"] == 2


def test_a_paused_queue_starts_nothing_until_it_is_resumed(client: TestClient, worker: str) -> None:
    submit(client, "mail")
    paused = client.post("/api/queues/mail/pause", json={"note": "provider is down"}).json()
    assert (paused["paused"], paused["note"], paused["pending"]) == (True, "provider is down", 1)
    assert acquire(client, worker) == []
    resumed = client.post("/api/queues/mail/resume").json()
    assert (resumed["paused"], resumed["note"]) == (False, None)
    assert len(acquire(client, worker)) == 1


def test_the_fleet_can_be_paused_and_capped(client: TestClient, worker: str) -> None:
    submit(client, "a", 2)
    submit(client, "b", 2)
    assert client.post("/api/queues/*/pause").status_code == 200
    assert acquire(client, worker) == []
    assert client.put("/api/queues/*", json={"maxRunning": 3}).json()["name"] == "*"
    assert len(acquire(client, worker)) == 3
    assert client.delete("/api/queues/*").status_code == 204
    assert len(acquire(client, worker)) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"maxRunning": 0}, "maxRunning"),
        ({"maxRunning": "5"}, "maxRunning"),
        ({"rateLimit": "100/never"}, "rateLimit"),
        ({"rateLimit": {"count": 0, "per": "1m"}}, "rateLimit"),
        ({"priority": 5000}, "priority"),
        ({"paused": "yes"}, "paused"),
        ({"pace": 1}, "pace"),
    ],
)
def test_bad_values_are_refused_with_their_field(client: TestClient, body: dict[str, object], field: str) -> None:
    answer = client.put("/api/queues/mail", json=body)
    assert answer.status_code == 422
    assert [error["loc"] for error in answer.json()["errors"]] == [[field]]


@pytest.mark.parametrize("name", ["a%20b", "%F0%9F%9A%80", "-x"])
def test_what_can_name_no_queue_is_refused(client: TestClient, name: str) -> None:
    for answer in (client.put(f"/api/queues/{name}", json={}), client.post(f"/api/queues/{name}/pause")):
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["loc"] == ["name"]


def test_rights_and_audit(client: TestClient, holding: Callable[[Role], TestClient]) -> None:
    viewer, operator, editor = (holding(role) for role in (Role.VIEWER, Role.OPERATOR, Role.EDITOR))
    assert viewer.get("/api/queues").status_code == 200
    assert viewer.post("/api/queues/mail/pause").status_code == 403
    assert operator.post("/api/queues/mail/pause").status_code == 200
    assert operator.put("/api/queues/mail", json={"maxRunning": 1}).status_code == 403
    assert editor.put("/api/queues/mail", json={"maxRunning": 1}).status_code == 200
    assert operator.delete("/api/queues/mail").status_code == 403
    assert editor.delete("/api/queues/mail").status_code == 204
    told = [entry for entry in client.get("/api/audit").json()["items"] if entry["noun"] == "queue"]
    assert [(entry["actor"], entry["action"], entry["subjectId"]) for entry in told] == [
        ("test editor", "reset", "mail"),
        ("test editor", "set", "mail"),
        ("test operator", "pause", "mail"),
    ]
    assert told[1]["detail"] == {"paused": [True, False], "maxRunning": [None, 1]}


def test_the_limits_of_a_job_are_shown_and_changed(client: TestClient, worker: str) -> None:
    limits = {"concurrencyKey": "customer:{id}", "maxConcurrentPerKey": 2, "rateLimit": "100/1m"}
    made = client.post("/api/jobs", json={"name": "j", "jobType": "echo", **limits})
    assert made.status_code == 201, made.text
    id = made.json()["id"]
    assert {name: made.json()[name] for name in limits} == limits
    for customer in (1, 1, 1, 2):
        assert client.post(f"/api/jobs/{id}/trigger", json={"parameters": {"id": customer}}).status_code == 202
    assert len(acquire(client, worker)) == 3
    changed = client.put(f"/api/jobs/{id}", json={"concurrencyKey": None})
    assert changed.status_code == 200, changed.text
    assert (changed.json()["concurrencyKey"], changed.json()["maxConcurrentPerKey"]) == (None, None)
    assert len(acquire(client, worker)) == 1, "what is queued is under the limits that the job has now"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"concurrencyKey": "{"}, "concurrencyKey"),
        ({"concurrencyKey": "x" * 201}, "concurrencyKey"),
        ({"maxConcurrentPerKey": 2}, "maxConcurrentPerKey"),
        ({"rateLimit": "1"}, "rateLimit"),
    ],
)
def test_bad_limits_of_a_job_are_refused(client: TestClient, fields: dict[str, object], field: str) -> None:
    answer = client.post("/api/jobs", json={"name": "j", "jobType": "echo"} | fields)
    assert answer.status_code == 422
    assert [error["loc"] for error in answer.json()["errors"]] == [[field]]


def test_a_submission_may_have_a_key_and_its_replay_keeps_it(client: TestClient, worker: str) -> None:
    submit(client, "mail", 2, concurrencyKey="c:{id}", payload={"id": 7})
    asked = {"workerId": worker, "capacity": 10}
    (held,) = client.post("/api/jobs/acquire", json=asked).json()["items"]
    assert acquire(client, worker) == []
    first = held["executionId"]
    done = {"workerId": worker, "success": True, "leaseToken": held["leaseToken"]}
    assert client.post(f"/api/jobs/{first}/complete", json=done).status_code == 200
    (second,) = acquire(client, worker)
    assert second != first
    assert client.post(f"/api/executions/{first}/retry").status_code in (200, 201, 202)
    assert acquire(client, worker) == [], "the replay waits behind the second one, which runs under the same key"
    refused = client.post("/api/jobs", json={"type": "echo", "rateLimit": "1/1s"})
    assert refused.status_code == 422
