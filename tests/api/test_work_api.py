import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from starlette.testclient import TestClient

from rota.api.application import ApiDependencies
from rota.domain.access import Role
from rota.domain.execution import NewExecution
from rota.domain.instant import SECOND, parse_instant
from rota.domain.outcome import Lost
from rota.domain.retry import RetryPolicy
from rota.domain.transition import decide
from rota.scheduler.rescuer import Rescuer
from rota.service import access
from rota.service import executions as service
from rota.service.context import ServiceContext
from rota.stores import executions, leases, workers
from rota.stores.base import Offer
from rota.stores.database import Transaction
from rota.telemetry import Telemetry

Submit = Callable[..., str]


@pytest.fixture
def submit(system: ServiceContext) -> Submit:
    def one(type: str = "echo", **fields: object) -> str:
        return service.submit(system, NewExecution(type, **fields)).id  # type: ignore[arg-type]

    return one


def registered(client: TestClient, **fields: object) -> str:
    made = client.post("/api/workers/register", json={"name": "w", "capacity": 5} | fields)
    assert made.status_code == 201, made.text
    assert made.headers["location"] == f"/api/workers/{made.json()['id']}"
    return str(made.json()["id"])


def acquired(client: TestClient, worker: str, **fields: object) -> list[dict[str, Any]]:
    answer = client.post("/api/jobs/acquire", json={"workerId": worker, "capacity": 5} | fields)
    assert answer.status_code == 200, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


def test_work_goes_out_and_its_result_comes_back(holding: Callable[[Role], TestClient], submit: Submit) -> None:
    client = holding(Role.WORKER)
    worker = registered(client)
    assert acquired(client, worker) == []
    low, high = submit(parameters={"n": 1}), submit(priority=9)
    first, second = acquired(client, worker)
    assert [first["executionId"], second["executionId"]] == [high, low]
    assert (second["jobId"], second["parameters"]) == (low, {"n": 1})
    assert (second["attempt"], second["maxAttempts"], second["timeoutSeconds"]) == (1, 4, 300)
    assert second["leaseExpiresAt"].endswith("Z")
    assert acquired(client, worker) == []

    done = {"workerId": worker, "leaseToken": second["leaseToken"], "success": True, "result": [1, 2]}
    for _ in range(2):
        answer = client.post(f"/api/jobs/{low}/complete", json=done)
        assert (answer.status_code, answer.json()["state"]) == (200, "Succeeded")
    other = done | {"success": False, "errorMessage": "no"}
    assert client.post(f"/api/jobs/{low}/complete", json=other).json()["state"] == "Succeeded"
    assert client.post(f"/api/jobs/{'0' * 8}/complete", json=done).status_code == 404


def test_a_failure_is_tried_again_unless_it_is_permanent(client: TestClient, submit: Submit) -> None:
    worker = registered(client)
    failed = {"workerId": worker, "success": False, "errorMessage": "boom", "stackTrace": "at line 1"}
    for retryable, state in ((True, "Retrying"), (False, "Failed")):
        id = submit()
        (item,) = acquired(client, worker)
        body = failed | {"leaseToken": int(item["leaseToken"]), "retryable": retryable}
        assert client.post(f"/api/jobs/{id}/complete", json=body).json()["state"] == state
        shown = client.get(f"/api/executions/{id}").json()
        assert shown["errorMessage"] == "boom"
        assert [(a["number"], a["state"], a["stackTrace"]) for a in shown["attempts"]] == [(1, "Failed", "at line 1")]


