"""What needs no coordinator: `migrate`, `check`, and the refusals of `up`, `server`, `worker`."""

import json
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rota.cli.main import root
from rota.stores.schema import HEAD


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def rota(*words: str) -> Result:
    return CliRunner().invoke(root, words, prog_name="rota")


def test_migrate() -> None:
    before = rota("migrate", "--check", "--db", "a.db")
    assert before.exit_code == 1
    assert "does not exist yet" in before.stdout
    assert not Path("a.db").exists()
    assert f"none -> {HEAD}" in rota("migrate", "--db", "a.db").stdout
    again = rota("migrate", "--db", "sqlite:///a.db")
    assert again.exit_code == 0
    assert "current schema" in again.stdout
    assert rota("migrate", "--check", "--db", "a.db").exit_code == 0


def test_migrate_leaves_the_database_of_something_else_alone() -> None:
    with sqlite3.connect("other.db") as other:
        other.execute("CREATE TABLE theirs (id)")
    other.close()
    result = rota("migrate", "--db", "other.db")
    assert result.exit_code == 2
    assert result.stderr.startswith("error: ")
    assert "theirs" in result.stderr


def test_check_says_what_it_would_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROTA_LEASE__SECONDS", "60")
    Path("rota.toml").write_text('[engine]\nqueues = ["a", "b"]\n[server]\nport = 9000\n')
    Path("shop.py").write_text("from rota import job\n\n@job\ndef sell() -> None: ...\n")
    result = rota("check", "--config", "rota.toml", "--port", "9001", "--concurrency", "4", "--app", "shop.py")
    assert result.exit_code == 0, result.output
    lines = dict(line.split(maxsplit=1) for line in result.stdout.splitlines())
    assert lines["address"] == "http://127.0.0.1:9001"
    assert lines["lease"].startswith("60 s, heartbeat 10 s")
    assert lines["queues"] == "a, b"
    assert lines["slots"] == "4"
    assert lines["app"] == "shop.py: shop.sell"
    assert "will be made" in lines["store"]
    assert not Path("rota.db").exists()
    told = json.loads(rota("check", "--config", "rota.toml", "--json").stdout)
    assert (told["slots"], told["apps"], told["problems"]) == ("10", [], [])
    broken = rota("check", "--db", "no/such/folder/rota.db", "--json")
    assert (broken.exit_code, len(json.loads(broken.stdout)["problems"])) == (2, 1)


def test_a_worker_makes_no_store() -> None:
    result = rota("worker")
    assert result.exit_code == 2
    assert "rota up" in result.stderr
    assert not Path("rota.db").exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--app", "no_such_module_here"], "cannot import no_such_module_here"),
        (["--db", "no/such/folder/rota.db"], "does not exist"),
        (["--db", "oracle://x/y"], "oracle"),
        (["--port", "99999"], "ROTA_SERVER__PORT"),
        (["--port", "many"], "not a valid integer"),
        (["--concurrency", "0"], "ROTA_ENGINE__MAX_CONCURRENT_JOBS"),
        (["--config", "missing.toml"], "missing.toml"),
        (["--tls-cert", "a.pem"], "--tls-key"),
        (["--tls-cert", "a.pem", "--tls-key", "b.pem"], "no file a.pem"),
    ],
)
def test_check_refuses(words: list[str], says: str) -> None:
    result = rota("check", *words)
    assert result.exit_code == 2
    assert result.stderr.startswith("error: ")
    assert says in result.stderr


def test_check_names_the_lease_rule(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROTA_LEASE__HEARTBEAT_SECONDS", "20")
    result = rota("check")
    assert result.exit_code == 2
    assert "lease" in result.stderr


@pytest.mark.parametrize("command", ["up", "server", "worker"])
def test_what_stays_running_refuses_a_wrong_configuration(command: str) -> None:
    result = rota(command, "--config", "missing.toml")
    assert result.exit_code == 2
    assert "try: rota check" in result.stderr


def test_a_worker_over_http_needs_a_token() -> None:
    result = rota("worker", "--coordinator", "http://127.0.0.1:8400")
    assert result.exit_code == 2
    assert "--token TOKEN (rota workers invite makes one)" in result.stderr
