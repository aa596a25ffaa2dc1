"""F36: the change is committed and its reply is cut off: at every write, whoever asked asks again, and nothing doubles."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest
from driver import TOKEN, eventually
from evidence import Evidence, spread
from fleet import BOUND, Fleet
from proxy import ChaosProxy
from recording import Recorder

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

SLACK = 1.5


def cut_once(proxy: ChaosProxy, url: str, method: str, path: str, body: object, key: str) -> tuple[Any, Any]:
    """Ask twice under one key, the first time with the reply cut off; what the second is told, and the first's fate."""
    fate = "answered"
    proxy.cut_reply_of(lambda chunk: chunk.startswith(method.encode()))
    with httpx2.Client(base_url=url, headers={"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": key}) as client:
        try:
            client.request(method, path, json=body)
        except httpx2.TransportError:
            fate = "cut"
        return client.request(method, path, json=body), fate


@pytest.mark.stores("sqlite", "postgres", "mariadb")
def test_f36_replies_of_the_api_are_cut(fleet: Fleet, report: Callable[..., None]) -> None:
    """Submission, definition, trigger and schedule: the repetition is told what was made, and nothing is made twice."""
    coordinator = fleet.coordinator()
    fleet.worker("worker", "--concurrency", "10")
    fleet.wait_alive()
    doubled, cut = 0, 0
    recorder = Recorder([coordinator.url])
    with ChaosProxy(coordinator.port) as proxy:
        url = f"http://127.0.0.1:{proxy.port}"
        job = coordinator.post("/api/jobs", {"name": "mine", "jobType": "work"})["id"]
        asked = [
            ("/api/jobs", {"type": "work", "maxRetries": 5}, 201, "SELECT count(*) FROM {} WHERE job_id IS NULL"),
            ("/api/jobs", {"name": "again", "jobType": "work"}, 201, "SELECT count(*) FROM jobs WHERE name = 'again'"),
            (f"/api/jobs/{job}/trigger", {}, 202, "SELECT count(*) FROM {} WHERE job_id = '" + job + "'"),
            ("/api/schedules", {"jobId": job, "every": "1h"}, 201, "SELECT count(*) FROM schedules"),
        ]
        for number in range(40):
            path, body, status, _ = asked[number % 4]
            if path == "/api/jobs" and "name" in body:
                body = {**body, "name": f"again-{number}"}
            with fleet.told("reply cut", "client"):
                answer, fate = cut_once(proxy, url, "POST", path, body, f"cut-{number}")
            assert answer.status_code == status, answer.text
            cut += fate == "cut"
    fleet.wait_idle(60)
    made = sum(int(fleet.store.rows(f"SELECT count(*) FROM {table}")[0][0]) for table in ("executions", "history"))
    named = int(fleet.store.rows("SELECT count(*) FROM jobs WHERE name LIKE 'again-%'")[0][0])
    planned = int(fleet.store.rows("SELECT count(*) FROM schedules")[0][0])
    doubled = (made - 20) + (named - 10) + (planned - 10)
    evidence = Evidence.gathered(fleet, recorder)
    fleet.stop()
    report(
        "F36",
        "the reply of the API is cut after the commit, and the request repeated",
        [("doubled", abs(doubled), 0), ("replies not cut", 40 - cut, 0)],
        jobs=made,
        evidence=evidence,
    )


def _is_commit(chunk: bytes) -> bool:
    return b"COMMIT" in chunk


@pytest.mark.stores("postgres", "mariadb")
def test_f36_commits_of_a_worker_are_cut(fleet: Fleet, report: Callable[..., None]) -> None:
    """The database commits a claim, a beat or a completion, and the worker hears an error."""
    with ChaosProxy(fleet.store.port) as proxy:
        fleet.coordinator()
        fleet.worker("worker", "--concurrency", "30", url=fleet.store.url_through(proxy.port))
        fleet.worker("other", "--concurrency", "30")
        fleet.wait_alive()
        recorder = Recorder([fleet.api.url])
        pids = {fleet.workers["worker"].pid}
        for round in range(12):
            recorder.submit(
                [{"type": "work", "payload": {"seconds": 0.2}, "maxRetries": 100} for _ in range(40)],
                prefix=f"round-{round}",
            )
            before = proxy.cuts
            with fleet.told("commit cut", "worker", pids):
                proxy.cut_reply_of(_is_commit, times=2)
                eventually(lambda before=before: proxy.cuts > before, 20, "a reply is cut")
        fleet.wait_idle(60)
        cuts = proxy.cuts
        evidence = Evidence.gathered(fleet, recorder)
        fleet.stop()
    freed = _orphans_freed(evidence)
    report(
        "F36",
        f"the reply to a worker's COMMIT is cut, {cuts} times",
        [
            ("several executions of a key", len(evidence.verdict.repeated), 0),
            ("orphan claim freed s", max(freed), BOUND + SLACK),
        ],
        evidence=evidence,
        note=f"orphan claims {spread(sorted(freed))}",
    )


@pytest.mark.stores("sqlite", "postgres", "mariadb")
def test_f36_replies_to_a_worker_over_http_are_cut(fleet: Fleet, report: Callable[..., None]) -> None:
    """The coordinator has committed what the worker told it or was given, and the worker hears an error."""
    coordinator = fleet.coordinator()
    with ChaosProxy(coordinator.port) as proxy:
        fleet.worker("worker", "--concurrency", "30", over_http=(f"http://127.0.0.1:{proxy.port}",))
        fleet.wait_alive()
        recorder = Recorder([coordinator.url])
        for round in range(12):
            recorder.submit(
                [{"type": "work", "payload": {"seconds": 0.2}, "maxRetries": 100} for _ in range(30)],
                prefix=f"round-{round}",
            )
            before = proxy.cuts
            with fleet.told("reply cut", "worker", {fleet.workers["worker"].pid}):
                proxy.cut_reply_of(lambda chunk: chunk.startswith(b"POST"), times=2)
                eventually(lambda before=before: proxy.cuts > before, 20, "a reply is cut")
        fleet.wait_idle(90)
        cuts = proxy.cuts
        evidence = Evidence.gathered(fleet, recorder)
        fleet.stop()
    freed = _orphans_freed(evidence)
    report(
        "F36",
        f"the reply to a worker over HTTP is cut, {cuts} times",
        [
            ("several executions of a key", len(evidence.verdict.repeated), 0),
            ("orphan claim freed s", max(freed), BOUND + SLACK),
        ],
        evidence=evidence,
        note=f"orphan claims {spread(sorted(freed))}",
    )


def _orphans_freed(evidence: Evidence) -> list[float]:
    """For each attempt that never began, because its claim was not heard of: seconds until it was free again."""
    begun = {(line.execution, line.token) for line in evidence.lines if line.what == "start"}
    return [0.0] + [
        (one.finished_at - one.started_at) / 1e6
        for one in evidence.history.tried
        if (one.execution_id, one.token) not in begun
    ]
