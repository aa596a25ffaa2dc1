"""Signing in to the console: who gets a session, what it may, and how it ends."""

from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from rota.api.application import ApiDependencies
from rota.domain.access import Role
from rota.domain.instant import MINUTE
from rota.service import access, sessions
from rota.service.context import ServiceContext

COOKIE = "rota_session_8400"
SAME = {"Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def token(system: ServiceContext) -> str:
    return access.create(system, "ana", Role.OPERATOR)[1]


def sign_in(browser: TestClient, **credentials: str) -> None:
    answer = browser.post("/session", json=credentials, headers=SAME)
    assert answer.status_code == 200, answer.text


def test_a_token_opens_a_session_that_scripts_of_a_page_cannot_read(anonymous: TestClient, token: str) -> None:
    answer = anonymous.post("/session", json={"token": token}, headers=SAME)
    assert answer.json() == {
        "name": "ana", "role": "operator", "rights": ["operate", "read"], "environment": "DEV", "version": answer.json()["version"],
    }  # fmt: skip
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=rota_session_")
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie
    assert anonymous.get("/session").json()["name"] == "ana"
    assert anonymous.get("/api/jobs").status_code == 200
    assert anonymous.get("/api/keys").status_code == 403


def test_neither_the_token_nor_the_session_is_in_the_store(
    anonymous: TestClient, token: str, services: ApiDependencies
) -> None:
    sign_in(anonymous, token=token)
    secret = anonymous.cookies[COOKIE]
    with services.database.read() as tx:
        dump = "\n".join(tx.driver.iterdump())
    assert secret.removeprefix("rota_session_")[:20] not in dump
    assert token[12:30] not in dump


def test_no_worker_no_stranger_and_no_nonsense_gets_in(anonymous: TestClient, system: ServiceContext) -> None:
    worker = access.create(system, "w", Role.WORKER)[1]
    for body, status in (
        ({"token": "rota_wrong"}, 401),
        ({"token": worker}, 401),
        ({"code": "rota_link_wrong"}, 401),
        ({}, 422),
        ({"token": "a", "code": "b"}, 422),
        ({"token": ""}, 422),
    ):
        answer = anonymous.post("/session", json=body, headers=SAME)
        assert answer.status_code == status, (body, answer.text)
        assert "set-cookie" not in answer.headers


def test_a_link_signs_in_once_and_not_for_ever(
    anonymous: TestClient, client: TestClient, services: ApiDependencies
) -> None:
    now = services.database.clock.now()
    code = services.links.make(now)
    sign_in(anonymous, code=code)
    assert anonymous.get("/session").json()["role"] == "admin"
    assert anonymous.post("/session", json={"code": code}, headers=SAME).status_code == 401
    old = services.links.make(now - 16 * MINUTE)
    assert anonymous.post("/session", json={"code": old}, headers=SAME).status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.test"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:8401"},
        {},
    ],
)
def test_no_page_of_another_origin_can_act_with_a_session(
    anonymous: TestClient, token: str, headers: dict[str, str]
) -> None:
    sign_in(anonymous, token=token)
    for method, path in (("POST", "/api/executions/retry"), ("DELETE", "/session"), ("PUT", "/api/jobs/x")):
        refused = anonymous.request(method, path, json={} if method != "DELETE" else None, headers=headers)
        assert refused.status_code == 403, (method, refused.text)
        assert refused.json()["type"] == "/problems/forbidden"
    assert anonymous.get("/session").status_code == 200, "the session is still there"


@pytest.mark.parametrize("headers", [SAME, {"Origin": "http://127.0.0.1:8400"}])
def test_the_pages_of_this_origin_may(anonymous: TestClient, token: str, headers: dict[str, str]) -> None:
    sign_in(anonymous, token=token)
    assert anonymous.post("/api/executions/retry", json={}, headers=headers).status_code == 202


def test_nobody_else_can_sign_a_browser_in(anonymous: TestClient, token: str) -> None:
    refused = anonymous.post("/session", json={"token": token}, headers={"Sec-Fetch-Site": "cross-site"})
    assert refused.status_code == 403
    assert "set-cookie" not in refused.headers


def test_signing_out_ends_the_session_and_not_only_its_cookie(anonymous: TestClient, token: str) -> None:
    sign_in(anonymous, token=token)
    secret = anonymous.cookies[COOKIE]
    assert anonymous.delete("/session", headers=SAME).status_code == 204
    assert COOKIE not in anonymous.cookies
    anonymous.cookies.set(COOKIE, secret)
    assert anonymous.get("/session").status_code == 401


def test_a_session_ends_with_its_key(anonymous: TestClient, client: TestClient) -> None:
    made = client.post("/api/keys", json={"name": "ci", "role": "viewer"}).json()
    sign_in(anonymous, token=made["token"])
    assert anonymous.get("/session").status_code == 200
    client.delete(f"/api/keys/{made['id']}")
    assert anonymous.get("/session").status_code == 401


def test_a_session_is_no_token_and_a_token_no_session(anonymous: TestClient, token: str) -> None:
    sign_in(anonymous, token=token)
    secret = anonymous.cookies[COOKIE]
    anonymous.cookies.clear()
    assert anonymous.get("/session", headers={"Authorization": f"Bearer {secret}"}).status_code == 401
    anonymous.cookies.set(COOKIE, token)
    assert anonymous.get("/session").status_code == 401


def test_a_token_wins_over_a_cookie(anonymous: TestClient, token: str, holding: Callable[[Role], TestClient]) -> None:
    sign_in(anonymous, token=token)
    viewer = holding(Role.VIEWER).headers["authorization"]
    assert anonymous.get("/session", headers={"Authorization": viewer}).json()["role"] == "viewer"


def test_sessions_that_are_over_are_forgotten(anonymous: TestClient, token: str, services: ApiDependencies) -> None:
    from rota.stores import pruning

    sign_in(anonymous, token=token)
    with services.database.write() as tx:
        assert pruning.sessions_before(tx, tx.now, 10) == 0
        assert pruning.sessions_before(tx, tx.now + sessions.LIFETIME + 1, 10) == 1
