"""A worker is invited once, and exchanges the invitation for a key that is bound to its queues."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import select, update
from starlette.testclient import TestClient

from rota.domain.access import Role
from rota.service.context import ServiceContext
from rota.stores.database import Database
from rota.stores.tables import audit, enrolments, keys


@pytest.fixture
def database(new_store_url: Callable[[], str]) -> Iterator[Database]:
    """The store of the API: one of each kind."""
    made = Database(new_store_url(), durable=False)
    yield made
    made.close()


def invited(client: TestClient, **said: object) -> dict[str, Any]:
    made = client.post("/api/workers/enrolments", json=said)
    assert made.status_code == 201, made.text
    document: dict[str, Any] = made.json()
    return document


def enrol(anonymous: TestClient, token: str) -> Any:
    return anonymous.post("/api/workers/enrol", headers={"Authorization": f"Bearer {token}"})


def test_an_invitation_becomes_a_key_once(anonymous: TestClient, client: TestClient) -> None:
    made = invited(client, name="edge", queues=["mail"], expiresIn="10m")
    assert made["token"].startswith("rota_enrol_")
    got = enrol(anonymous, made["token"])
    assert got.status_code == 201
    assert (got.json()["name"], got.json()["queues"]) == ("edge", ["mail"])
    assert got.headers["cache-control"] == "no-store"

    again = enrol(anonymous, made["token"])
    assert (again.status_code, again.json()["type"]) == (401, "/problems/enrolment-refused")
    assert "used before; make another one: rota workers invite" in again.json()["detail"]

    headers = {"Authorization": f"Bearer {got.json()['token']}"}
    worker = anonymous.post("/api/workers/register", json={"name": "w", "capacity": 1}, headers=headers)
    assert (worker.status_code, worker.json()["queues"]) == (201, ["mail"])
    assert anonymous.get("/api/jobs", headers=headers).status_code == 403
    (key,) = [key for key in client.get("/api/keys").json()["items"] if key["name"] == "edge"]
    assert (key["role"], key["queues"], key["id"]) == ("worker", ["mail"], got.json()["keyId"])


def test_it_is_audited_and_the_tokens_are_nowhere(
    anonymous: TestClient, client: TestClient, system: ServiceContext
) -> None:
    made = invited(client)
    secret = enrol(anonymous, made["token"]).json()["token"]
    actions = [(entry["action"], entry["noun"]) for entry in client.get("/api/audit").json()["items"]]
    assert ("invite", "worker") in actions
    assert ("enrol", "worker") in actions
    rows = system.database.reading(
        lambda tx: [*tx.all(select(enrolments)), *tx.all(select(keys)), *tx.all(select(audit))]
    )
    stored = " ".join(str(value) for row in rows for value in row)
    assert made["id"] in stored
    assert made["token"] not in stored
    assert secret not in stored


def test_an_expired_invitation_says_what_to_try(
    anonymous: TestClient, client: TestClient, system: ServiceContext
) -> None:
    made = invited(client)
    system.database.writing(lambda tx: tx.execute(update(enrolments).values(expires_at=1)))
    refused = enrol(anonymous, made["token"])
    assert refused.status_code == 401
    assert "has expired; make another one: rota workers invite" in refused.json()["detail"]


def test_its_token_opens_nothing_else_and_no_other_token_opens_it(
    anonymous: TestClient, client: TestClient, holding: Callable[[Role], TestClient]
) -> None:
    made = invited(client)
    headers = {"Authorization": f"Bearer {made['token']}"}
    assert anonymous.get("/api/jobs", headers=headers).status_code == 401
    assert (
        anonymous.post("/api/workers/register", json={"name": "w", "capacity": 1}, headers=headers).status_code == 401
    )
    assert client.post("/api/workers/enrol").status_code == 401
    assert enrol(anonymous, made["token"][:-1] + ("a" if made["token"][-1] != "a" else "b")).status_code == 401
    assert enrol(anonymous, made["token"]).status_code == 201


@pytest.mark.stores("sqlite")
@pytest.mark.parametrize("role", [Role.VIEWER, Role.OPERATOR, Role.EDITOR, Role.WORKER])
def test_only_an_admin_invites(holding: Callable[[Role], TestClient], role: Role) -> None:
    assert holding(role).post("/api/workers/enrolments", json={}).status_code == 403


@pytest.mark.stores("sqlite")
@pytest.mark.parametrize(
    ("said", "loc"),
    [
        ({"queues": []}, ["queues"]),
        ({"expiresIn": "1s"}, ["expiresIn"]),
        ({"expiresIn": "31d"}, ["expiresIn"]),
        ({"expiresIn": "soon"}, ["expiresIn"]),
        ({"name": "a\nb"}, ["name"]),
        ({"role": "admin"}, ["role"]),
    ],
)
def test_what_is_wrong_is_named(client: TestClient, said: dict[str, Any], loc: list[object]) -> None:
    answer = client.post("/api/workers/enrolments", json=said)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["loc"] == loc


def test_a_name_that_is_taken_is_refused(client: TestClient) -> None:
    client.post("/api/keys", json={"name": "edge", "role": "worker"})
    answer = client.post("/api/workers/enrolments", json={"name": "edge"})
    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/conflict")


def test_a_repeated_invitation_is_answered_without_its_token(client: TestClient) -> None:
    headers = {"Idempotency-Key": "k1"}
    first = client.post("/api/workers/enrolments", json={}, headers=headers).json()
    again = client.post("/api/workers/enrolments", json={}, headers=headers).json()
    assert (again["id"], again["token"]) == (first["id"], None)


def test_a_key_for_workers_can_be_bound_without_an_invitation(client: TestClient) -> None:
    made = client.post("/api/keys", json={"name": "a", "role": "worker", "queues": ["mail"]})
    assert (made.status_code, made.json()["queues"]) == (201, ["mail"])
    wrong = client.post("/api/keys", json={"name": "b", "role": "viewer", "queues": ["mail"]})
    assert (wrong.status_code, wrong.json()["errors"][0]["loc"]) == (422, ["queues"])
