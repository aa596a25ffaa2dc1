"""One turn of a worker over HTTP: what it may say, what it is told, and what is refused. On every store."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from rota.api.application import ApiDependencies
from rota.domain.access import Role
from rota.domain.execution import NewExecution
from rota.domain.instant import SECOND, format_instant
from rota.domain.retry import OnLost, RetryPolicy
from rota.scheduler.rescuer import Rescuer
from rota.service import access
from rota.service import executions as service
from rota.service.context import ServiceContext
from rota.stores import control, executions, history, workers
from rota.stores.database import Database
from rota.stores.tables import workers as workers_table
from rota.telemetry import Telemetry

Submit = Callable[..., str]


class Remote:
    """A worker of our own."""

    def __init__(self, client: TestClient, **fields: object) -> None:
        made = client.post("/api/workers/register", json={"name": "w", "capacity": 5} | fields)
        assert made.status_code == 201, made.text
        self.client = client
        self.document = made.json()
        self.id = str(self.document["id"])
        self.sequence = 0

    def ask(self, **said: Any) -> Any:
        self.sequence += 1
        body = {"sequence": self.sequence, "slots": 0} | said
        return self.client.post(f"/api/workers/{self.id}/exchange", json=body)

    def exchange(self, **said: Any) -> dict[str, Any]:
        answer = self.ask(**said)
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json()
        return document

    def claims(self, slots: int = 5) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.exchange(slots=slots)["claims"]
        return found


@pytest.fixture
def database(new_store_url: Callable[[], str]) -> Iterator[Database]:
    """The store of the API: one of each kind."""
    made = Database(new_store_url(), durable=False)
    yield made
    made.close()


@pytest.fixture
def remote(holding: Callable[[Role], TestClient]) -> Remote:
    return Remote(holding(Role.WORKER))


@pytest.fixture
def submit(system: ServiceContext) -> Submit:
    def one(type: str = "echo", **fields: object) -> str:
        return service.submit(system, NewExecution(type, **fields)).id  # type: ignore[arg-type]

    return one


@pytest.fixture
def keyed(anonymous: TestClient, system: ServiceContext) -> Callable[..., TestClient]:
    """Makes a client with a worker's key that is bound to some queues."""

    def make(name: str, queues: list[str] | None = None) -> TestClient:
        _key, token = access.create(system, name, Role.WORKER, queues=queues)
        made = TestClient(anonymous.app, base_url=str(anonymous.base_url), headers={"Authorization": f"Bearer {token}"})
        made.portal = anonymous.portal
        return made

    return make


def ended(claim: dict[str, Any], outcome: str = "succeeded", **more: object) -> dict[str, object]:
    return {"executionId": claim["executionId"], "leaseToken": claim["leaseToken"], "outcome": outcome, **more}


def execution(system: ServiceContext, id: str) -> Any:
    return system.database.reading(lambda tx: history.get(tx, id))


def test_a_turn_settles_and_claims_at_once(remote: Remote, submit: Submit, system: ServiceContext) -> None:
    first = submit(parameters={"n": 1})
    second = submit("http://x.test/", priority=-1)
    (claim,) = remote.claims(slots=1)
    assert claim == {
        "executionId": first,
        "leaseToken": claim["leaseToken"],
        "type": "echo",
        "attempt": 1,
        "maxAttempts": 4,
        "timeoutSeconds": 300,
        "parameters": {"n": 1},
    }
    answer = remote.exchange(slots=1, ended=[ended(claim, result={"rows": 3})])
    assert answer["settled"] == {first: "Succeeded"}
    assert [claim["executionId"] for claim in answer["claims"]] == [second]
    assert (answer["refused"], answer["cancelling"], answer["state"]) == ([], {}, "Alive")
    assert execution(system, first).result == '{"rows":3}'