def test_a_stale_token_is_refused_everywhere(client: TestClient, submit: Submit, services: ApiDependencies) -> None:
    id = submit(retry=RetryPolicy(base_delay=0))
    worker, rival = registered(client), registered(client)
    (item,) = acquired(client, worker)
    foreign = {"workerId": rival, "leaseToken": item["leaseToken"], "success": True}
    refused = client.post(f"/api/jobs/{id}/complete", json=foreign)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/lease-lost")

    with services.database.write() as tx:
        claim, _ = leases.held(tx, id, int(item["leaseToken"])) or pytest.fail("not held")
        executions.settle(tx, [decide(claim, Lost(), tx.now)])
    (again,) = acquired(client, rival)
    assert int(again["leaseToken"]) > int(item["leaseToken"])
    assert again["attempt"] == 2

    stale = {"leaseToken": item["leaseToken"]}
    for path, body in (
        (f"/api/executions/{id}/extend", stale),
        (f"/api/executions/{id}/logs", stale | {"lines": [{"text": "x"}]}),
    ):
        refused = client.post(path, json=body)
        assert (refused.status_code, refused.json()["type"]) == (409, "/problems/lease-lost")
    late = client.post(f"/api/jobs/{id}/complete", json=stale | {"workerId": worker, "success": True})
    assert late.status_code == 409
    beat = client.post(f"/api/workers/{worker}/heartbeat", json={"executions": [{"executionId": id} | stale]}).json()
    assert beat["lost"] == [id]
    extended = client.post(f"/api/executions/{id}/extend", json={"leaseToken": again["leaseToken"]})
    assert (extended.status_code, extended.json()["cancelRequested"]) == (200, False)


def test_nobody_over_http_speaks_for_a_worker_of_the_store(
    client: TestClient, submit: Submit, services: ApiDependencies
) -> None:
    id, worker = submit(), "00000000-0000-7000-8000-00000000000a"

    def work(tx: Transaction) -> int:
        workers.register(tx, workers.NewWorker(worker, "w", 5, "database"), 30 * SECOND)
        (claim,) = executions.claim(tx, Offer(worker, 5, 30 * SECOND))
        return claim.token

    lease = {"leaseToken": services.database.writing(work)}
    before = client.get(f"/api/workers/{worker}").json()
    for answer in (
        client.post(f"/api/workers/{worker}/heartbeat"),
        client.delete(f"/api/workers/{worker}"),
        client.post("/api/jobs/acquire", json={"workerId": worker}),
        client.post(f"/api/jobs/{id}/complete", json=lease | {"workerId": worker, "success": True}),
        client.post(f"/api/executions/{id}/extend", json=lease),
        client.post(f"/api/executions/{id}/logs", json=lease | {"lines": [{"text": "x"}]}),
    ):
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/conflict")
        assert "not one over HTTP" in answer.json()["detail"]
    assert client.get(f"/api/workers/{worker}").json() == before
    assert client.get(f"/api/executions/{id}").json()["state"] == "Running"
    assert client.post(f"/api/workers/{worker}/drain").json()["state"] == "Draining"


def test_a_worker_belongs_to_the_key_that_registered_it(
    client: TestClient, holding: Callable[[Role], TestClient], submit: Submit, system: ServiceContext
) -> None:
    id, owner = submit(), holding(Role.WORKER)
    worker = registered(owner)
    (item,) = acquired(owner, worker)
    _key, token = access.create(system, "somebody else", Role.WORKER)
    thief = TestClient(owner.app, base_url=str(owner.base_url), headers={"Authorization": f"Bearer {token}"})
    lease = {"leaseToken": item["leaseToken"]}
    done = lease | {"workerId": worker, "success": True}
    for answer in (
        thief.post(f"/api/workers/{worker}/heartbeat"),
        thief.delete(f"/api/workers/{worker}"),
        thief.post("/api/jobs/acquire", json={"workerId": worker}),
        thief.post(f"/api/jobs/{id}/complete", json=done),
        thief.post(f"/api/executions/{id}/extend", json=lease),
        thief.post(f"/api/executions/{id}/logs", json=lease | {"lines": [{"text": "x"}]}),
    ):
        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/forbidden")
    assert client.post(f"/api/executions/{id}/extend", json=lease).status_code == 200
    assert owner.post(f"/api/jobs/{id}/complete", json=done).json()["state"] == "Succeeded"


def test_cancelling_reaches_the_worker(client: TestClient, submit: Submit) -> None:
    id = submit()
    worker = registered(client)
    (item,) = acquired(client, worker)
    assert client.post(f"/api/executions/{id}/cancel", json={"reason": "enough"}).json()["state"] == "Cancelling"
    assert client.post(f"/api/workers/{worker}/heartbeat").json()["cancel"] == [id]
    extended = client.post(f"/api/executions/{id}/extend", json={"leaseToken": item["leaseToken"]})
    assert extended.json()["cancelRequested"] is True
    stopped = {"workerId": worker, "leaseToken": item["leaseToken"], "success": False, "outcome": "cancelled"}
    assert client.post(f"/api/jobs/{id}/complete", json=stopped).json()["state"] == "Cancelled"
    cancellation = client.get(f"/api/executions/{id}").json()["cancellation"]
    assert (cancellation["reason"], cancellation["by"]) == ("enough", "test admin")


