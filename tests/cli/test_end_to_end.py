"""The command line against a real `rota up`."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result

from rota.cli.main import root

JOBS = """
from rota import Context, job


@job(isolation="inline")
async def greet(name: str, times: int = 1, *, ctx: Context) -> dict:
    ctx.log.info(f"hello {name}")
    return {"greeting": f"hello {name} " * times}


@job(isolation="inline", retries=0)
async def fail() -> None:
    raise ValueError("on purpose")
"""


@pytest.fixture(scope="module")
def coordinator_variables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A running `rota up`, as the variables that lead to it."""
    folder = tmp_path_factory.mktemp("up")
    (folder / "greeting.py").write_text(JOBS)
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ROTA_")}
    command = [sys.executable, "-m", "rota", "up", "--port", "0", "--app", "greeting", "--log", "quiet"]
    with (folder / "errors").open("w") as errors:
        process = subprocess.Popen(command, cwd=folder, env=clean, stdout=subprocess.PIPE, stderr=errors, text=True)
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if line.strip().startswith("store"):
            break
    else:
        pytest.fail(f"rota up ended: {said}{(folder / 'errors').read_text()}")
    url = re.search(r"https?://\S+:\d+", said)
    token = re.search(r"token\s+(\S+)", said)
    assert url is not None
    assert token is not None
    yield {"ROTA_URL": url[0], "ROTA_TOKEN": token[1]}
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 0, (folder / "errors").read_text()


@pytest.fixture
def rota(coordinator_variables: dict[str, str]) -> Callable[..., Result]:
    def run(*words: str, token: str | None = None) -> Result:
        variables = coordinator_variables | ({} if token is None else {"ROTA_TOKEN": token})
        return CliRunner().invoke(root, words, prog_name="rota", env=variables)

    return run


Run = Callable[..., Any]


def test_submit_and_wait(rota: Run) -> None:
    result = rota("jobs", "submit", "greeting.greet", "-p", "name=Ada", "--wait")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["greeting"].startswith("hello Ada")


def test_a_failure_is_exit_code_1(rota: Run) -> None:
    result = rota("jobs", "submit", "greeting.fail", "--retries", "0", "--wait")
    assert result.exit_code == 1
    assert "on purpose" in result.stderr


def test_a_job_from_its_beginning_to_its_end(rota: Run) -> None:
    made = rota(
        "jobs", "create", "--name", "greeter", "--type", "greeting.greet", "-p", "name=Bob", "--every", "1h", "--json"
    )
    assert made.exit_code == 0, made.output
    id = json.loads(made.stdout)["id"]
    assert "greeter" in rota("jobs", "list").stdout
    assert json.loads(rota("jobs", "show", id[-12:], "--json").stdout)["name"] == "greeter"
    assert len(rota("jobs", "next", "greeter", "--count", "3").stdout.splitlines()) == 4

    run = rota("jobs", "trigger", "greeter", "-p", "times=2", "--wait", "--json")
    assert run.exit_code == 0, run.output
    execution = json.loads(run.stdout)
    assert execution["result"]["greeting"] == "hello Bob hello Bob "
    logs = rota("executions", "logs", "-f", execution["id"])
    assert logs.exit_code == 0
    assert "hello Bob" in logs.stdout
    assert "hello Bob" in rota("executions", "logs", execution["id"], "--tail", "5").stdout
    assert "greeter" in rota("executions", "list", "--job", "greeter", "--since", "1h").stdout
    assert "Succeeded" in rota("executions", "show", execution["id"]).stdout
    again = rota("executions", "retry", execution["id"], "--json")
    assert again.exit_code == 0, again.output
    assert json.loads(again.stdout)["id"] != execution["id"]

    assert "Paused" in rota("jobs", "pause", "greeter", "--note", "for a while").stdout
    why = rota("why", "greeter")
    assert why.exit_code == 0, why.output
    assert "for a while" in why.stdout
    assert "Enabled" in rota("jobs", "resume", "greeter").stdout
    assert rota("jobs", "update", "greeter", "--retries", "7").exit_code == 0
    renamed = rota("jobs", "update", "greeter", "--name", "greeter2", "--json")
    assert renamed.exit_code == 0, renamed.output
    assert json.loads(renamed.stdout)["retryCount"] == 7
    assert len(json.loads(renamed.stdout)["schedules"]) == 1
    assert rota("jobs", "versions", "greeter2").stdout.splitlines()[1].split()[0] == "3"
    assert rota("jobs", "cancel", "greeter2").exit_code == 0
    assert rota("jobs", "disable", "greeter2").exit_code == 0
    assert rota("jobs", "trigger", "greeter2").exit_code == 4
    assert rota("jobs", "delete", "greeter2", "--yes").exit_code == 0
    assert rota("jobs", "show", "greeter2").exit_code == 3


def test_schedules(rota: Run) -> None:
    assert rota("jobs", "create", "--name", "timed", "--type", "greeting.greet", "-p", "name=C").exit_code == 0
    made = rota("schedules", "create", "--job", "timed", "--cron", "0 6 * * MON", "--tz", "Europe/Madrid", "--json")
    assert made.exit_code == 0, made.output
    id = json.loads(made.stdout)["id"]
    assert rota("schedules", "update", id, "--daily-at", "07:00").exit_code == 0
    shown = json.loads(rota("schedules", "show", id, "--json").stdout)
    assert "cron" not in shown["rule"]
    assert "Paused" in rota("schedules", "pause", id, "--note", "n", "--json").stdout
    assert rota("schedules", "resume", id).exit_code == 0
    assert id in rota("schedules", "list", "--job", "timed").stdout
    assert rota("schedules", "occurrences", id).exit_code == 0
    assert rota("schedules", "delete", id, "--yes").exit_code == 0
    preview = rota("schedules", "preview", "--cron", "30 2 * * *", "--tz", "Europe/Madrid", "--count", "3")
    assert preview.exit_code == 0, preview.output
    assert len(preview.stdout.splitlines()) == 4
    assert rota("schedules", "preview", "--cron", "bogus").exit_code == 2


def test_cancel_what_waits(rota: Run) -> None:
    submitted = rota("jobs", "submit", "greeting.greet", "-p", "name=D", "--delay", "1h", "--json")
    id = json.loads(submitted.stdout)["id"]
    assert "name" in rota("jobs", "show", id).stdout
    assert rota("executions", "cancel", id, "--reason", "no").exit_code == 0
    assert json.loads(rota("executions", "show", id, "--json").stdout)["state"] == "Cancelled"


def test_workers_keys_and_audit(rota: Run) -> None:
    assert "Alive" in rota("workers", "list").stdout
    made = rota("keys", "create", "--name", "reader", "--role", "viewer", "--expires-days", "1")
    assert made.exit_code == 0, made.output
    assert rota("keys", "list").exit_code == 0
    assert rota("keys", "list", token=made.stdout.strip()).exit_code == 4
    assert rota("keys", "delete", "reader", "--yes").exit_code == 0
    assert "reader" in rota("audit", "list", "--limit", "100", "--json").stdout


def test_a_wrong_token_and_a_wrong_type(rota: Run) -> None:
    refused = rota("jobs", "list", token="not-a-token")
    assert refused.exit_code == 4
    assert "export ROTA_TOKEN" in refused.stderr
    assert rota("jobs", "create", "--name", "x", "--type", "spark:nonsense", "--timeout", "-1").exit_code == 2
