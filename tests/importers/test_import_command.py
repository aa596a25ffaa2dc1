"""`rota import` against a real `rota up`: the report, the jobs, and the same again."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from rota.cli.main import root

CRONTAB = """\
SHELL=/bin/sh
GREETING=hello
# Greets every minute
* * * * * root echo "$GREETING from $(pwd), 100\\%" && cat%what it reads
@reboot root echo never
61 * * * * root echo broken
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A running `rota up`, as the variables that lead to it."""
    folder = tmp_path_factory.mktemp("up")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ROTA_")} | {"HOME": str(folder)}
    command = [sys.executable, "-m", "rota", "up", "--port", "0", "--log", "quiet"]
    with (folder / "errors").open("w") as errors:
        process = subprocess.Popen(command, cwd=folder, env=clean, stdout=subprocess.PIPE, stderr=errors, text=True)
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if line.strip().startswith("store"):
            break
    url, token = re.search(r"https?://\S+:\d+", said), re.search(r"token\s+(\S+)", said)
    assert url is not None, (folder / "errors").read_text()
    assert token is not None
    yield {"ROTA_URL": url[0], "ROTA_TOKEN": token[1]}
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 0, (folder / "errors").read_text()


@pytest.fixture
def rota(running: dict[str, str]) -> Callable[..., Result]:
    def run(*words: str, env: dict[str, str] | None = None, input: str | None = None) -> Result:
        return CliRunner().invoke(root, words, prog_name="rota", env=running | (env or {}), input=input)

    return run


@pytest.fixture
def crontab(tmp_path: Path) -> Path:
    folder = tmp_path / "etc" / "cron.d"
    folder.mkdir(parents=True)
    file = folder / "greeting"
    file.write_text(CRONTAB)
    return file


Run = Callable[..., Any]


def imported(rota: Run, *words: str) -> list[dict[str, Any]]:
    result = rota("import", "crontab", *words, "--tz", "Europe/Madrid", "--json")
    assert result.exit_code == 0, result.output
    entries: list[dict[str, Any]] = json.loads(result.stdout)
    return entries


def test_a_system_crontab_becomes_a_job_that_runs(rota: Run, crontab: Path) -> None:
    greeting, reboot, broken = imported(rota, str(crontab), "--prefix", "web1.", "--queue", "ops", "--owner", "Ada")
    assert greeting["action"] == "created"
    assert greeting["same"] is True
    assert "machine starts" in reboot["problem"]
    assert "bad minute" in broken["problem"]
    assert reboot["id"] is broken["id"] is None

    job = json.loads(rota("jobs", "show", greeting["id"], "--json").stdout)
    assert (job["name"], job["queue"], job["ownerName"]) == ("web1.greeting.echo", "ops", "Ada")
    assert job["description"] == "Greets every minute"
    assert job["schedule"]["cron"] == "* * * * *"
    run = rota("jobs", "trigger", greeting["id"], "--wait", "--json")
    assert run.exit_code == 0, run.output
    home = rota("executions", "logs", json.loads(run.stdout)["id"]).stdout
    assert re.search(r"hello from /\S+, 100%", home)
    assert "what it reads" in home


def test_the_same_again_updates_the_same_job_and_keeps_what_people_set(rota: Run, crontab: Path) -> None:
    (id,) = [entry["id"] for entry in imported(rota, str(crontab)) if entry["id"]]
    assert rota("jobs", "update", id, "--timeout", "90s", "--name", "greeter").exit_code == 0
    again = imported(rota, str(crontab))[0]
    assert (again["action"], again["id"]) == ("unchanged", id)
    crontab.write_text("# moved down\n\n" + CRONTAB.replace("* * * * * root", "*/5 * * * * root"))
    changed = imported(rota, str(crontab))[0]
    assert (changed["action"], changed["id"]) == ("updated", id)
    job = json.loads(rota("jobs", "show", id, "--json").stdout)
    assert (job["name"], job["timeoutSeconds"], job["schedule"]["cron"]) == ("greeter", 90, "*/5 * * * *")
    assert len(job["schedules"]) == 1


def test_a_dry_run_needs_nobody_and_saves_nothing(rota: Run, crontab: Path) -> None:
    alone = {"ROTA_URL": "http://127.0.0.1:9", "ROTA_TOKEN": "none"}
    result = rota(
        "import", "crontab", str(crontab), "--tz", "Europe/Madrid", "--dry-run", "--prefix", "dry.", env=alone
    )
    assert result.exit_code == 0, result.output
    assert re.search(
        r"greeting:4 +\* \* \* \* \* +cron \* \* \* \* \*, Europe/Madrid +greeting.echo +yes", result.stdout
    )
    assert "3 entries: 1 can be imported, 1 with the same fire times, 2 cannot be imported" in result.stderr
    assert "dry." not in rota("jobs", "list", "--limit", "1000").stdout


def test_what_failed_is_told(rota: Run, crontab: Path) -> None:
    nobody = rota("import", "crontab", str(crontab), "--tz", "UTC", env={"ROTA_URL": "http://127.0.0.1:9"})
    assert nobody.exit_code == 1
    assert "error: greeting:4: cannot reach" in nobody.stderr
    crontab.write_text("0 1 * * * root one\n0 2 * * * root two\n")
    stranger = rota("import", "crontab", str(crontab), "--tz", "UTC", env={"ROTA_TOKEN": "rota_wrong"})
    assert stranger.exit_code == 4
    assert "greeting:2: not tried" in stranger.stderr
    refused = rota("import", "crontab", str(crontab), "--tz", "UTC", "--queue", "no blanks, please")
    assert refused.exit_code == 2
    assert refused.stderr.count("queue: letters, digits") == 2


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["anacron", "x"], "no importer 'anacron'; there are"),
        (["crontab", "/nowhere/at/all"], "cannot read /nowhere/at/all"),
        (["crontab", "-", "--tz", "Mars/Olympus"], "no IANA time zone"),
        (["crontab"], "missing argument"),
    ],
)
def test_wrong_usage_is_exit_code_2(rota: Run, words: list[str], says: str) -> None:
    result = rota("import", *words, input="")
    assert result.exit_code == 2
    assert says in result.stderr


def test_without_tz_the_time_zone_is_that_of_the_machine(rota: Run) -> None:
    words = ("import", "crontab", "-", "--dry-run", "--json")
    result = rota(*words, env={"TZ": ":Asia/Tokyo"}, input="0 5 * * * backup\n")
    assert json.loads(result.stdout)[0]["becomes"] == ["cron 0 5 * * *, Asia/Tokyo"]


def test_what_rota_refuses_cannot_be_imported(rota: Run) -> None:
    result = rota("import", "crontab", "-", "--tz", "UTC", "--dry-run", "--json", input="0 5 31 2 * backup\n")
    (entry,) = json.loads(result.stdout)
    assert "never fires" in entry["problem"]
    assert (entry["job"], entry["becomes"], entry["same"]) == (None, [], None)
    assert "0 can be imported" in result.stderr


def test_stdin_is_a_source(rota: Run) -> None:
    result = rota("import", "crontab", "-", "--tz", "UTC", "--dry-run", "--json", input="0 5 * * * backup\n")
    assert result.exit_code == 0, result.output
    (entry,) = json.loads(result.stdout)
    assert entry["becomes"] == ["cron 0 5 * * *, UTC"]
