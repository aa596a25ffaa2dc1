"""The files of the console, and the console inside another application."""

import gzip
import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

import rota
from rota.service import access
from rota.stores.database import Database

ROOT = Path(__file__).parents[2]
CONSOLE = ROOT / "src/rota/console"


def test_the_console_is_served_whole_compressed_and_only_when_it_changed(anonymous: TestClient) -> None:
    page = anonymous.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "console/app.js" in page.text
    for file in sorted(CONSOLE.rglob("*.js")):
        path = f"/console/{file.relative_to(CONSOLE)}"
        plain = anonymous.get(path, headers={"Accept-Encoding": "identity"})
        assert plain.content == file.read_bytes(), path
        assert plain.headers["content-type"].startswith("text/javascript")
        with anonymous.stream("GET", path, headers={"Accept-Encoding": "gzip"}) as packed:
            assert gzip.decompress(b"".join(packed.iter_raw())) == file.read_bytes()
        again = anonymous.get(path, headers={"If-None-Match": plain.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "path", ["../api/pages.py", "%2e%2e/api/pages.py", "vendor", "", "nothing.js", "lib/..%2fapp.py"]
)
def test_nothing_else_can_be_fetched(anonymous: TestClient, path: str) -> None:
    answer = anonymous.get(f"/console/{path}")
    assert answer.status_code in (401, 404), answer.text


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    monkeypatch.setenv("ROTA_DB", str(tmp_path / "shop.db"))
    found = importlib.util.spec_from_file_location("inside_fastapi", ROOT / "examples/inside_fastapi.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    assert isinstance(module, ModuleType)
    found.loader.exec_module(module)
    app: FastAPI = module.app
    return app


def test_the_example_shows_the_console_inside_a_shop(shop: FastAPI) -> None:
    with TestClient(shop, base_url="https://shop.example") as browser:
        assert browser.get("/").json() == {"console": "/jobs"}
        bare = browser.get("/jobs", follow_redirects=False)
        assert bare.status_code == 307
        assert bare.headers["location"].endswith("/jobs/")
        assert "console/app.js" in browser.get("/jobs/").text
        assert browser.get("/jobs/console/app.js").status_code == 200
        assert browser.get("/jobs/api/jobs").status_code == 401
        ana = {"X-Shop-User": "ana"}
        assert browser.get("/jobs/session", headers=ana).json()["name"] == "ana"
        assert browser.get("/jobs/api/jobs", headers=ana).json()["items"] == []
        forged = browser.post("/jobs/api/executions/retry", json={}, headers={**ana, "Sec-Fetch-Site": "cross-site"})
        assert forged.status_code == 403
        meant = browser.post("/jobs/api/executions/retry", json={}, headers={**ana, "Sec-Fetch-Site": "same-origin"})
        assert meant.status_code == 202
        assert browser.get("/jobs/api/keys", headers=ana).status_code == 403


def test_under_a_path_the_cookie_is_for_that_path(database: Database) -> None:
    token = access.bootstrap(database, "an-admin-token")
    outer = FastAPI()
    outer.mount("/tools/rota", rota.console(str(database)))
    with TestClient(outer, base_url="https://shop.example") as browser:
        answer = browser.post("/tools/rota/session", json={"token": token}, headers={"Sec-Fetch-Site": "same-origin"})
        assert "Path=/tools/rota;" in answer.headers["set-cookie"]
        assert "Secure" in answer.headers["set-cookie"]
        assert browser.get("/tools/rota/session").json()["role"] == "admin"
        assert browser.get("/tools/rota/api/keys").status_code == 200
        assert browser.delete("/tools/rota/session", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 204
        assert browser.get("/tools/rota/session").status_code == 401


def test_a_program_with_a_token_needs_no_origin_there(database: Database) -> None:
    token = access.bootstrap(database, "an-admin-token")
    shop = FastAPI()
    shop.mount("/jobs", rota.console(str(database), who=lambda _request: ("everybody", "viewer")))
    with TestClient(shop) as program:
        headers = {"Authorization": f"Bearer {token}"}
        assert program.get("/jobs/session", headers=headers).json()["role"] == "admin"
        assert program.post("/jobs/api/executions/retry", json={}, headers=headers).status_code == 202
        assert program.get("/jobs/session").json()["name"] == "everybody"
        assert program.post("/jobs/api/executions/retry", json={}).status_code == 403
