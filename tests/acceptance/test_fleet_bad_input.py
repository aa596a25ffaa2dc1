"""What a fleet can be given that is wrong: each is told in a sentence, at once, and without a password in it."""

import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx2
import pytest
from driver import ROTA, Rota, eventually, free_port
from sqlalchemy import NullPool, create_engine, inspect, make_url
from sqlalchemy.engine import URL

from faults.proxy import ChaosProxy
from rota.stores.database import Database
from rota.stores.schema import HEAD

pytestmark = pytest.mark.stores("postgres", "mariadb")

DRIVERS = {"postgresql": "psycopg", "mysql": "pymysql"}
NO_NAMES = ("not-an-id", "0", "9" * 30, "%00", "%ed%a0%80", "x" * 150)
NO_VALUES = ("9223372036854775808", "9" * 30, "-9223372036854775809", "a\0b")
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
    assert "hunter2" not in text


@pytest.mark.parametrize("command", ["check", "migrate", "server", "worker"])
def test_a_user_who_is_not_let_in_is_refused(command: str, url: str) -> None:
    """To wait would not help: nobody mends a password by waiting."""
    stranger = make_url(url).set(username="rota_nobody", password="hunter2").render_as_string(hide_password=False)
    code, text = said(command, "--db", stranger, *(("--port", str(free_port())) if command == "server" else ()))
    assert code == 2
    assert "refuses this user or password" in text
    assert "hunter2" not in text


def test_check_names_the_server_and_the_driver(url: str) -> None:
    code, text = said("check", "--db", url)
    assert code == 0
    store = Database(url)
    with store.read() as tx:
        version = str(tx.connection.exec_driver_sql("SELECT version()").scalar_one())
    store.close()
    found = re.search(r"schema (\w+), (PostgreSQL|MariaDB) (\S+).*, (psycopg|PyMySQL) \d", text)
    assert found is not None, text
    assert found[1] == HEAD
    assert found[3].rstrip(",") in version


@pytest.fixture
def foreign(url: str) -> Iterator[str]:
    """A database that holds somebody else's table with one row."""
    ours = create_engine(driven(make_url(url)), isolation_level="AUTOCOMMIT")
    theirs = make_url(url).set(database=f"{make_url(url).database}_foreign")
    with ours.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {theirs.database}")
    engine = create_engine(driven(theirs), poolclass=NullPool)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE customers (id INT)")
        connection.exec_driver_sql("INSERT INTO customers VALUES (7)")
    yield theirs.render_as_string(hide_password=False)
    with engine.connect() as connection:
        left = connection.exec_driver_sql("SELECT id FROM customers").scalars().all()
        names = inspect(connection).get_table_names()
    with ours.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {theirs.database}")
    ours.dispose()
    assert (names, left) == (["customers"], [7])


def driven(url: URL) -> URL:
    driver = DRIVERS[scheme(url.render_as_string(hide_password=False))]
    return url.set(drivername=f"{url.get_backend_name()}+{driver}")


@pytest.mark.parametrize("command", ["check", "migrate", "server", "worker"])
def test_tables_of_somebody_else_are_left_alone(command: str, foreign: str) -> None:
    code, text = said(command, "--db", foreign, *(("--port", str(free_port())) if command == "server" else ()))
    assert code == 2
    assert "holds tables of something else (customers" in text


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

        def made() -> int:
            """The status; 0 when a loop of the coordinator had the connection."""
            job = {"name": "waits", "jobType": "echo"}
            answer = httpx2.post(f"{rota.url}/api/jobs", json=job, headers=bearer, timeout=60)
            return 0 if answer.status_code == 503 else answer.status_code

        with ThreadPoolExecutor(1) as pool:
            with store.write(serial=True):
                waiting = pool.submit(eventually, made, 60, "it is made")
                answer = eventually(refused, 10, "a request is refused")
            assert answer.json()["type"].endswith("unavailable")
            assert int(answer.headers["Retry-After"]) >= 1
            assert waiting.result(timeout=60) == 201
        eventually(lambda: ask().status_code == 200, 20, "all is well again")
    store.close()


