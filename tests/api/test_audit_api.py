"""/api/audit over HTTP: one entry, the examination, and who may ask for it."""

from collections.abc import Callable

import pytest
from sqlalchemy import update
from starlette.testclient import TestClient

from rota.domain.access import Role
from rota.scheduler.sealer import Sealer
from rota.stores.database import Database
from rota.stores.tables import audit
from rota.telemetry import Telemetry


@pytest.fixture
def sealed(client: TestClient, database: Database) -> TestClient:
    """A client of a store with some entries, all of them linked."""
    made = client.post("/api/calendars", json={"name": "works"})
    assert made.status_code == 201
    Sealer(database, None, Telemetry()).run_once()
    return client


def test_an_audit_that_was_left_alone_is_valid(sealed: TestClient) -> None:
    verdict = sealed.get("/api/audit/verify").json()
    newest = sealed.get("/api/audit", params={"limit": 1}).json()["items"][0]
    assert (verdict["valid"], verdict["firstBadSeq"], verdict["problems"]) == (True, None, [])
    assert (verdict["entries"], verdict["waiting"], verdict["keyedFrom"]) == (newest["seq"], 0, None)
    assert verdict["head"]["seq"] == newest["seq"]
    kept = f"{verdict['head']['seq']}:{verdict['head']['digest']}"
    again = sealed.get("/api/audit/verify", params={"anchor": kept}).json()
    assert (again["valid"], again["anchors"]) == (True, 1)


def test_what_was_changed_is_named(sealed: TestClient, database: Database) -> None:
    seq = sealed.get("/api/audit", params={"limit": 1}).json()["items"][0]["seq"]
    with database.write() as tx:
        tx.execute(update(audit).where(audit.c.seq == seq).values(actor="mallory"))
    verdict = sealed.get("/api/audit/verify").json()
    assert (verdict["valid"], verdict["firstBadSeq"]) == (False, seq)
    assert [(one["seq"], one["problem"]) for one in verdict["problems"]] == [(seq, "changed")]
    assert "not what was written" in verdict["problems"][0]["message"]


def test_one_entry(sealed: TestClient) -> None:
    newest = sealed.get("/api/audit", params={"limit": 1}).json()["items"][0]
    assert sealed.get(f"/api/audit/{newest['seq']}").json() == newest
    assert sealed.get("/api/audit/99999").status_code == 404
    assert sealed.get("/api/audit/newest").status_code == 422


@pytest.mark.parametrize("anchor", ["", "5", "5:abc", f"0:{'a' * 64}", f"5:{'g' * 64}", f"-1:{'a' * 64}"])
def test_an_anchor_is_a_number_and_a_digest(client: TestClient, anchor: str) -> None:
    answer = client.get("/api/audit/verify", params={"anchor": anchor})
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["loc"] == ["query", "anchor"]
    assert "SEQ:DIGEST" in error["msg"]


@pytest.mark.parametrize(("role", "status"), [(Role.AUDITOR, 200), (Role.ADMIN, 200), (Role.EDITOR, 403)])
def test_who_may_examine_it(holding: Callable[[Role], TestClient], role: Role, status: int) -> None:
    asking = holding(role)
    assert asking.get("/api/audit/verify").status_code == status
    assert asking.get("/api/audit/1").status_code == status