def test_registering_tells_the_terms_of_the_lease_and_may_be_said_twice(holding: Callable[[Role], TestClient]) -> None:
    id = "0198f000-0000-7000-8000-000000000001"
    client = holding(Role.WORKER)
    remote = Remote(client, id=id)
    assert (remote.id, remote.document["lease"]) == (id, {"seconds": 30, "heartbeatSeconds": 10, "marginSeconds": 3})
    assert Remote(client, id=id).id == id
    assert client.delete(f"/api/workers/{id}").status_code == 200
    again = client.post("/api/workers/register", json={"name": "w", "capacity": 5, "id": id})
    assert (again.status_code, again.json()["type"]) == (409, "/problems/lease-lost")


def test_an_id_of_another_worker_is_taken(remote: Remote, keyed: Callable[..., TestClient]) -> None:
    stolen = keyed("thief").post("/api/workers/register", json={"name": "w", "capacity": 5, "id": remote.id})
    assert (stolen.status_code, stolen.json()["type"]) == (409, "/problems/conflict")


def test_every_outcome_leads_where_it_leads_in_the_store(
    remote: Remote, submit: Submit, system: ServiceContext
) -> None:
    retried = submit(retry=RetryPolicy(retries=1, base_delay=60 * SECOND))
    spent = submit(retry=RetryPolicy(retries=0))
    permanent, late, handed_back, deferred = submit(), submit(retry=RetryPolicy(retries=0)), submit(), submit()
    by_id = {claim["executionId"]: claim for claim in remote.claims() + remote.exchange(slots=0)["claims"]}
    assert len(by_id) == 5  # the capacity of the worker
    said = [
        ended(by_id[retried], "failed", errorMessage="no luck", stackTrace="line 1"),
        ended(by_id[spent], "failed", errorMessage="no luck"),
        ended(by_id[permanent], "failed", errorMessage="never", retryable=False, result=[1]),
        ended(by_id[late], "timedOut"),
        ended(by_id[handed_back], "interrupted"),
    ]
    answer = remote.exchange(ended=said)
    assert answer["settled"] == {
        retried: "Retrying", spent: "Failed", permanent: "Failed", late: "Failed", handed_back: "Pending",
    }  # fmt: skip
    assert execution(system, permanent).result == "[1]"
    assert execution(system, late).error == "timed out after 300 s"
    assert execution(system, handed_back).attempt == 0
    claims = {claim["executionId"]: claim for claim in remote.claims()}
    later = ended(claims[deferred], "deferred", checkAfterSeconds=60, handle={"id": 7})
    answer = remote.exchange(ended=[later])
    assert answer["settled"] == {deferred: "Scheduled"}
    assert answer["nextDue"] is not None
    assert execution(system, deferred).state == "Scheduled"


def test_words_are_read_in_any_case_and_durations_in_any_form(
    remote: Remote, submit: Submit, system: ServiceContext
) -> None:
    id = submit()
    (claim,) = remote.claims()
    line = {"line": 1, "at": "2026-01-01T00:00:00Z", "stream": "STDERR", "text": "x"}
    logs = [{"executionId": id, "leaseToken": claim["leaseToken"], "lines": [line]}]
    assert remote.exchange(ended=[ended(claim, "Succeeded")], logs=logs)["settled"] == {id: "Succeeded"}
    assert remote.client.post(f"/api/workers/{remote.id}/wait", json={"seconds": "1ms"}).status_code == 200
    assert remote.client.post(f"/api/workers/{remote.id}/wait", json={"seconds": "1h"}).status_code == 422


def test_what_is_said_again_changes_nothing_and_is_no_error(
    remote: Remote, submit: Submit, system: ServiceContext
) -> None:
    id = submit()
    (claim,) = remote.claims()
    assert remote.exchange(ended=[ended(claim, result=1)])["settled"] == {id: "Succeeded"}
    again = remote.exchange(ended=[ended(claim, result=2)])
    assert (again["settled"], again["refused"]) == ({id: "Succeeded"}, [])
    assert execution(system, id).result == "1"
    attempts = system.database.reading(lambda tx: history.attempts_of(tx, execution(system, id)))
    assert len(attempts) == 1


def test_a_stale_token_is_refused_and_the_rest_is_settled(
    remote: Remote, submit: Submit, system: ServiceContext
) -> None:
    first, second = submit(), submit()
    one, two = sorted(remote.claims(), key=lambda claim: claim["executionId"])
    stale = ended(one | {"leaseToken": str(int(one["leaseToken"]) + 1000)}, result="stale")
    answer = remote.exchange(ended=[stale, ended(two)])
    assert (answer["settled"], answer["refused"]) == ({second: "Succeeded"}, [first])
    assert execution(system, first).state == "Running"


