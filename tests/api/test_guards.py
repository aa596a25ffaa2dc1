"""What is refused before any operation looks at it."""

import json
import re
from collections.abc import Callable, Iterator

import pytest
from fastapi import FastAPI
from starlette.routing import BaseRoute
from starlette.testclient import TestClient

from rota.api.application import ApiDependencies, create_application
from rota.api.guards import allowed_hosts
from rota.domain.access import RIGHTS, Role

OPEN = {"/", "/health/live", "/health/ready", "/swagger", "/swagger/", "/swagger/{name}", "/console/{path:path}"}
SIGN_IN = ("POST", "/session")


def operations(app: FastAPI) -> Iterator[tuple[str, str]]:
    """Every method and path of the application, whether it is described or not."""

    def walk(routes: list[BaseRoute]) -> Iterator[tuple[str, str]]:
        for route in routes:
            methods = getattr(route, "methods", None)
            if methods:
                for method in methods - {"HEAD"}:
                    yield method, route.path  # type: ignore[attr-defined]

    described = app.openapi()["paths"]
    yield from walk(app.router.routes)
    for path, methods in described.items():
        for method in methods:
            yield method.upper(), path


def filled(path: str) -> str:
    return re.sub(r"\{[^}]+\}", "0190a5b6-0000-7000-8000-000000000000", path)


def test_nothing_but_the_open_pages_answers_strangers(anonymous: TestClient) -> None:
    asked = {pair for pair in operations(anonymous.app) if pair[1] not in OPEN} - {SIGN_IN}  # type: ignore[arg-type]
    assert len(asked) > 30
    for method, path in sorted(asked):
        for headers in ({}, {"Authorization": "Bearer rota_wrong"}, {"Authorization": "Basic YTpi"}):
            answer = anonymous.request(method, filled(path), headers=headers)
            assert answer.status_code == 401, (method, path, answer.text)
            assert answer.headers["www-authenticate"] == "Bearer"
            assert answer.json()["type"] == "/problems/unauthenticated"
    for path in OPEN - {"/swagger/{name}", "/console/{path:path}"}:
        assert anonymous.get(path).status_code == 200, path


def test_each_role_reaches_only_what_its_rights_allow(holding: Callable[[Role], TestClient]) -> None:
    wants = {
        ("GET", "/api/executions"): "read",
        ("GET", "/api/keys"): "admin",
        ("GET", "/api/audit"): "audit",
        ("POST", "/api/executions/{id}/cancel"): "operate",
        ("POST", "/api/workers/{id}/heartbeat"): "work",
        ("GET", "/metrics"): "read",
    }
    for role in Role:
        client = holding(role)
        for (method, path), right in wants.items():
            refused = client.request(method, filled(path)).status_code == 403
            assert refused is (right not in RIGHTS[role]), (role, method, path)


def test_a_body_is_refused_before_it_is_read_whole(client: TestClient, services: ApiDependencies) -> None:
    limit = services.config.server.max_body_bytes
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while sent < 50 * limit:
            sent += 65_536
            yield b"x" * 65_536

    for content in (endless(), b"x" * (limit + 1)):
        refused = client.post("/api/keys", content=content, headers={"Content-Type": "application/json"})
        assert (refused.status_code, refused.json()["type"]) == (413, "/problems/too-large")


@pytest.mark.parametrize(
    "body",
    [
        b'{"name": "a", "name": "b", "role": "viewer"}',
        b'{"name": NaN, "role": "viewer"}',
        b'{"name": -Infinity}',
        b'{"name": 1e400}',
        b'{"name": 18446744073709551616}',
        b'{"name": ' + b"9" * 5000 + b"}",
        b'{"name": "\\ud800"}',
        b'{"name": "a\\u0000b"}',
        b'{"name": "\xff"}',
        b'{"name": "\xed\xa0\x80"}',
        b"[" * 100_000,
        b"[" * 33 + b"]" * 33,
        b'{"name": ',
        b"nothing",
        b"\x1f\x8b\x08\x00",
        b'{"a":' * 40 + b"1" + b"}" * 40,
    ],
)
def test_json_that_readers_differ_on_is_refused(client: TestClient, body: bytes) -> None:
    refused = client.post("/api/keys", content=body, headers={"Content-Type": "application/json"})
    assert refused.status_code == 422
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["errors"]


def test_other_content_types_are_no_json(client: TestClient) -> None:
    body = json.dumps({"name": "a", "role": "viewer"})
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        assert client.post("/api/keys", content=body, headers={"Content-Type": kind}).status_code == 422
    assert len(client.get("/api/keys").json()["items"]) == 1


def test_a_host_that_is_not_ours_is_refused(client: TestClient) -> None:
    for host in ("evil.test", "evil.test:8400", "127.0.0.1.evil.test", "localhost.evil.test", "", "127.0.0.1@evil"):
        assert client.get("/api/executions", headers={"Host": host}).status_code == 421, host
    for host in ("localhost", "LOCALHOST:1", "127.0.0.1:9999", "[::1]:8400", "[::1]"):
        headers = {"Host": host, "X-Forwarded-Host": "evil.test"}
        assert client.get("/api/executions", headers=headers).status_code == 200, host


def test_hosts_are_free_where_the_server_is_not_on_loopback() -> None:
    assert allowed_hosts("0.0.0.0") is None
    assert "127.0.0.1" in (allowed_hosts("localhost") or ())


def test_no_other_origin_is_let_in(client: TestClient) -> None:
    preflight = client.options(
        "/api/executions", headers={"Origin": "https://evil.test", "Access-Control-Request-Method": "POST"}
    )
    plain = client.get("/api/executions", headers={"Origin": "https://evil.test"})
    for answer in (preflight, plain):
        assert not [name for name in answer.headers if name.startswith("access-control")]
    assert preflight.status_code == 405


def test_replies_carry_the_security_headers_and_tell_nothing(client: TestClient) -> None:
    for path in ("/", "/api/executions", "/nowhere", "/swagger"):
        answer = client.get(path)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"].startswith("default-src 'self'")
        assert "server" not in answer.headers
    missing = client.get("/nowhere")
    assert (missing.status_code, missing.json()["type"]) == (404, "/problems/not-found")
    assert client.patch("/api/keys").json()["status"] == 405


def test_an_unexpected_error_tells_only_an_id(
    services: ApiDependencies, client: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_application(services)

    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError("the secret is 42")

    with TestClient(app, base_url=str(client.base_url), headers=client.headers, raise_server_exceptions=False) as other:
        answer = other.get("/broken")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    assert answer.json()["id"] in caplog.text


def test_the_description_is_for_those_with_a_token_and_its_page_is_not(
    client: TestClient, anonymous: TestClient
) -> None:
    assert anonymous.get("/openapi.json").status_code == 401
    document = client.get("/openapi.json").json()
    assert document["security"] == [{"bearer": []}]
    assert document["paths"]["/health/live"]["get"]["security"] == []
    assert "Problem" in document["components"]["schemas"]
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            described = {status for status in operation["responses"] if status >= "4"}
            assert "503" in described, (method, path)
            for status in described:
                assert "application/problem+json" in operation["responses"][status]["content"], (method, path, status)

    page = anonymous.get("/swagger").text
    assert "http://" not in page.replace("http://www.w3.org", "")
    assert "https://" not in page
    assert "<script>" not in page
    for name in re.findall(r'(?:src|href)="(/swagger/[^"]+)"', page):
        assert anonymous.get(name).status_code == 200
    assert anonymous.get("/swagger/..%2f..%2fapplication.py").status_code in (404, 405)
