from collections.abc import Callable

from starlette.testclient import TestClient

from rota.api.application import ApiDependencies
from rota.domain.access import Role


def test_a_key_is_told_once_and_opens_the_api_until_it_is_revoked(client: TestClient, anonymous: TestClient) -> None:
    made = client.post("/api/keys", json={"name": "ci", "role": "Editor"})
    assert made.status_code == 201
    assert made.headers["location"] == f"/api/keys/{made.json()['id']}"
    token = made.json()["token"]
    assert made.json()["role"] == "editor"
    listed = client.get("/api/keys").json()["items"]
    assert {"ci"} <= {key["name"] for key in listed}
    assert token not in client.get("/api/keys").text

    refused = anonymous.get("/api/keys", headers={"Authorization": f"Bearer {token}"})
    assert refused.status_code == 403
    assert client.delete(f"/api/keys/{made.json()['id']}").json()["revokedAt"]
    gone = anonymous.get("/api/keys", headers={"Authorization": f"Bearer {token}"})
    assert gone.status_code == 401
    assert gone.headers["www-authenticate"] == "Bearer"
    assert gone.headers["content-type"] == "application/problem+json"


def test_the_token_is_nowhere_in_the_store(client: TestClient, services: ApiDependencies) -> None:
    token = client.post("/api/keys", json={"name": "ci", "role": "viewer"}, headers={"Idempotency-Key": "once"}).json()[
        "token"
    ]
    with services.database.read() as tx:
        dump = "\n".join(tx.driver.iterdump())
    assert token not in dump
    assert token[12:30] not in dump


def test_the_same_idempotency_key_makes_one_key(client: TestClient) -> None:
    once = {"Idempotency-Key": "k1"}
    body = {"name": "ci", "role": "viewer"}
    first = client.post("/api/keys", json=body, headers=once)
    again = client.post("/api/keys", json=body, headers=once)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["location"] == first.headers["location"]
    assert again.json() == first.json() | {"token": None}
    other = client.post("/api/keys", json=body | {"name": "cd"}, headers=once)
    assert other.status_code == 422
    assert other.json()["errors"][0]["loc"] == ["header", "Idempotency-Key"]
    assert client.post("/api/keys", json=body, headers={"Idempotency-Key": "x" * 300}).status_code == 422


def test_the_last_admin_key_stays(client: TestClient) -> None:
    (only,) = client.get("/api/keys").json()["items"]
    assert client.delete(f"/api/keys/{only['id']}").status_code == 409
    assert client.delete("/api/keys/unknown").status_code == 404


def test_tokens_in_the_query_are_not_read(anonymous: TestClient, holding: Callable[[Role], TestClient]) -> None:
    token = holding(Role.ADMIN).headers["authorization"].removeprefix("Bearer ")
    for name in ("token", "access_token", "api_key", "Authorization"):
        assert anonymous.get("/api/keys", params={name: token}).status_code == 401
    assert anonymous.get("/api/keys", headers={"Cookie": f"token={token}"}).status_code == 401


def test_pages_follow_each_other(client: TestClient) -> None:
    for number in range(5):
        client.post("/api/keys", json={"name": f"key {number}", "role": "viewer"})
    names: list[str] = []
    cursor = None
    while True:
        page = client.get("/api/keys", params={"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
        names += [key["name"] for key in page["items"]]
        cursor = page["nextCursor"]
        if cursor is None:
            break
    assert names == ["key 4", "key 3", "key 2", "key 1", "key 0", "test admin"]
    assert client.get("/api/keys", params={"cursor": "§"}).status_code == 422
    assert client.get("/api/keys", params={"lim": 2}).status_code == 422