def test_what_another_worker_holds_is_not_its_to_end(
    remote: Remote, submit: Submit, keyed: Callable[..., TestClient], system: ServiceContext
) -> None:
    id = submit()
    (claim,) = remote.claims()
    other = Remote(keyed("other"))
    lines = [{"executionId": id, "leaseToken": claim["leaseToken"], "lines": [line(1, "x")]}]
    progress = [{"executionId": id, "leaseToken": claim["leaseToken"], "fraction": 0.5}]
    answer = other.exchange(ended=[ended(claim)], logs=lines, progress=progress)
    assert (answer["settled"], answer["refused"]) == ({}, [id])
    found = execution(system, id)
    assert (found.state, found.progress) == ("Running", None)
    assert system.database.reading(lambda tx: history.lines_of(tx, id, limit=10)) == []


def line(number: int, text: str) -> dict[str, object]:
    return {"line": number, "at": "2026-11-25T10:00:00Z", "stream": "stdout", "text": text}


def test_lines_and_progress_are_kept_once(remote: Remote, submit: Submit, system: ServiceContext) -> None:
    id = submit()
    (claim,) = remote.claims()
    log = {"executionId": id, "leaseToken": claim["leaseToken"], "lines": [line(1, "one"), line(2, "two")]}
    progress = {"executionId": id, "leaseToken": claim["leaseToken"], "fraction": 0.5, "message": "half"}
    for _ in range(2):
        remote.exchange(logs=[log], progress=[progress])
    last = {**log, "lines": [line(3, "three")]}
    remote.exchange(logs=[last], ended=[ended(claim)])
    found = system.database.reading(lambda tx: history.lines_of(tx, id, limit=10))
    assert [one.text for one in found] == ["one", "two", "three"]


@pytest.mark.parametrize("config", [{"engine": {"log_bytes": 20}}], indirect=True)
def test_a_log_is_kept_up_to_its_limit(remote: Remote, submit: Submit, system: ServiceContext) -> None:
    id = submit()
    (claim,) = remote.claims()
    for number in range(1, 9):
        log = {"executionId": id, "leaseToken": claim["leaseToken"], "lines": [line(number, "1234567")]}
        remote.exchange(logs=[log])
    texts = [one.text for one in system.database.reading(lambda tx: history.lines_of(tx, id, limit=10))]
    assert texts == ["1234567", "1234567", "… the log is full; the rest is not kept"]


def test_claims_that_never_arrived_are_handed_back(remote: Remote, submit: Submit, system: ServiceContext) -> None:
    kept, lost = submit(), submit(priority=-1)
    (claim,) = remote.claims(slots=1)
    remote.exchange(slots=1)  # its answer is lost
    assert execution(system, lost).state == "Running"
    answer = remote.exchange(slots=0, held=[kept])
    assert answer["claims"] == []
    found = execution(system, lost)
    assert (found.state, found.attempt) == ("Pending", 0)
    assert execution(system, kept).token == int(claim["leaseToken"])


def test_a_turn_behind_a_later_one_is_refused_whole(remote: Remote, submit: Submit, system: ServiceContext) -> None:
    """Or else its `held`, which is out of date, would take back what the later one was given."""
    id = submit()
    remote.sequence = 7
    (claim,) = remote.claims()
    late = remote.ask(sequence=7, held=[], ended=[ended(claim)])
    assert (late.status_code, late.json()["type"]) == (409, "/problems/conflict")
    assert execution(system, id).token == int(claim["leaseToken"])


def test_a_cancellation_reaches_the_worker(remote: Remote, submit: Submit, system: ServiceContext) -> None:
    id = submit()
    (claim,) = remote.claims()
    note = {"by": "ann", "reason": "wrong", "graceSeconds": 3}
    system.database.writing(lambda tx: control.request_cancellation(tx, [id], note))
    assert remote.exchange()["cancelling"] == {id: note}
    assert remote.exchange(ended=[ended(claim, "cancelled")])["settled"] == {id: "Cancelled"}


