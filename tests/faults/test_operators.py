"""F31: people cancel, retry, pause and delete at every moment, all at once, on a dead worker's work too."""

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
from driver import TERMINAL, eventually
from evidence import Evidence
from fleet import BOUND, HEARTBEAT, Fleet
from recording import Recorder

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]


def test_f31_operators_race(fleet: Fleet, seed: int, report: Callable[..., None]) -> None:
    draw = random.Random(seed)
    fleet.coordinator()
    for name in ("first", "second"):
        fleet.worker(name, "--concurrency", "40")
    fleet.wait_alive()
    recorder = Recorder([fleet.api.url])
    recorder.submit(
        [{"type": "work", "payload": {"seconds": draw.choice((0.0, 0.3, 2.0))}, "maxRetries": 3} for _ in range(300)],
        prefix="raced",
    )
    jobs = [fleet.api.post("/api/jobs", {"name": f"job-{n}", "jobType": "work"})["id"] for n in range(10)]
    ids = sorted(recorder.accepted)
    acts = [
        *((f"/api/executions/{draw.choice(ids)}/{verb}", {}) for verb in ("cancel", "retry") for _ in range(250)),
        *((f"/api/jobs/{draw.choice(jobs)}/{verb}", None) for verb in ("trigger", "pause", "resume", "disable", "enable", "cancel") for _ in range(40)),
    ]  # fmt: skip
    draw.shuffle(acts)
    statuses: list[int] = []

    def act(item: tuple[str, object]) -> None:
        with fleet.api.new_client() as client:
            try:
                statuses.append(client.post(item[0], json=item[1]).status_code)
            except httpx2.TransportError:
                statuses.append(0)

    with fleet.told("operators", "everything", {-1}), ThreadPoolExecutor(50) as pool:
        racing = [pool.submit(act, item) for item in acts]
        fleet.kill("first", whole=True)
        for one in racing:
            one.result()
    fleet.restart("first")
    for job in jobs:
        fleet.api.client.post(f"/api/jobs/{job}/enable")
        fleet.api.client.post(f"/api/jobs/{job}/resume")
    fleet.wait_idle(90)
    evidence = Evidence.gathered(fleet, recorder, expected=("Succeeded", "Cancelled", "Failed"))
    fleet.stop()
    report(
        "F31",
        f"{len(acts)} cancels, retries, triggers, pauses by 50 people at once, a worker dies meanwhile",
        [("answers 5xx or none", sum(status >= 500 or status == 0 for status in statuses), 0)],
        evidence=evidence,
    )


@pytest.mark.parametrize("dead", [False, True], ids=["running", "on a dead worker"])
def test_f31_a_cancellation_takes_effect(fleet: Fleet, report: Callable[..., None], dead: bool) -> None:
    fleet.coordinator()
    fleet.worker("worker", "--concurrency", "10")
    fleet.wait_alive()
    recorder = Recorder([fleet.api.url])
    recorder.submit([{"type": "work", "payload": {"seconds": 60}, "maxRetries": 3} for _ in range(10)], prefix="held")
    eventually(lambda: fleet.api.get("/health/jobs")["running"] == 10, 20, "it is under way")
    if dead:
        fleet.kill("worker", whole=True)
    asked = time.monotonic()
    for id in recorder.accepted:
        fleet.api.post(f"/api/executions/{id}/cancel", {}, status=202)
    eventually(lambda: all(fleet.api.state(id) in TERMINAL for id in recorder.accepted), 60, "all of it has ended")
    took = time.monotonic() - asked
    evidence = Evidence.gathered(fleet, recorder, expected=("Cancelled",))
    fleet.stop()
    report(
        "F31",
        "a cancellation " + ("of a dead worker's work" if dead else "of running work"),
        [("takes effect s", took, BOUND + 1.5 if dead else HEARTBEAT + 1)],
        evidence=evidence,
    )
