"""Request bodies that were written for other schedulers, taken as they are: accepted, run, and seen at the other end.

Only addresses are replaced, by that of a server of ours which records what reaches it.
"""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from driver import Rota

WEBHOOK = """
{
  "name": "Webhook Notification",
  "description": "Send notification to external webhook",
  "jobType": "https://api.example.com/webhook",
  "cronExpression": "0 0 * * *",
  "retryCount": 5,
  "timeoutSeconds": 30,
  "parameters": {
    "HttpMethod": "POST",
    "ContentType": "application/json",
    "Header_Authorization": "Bearer YOUR_TOKEN",
    "Header_X-Custom-Header": "CustomValue",
    "message": "Daily report notification",
    "timestamp": "auto"
  }
}
"""
HEALTH_CHECK = """
{
  "name": "External Service Health Check",
  "description": "Check if external service is healthy",
  "jobType": "https://api.example.com/health",
  "cronExpression": "*/5 * * * *",
  "retryCount": 1,
  "timeoutSeconds": 10,
  "parameters": {
    "HttpMethod": "GET"
  }
}
"""
HTTP_TEST = """
{
  "name": "HTTP Test - JSONPlaceholder",
  "description": "Test HTTP executor with public API",
  "jobType": "https://jsonplaceholder.typicode.com/posts/1",
  "cronExpression": "*/1 * * * *",
  "retryCount": 2,
  "timeoutSeconds": 10,
  "parameters": {
    "HttpMethod": "GET"
  }
}
"""
CUSTOM_JOB = """
{
  "name": "My Custom Job",
  "description": "Custom job description",
  "jobType": "MyNamespace.MyCustomJob, MyAssembly",
  "cronExpression": "0 */5 * * *",
  "retryCount": 3,
  "timeoutSeconds": 600,
  "parameters": {
    "configKey": "configValue"
  }
}
"""
INTERNAL_JOB = """
{
  "name": "Health Check Test",
  "description": "Test internal job execution",
  "jobType": "SchedulerService.Infrastructure.Jobs.HealthCheckJob, SchedulerService.Infrastructure",
  "cronExpression": "*/1 * * * *",
  "retryCount": 2,
  "timeoutSeconds": 30,
  "parameters": {}
}
"""
NEW_TIMEOUT = '{"timeoutSeconds": 600}'
SAMPLE = """
{
  "name": "My Job",
  "type": "sample",
  "payload": "Hello, World!",
  "maxRetries": 3,
  "priority": 5
}
"""
DAILY_SALES_REPORT = """
{
  "name": "Daily Sales Report",
  "description": "Generates daily sales reports",
  "category": "Reporting",
  "allowedEnvironments": 7,
  "executionMode": 1,
  "executionAssembly": "SalesReports.dll",
  "executionTypeName": "SalesReports.DailyReportJob",
  "timeoutSeconds": 300,
  "maxRetries": 3,
  "retryStrategy": 3,
  "baseDelaySeconds": 30,
  "maxConcurrentExecutions": 1,
  "ownerName": "John Smith",
  "ownerEmail": "john.smith@company.com",
  "teamName": "Data Analytics",
  "createdBy": "admin@company.com"
}
"""
DAILY_SCHEDULE = """
{
  "jobDefinitionId": "a1b2c3d4-e5f6-4a5b-8c9d-0e1f2a3b4c5d",
  "scheduleType": 2,
  "timeOfDay": "06:00:00",
  "createdBy": "admin@company.com"
}
"""


