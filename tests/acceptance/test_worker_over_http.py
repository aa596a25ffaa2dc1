"""A worker that knows nothing but HTTP: register, heartbeat, acquire, complete, and what happens when it is late."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from driver import Rota, eventually

LEASE = 3.0
LEASES = {
    "ROTA_LEASE__SECONDS": str(LEASE),
    "ROTA_LEASE__HEARTBEAT_SECONDS": "0.9",
    "ROTA_LEASE__REAPER_SECONDS": "0.5",
    "ROTA_LEASE__MARGIN_SECONDS": "0.5",
}


@dataclass
class HttpWorker:
    """A worker of our own, in a few lines."""

    client: httpx2.Client
    id: str

    @classmethod
    def registered(cls, client: httpx2.Client, name: str, capacity: int = 4) -> "HttpWorker":
        answer = client.post(
            "/api/workers/register", json={"name": name, "capacity": capacity, "hostname": "elsewhere"}
        )
        assert answer.status_code == 201, answer.text
        return cls(client, answer.json()["id"])

    def beat(self) -> httpx2.Response:
        return self.client.post(f"/api/workers/{self.id}/heartbeat")

    def acquire(self, capacity: int = 1, wait: float = 0) -> list[dict[str, Any]]:
        answer = self.client.post(
            "/api/jobs/acquire", json={"workerId": self.id, "capacity": capacity, "waitSeconds": wait}
        )
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    def complete(self, item: dict[str, Any], **said: object) -> httpx2.Response:
        body = {"workerId": self.id, "leaseToken": item["leaseToken"], "success": True} | said
        return self.client.post(f"/api/jobs/{item['executionId']}/complete", json=body)


@pytest.fixture(scope="module")
def coordinator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rota]:
    """A coordinator without a worker of its own."""
    rota = Rota(tmp_path_factory.mktemp("server") / "rota", variables=LEASES)
    try:
        yield rota.start("server").wait_ready()
    finally:
        rota.close()


@pytest.fixture
def worker(coordinator: Rota) -> Iterator[HttpWorker]:
    made = HttpWorker.registered(coordinator.client, "python-client")
    yield made
    coordinator.client.delete(f"/api/workers/{made.id}")


def test_the_nine_endpoints(coordinator: Rota, worker: HttpWorker) -> None:
    body = {"name": "My Job", "type": "echo", "payload": "Hello, World!", "maxRetries": 3, "priority": 5}
    id = coordinator.post("/api/jobs", body)["id"]
    assert coordinator.get(f"/api/jobs/{id}")["status"] == "Pending"
    assert id in [one["id"] for one in coordinator.get("/api/jobs", status="Pending")["items"]]
    assert worker.beat().status_code == 200

    (item,) = worker.acquire(wait=10)
    assert item["executionId"] == item["jobId"] == id
    assert (item["type"], item["parameters"], item["attempt"], item["maxAttempts"]) == ("echo", "Hello, World!", 1, 4)
    assert item["leaseToken"]
    assert coordinator.get(f"/api/jobs/{id}")["status"] == "Running"

    lines = {"leaseToken": item["leaseToken"], "lines": [{"text": "working"}]}
    assert worker.client.post(f"/api/executions/{id}/logs", json=lines).json() == {"accepted": 1}
    assert worker.complete(item, result={"said": "Hello"}).status_code == 200
    again = worker.complete(item, result={"said": "something else"})
    assert again.status_code == 200
    execution = coordinator.get(f"/api/executions/{id}")
    assert (execution["state"], execution["result"]) == ("Succeeded", {"said": "Hello"})
    assert id in [one["id"] for one in coordinator.get("/api/jobs", status="Completed")["items"]]

    alive = {one["id"]: one for one in coordinator.get("/api/workers", state="Alive")["items"]}
    assert (alive[worker.id]["name"], alive[worker.id]["transport"]) == ("python-client", "http")
    assert "checks" in coordinator.get("/health")
    assert coordinator.client.get("/swagger").status_code == 200


def test_a_failure_is_tried_again_and_in_the_end_failed(coordinator: Rota, worker: HttpWorker) -> None:
    id = coordinator.submit("echo", maxRetries=1, baseDelaySeconds=0.1)
    (first,) = worker.acquire(wait=10)
    assert worker.complete(first, success=False, errorMessage="no luck", stackTrace="line 1").status_code == 200
    (second,) = worker.acquire(wait=10)
    assert (second["executionId"], second["attempt"]) == (id, 2)
    assert second["leaseToken"] != first["leaseToken"]
    assert worker.complete(second, success=False, errorMessage="no luck again").status_code == 200
    execution = coordinator.finished(id)
    assert (execution["state"], execution["errorMessage"]) == ("Failed", "no luck again")
    assert [one["state"] for one in execution["attempts"]] == ["Failed", "Failed"]


def test_the_completion_of_a_lost_lease_is_refused(
    coordinator: Rota, worker: HttpWorker, figure: Callable[[str], None]
) -> None:
    id = coordinator.submit("echo", maxRetries=3)
    (item,) = worker.acquire(wait=10)
    silent_since = time.monotonic()  # no heartbeat from here on
    with coordinator.new_client() as client:
        other = HttpWorker.registered(client, "another-client")

        def taken() -> list[dict[str, Any]]:
            assert other.beat().status_code == 200
            return other.acquire(wait=0.2)

        (again,) = eventually(taken, LEASE + 20, "the work of a silent worker is given to another")
        figure(
            f"worker over HTTP: silent work given to another after {time.monotonic() - silent_since:.1f} s, L={LEASE:g}"
        )
        assert (again["executionId"], again["attempt"]) == (id, 2)

        stale = worker.complete(item, result="late")
        assert stale.status_code == 409
        assert "lease-lost" in stale.json()["type"]
        line = {"leaseToken": item["leaseToken"], "lines": [{"text": "late"}]}
        assert client.post(f"/api/executions/{id}/logs", json=line).status_code == 409
        assert client.post(f"/api/executions/{id}/extend", json={"leaseToken": item["leaseToken"]}).status_code == 409
        assert worker.beat().status_code == 409

        assert other.complete(again, result="in time").status_code == 200
        assert worker.complete(item, result="late").status_code == 409
        client.delete(f"/api/workers/{other.id}")
    execution = coordinator.get(f"/api/executions/{id}")
    assert (execution["state"], execution["result"]) == ("Succeeded", "in time")
    assert [one["state"] for one in execution["attempts"]] == ["Lost", "Succeeded"]


def test_heartbeats_keep_a_lease_beyond_its_length(coordinator: Rota, worker: HttpWorker) -> None:
    id = coordinator.submit("echo")
    (item,) = worker.acquire(wait=10)
    begun = time.monotonic()

    def held_long() -> bool:
        assert worker.beat().status_code == 200
        return time.monotonic() > begun + 1.7 * LEASE

    eventually(held_long, 10 * LEASE, "the lease was held beyond its length")
    assert coordinator.state(id) == "Running"
    assert worker.complete(item).status_code == 200
    execution = coordinator.get(f"/api/executions/{id}")
    assert [one["state"] for one in execution["attempts"]] == ["Succeeded"]


def test_a_token_for_workers_opens_nothing_else(coordinator: Rota) -> None:
    key = coordinator.post("/api/keys", {"name": "remote", "role": "worker"})
    with coordinator.new_client(key["token"]) as client:
        remote = HttpWorker.registered(client, "keyed")
        assert remote.acquire() == []
        assert client.post("/api/jobs", json={"type": "echo"}).status_code == 403
        assert client.get("/api/audit").status_code == 403
        assert client.delete(f"/api/workers/{remote.id}").status_code == 200
    with coordinator.new_client("not-a-token") as stranger:
        assert stranger.get("/api/jobs").status_code == 401
        assert stranger.post("/api/workers/register", json={"name": "x", "capacity": 1}).status_code == 401
