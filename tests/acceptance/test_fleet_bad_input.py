"""What a fleet can be given that is wrong: each is told in a sentence, at once, and without a password in it."""

import os
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx2
import pytest
from driver import ROTA, Rota, eventually, free_port
from sqlalchemy import make_url

from faults.proxy import ChaosProxy
from rota.stores.database import Database
from rota.stores.schema import HEAD

pytestmark = pytest.mark.stores("postgres", "mariadb")

DRIVERS = {"postgresql": "psycopg", "mysql": "pymysql"}
EXTRAS = {"postgresql": "postgres", "mysql": "mysql"}


def said(*words: str, environment: dict[str, str] | None = None) -> tuple[int, str]:
    """The exit code of a command, and all that it said."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ROTA_")}
    done = subprocess.run(
        [ROTA, *words], capture_output=True, text=True, timeout=60, check=False, env=clean | (environment or {})
    )
    assert "Traceback" not in done.stdout + done.stderr
    return done.returncode, " ".join((done.stdout + done.stderr).split())


@pytest.fixture
def url(new_store_url: Callable[[], str]) -> str:
    return new_store_url()


def scheme(url: str) -> str:
    return make_url(url).get_backend_name().replace("mariadb", "mysql")


@pytest.mark.parametrize("words", ["no scheme at all ://", "oracle://ann:hunter2@db/rota", "postgresql://[::1:hunter2"])
def test_a_url_that_names_no_store_is_refused(words: str, store_kind: str) -> None:
    code, text = said("check", "--db", words)
    assert code == 2
    assert "sqlite:///" in text
    assert "hunter2" not in text.replace(words, "")


def test_a_database_that_is_not_there_is_refused(url: str) -> None:
    missing = make_url(url).set(database="no_such_database").render_as_string(hide_password=False)
    code, text = said("migrate", "--db", missing)
    assert code == 2
    assert "no such database" in text


def test_a_driver_that_is_not_installed_is_named_with_the_command_to_try(url: str, tmp_path: Path) -> None:
    name = DRIVERS[scheme(url)]
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").write_text(
        f"raise ModuleNotFoundError('No module named {name}', name={name!r})\n"
    )
    code, text = said("migrate", "--db", url, environment={"PYTHONPATH": str(tmp_path)})
    assert code == 2
    assert f"pip install 'rota-scheduler[{EXTRAS[scheme(url)]}]'" in text


@pytest.mark.parametrize(("revision", "advice"), [("9999", "upgrade Rota"), ("0001", "run: rota migrate")])
def test_a_schema_of_another_version_is_left_alone(url: str, revision: str, advice: str) -> None:
    store = Database(url)
    store.writing(lambda tx: tx.connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{revision}'"))
    for command in ("server", "worker"):
        port = ("--port", str(free_port())) if command == "server" else ()
        code, text = said(command, "--db", url, *port)
        assert code == 2
        assert advice in text
    store.writing(lambda tx: tx.connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{HEAD}'"))
    store.close()


def test_a_server_that_is_not_up_is_waited_for(tmp_path: Path, url: str) -> None:
    """The address leads nowhere until the proxy stands there and passes on what comes."""
    real = make_url(url)
    proxy = ChaosProxy(real.port or 0)
    away = real.set(host="127.0.0.1", port=proxy.port).render_as_string(hide_password=False)
    code, text = said("migrate", "--db", away)
    assert (code, "does not answer" in text) == (1, True)
    rota = Rota(tmp_path / "rota", store=away).start()
    eventually(lambda: "waiting for the store" in rota.errors, 30, "it says that it waits")
    assert rota.alive
    with proxy:
        rota.wait_ready(60)
        assert rota.errors.count("waiting for the store") <= 3
        assert rota.stop() == 0


def test_a_coordinator_with_another_configuration_is_refused(tmp_path: Path, url: str) -> None:
    with Rota(tmp_path / "one", store=url) as one:
        shorter = {"ROTA_LEASE__SECONDS": "20", "ROTA_LEASE__HEARTBEAT_SECONDS": "5"}
        other = Rota(tmp_path / "other", store=url, variables=shorter).start("server")
        assert other.wait_exit() == 2
        assert "lease.seconds is 20.0 here" in other.errors
        assert "runs with 30.0" in other.errors
        assert httpx2.get(f"{one.url}/health/ready", timeout=5).status_code == 200


def test_requests_that_find_no_connection_are_told_to_come_again(tmp_path: Path, url: str) -> None:
    """One connection for all requests, and an outsider holds the row that the first of them waits for."""
    few = {"ROTA_STORE__POOL_SIZE": "1", "ROTA_STORE__POOL_TIMEOUT_SECONDS": "0.3"}
    store = Database(url)
    with closing(Rota(tmp_path / "rota", store=url, variables=few).start("server").wait_ready()) as rota:
        bearer = {"Authorization": f"Bearer {rota.token}"}

        def ask() -> httpx2.Response:
            return httpx2.get(f"{rota.url}/api/jobs", headers=bearer, timeout=30)

        def refused() -> httpx2.Response | None:
            answer = ask()
            assert answer.status_code in (200, 503)
            return answer if answer.status_code == 503 else None

        with ThreadPoolExecutor(1) as pool:
            with store.write(serial=True):
                job = {"name": "waits", "jobType": "echo"}
                waiting = pool.submit(httpx2.post, f"{rota.url}/api/jobs", json=job, headers=bearer, timeout=60)
                answer = eventually(refused, 10, "a request is refused")
            assert answer.json()["type"].endswith("unavailable")
            assert int(answer.headers["Retry-After"]) >= 1
            assert waiting.result(timeout=60).status_code == 201
        eventually(lambda: ask().status_code == 200, 20, "all is well again")
    store.close()
