"""What is wrong is refused with a sentence, at the right place, and changes nothing."""

import ctypes
import hashlib
import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from driver import ROTA, Rota, eventually

PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2
GOOD = {"name": "fine", "jobType": "echo"}

Make = Callable[..., Rota]


@pytest.fixture(scope="module")
def rota(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rota]:
    with Rota(tmp_path_factory.mktemp("bad") / "rota") as running:
        yield running
        assert "Traceback" not in running.everything_said


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"nmae": "x"}, "nmae"),
        ({"name": None}, "name"),
        ({"name": 7}, "name"),
        ({"name": ""}, "name"),
        ({"name": "x" * 10_000}, "name"),
        ({"name": "nul \0"}, "body"),
        ({"jobType": ["echo"]}, "jobType"),
        ({"jobType": "import os; os.system('true')\n"}, "jobType"),
        ({"timeoutSeconds": -1}, "timeoutSeconds"),
        ({"timeoutSeconds": 0}, "timeoutSeconds"),
        ({"timeoutSeconds": "soon"}, "timeoutSeconds"),
        ({"timeoutSeconds": 1e300}, "timeoutSeconds"),
        ({"retryCount": -1}, "retryCount"),
        ({"retryCount": 1.5}, "retryCount"),
        ({"retryCount": True}, "retryCount"),
        ({"retryCount": 3, "maxRetries": 4}, "maxRetries"),
        ({"retryStrategy": 9}, "retryStrategy"),
        ({"retryStrategy": "sometimes"}, "retryStrategy"),
        ({"priority": "high"}, "priority"),
        ({"maxConcurrentExecutions": 0}, "maxConcurrentExecutions"),
        ({"allowedEnvironments": 8}, "allowedEnvironments"),
        ({"allowedEnvironments": ["MOON"]}, "allowedEnvironments"),
        ({"parameters": "text"}, "parameters"),
        ({"tags": "one"}, "tags"),
        ({"queue": "two words"}, "queue"),
        ({"cronExpression": "0 0 30 2 *"}, "cronExpression"),
        ({"cronExpression": "99 * * * *"}, "cronExpression"),
        ({"cronExpression": "*/0 * * * *"}, "cronExpression"),
        ({"cronExpression": "0 0 * *"}, "cronExpression"),
        ({"cronExpression": "0,1," * 500 + "2 * * * *"}, "cronExpression"),
        ({"cronExpression": "0 0 * * *", "timeZone": "Mars/Olympus"}, "timeZone"),
        ({"schedule": {"cron": "0 0 * * *", "every": "1h"}}, "schedule"),
        ({"schedule": {"every": "-1s"}}, "schedule"),
        ({"schedule": {"daily": {"at": "25:00"}}}, "schedule"),
        ({"jobType": "http://user:password@[::1"}, "jobType"),
        ({"jobType": "script", "parameters": {}}, "parameters"),
    ],
)
def test_a_wrong_definition_is_refused_where_it_is_wrong(rota: Rota, change: dict[str, Any], where: str) -> None:
    answer = rota.client.post("/api/jobs", json=GOOD | change)
    problem = refused(answer, 422)
    assert where in [str(error["loc"][0]) for error in problem["errors"]], problem
    assert rota.get("/api/jobs")["items"] == []


