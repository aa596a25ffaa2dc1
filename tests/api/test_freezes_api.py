"""Freezes through the front door."""

from collections.abc import Callable

from starlette.testclient import TestClient

from rota.domain.access import Role

BODY = {"endsAt": "2999-01-01T00:00:00.000Z", "reason": "year end", "queues": ["default"], "tags": ["a", "b"]}


def test_a_freeze_is_made_listed_and_taken_back(client: TestClient) -> None:
    response = client.post("/api/freezes", json=BODY, headers={"Idempotency-Key": "k"})
    assert response.status_code == 201
    made = response.json()
    assert response.headers["location"] == f"/api/freezes/{made['id']}"
    assert {name: made[name] for name in BODY} == BODY
    assert (made["jobs"], made["teams"], made["createdBy"]) == ([], [], "test admin")
    assert client.post("/api/freezes", json=BODY, headers={"Idempotency-Key": "k"}).json() == made
    assert client.get("/api/freezes").json() == {"items": [made], "nextCursor": None}
    assert client.delete(f"/api/freezes/{made['id']}").status_code == 204
    assert client.delete(f"/api/freezes/{made['id']}").status_code == 404
    assert client.get("/api/freezes", params={"past": True}).json()["items"] == []


def test_who_may_and_what_is_wrong(client: TestClient, holding: Callable[[Role], TestClient]) -> None:
    assert holding(Role.OPERATOR).post("/api/freezes", json=BODY).status_code == 403
    refused = client.post("/api/freezes", json=BODY | {"endsAt": "soon"})
    assert (refused.status_code, refused.json()["errors"][0]["loc"]) == (422, ["endsAt"])