def test_a_database_that_goes_away_is_told_by_readiness_alone(tmp_path: Path, url: str) -> None:
    """Connections are reset and refused; then they are let through again, and nobody starts anything anew."""
    real = make_url(url)
    with ChaosProxy(real.port or 0) as proxy:
        through = real.set(host="127.0.0.1", port=proxy.port).render_as_string(hide_password=False)
        with Rota(tmp_path / "rota", store=through) as rota:

            def health(what: str) -> int:
                return httpx2.get(f"{rota.url}/health/{what}", timeout=30).status_code

            proxy.reset(refuse=True)
            eventually(lambda: health("ready") == 503, 30, "it is not ready")
            assert health("live") == 200
            answer = rota.client.post("/api/jobs", json={"type": "echo"})
            assert answer.status_code == 503
            assert int(answer.headers["Retry-After"]) >= 1
            proxy.heal()
            eventually(lambda: health("ready") == 200, 30, "it is ready again")
            assert rota.finished(rota.submit("echo", 1))["state"] == "Succeeded"
            assert rota.stop() == 0
            assert "Traceback" not in rota.everything_said


@pytest.fixture
def rota(tmp_path: Path, url: str) -> Iterator[Rota]:
    with Rota(tmp_path / "rota", store=url, apps=[write_app(tmp_path)]) as running:
        yield running
        assert "unexpected error" not in running.errors


def write_app(folder: Path) -> Path:
    """Functions whose results no database takes as they are."""
    file = folder / "unstorable.py"
    file.write_text(
        "from rota import job\n\n"
        "@job\ndef nul() -> str:\n    print('log \\0 line')\n    return 'a\\0b'\n\n"
        "@job\ndef half() -> str:\n    return 'a\\ud800b'\n\n"
        "@job\ndef raises() -> None:\n    raise ValueError('\\0\\ud800')\n"
    )
    return file


def test_what_no_database_takes_ends_like_other_work(rota: Rota) -> None:
    """A text with NUL or half a surrogate pair, as a result, a log line or an error, keeps nobody else's from it."""
    kinds = {"unstorable.nul": "Succeeded", "unstorable.half": "Failed", "unstorable.raises": "Failed"}
    made = [(rota.submit(kind, maxRetries=0), kinds.get(kind, "Succeeded")) for kind in [*kinds, "echo"] * 5]
    for id, state in made:
        assert rota.finished(id)["state"] == state


def test_a_name_that_names_nothing_is_no_error_of_the_server(rota: Rota) -> None:
    """Every operation of the API that has a name in its path, and every parameter of a query."""
    asked = 0
    for path, operations in rota.get("/openapi.json")["paths"].items():
        for method, operation in operations.items():
            names = NO_NAMES if "{" in path else ()
            queries = [each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"]
            asks = [(re.sub(r"\{.*?\}", name, path), {}) for name in names]
            if path != "/api/events":  # a stream, which does not end
                somewhere = re.sub(r"\{.*?\}", "0", path)
                asks += [(somewhere, {query: text}) for query in queries for text in NO_VALUES]
            for where, query in asks:
                answer = rota.client.request(method.upper(), where, params=query, json={"token": 2**70})
                assert answer.status_code < 500, (method, where, query, answer.text)
            asked += len(asks)
    assert asked > 300
    for path in ("/api/queues/%00", "/api/jobs/%00/why"):
        assert rota.client.get(path).status_code == 422


def test_a_lock_that_somebody_holds_is_told_within_the_bound(rota: Rota, url: str) -> None:
    """Once the server has waited as long as it may, the request is not made to wait a second time."""
    store = Database(url)
    with store.write(serial=True):
        begun = time.monotonic()
        answer = rota.client.post("/api/jobs", json={"name": "waits", "jobType": "echo"})
        assert time.monotonic() - begun < 15
        assert answer.status_code == 503, answer.text
        assert answer.json()["type"].endswith("unavailable")
        assert int(answer.headers["Retry-After"]) >= 1
    store.close()
    assert rota.client.post("/api/jobs", json={"name": "waits", "jobType": "echo"}).status_code == 201