@dataclass
class Seen:
    """One request that reached the recording server."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Recorder:
    """A web server that answers 200 to everything and remembers it."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        recorder = self

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                recorder.seen.append(Seen(self.command, self.path, dict(self.headers), body))
                reply = b'{"received": true}'
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(reply)))
                self.end_headers()
                self.wfile.write(reply)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def at(self, path: str) -> list[Seen]:
        """What came for one path."""
        return [one for one in self.seen if one.path == path]

    def close(self) -> None:
        """Stop."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture(scope="module")
def recorder() -> Iterator[Recorder]:
    made = Recorder()
    yield made
    made.close()


@pytest.fixture(scope="module")
def rota(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rota]:
    folder = tmp_path_factory.mktemp("seeds") / "rota"
    application = Path(__file__).with_name("workload.py")
    with Rota(folder, apps=[application], variables={"ROTA_HTTP__ALLOW_PRIVATE": "127.0.0.0/8"}) as running:
        yield running


def create(rota: Rota, body: str) -> Any:
    """POST a body as it is."""
    response = rota.client.post("/api/jobs", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 201, response.text
    made = response.json()
    assert response.headers["Location"] == f"/api/jobs/{made['id']}"
    return made


def run(rota: Rota, body: str) -> Any:
    """Create a job from a body as it is, trigger it, and give the execution, which must have succeeded."""
    job_id = create(rota, body)["id"]
    execution = rota.triggered(job_id)
    assert execution["state"] == "Succeeded", execution
    assert execution["jobId"] == job_id
    of_job = rota.get(f"/api/executions/job/{job_id}")["items"]
    assert execution["id"] in [one["id"] for one in of_job]
    assert execution["id"] in [one["id"] for one in rota.get("/api/executions/recent", limit=50)["items"]]
    return execution


def test_a_webhook_with_headers(rota: Rota, recorder: Recorder) -> None:
    execution = run(rota, WEBHOOK.replace("https://api.example.com", recorder.url))
    (seen,) = recorder.at("/webhook")
    assert seen.method == "POST"
    assert seen.headers["Authorization"] == "Bearer YOUR_TOKEN"
    assert seen.headers["X-Custom-Header"] == "CustomValue"
    assert seen.headers["Content-Type"] == "application/json"
    assert json.loads(seen.body) == {"message": "Daily report notification", "timestamp": "auto"}
    assert "received" in json.dumps(execution["result"])
    assert execution["maxAttempts"] == 6
    assert execution["timeoutSeconds"] == 30


@pytest.mark.parametrize(
    ("body", "address", "path"),
    [
        (HEALTH_CHECK, "https://api.example.com", "/health"),
        (HTTP_TEST, "https://jsonplaceholder.typicode.com", "/posts/1"),
    ],
)
def test_a_get_with_nothing_but_its_method(rota: Rota, recorder: Recorder, body: str, address: str, path: str) -> None:
    run(rota, body.replace(address, recorder.url))
    seen = recorder.at(path)[0]  # its schedule may have fired too
    assert seen.method == "GET"
    assert seen.body == b""
    assert "Authorization" not in seen.headers


def test_jobs_under_assembly_qualified_names(rota: Rota) -> None:
    assert run(rota, CUSTOM_JOB)["result"] == "configValue"
    execution = run(rota, INTERNAL_JOB)
    assert execution["result"] == "healthy"
    response = rota.client.put(
        f"/api/jobs/{execution['jobId']}", content=NEW_TIMEOUT, headers={"Content-Type": "application/json"}
    )
    assert response.status_code == 200, response.text
    assert response.json()["timeoutSeconds"] == 600
    assert response.json()["name"] == "Health Check Test"


@pytest.mark.parametrize("type", ["sample", "echo"])
def test_a_submission(rota: Rota, type: str) -> None:
    made = create(rota, SAMPLE.replace('"sample"', f'"{type}"'))
    assert made["status"] in ("Pending", "Running", "Succeeded")
    execution = rota.finished(made["id"])
    assert execution["state"] == "Succeeded"
    assert execution["priority"] == 5
    assert execution["maxAttempts"] == 4
    lines = [line["text"] for line in rota.get(f"/api/executions/{made['id']}/logs")["items"]]
    assert any("Hello, World!" in line for line in lines)
    status = rota.get(f"/api/jobs/{made['id']}")
    assert (status["id"], status["status"]) == (made["id"], "Succeeded")
    completed = rota.get("/api/jobs", status="Completed")["items"]
    assert made["id"] in [one["id"] for one in completed]


def test_a_report_with_flags_and_numbers(rota: Rota) -> None:
    execution = run(rota, DAILY_SALES_REPORT)
    assert execution["result"] == {"rows": 42}
    job = rota.get(f"/api/jobs/{execution['jobId']}")
    assert sorted(job["allowedEnvironments"]) == ["DEV", "HOM", "PROD"]
    assert job["executionMode"] == "inProcess"
    assert job["retryStrategy"] == "exponentialJitter"
    assert job["retryCount"] == 3
    assert job["baseDelaySeconds"] == 30
    assert job["maxConcurrentExecutions"] == 1
    assert (job["ownerName"], job["ownerEmail"]) == ("John Smith", "john.smith@company.com")
    assert (job["teamName"], job["category"]) == ("Data Analytics", "Reporting")
    assert job["createdBy"] == "admin@company.com"

    body = DAILY_SCHEDULE.replace("a1b2c3d4-e5f6-4a5b-8c9d-0e1f2a3b4c5d", job["id"])
    response = rota.client.post("/api/schedules", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 201, response.text
    schedule = response.json()
    assert schedule["jobId"] == job["id"]
    assert schedule["createdBy"] == "admin@company.com"
    following = datetime.fromisoformat(schedule["nextAt"])
    assert (following.hour, following.minute, following.second) == (6, 0, 0)
    upcoming = rota.get(f"/api/jobs/{job['id']}/next", count=3)["items"]
    assert [one["at"][11:19] for one in upcoming] == ["06:00:00"] * 3
    status = rota.client.put(f"/api/jobs/{job['id']}/status", json={"enabled": False})
    assert status.status_code == 200, status.text
    assert rota.client.post(f"/api/jobs/{job['id']}/trigger", json={}).status_code == 409


def test_an_assembly_and_a_type_find_a_function_by_its_place(rota: Rota) -> None:
    for words in (
        {"executionAssembly": "workload", "executionTypeName": "workload.rows"},
        {"jobType": "workload.rows"},
    ):
        assert run(rota, json.dumps({"name": f"by {len(words)}", **words}))["result"] == 42
    (worker,), (shown,) = rota.get("/api/workers")["items"], rota.get("/api/views/fleet")["workers"]
    assert {"workload.rows", "workload:rows"} <= set(worker["types"])
    assert shown["typeCount"] == len(worker["types"]) - 1, "a function whose name says its place is told once"


def test_the_lists_and_pages_of_the_peers(rota: Rota) -> None:
    for path in (
        "/api/executions/running",
        "/api/executions/failed-today",
        "/api/executions/recent",
        "/api/jobs",
        "/api/workers",
        "/api/dashboard/stats",
        "/health",
        "/health/live",
        "/health/ready",
        "/health/jobs",
    ):
        assert isinstance(rota.get(path), dict), path
    assert rota.get("/health")["status"] == "healthy"
    assert "swagger" in rota.client.get("/swagger").text.lower()
    assert "/api/jobs/{id}/trigger" in rota.get("/openapi.json")["paths"]