def test_work_handed_back_does_not_count(client: TestClient, submit: Submit) -> None:
    id = submit()
    worker = registered(client)
    (item,) = acquired(client, worker)
    back = {"workerId": worker, "leaseToken": item["leaseToken"], "success": False, "outcome": "interrupted"}
    assert client.post(f"/api/jobs/{id}/complete", json=back).json()["state"] == "Pending"
    (again,) = acquired(client, worker)
    assert again["attempt"] == 1
    assert client.delete(f"/api/workers/{worker}").json()["state"] == "Stopped"


def test_a_draining_or_dead_worker_gets_nothing(client: TestClient, submit: Submit, services: ApiDependencies) -> None:
    submit()
    worker, dead = registered(client), registered(client)
    for _ in range(2):
        assert client.post(f"/api/workers/{worker}/drain").json()["state"] == "Draining"
    told = client.get("/api/events", params={"kinds": "worker.draining"}, headers={"Accept": "application/json"})
    assert [item["data"]["workerId"] for item in told.json()["items"]] == [worker]
    refused = client.post("/api/jobs/acquire", json={"workerId": worker})
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/conflict")
    beat = client.post(f"/api/workers/{worker}/heartbeat")
    assert (beat.status_code, beat.json()["state"]) == (200, "Draining")

    with services.database.write() as tx:
        tx.driver.execute("UPDATE workers SET lease_expires_at = 1 WHERE id = ?", (dead,))
        assert workers.convict(tx) == [dead]
    for answer in (
        client.post("/api/jobs/acquire", json={"workerId": dead}),
        client.post(f"/api/workers/{dead}/heartbeat"),
    ):
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/lease-lost")
    assert client.post("/api/jobs/acquire", json={"workerId": "nobody"}).status_code == 404
    assert client.post("/api/workers/nobody/heartbeat").status_code == 404
    listed = client.get("/api/workers", params={"state": "dead,draining"}).json()["items"]
    assert {item["id"] for item in listed} == {worker, dead}


def test_a_worker_gets_what_it_can_run_from_its_queues(client: TestClient, submit: Submit) -> None:
    python, http, other = submit("echo"), submit("https://example.com/x"), submit("echo", queue="reports")
    echo = registered(client, types=["echo"], queues=["default"])
    web = registered(client, types=["http"])
    anything = registered(client)
    assert [item["executionId"] for item in acquired(client, echo)] == [python]
    assert [item["executionId"] for item in acquired(client, web)] == [http]
    assert acquired(client, anything, queues=["nothing"]) == []
    assert [item["executionId"] for item in acquired(client, anything, queues=["reports"])] == [other]


def test_words_are_read_in_any_case_and_durations_in_any_form(client: TestClient, submit: Submit) -> None:
    id = submit()
    worker = registered(client)
    (item,) = acquired(client, worker, leaseSeconds="PT30S", waitSeconds="1s")
    about = {"workerId": worker, "leaseToken": item["leaseToken"]}
    extended = client.post(
        f"/api/executions/{id}/extend", json={"leaseToken": item["leaseToken"], "leaseSeconds": "1m"}
    )
    assert extended.status_code == 200
    assert client.post(
        f"/api/executions/{id}/logs", json=about | {"lines": [{"text": "x", "stream": "STDERR"}]}
    ).is_success
    ended = client.post(f"/api/jobs/{id}/complete", json=about | {"success": False, "outcome": "TimedOut"})
    assert ended.status_code == 200
    assert client.get(f"/api/executions/{id}").json()["attempts"][0]["state"] == "TimedOut"
    for wrong in ("PT2H", "soon", -1):
        refused = client.post("/api/jobs/acquire", json={"workerId": worker, "leaseSeconds": wrong})
        assert (refused.status_code, refused.json()["errors"][0]["loc"][-1]) == (422, "leaseSeconds")