def test_a_type_that_nobody_knows(rota: Rota, make_rota: Make) -> None:
    made = rota.post("/api/jobs", {"name": "stranger", "jobType": "reports.nobody-has-this"})
    why = rota.run("why", "stranger")
    assert "no worker offers" in why.stdout, why
    assert rota.client.delete(f"/api/jobs/{made['id']}").status_code == 204
    lonely = make_rota()
    lonely.start("server").wait_ready()
    problem = refused(lonely.client.post("/api/jobs", json={"name": "x", "jobType": "reports.nobody-has-this"}), 422)
    assert [error["loc"] for error in problem["errors"]] == [["jobType"]]
    assert lonely.stop() == 0


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b'{"name": NaN}', 400),
        (b'{"name": "a", "name": "b"}', 400),
        (b"[" * 100_000, 400),
        (b'"text"', 422),
        (b"[]", 422),
        (b"null", 422),
        (b"", 422),
        (b'{"name": "' + b"x" * 10_000_000 + b'"}', 413),
    ],
)
def test_a_body_that_is_no_document(rota: Rota, content: bytes, status: int) -> None:
    answer = rota.client.post("/api/jobs", content=content, headers={"Content-Type": "application/json"})
    assert refused(answer, answer.status_code)
    assert answer.status_code in ({status} if status == 413 else {400, 422})


def test_a_body_of_10_mb_without_a_length(rota: Rota) -> None:
    def drip() -> Iterator[bytes]:
        yield b'{"name": "'
        for _ in range(160):
            yield b"x" * 65_536

    answer = rota.client.post("/api/jobs", content=drip(), headers={"Content-Type": "application/json"})
    refused(answer, 413)
    assert rota.get("/health/live") == {"status": "live"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/jobs/not-an-id", 404),
        ("GET", "/api/jobs?limit=0", 422),
        ("GET", "/api/jobs?limit=many", 422),
        ("GET", "/api/jobs?cursor=%00", 422),
        ("GET", "/api/jobs?nonsense=1", 422),
        ("GET", "/api/executions?state=Floating", 422),
        ("GET", "/api/nowhere", 404),
        ("PATCH", "/api/jobs", 405),
        ("POST", "/api/executions/0/cancel", 404),
        ("DELETE", "/api/jobs/%2e%2e%2f%2e%2e", 404),
    ],
)
def test_a_request_for_what_is_not_there(rota: Rota, method: str, path: str, status: int) -> None:
    refused(rota.client.request(method, path), status)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["jobs", "show", "nobody"], 3),
        (["jobs", "create", "--name", "x", "--type", "echo", "--cron", "0 0 31 2 *"], 2),
        (["jobs", "create", "--name", "x", "--type", "echo", "--timeout", "-5"], 2),
        (["jobs", "submit"], 2),
        (["executions", "list", "--state", "Floating"], 2),
        (["nonsense"], 2),
        (["up", "--nonsense"], 2),
        (["up", "--app", "no_such_module"], 2),
        (["up", "--db", "no/such/folder/rota.db"], 2),
        (["up", "--db", "oracle://x/y"], 2),
        (["up", "--config", "missing.toml"], 2),
    ],
)
def test_a_wrong_command_ends_with_its_code_and_a_sentence(rota: Rota, words: list[str], code: int) -> None:
    said = rota.run(*words)
    assert said.returncode == code, said
    assert said.stderr.startswith(("error: ", "Usage: ")) or "error: " in said.stderr
    assert "Traceback" not in said.stdout + said.stderr


@pytest.mark.parametrize("kind", ["foreign database", "no database", "half a page", "older schema", "newer schema"])
def test_a_file_that_is_not_ours_stays_as_it_is(make_rota: Make, kind: str) -> None:
    rota = make_rota()
    make_file(rota, kind)
    before = fingerprint(rota.folder)
    for command in ("up", "server", "worker"):
        assert rota.start(command).wait_exit() == 2, rota.errors
        assert rota.errors.startswith("error: "), rota.errors
        assert "Traceback" not in rota.errors
        assert fingerprint(rota.folder) == before
    if kind != "older schema":
        migrated = rota.run("migrate", "--db", str(rota.store))
        assert migrated.returncode == 2, migrated
        assert "Traceback" not in migrated.stderr
        assert fingerprint(rota.folder) == before