def test_a_draining_worker_gets_nothing_new(remote: Remote, submit: Submit, client: TestClient) -> None:
    submit()
    assert client.post(f"/api/workers/{remote.id}/drain").status_code == 200
    answer = remote.exchange(slots=5)
    assert (answer["claims"], answer["state"]) == ([], "Draining")


def test_a_turn_counts_as_a_heartbeat(remote: Remote, system: ServiceContext) -> None:
    database = system.database
    before = workers_table.update().where(workers_table.c.id == remote.id).values(heartbeat_at=0)
    database.writing(lambda tx: tx.execute(before))
    remote.exchange()
    assert database.reading(lambda tx: workers.get(tx, remote.id)).heartbeat_at > 0  # type: ignore[union-attr]


def dead(system: ServiceContext, id: str) -> None:
    convict = workers_table.update().where(workers_table.c.id == id).values(lease_expires_at=0)
    system.database.writing(lambda tx: tx.execute(convict))
    Rescuer(system.database, system.config.lease, Telemetry()).run_once()


VERBS = {
    "exchange": {"sequence": 99, "slots": 1},
    "wait": {"seconds": 0},
    "heartbeat": None,
}


@pytest.mark.parametrize("verb", VERBS)
def test_a_dead_worker_has_lost_its_lease(remote: Remote, system: ServiceContext, verb: str) -> None:
    dead(system, remote.id)
    answer = remote.client.post(f"/api/workers/{remote.id}/{verb}", json=VERBS[verb])
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/lease-lost")


@pytest.mark.stores("sqlite")
@pytest.mark.parametrize("verb", [*VERBS, "bury"])
def test_an_unknown_worker_and_one_of_another_key(remote: Remote, keyed: Callable[..., TestClient], verb: str) -> None:
    stranger = keyed("stranger")
    body = VERBS.get(verb)
    unknown = stranger.post(f"/api/workers/0198f000-0000-7000-8000-000000000000/{verb}", json=body)
    assert (unknown.status_code, unknown.json()["type"]) == (404, "/problems/not-found")
    foreign = stranger.post(f"/api/workers/{remote.id}/{verb}", json=body)
    assert (foreign.status_code, foreign.json()["type"]) == (403, "/problems/forbidden")


def test_a_stale_token_is_refused_by_every_endpoint_of_an_attempt(
    remote: Remote, submit: Submit, system: ServiceContext
) -> None:
    id = submit(on_lost=OnLost.FAIL)
    (claim,) = remote.claims()
    dead(system, remote.id)
    token = {"leaseToken": claim["leaseToken"]}
    asked = {
        f"/api/jobs/{id}/complete": token | {"workerId": remote.id, "success": True},
        f"/api/executions/{id}/extend": token,
        f"/api/executions/{id}/logs": token | {"lines": [{"text": "late"}]},
        f"/api/workers/{remote.id}/heartbeat": {"executions": [{"executionId": id, **token}]},
        f"/api/workers/{remote.id}/exchange": {"sequence": 50, "slots": 0, "ended": [ended(claim)]},
    }
    for path, body in asked.items():
        answer = remote.client.post(path, json=body)
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/lease-lost"), path
    assert execution(system, id).state == "Failed"


def test_the_guard_ends_the_lease_of_a_dead_worker(remote: Remote, submit: Submit, system: ServiceContext) -> None:
    id = submit(on_lost=OnLost.FAIL)
    remote.claims()
    assert remote.client.post(f"/api/workers/{remote.id}/bury").json()["state"] == "Dead"
    Rescuer(system.database, system.config.lease, Telemetry()).run_once()
    assert execution(system, id).state == "Failed"