def test_a_body_that_is_not_needed_is_not_passed_over(client: TestClient) -> None:
    job = client.post("/api/jobs", json={"name": "a", "jobType": "echo", "schedule": {"every": "1h"}}).json()
    for path in (
        f"/api/jobs/{job['id']}/enable",
        f"/api/jobs/{job['id']}/resume",
        f"/api/schedules/{job['schedules'][0]['id']}/resume",
        "/api/queues/mail/resume",
        f"/api/workers/{registered(client)}/drain",
    ):
        refused = client.post(path, json={"note": "because"})
        assert (refused.status_code, refused.json()["errors"][0]["loc"][-1]) == (422, "note"), path
        assert client.post(path, json={}).status_code == 200, path


def test_a_worker_never_holds_more_than_its_capacity(client: TestClient, submit: Submit) -> None:
    for _ in range(5):
        submit()
    worker = registered(client, capacity=3)
    assert len(acquired(client, worker, capacity=2)) == 2
    assert len(acquired(client, worker, capacity=5)) == 1
    assert acquired(client, worker) == []
    assert client.get(f"/api/workers/{worker}").json()["running"] == 3


def test_what_a_worker_never_heard_of_is_taken_back(
    client: TestClient, submit: Submit, services: ApiDependencies
) -> None:
    known, unheard = submit(), submit()
    worker = registered(client)
    items = {item["executionId"]: item["leaseToken"] for item in acquired(client, worker)}
    with services.database.write() as tx:
        tx.driver.execute("UPDATE executions SET lease_expires_at = 1")
    held = [{"executionId": known, "leaseToken": items[known]}]
    beat = client.post(f"/api/workers/{worker}/heartbeat", json={"executions": held}).json()
    assert beat["lost"] == []
    assert client.get(f"/api/executions/{known}").json()["state"] == "Running"
    taken = client.get(f"/api/executions/{unheard}").json()
    assert (taken["state"], taken["attempts"][0]["state"]) == ("Retrying", "Lost")


def test_a_heartbeat_that_was_long_on_its_way_takes_nothing_back_that_later_ones_named(
    client: TestClient, submit: Submit, services: ApiDependencies
) -> None:
    id = submit()
    worker = registered(client)
    (item,) = acquired(client, worker)
    beats = f"/api/workers/{worker}/heartbeat"
    held = [{"executionId": id, "leaseToken": item["leaseToken"]}]
    with services.database.write() as tx:
        tx.driver.execute("UPDATE executions SET started_at = started_at - ?", (31 * SECOND,))
    assert client.post(beats, json={"executions": held}).json()["lost"] == []
    assert client.post(beats, json={"executions": []}).status_code == 200  # sent before the claim
    assert client.get(f"/api/executions/{id}").json()["state"] == "Running"

    with services.database.write() as tx:  # nobody names it for the length of a lease
        tx.driver.execute("UPDATE executions SET lease_expires_at = lease_expires_at - ?", (31 * SECOND,))
    assert client.post(beats, json={"executions": []}).status_code == 200
    assert client.get(f"/api/executions/{id}").json()["state"] == "Retrying"


def rescue(services: ApiDependencies) -> None:
    Rescuer(services.database, services.config.lease, Telemetry()).run_once()


def test_a_claim_whose_answer_was_lost_is_taken_back_though_its_worker_beats(
    client: TestClient, submit: Submit, services: ApiDependencies
) -> None:
    leased, plain = submit(priority=1), submit()
    worker = registered(client)
    acquired(client, worker, capacity=1, leaseSeconds=2)
    acquired(client, worker, capacity=1)
    with services.database.write() as tx:  # two seconds and a little pass for what was leased for two
        tx.driver.execute("UPDATE executions SET lease_expires_at = lease_expires_at - 3000000")
    assert client.post(f"/api/workers/{worker}/heartbeat", json={}).status_code == 200
    rescue(services)
    assert client.get(f"/api/executions/{leased}").json()["attempts"][0]["state"] == "Lost"
    assert client.get(f"/api/executions/{plain}").json()["state"] == "Running"


