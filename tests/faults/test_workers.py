"""F01, F03, F09: workers that are killed, frozen past their lease, or simply busy for long."""

import random
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest
from driver import eventually
from evidence import Evidence, spread
from fleet import BOUND, LEASE, MARGIN, Fleet
from recording import Recorder
from witness import read

pytestmark = [pytest.mark.faults, pytest.mark.stores("sqlite", "postgres", "mariadb"), pytest.mark.timeout(300)]

IN_FLIGHT = 200
BUSY = 160
"""How many run at the least when a kill comes."""
SLOTS = 260
"""Of each worker: either alone has room for all that is in flight, so that no restart waits for a slot."""
SLACK = 1.5
"""Seconds that two busy cores may add."""


def body(seconds: float, type: str = "work") -> dict[str, object]:
    """A submission that may be cut short as often as the plan says."""
    return {"type": type, "payload": {"seconds": seconds}, "maxRetries": 200, "timeoutSeconds": 300}


def test_f01_killed_workers(fleet: Fleet, seed: int, report: Callable[..., None]) -> None:
    """20 kills with 200 jobs in flight: every job ends, what was killed is a lost attempt, and nothing is left over."""
    draw = random.Random(seed)
    fleet.coordinator()
    for name in ("first", "second"):
        fleet.worker(name, "--concurrency", str(SLOTS))
    fleet.wait_alive()
    recorder = Recorder([fleet.api.url])
    numbers = count()

    def fill() -> None:
        busy = sum(fleet.api.get("/health/jobs")[name] for name in ("running", "pending", "retrying"))
        missing = max(0, IN_FLIGHT + 20 - busy)
        kinds = ["work-in-process" if draw.random() < 0.1 else "work" for _ in range(missing)]
        bodies = [body(draw.uniform(4, 8) / (3 if kind != "work" else 1), kind) for kind in kinds]
        recorder.submit(bodies, prefix=f"fill-{next(numbers)}", threads=6)

    orphans = 0
    for kill in range(20):
        fill()
        name = _busiest(fleet)
        eventually(lambda: fleet.api.get("/health/jobs")["running"] >= BUSY, 30, "enough is in flight")
        left = set(fleet.workers[name].processes())
        fleet.kill(name, whole=kill % 4 == 1)
        fleet.restart(name)
        orphans += len(_still_there(left))
        fleet.wait_alive(within=30)
    fleet.wait_idle(90)
    evidence = Evidence.gathered(fleet, recorder)
    fleet.stop()
    assert evidence.attempts("Lost") > IN_FLIGHT, "the kills hit next to nothing: the test has shown nothing"
    killed, cut = evidence.recoveries("kill"), evidence.recoveries("power cut")
    report(
        "F01",
        "20 kills of a worker in mid-job",
        [
            ("orphans", orphans, 0),
            ("restart after kill max", max(killed), BOUND + SLACK),
            ("after power cut max", max(cut), BOUND + SLACK),
        ],
        evidence=evidence,
        note=f"kill {spread(killed)}, power cut {spread(cut)}, lost attempts {evidence.attempts('Lost')}",
    )


def _busiest(fleet: Fleet) -> str:
    """The name of the worker that runs most."""
    busiest = max(fleet.alive(), key=lambda worker: worker["running"])
    ((pid,),) = fleet.store.rows(f"SELECT pid FROM workers WHERE id = '{busiest['id']}'")
    return fleet.owners[pid]


def _still_there(pids: set[int]) -> set[int]:
    """What is left of these processes some seconds later."""
    deadline = time.monotonic() + 12
    while (left := {pid for pid in pids if Path(f"/proc/{pid}").exists()}) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


@pytest.mark.parametrize("whole", [False, True], ids=["the worker", "its guard too"])
def test_f03_frozen_past_the_lease(fleet: Fleet, report: Callable[..., None], whole: bool) -> None:
    """SIGSTOP, another does the work, SIGCONT: the zombie stops within M and nothing that it says is accepted."""
    fleet.coordinator()
    fleet.worker("zombie", "--concurrency", "30")
    fleet.wait_alive()
    recorder = Recorder([fleet.api.url])
    recorder.submit([body(4.0, "ticking") for _ in range(30)], prefix="ticking")
    eventually(lambda: fleet.api.get("/health/jobs")["running"] == 30, 30, "the worker to be frozen has it all")
    with fleet.frozen("zombie", whole=whole) as fault:
        fleet.worker("other", "--concurrency", "30")
        eventually(lambda: _attempts_begun(fleet, 2) == 30, BOUND + 20, "another has started all of it")
    woken = fault.end
    fleet.wait_idle(60)
    fleet.wait_alive(within=30)
    evidence = Evidence.gathered(fleet, recorder)
    fleet.stop()
    first = [line for line in evidence.lines if line.attempt == 1 and line.at > woken and line.what != "start"]
    latency = max([(line.at - woken) / 1e9 for line in first], default=0.0)
    recoveries = evidence.recoveries()
    report(
        "F03",
        f"frozen past its lease, {'with its guard' if whole else 'guard alive'}",
        [
            ("late ends accepted", _accepted_late(evidence), 0),
            ("zombie stop latency", latency, MARGIN),
            ("recovery max", max(recoveries), BOUND + SLACK),
        ],
        evidence=evidence,
        note=f"recovery {spread(recoveries)}, effects of zombies {len(first)}",
    )


def _attempts_begun(fleet: Fleet, number: int) -> int:
    return sum(line.what == "start" and line.attempt == number for line in read(fleet.witness))


def _accepted_late(evidence: Evidence) -> int:
    """Attempts of the frozen incarnation that count as succeeded although they were lost before."""
    return sum(one.state == "Succeeded" and one.number == 1 for one in evidence.history.tried)


def test_f09_longer_than_many_leases(fleet: Fleet, report: Callable[..., None]) -> None:
    """50 jobs of several leases, with another worker restarted all the while: each is started once."""
    fleet.coordinator()
    fleet.worker("steady", "--concurrency", "50")
    fleet.wait_alive()
    recorder = Recorder([fleet.api.url])
    recorder.submit([body(3.5 * LEASE) for _ in range(50)], prefix="long")
    eventually(lambda: fleet.api.get("/health/jobs")["running"] == 50, 30, "all of them run")
    fleet.worker("restless", "--concurrency", "50")
    restarts = 0
    while not fleet.idle():
        fleet.wait_alive(within=30)
        fleet.kill("restless", whole=restarts % 2 == 1)
        fleet.restart("restless")
        restarts += 1
    evidence = Evidence.gathered(fleet, recorder)
    fleet.stop()
    starts = sum(line.what == "start" for line in evidence.lines)
    report(
        "F09",
        f"50 jobs of {3.5 * LEASE:g} s under a lease of {LEASE:g} s, {restarts} restarts beside them",
        [("duplicate starts", starts - 50, 0), ("false convictions", len(evidence.verdict.convicted_alive), 0)],
        evidence=evidence,
    )
