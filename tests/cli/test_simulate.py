"""`rota simulate`, `rota lint` and dry runs: words in, requests out, tables and exit codes back."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
ID = "01900000-0000-7000-8000-000000000001"
SIMULATED = {
    "from": "2026-01-01T00:00:00.000Z", "to": "2026-01-02T00:00:00.000Z", "stoppedAt": None, "slots": 2,
    "decisions": {"fired": 1, "skippedOverlap": 1}, "jobs": {ID: "report"}, "unknownDurations": [ID], "leftOut": [],
    "load": [{"queue": "default", "hour": "2026-01-01T01:00:00.000Z", "fires": 1, "busySeconds": 3600, "longestWaitSeconds": 60}],
    "items": [
        {"jobId": ID, "nominalAt": "2026-01-01T01:00:00.000Z", "decision": "fired", "reason": None, "run": {"waitSeconds": 60}},
        {"jobId": ID, "nominalAt": "2026-01-01T02:00:00.000Z", "decision": "skippedOverlap", "reason": "it still runs", "run": None},
    ],
}  # fmt: skip


def test_a_simulation_is_a_summary_rows_and_load(rota: Run, coordinator: Any) -> None:
    coordinator.on("POST", "simulate", SIMULATED)
    done = rota("simulate", ID, "--every", "1h", "--duration", "90m", "--days", "1", "--slots", "2")
    assert coordinator.last("POST").body == {
        "days": 1, "jobIds": [ID], "schedule": {"every": "1h"}, "durations": {ID: 5400, "unsaved": 5400}, "slots": 2,
    }  # fmt: skip
    lines = done.stdout.splitlines()
    assert lines[0] == "1 fired, 1 skippedOverlap"
    assert lines[3].split() == ["2026-01-01T01:00:00.000Z", "report", "fired", "1m", "-"]
    assert lines[-1].split() == ["default", "1", "1h", "1m", "2026-01-01T01:00Z", "1h"]
    assert "zero is assumed: report" in done.stderr
    assert json.loads(rota("simulate", "--json").stdout) == SIMULATED


def test_a_dry_run_says_what_would_change(rota: Run, coordinator: Any) -> None:
    moved = {
        "summary": "moves 1 run",
        "removed": [],
        "added": [],
        "moved": [{"from": "2026-01-01T06:00Z", "to": "2026-01-01T07:00Z"}],
    }
    coordinator.on("GET", f"schedules/{ID}", {"id": ID, "rule": {"every": "1h", "overlap": "allow"}})
    coordinator.on(
        "PUT", f"schedules/{ID}", moved, {"id": ID, "describe": "x", "difference": {"summary": "moves 1 run"}}
    )
    done = rota("schedules", "update", ID, "--every", "2h", "--dry-run")
    sent = coordinator.last("PUT")
    assert (sent.query, sent.body) == ({"dryRun": "true"}, {"overlap": "allow", "every": "2h"})
    assert done.stdout.splitlines()[0] == "moves 1 run"
    assert done.stdout.splitlines()[2].split() == ["moved", "2026-01-01T06:00Z", "2026-01-01T07:00Z"]
    saved = rota("schedules", "update", ID, "--every", "2h")
    assert (coordinator.last("PUT").query, saved.stdout.splitlines()[1]) == ({}, "moves 1 run")


def test_a_dry_run_of_a_calendar(rota: Run, coordinator: Any) -> None:
    effect = {"scheduleId": ID, "jobName": "report", "difference": {"summary": "moves 1 run"}}
    coordinator.on(
        "PUT",
        "calendars/plant/overrides/2026-12-24",
        {"schedules": 200, "compared": 100, "changed": 1, "items": [effect]},
    )
    done = rota("calendars", "override", "plant", "2026-12-24", "--off", "--dry-run")
    assert done.stdout.splitlines() == [
        "1 of 100 schedules would run at other times",
        f"{ID} of report: moves 1 run",
    ]
    assert rota("calendars", "override", "plant", "2026-12-24", "--remove", "--dry-run").exit_code == 2


@pytest.mark.parametrize(
    ("severity", "flags", "code"), [("error", (), 1), ("warning", (), 0), ("warning", ("--strict",), 1)]
)
def test_lint_fails_on_errors(rota: Run, coordinator: Any, severity: str, flags: tuple[str, ...], code: int) -> None:
    finding = {"jobName": "report", "code": "neverFires", "severity": severity, "says": "it never fires any more"}
    coordinator.on("GET", "lint", {"items": [finding], "nextCursor": None})
    done = rota("lint", *flags)
    assert done.exit_code == code
    assert done.stdout.splitlines()[1].split()[:3] == [severity, "report", "neverFires"]


def test_files_are_linted_without_a_server(rota: Run, coordinator: Any, tmp_path: Path) -> None:
    file = tmp_path / "jobs.json"
    job = {"name": "report", "jobType": "echo", "teamName": "data", "timeoutSeconds": 60, "schedule": {"every": "1h"}}
    file.write_text(json.dumps({"jobs": [job]}))
    done = rota("lint", "-f", str(file), "--strict")
    assert (done.exit_code, coordinator.requests) == (0, [])
    file.write_text(json.dumps(job | {"schedule": {"daily": {"at": "06:00"}}}))
    assert json.loads(rota("lint", "-f", str(file), "--json").stdout)[0]["code"] == "zoneMissing"
    assert rota("lint", "-f", str(file), "--strict").exit_code == 1
    for content in ("{", "[1]", json.dumps(job | {"schedule": {"cron": "x"}})):
        file.write_text(content)
        assert rota("lint", "-f", str(file)).exit_code == 2
    assert rota("lint", "-f", str(tmp_path / "none.json")).exit_code == 2
