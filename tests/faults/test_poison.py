"""F30, F32, F33: work that takes its process down, work that few can do, and a row that cannot be read."""

from collections.abc import Callable

import pytest
from driver import eventually
from evidence import Evidence
from fleet import BOUND, Fleet
from recording import Recorder

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

ATTEMPTS = 3
KEPT = 1_048_576
"""ROTA_ENGINE__LOG_BYTES: the log kept of an attempt."""


@pytest.mark.stores("sqlite", "postgres", "mariadb")
def test_f30_poison(fleet: Fleet, report: Callable[..., None]) -> None:
    """Jobs that exit, crash, eat memory or fork: tried exactly as often as allowed, then dead letters; neighbours are well."""
    fleet.coordinator()
    fleet.worker("worker", "--concurrency", "12", variables={"ROTA_ENGINE__MAX_PROCESSES": "6"})
    fleet.wait_alive()
    worker = fleet.workers["worker"].pid
    poison, neighbours = Recorder([fleet.api.url]), Recorder([fleet.api.url])
    retries = {"maxRetries": ATTEMPTS - 1, "timeoutSeconds": 4}
    poison.submit(
        [{"type": type, **retries} for type in ("exit-hard", "segfault", "eat-memory", "fork-bomb") for _ in range(2)],
        prefix="poison",
    )
    neighbours.submit([{"type": "flood", "payload": {"megabytes": 20}, "timeoutSeconds": 60}], prefix="flood")
    neighbours.submit(
        [{"type": ("work", "work-in-process")[number % 2], "maxRetries": 0} for number in range(200)],
        prefix="neighbour",
    )
    fleet.wait_idle(120)
    evidence = Evidence.gathered(fleet, neighbours, poison, expected=("Succeeded", "Failed"))
    logs = max(
        int(size or 0) for (size,) in fleet.store.rows("SELECT sum(length(text)) FROM logs GROUP BY execution_id")
    )
    alive = [one for one in fleet.alive() if one["state"] == "Alive"]
    restarts = len(fleet.store.rows("SELECT id FROM workers")) - 1
    fleet.stop()
    assert fleet.owners == {**fleet.owners, worker: "worker"}
    wrong = [id for id in poison.accepted if evidence.answers[id] != ("Failed", ATTEMPTS)]
    hurt = [id for id in neighbours.accepted if evidence.answers[id][0] != "Succeeded"]
    report(
        "F30",
        "jobs that exit, crash, eat memory, fork and flood",
        [
            ("attempts not as allowed", len(wrong), 0),
            ("neighbours failed", len(hurt), 0),
            ("worker restarts", restarts + 1 - len(alive), 0),
            ("log bytes kept", logs, KEPT + 65_536),
        ],
        jobs=len(evidence.accepted),
        evidence=evidence,
    )


def test_f32_a_job_that_few_can_do(fleet: Fleet, report: Callable[..., None]) -> None:
    """Lost with the only worker that has the job, it waits for the next one that has it, beside one that has not."""
    fleet.coordinator()
    fleet.worker("able", "--concurrency", "10")
    fleet.wait_alive()
    recorder = Recorder([fleet.api.url])
    body = {"type": "work", "payload": {"seconds": 8}, "maxRetries": 20}
    recorder.submit([body for _ in range(10)], prefix="held")
    eventually(lambda: fleet.api.get("/health/jobs")["running"] == 10, 20, "the able one has it all")
    fleet.stranger("stranger", "--concurrency", "10")
    fleet.wait_alive()
    fleet.kill("able", whole=True)
    eventually(lambda: fleet.api.get("/health/jobs")["running"] == 0, BOUND + 20, "what it held is free")
    job = fleet.api.post("/api/jobs", {"name": "mine", "jobType": "work"})["id"]
    fleet.api.post(f"/api/jobs/{job}/trigger", {}, status=202)
    why = str(fleet.api.get(f"/api/jobs/{job}/why"))
    ((taken,),) = fleet.store.rows("SELECT count(*) FROM history")
    fleet.restart("able")
    fleet.wait_idle(40)
    evidence = Evidence.gathered(fleet, recorder)
    fleet.stop()
    shown = "no worker" in why.lower()
    report(
        "F32",
        "work lost beside a worker that does not know it",
        [("discarded", int(taken), 0), ("reason not shown", not shown, 0)],
        evidence=evidence,
    )


def test_f33_one_bad_row(fleet: Fleet, report: Callable[..., None]) -> None:
    """A schedule, an execution and a retry rule that cannot be read: each is set aside alone, and the rest goes on."""
    fleet.coordinator()
    api = fleet.api
    anchor = "2026-01-01T00:00:00Z"
    rule = {"every": "1s", "anchor": anchor, "overlap": "allow"}
    ids = [api.post("/api/jobs", {"name": f"row-{n}", "jobType": "work", "schedule": rule})["id"] for n in range(10)]
    bad = api.get("/api/schedules", limit=500)["items"][0]["id"]
    fleet.store.execute(f"UPDATE schedules SET rule = '{{\"every\": \"never\"}}' WHERE id = '{bad}'")  # type: ignore[attr-defined]
    fleet.worker("worker", "--concurrency", "20")
    fleet.wait_alive()
    recorder = Recorder([api.url])
    recorder.submit([{"type": "work", "payload": {"seconds": 6}, "maxRetries": 5} for _ in range(10)], prefix="row")
    eventually(lambda: api.get("/health/jobs")["running"] >= 10, 20, "they run")
    broken = sorted(recorder.accepted)[0]
    fleet.store.execute(f"UPDATE executions SET retry = 'no JSON' WHERE id = '{broken}'")  # type: ignore[attr-defined]
    with fleet.told("row broken", "store", {fleet.workers["worker"].pid}):
        fleet.kill("worker", whole=True)
        fleet.restart("worker")
    others = sorted(recorder.accepted - {broken})
    eventually(lambda: all(api.state(id) == "Succeeded" for id in others), 60, "the others are taken up and end")

    def fired() -> int:
        rows = fleet.store.rows("SELECT schedule_id FROM occurrences WHERE decision = 'fired' GROUP BY schedule_id")
        return len(rows)

    eventually(lambda: fired() >= 9, 30, "the other schedules fire")
    ((aside,),) = fleet.store.rows(f"SELECT state FROM schedules WHERE id = '{bad}'")
    ((broken_is,),) = fleet.store.rows(
        f"SELECT state FROM executions WHERE id = '{broken}' UNION ALL SELECT state FROM history WHERE id = '{broken}'"
    )
    ((owner,),) = fleet.store.rows(f"SELECT job_id FROM schedules WHERE id = '{bad}'")
    for id in set(ids) - {str(owner)}:
        api.post(f"/api/jobs/{id}/disable", status=200)
    fleet.stop()
    report(
        "F33",
        "a schedule and an execution that cannot be read",
        [("others that stopped", 9 - fired(), 0), ("rows skipped", 2, 2)],
        jobs=len(recorder.accepted),
        note=f"the schedule is {aside}, the execution {broken_is}",
    )
