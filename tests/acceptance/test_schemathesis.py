"""Thousands of requests made up from the OpenAPI document, right ones and wrong ones: none may end in a 5xx."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from driver import Rota

SCHEMATHESIS = str(Path(sys.executable).with_name("schemathesis"))
NEVER_ENDS = "GET /api/events"
LOCKS_US_OUT = "DELETE /api/keys/{id}"
"""Deletes the key that everything after it needs."""
WAITS = {"follow", "prefer", "waitSeconds"}
"""What makes an answer wait for something to happen, for as long as it takes."""


@pytest.mark.parametrize(
    ("least", "phases", "examples"),
    [
        (100, "examples,fuzzing", 6),
        pytest.param(10_000, "examples,coverage,fuzzing,stateful", 250, marks=pytest.mark.heavy),
    ],
)
@pytest.mark.timeout(1500)
def test_no_request_ends_in_a_5xx(
    make_rota: Callable[..., Rota], figure: Callable[[str], None], least: int, phases: str, examples: int
) -> None:
    workload = Path(__file__).with_name("workload.py")
    with make_rota(apps=[workload]) as rota:
        some_history(rota)
        assert rota.stop() == 0
        rota.start("server").wait_ready()  # nothing that is made up here is run
        report = run(rota, phases, examples)
        cases, failures = report["test_cases"], report["failures"]
        server_errors = sum(failure["count"] for failure in failures)
        operations = report["operations"]["tested"]
        figure(
            f"schemathesis: {cases['generated']} cases over {operations} operations ({phases}), seed {report['seed']}:"
            f" 5xx = {server_errors}, without an answer = {cases['errored']}"
        )
        assert failures == []
        assert report["errors"] == []
        assert cases["generated"] >= least
        assert rota.get("/health/ready") == {"status": "ready"}
        assert rota.get("/api/executions", limit=1)["items"]  # the token still opens
        assert "Traceback" not in rota.errors


def some_history(rota: Rota) -> None:
    """Something to find: a job with a schedule, executions that ended in several ways."""
    job = rota.post("/api/jobs", {"name": "found", "jobType": "echo", "schedule": {"every": "1h"}})
    rota.triggered(job["id"])
    rota.finished(rota.submit("system-exit", maxRetries=0))
    rota.submit("echo", delaySeconds=3600)


def run(rota: Rota, phases: str, examples: int) -> Any:
    """Run schemathesis against a coordinator; its report."""
    document, report = rota.folder / "openapi.json", rota.folder / "report.json"
    document.write_text(json.dumps(without_waits(rota.get("/openapi.json"))))
    command = [SCHEMATHESIS, "run", str(document), "--url", rota.url, "--header", f"Authorization: Bearer {rota.token}"]
    command += ["--checks", "not_a_server_error", "--mode", "all", "--phases", phases, "--max-examples", str(examples)]
    command += ["--exclude-name", NEVER_ENDS, "--exclude-name", LOCKS_US_OUT, "--request-timeout", "20"]
    command += [
        "--continue-on-failure",
        "--suppress-health-check",
        "all",
        "--generation-database",
        "none",
        "--no-color",
    ]
    command += ["--report", "json", "--report-json-path", str(report)]
    said = subprocess.run(command, cwd=rota.folder, capture_output=True, text=True, timeout=1400)
    assert report.exists(), said.stdout + said.stderr
    if said.returncode != 0:
        print(said.stdout)
    return json.loads(report.read_text())


def without_waits(node: Any) -> Any:
    """The document without the fields and parameters that make an answer wait."""
    if isinstance(node, list):
        kept = [one for one in node if not (isinstance(one, dict) and one.get("name") in WAITS)]
        return [without_waits(one) for one in kept]
    if isinstance(node, dict):
        return {name: without_waits(value) for name, value in node.items() if name not in WAITS}
    return node