@pytest.mark.stores("sqlite")
@pytest.mark.parametrize(
    ("said", "loc"),
    [
        ({"sequence": 0}, ["sequence"]),
        ({"slots": -1}, ["slots"]),
        ({"slots": 10_001}, ["slots"]),
        ({"surprise": 1}, ["surprise"]),
        ({"ended": [{"executionId": "x", "leaseToken": 1, "outcome": "won"}]}, ["ended", 0, "outcome"]),
        ({"ended": [{"executionId": "x", "outcome": "failed"}]}, ["ended", 0, "leaseToken"]),
        ({"progress": [{"executionId": "x", "leaseToken": 1, "fraction": 2}]}, ["progress", 0, "fraction"]),
        (
            {"logs": [{"executionId": "x", "leaseToken": 1, "lines": [line(0, "x")]}]},
            ["logs", 0, "lines", 0, "line"],
        ),
        ({"ended": [{"executionId": "x", "leaseToken": 1, "outcome": "lost"}] * 5001}, ["ended"]),
        ({"held": ["x"] * 20_001}, ["held"]),
    ],
)
def test_what_is_wrong_is_named(remote: Remote, said: dict[str, Any], loc: list[object]) -> None:
    answer = remote.ask(**said)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["loc"] == loc


def test_a_thousand_results_fit_and_a_flood_does_not(remote: Remote) -> None:
    item = {"executionId": "0198f000-0000-7000-8000-000000000000", "leaseToken": 1, "outcome": "succeeded"}
    many = [item | {"result": "x" * 4000}] * 1000
    assert remote.ask(ended=many).status_code == 200
    assert remote.ask(ended=[item | {"result": "x" * 17_000_000}]).status_code == 413


def test_a_worker_sees_only_the_queues_of_its_key(
    keyed: Callable[..., TestClient], submit: Submit, system: ServiceContext
) -> None:
    submit(queue="secret")
    mine = submit(queue="mail")
    client = keyed("bound", ["mail", "reports"])
    everything = Remote(client)
    assert everything.document["queues"] == ["mail", "reports"]
    outside = client.post("/api/workers/register", json={"name": "w", "capacity": 1, "queues": ["secret"]})
    assert (outside.status_code, outside.json()["type"]) == (403, "/problems/forbidden")
    acquired = client.post("/api/jobs/acquire", json={"workerId": everything.id, "capacity": 5, "queues": ["secret"]})
    assert acquired.json()["items"] == []
    narrow = Remote(client, queues=["reports"])
    assert narrow.claims() == []
    assert [claim["executionId"] for claim in everything.claims()] == [mine]


def test_a_wait_ends_when_work_comes(remote: Remote, submit: Submit, services: ApiDependencies) -> None:
    bell = remote.client.post(f"/api/workers/{remote.id}/wait", json={"seconds": 0}).json()["bell"]
    answers: list[Any] = []

    def wait() -> None:
        answers.append(remote.client.post(f"/api/workers/{remote.id}/wait", json={"seconds": 20, "bell": bell}).json())

    waiting = threading.Thread(target=wait)
    begun = time.monotonic()
    waiting.start()
    submit()
    waiting.join(30)
    assert answers[0]["rang"] is True
    assert time.monotonic() - begun < 15


def test_a_ring_between_two_waits_is_not_missed(remote: Remote, submit: Submit) -> None:
    before = remote.client.post(f"/api/workers/{remote.id}/wait", json={"seconds": 0}).json()
    assert before["rang"] is False
    submit()
    after = remote.client.post(f"/api/workers/{remote.id}/wait", json={"seconds": 10, "bell": before["bell"]}).json()
    assert (after["rang"], after["bell"] == before["bell"]) == (True, False)
    again = remote.client.post(f"/api/workers/{remote.id}/wait", json={"seconds": 0, "bell": after["bell"]}).json()
    assert again["rang"] is False


def test_the_next_due_is_told(remote: Remote, submit: Submit, system: ServiceContext) -> None:
    due = system.database.clock.now() + 60 * SECOND
    submit(due_at=due)
    assert remote.exchange()["nextDue"] == format_instant(due)


def test_the_store_keeps_one_attempt_of_a_claim(remote: Remote, submit: Submit, system: ServiceContext) -> None:
    """The capacity that was registered is the bound, whatever is asked for."""
    for _ in range(8):
        submit()
    assert len(remote.claims(slots=100)) == 5
    assert remote.claims(slots=100) == []
    assert system.database.reading(executions.any_due)