def make_file(rota: Rota, kind: str) -> None:
    """Put something else where the store should be."""
    if kind == "foreign database":
        with sqlite3.connect(rota.store) as theirs:
            theirs.execute("CREATE TABLE theirs (id)")
            theirs.execute("INSERT INTO theirs VALUES (1)")
        theirs.close()
    elif kind == "no database":
        rota.store.write_bytes(b"This is a letter to my aunt.\n" * 1000)
    elif kind == "half a page":
        rota.store.write_bytes(b"x" * 100)
    else:
        assert rota.run("migrate", "--db", str(rota.store)).returncode == 0
        with sqlite3.connect(rota.store) as store:
            store.execute("UPDATE alembic_version SET version_num = ?", ("0000" if kind == "older schema" else "9999",))
        store.close()


def fingerprint(folder: Path) -> dict[str, str]:
    """The store and whatever SQLite leaves beside it, by content."""
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(folder.glob("rota.db*"))}


@pytest.mark.parametrize("folder_too", [False, True])
def test_a_store_that_may_only_be_read(make_rota: Make, folder_too: bool) -> None:
    rota = make_rota()
    assert rota.run("migrate", "--db", str(rota.store)).returncode == 0
    rota.store.chmod(0o444)
    if folder_too:
        rota.folder.chmod(0o555)
    before = fingerprint(rota.folder)["rota.db"]
    said = subprocess.run(
        [ROTA, "up", "--port", str(rota.port), "--db", str(rota.store)],
        env=Rota.environment(),
        preexec_fn=give_up_root_s_rights if os.geteuid() == 0 else None,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert said.returncode == 2, said
    assert "read-only" in said.stderr
    assert "Traceback" not in said.stderr
    assert fingerprint(rota.folder)["rota.db"] == before
    rota.folder.chmod(0o755)


def give_up_root_s_rights() -> None:
    """Make file permissions count for root too: take the right to override them out of the bounding set."""
    libc = ctypes.CDLL(None, use_errno=True)
    for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
        if libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "root cannot give up its rights here")


def test_a_store_that_somebody_else_locks(make_rota: Make) -> None:
    """Requests are told so, and go on when the other program lets go."""
    with make_rota() as rota:
        other = sqlite3.connect(rota.store, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        answer = rota.client.post("/api/jobs", json={"type": "echo"})
        problem = refused(answer, 503)
        assert "Retry-After" in answer.headers
        assert "busy" in problem["detail"]
        assert rota.get("/health/live") == {"status": "live"}
        other.execute("ROLLBACK")
        other.close()
        eventually(lambda: rota.client.post("/api/jobs", json={"type": "echo"}).status_code == 201, 20, "it goes on")
        assert "Traceback" not in rota.everything_said


def test_an_audit_whose_key_is_not_there(make_rota: Make) -> None:
    """No process goes on with a chain that it could only break; nothing that would tell of the key is said."""
    key = "0123456789abcdef" * 4
    rota = make_rota(variables={"ROTA_AUDIT__KEY": key})
    rota.start().wait_ready()
    eventually(lambda: rota.get("/api/audit/verify")["keyedFrom"], 20, "the chain is made with the key")
    assert rota.stop() == 0
    assert key not in rota.everything_said
    (rota.folder / "short.toml").write_text('audit.key = "short"')
    short = rota.run("check", "--config", "short.toml")
    assert (short.returncode, "at least 32 characters" in short.stderr) == (2, True)
    port = ("--port", str(rota.port))
    for command in (("up", *port), ("server", *port), ("worker",)):
        said = rota.run(*command, "--db", rota.db)
        assert said.returncode == 2, said
        assert "ROTA_AUDIT__KEY" in said.stderr
        assert "Traceback" not in said.stderr


def refused(answer: Any, status: int) -> Any:
    """The problem document of a refusal."""
    assert answer.status_code == status, answer.text
    assert 400 <= status < 500 or status == 503
    assert answer.headers["Content-Type"] == "application/problem+json", answer.text
    problem = answer.json()
    assert {"type", "title", "status", "detail"} <= set(problem)
    assert problem["status"] == status
    assert "Traceback" not in answer.text
    return problem