def test_no_heartbeat_keeps_an_attempt_beyond_its_timeout(
    client: TestClient, submit: Submit, services: ApiDependencies
) -> None:
    policy = RetryPolicy(retries=1, base_delay=0)
    id, cancelled = (submit(timeout=5 * SECOND, retry=policy, priority=priority) for priority in (1, 0))
    worker = registered(client)
    items = acquired(client, worker)
    client.post(f"/api/executions/{cancelled}/cancel")
    for seconds, state in ((40, "Running"), (26, "Retrying")):
        with services.database.write() as tx:
            tx.driver.execute("UPDATE executions SET started_at = started_at - ?", (seconds * SECOND,))
        held = [{"executionId": item["executionId"], "leaseToken": item["leaseToken"]} for item in items]
        client.post(f"/api/workers/{worker}/heartbeat", json={"executions": held})
        rescue(services)
        shown = client.get(f"/api/executions/{id}").json()
        assert shown["state"] == state
    assert [(a["state"], a["errorMessage"]) for a in shown["attempts"]] == [("TimedOut", "timed out after 5 s")]
    assert client.get(f"/api/executions/{cancelled}").json()["state"] == "Cancelled"

    said = {"workerId": worker, "leaseToken": items[0]["leaseToken"]}
    late = client.post(f"/api/jobs/{id}/complete", json=said | {"success": True})
    assert (late.status_code, late.json()["type"]) == (409, "/problems/lease-lost")
    same = client.post(f"/api/jobs/{id}/complete", json=said | {"success": False, "outcome": "timedOut"})
    assert (same.status_code, same.json()["state"]) == (200, "Retrying")


def test_the_answer_tells_until_when_the_lease_holds(
    client: TestClient, submit: Submit, services: ApiDependencies
) -> None:
    worker = registered(client)
    for lease, length in (({}, services.config.lease.duration), ({"leaseSeconds": 90}, 90 * SECOND)):
        submit()
        (item,) = acquired(client, worker, **lease)
        told, started = (parse_instant(item[name]) for name in ("leaseExpiresAt", "startedAt"))
        assert told - started == length


def test_a_long_poll_is_answered_as_soon_as_there_is_work(client: TestClient, submit: Submit) -> None:
    worker = registered(client)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(acquired, client, worker, waitSeconds=30)
        id = submit()
        assert [item["executionId"] for item in waiting.result(10)] == [id]


def test_a_stopping_server_ends_long_polls(client: TestClient, services: ApiDependencies) -> None:
    worker = registered(client)
    threading.Timer(0.05, services.stopping.set).start()
    assert acquired(client, worker, waitSeconds=60) == []


def test_a_repeated_registration_is_one_worker(client: TestClient) -> None:
    body = {"name": "w", "capacity": 1}
    one, two = (
        client.post("/api/workers/register", json=body, headers={"Idempotency-Key": "start-1"}) for _ in range(2)
    )
    assert one.json() == two.json()
    assert len(client.get("/api/workers").json()["items"]) == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "w"},
        {"name": "w", "capacity": 0},
        {"name": "", "capacity": 1},
        {"name": "w", "capacity": 1, "surprise": 1},
        {"name": "w", "capacity": 1, "queues": "all"},
    ],
)
def test_a_registration_that_makes_no_sense_is_refused(client: TestClient, body: dict[str, object]) -> None:
    refused = client.post("/api/workers/register", json=body)
    assert refused.status_code == 422
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["errors"][0]["loc"]


def test_events_tell_what_happened(client: TestClient, submit: Submit, services: ApiDependencies) -> None:
    id = submit()
    worker = registered(client)
    (item,) = acquired(client, worker)
    done = {"workerId": worker, "leaseToken": item["leaseToken"], "success": True}
    client.post(f"/api/jobs/{id}/complete", json=done)
    page = client.get("/api/events", headers={"Accept": "application/json"}).json()
    kinds = [event["kind"] for event in page["items"]]
    assert kinds == ["execution.accepted", "worker.registered", "execution.started", "execution.succeeded"]
    some = client.get("/api/events", params={"kinds": "worker.*"}, headers={"Accept": "application/json"}).json()
    assert [event["kind"] for event in some["items"]] == ["worker.registered"]

    services.stopping.set()  # a stream ends with the server
    streamed = client.get("/api/events", headers={"Last-Event-ID": str(page["items"][1]["seq"])}).text
    events = [block.split("\n") for block in streamed.split("\n\n") if block.startswith("id:")]
    assert [lines[1] for lines in events] == ["event: execution.started", "event: execution.succeeded"]
    assert json.loads(events[0][2].removeprefix("data: "))["executionId"] == id
