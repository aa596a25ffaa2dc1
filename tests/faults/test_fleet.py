"""The whole fleet on one PostgreSQL: two coordinators, two workers of the store and two over HTTP, and every kind of fault.

ROTA_FLEET_JOBS says how many jobs (100,000). The faults are drawn from the seed and written to a plan that can be
replayed: see `plan`. Nobody but the plan starts anything again.
"""

import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from evidence import Evidence, percentile, spread
from fleet import HEARTBEAT, LEASE, MARGIN, REAPER, Fleet
from plan import Step, carry_out, drawn
from recording import Recorder
from test_schedulers import define, gaps, pause_all

from rota.domain.execution import NewExecution
from rota.domain.retry import RetryPolicy
from rota.stores.database import Database

JOBS = int(os.environ.get("ROTA_FLEET_JOBS", "100000"))
SECOND = 1_000_000
COORDINATORS = ("coordinator-1", "coordinator-2")
DIRECT = ("direct-1", "direct-2")
OVER_HTTP = ("http-1", "http-2")
WORKERS = (*DIRECT, *OVER_HTTP)
SLOTS = 100
SCHEDULES = 20
BATCH = 100
"""How many a program enqueues at once; nineteen of twenty jobs come this way, the others through the API."""


def draw_plan(draw: random.Random, seconds: float) -> list[Step]:
    """Every member is befallen several times and the database three times, from the first seconds to `seconds`."""

    def at() -> float:
        return round(draw.uniform(3, seconds), 2)

    rounds = max(1, round(seconds / 60))
    steps = []
    for worker in WORKERS * rounds:
        steps.append(Step(at(), draw.choice(("kill", "power cut")), worker))
        steps.append(
            Step(at(), draw.choice(("freeze", "freeze of all")), worker, round(LEASE * draw.uniform(1.2, 2), 1))
        )
    for coordinator in COORDINATORS * rounds:
        steps.append(Step(at(), draw.choice(("kill", "power cut")), coordinator))
        steps.append(Step(at(), "freeze", coordinator, round(draw.uniform(1, 1.5 * LEASE), 1)))
    downs = [0.5, 2.0, round(draw.uniform(3, LEASE), 1)]
    steps += [Step(round(seconds * (n + 0.6) / 3, 2), "store killed", "store", down) for n, down in enumerate(downs)]
    return steps


class Injector:
    """Does to a fleet what a plan says, one thing at a time to each member, and never to both coordinators at once."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._locks = {name: threading.Lock() for name in (*WORKERS, "store")}
        self._locks |= dict.fromkeys(COORDINATORS, threading.Lock())
        self.acts = {
            "kill": lambda step: self._kill(step, whole=False),
            "power cut": lambda step: self._kill(step, whole=True),
            "freeze": lambda step: self._freeze(step, whole=False),
            "freeze of all": lambda step: self._freeze(step, whole=True),
            "store killed": self._outage,
        }

    def _kill(self, step: Step, *, whole: bool) -> None:
        with self._locks[step.target]:
            self._fleet.kill(step.target, whole=whole)
            self._fleet.restart(step.target)
            self._let_watch(step)

    def _freeze(self, step: Step, *, whole: bool) -> None:
        with self._locks[step.target]:
            with self._fleet.frozen(step.target, whole=whole):
                time.sleep(step.seconds)  # the plan says how long
            self._let_watch(step)

    def _let_watch(self, step: Step) -> None:
        """A coordinator that is back convicts nobody before it has watched H + M: until then the other one is needed."""
        if step.target in COORDINATORS:
            time.sleep(HEARTBEAT + MARGIN + 2 * REAPER)

    def _outage(self, step: Step) -> None:
        with self._locks["store"], self._fleet.outage():
            time.sleep(step.seconds)  # the plan says how long


def work(draw: random.Random) -> tuple[str, float]:
    """Mostly short work; one in fifty is long enough to be hit by something."""
    kind = "work-in-process" if draw.random() < 0.005 else "work"
    seconds = draw.uniform(1, 8) if draw.random() < 0.02 else draw.choice((0.0, 0.0, 0.05))
    return kind, round(seconds, 3)


def bodies(draw: random.Random, count: int) -> Iterator[dict[str, object]]:
    """What is submitted to the API."""
    for _ in range(count):
        kind, seconds = work(draw)
        yield {"type": kind, "payload": {"seconds": seconds}, "maxRetries": 1000, "timeoutSeconds": 120}


def batches(draw: random.Random, count: int) -> Iterator[list[NewExecution]]:
    """What a program enqueues in the database itself."""
    for _ in range(count):
        drawn = [work(draw) for _ in range(BATCH)]
        yield [
            NewExecution(kind, {"seconds": seconds}, timeout=120 * SECOND, retry=RetryPolicy(retries=999))
            for kind, seconds in drawn
        ]


@pytest.mark.faults
@pytest.mark.stores("postgres")
@pytest.mark.timeout(1800)
def test_fleet_of_six(fleet: Fleet, tmp_path: Path, seed: int, report: Callable[..., None]) -> None:
    draw = random.Random(seed)
    for name in COORDINATORS:
        fleet.coordinator(name)
    urls = tuple(one.url for one in fleet.coordinators.values())
    for name in DIRECT:
        fleet.worker(name, "--concurrency", str(SLOTS))
    for name in OVER_HTTP:
        fleet.worker(name, "--concurrency", str(SLOTS), over_http=urls)
    fleet.wait_alive()
    define(fleet.api, SCHEDULES, 1.0, missed="runAll", maxCatchupRuns=1000)
    seconds = max(60.0, JOBS / 100_000 * 240)
    steps = drawn("fleet", tmp_path, lambda: draw_plan(draw, seconds))
    recorder = Recorder(urls)
    injector = Injector(fleet)
    begun = time.monotonic()
    many = JOBS * 19 // 20 // BATCH
    few = JOBS - many * BATCH
    database = Database(fleet.store.url)
    with closing(database), ThreadPoolExecutor(2) as pool:
        submitted = [
            pool.submit(recorder.submit, bodies(random.Random(seed + 1), few), prefix="api", threads=4, tries=10_000),
            pool.submit(
                recorder.submit_to_store,
                database,
                batches(random.Random(seed + 2), many),
                prefix="store",
                pause=0.8 * seconds / many,
            ),
        ]
        for thread in carry_out(steps, injector.acts):
            thread.join()
        for one in submitted:
            one.result()
    fleet.wait_alive(within=60)
    pause_all(fleet.api)
    fleet.wait_idle(300)
    took = time.monotonic() - begun
    gone = [name for name, one in {**fleet.coordinators, **fleet.workers}.items() if not one.alive]
    evidence = Evidence.gathered(fleet, recorder)
    fleet.stop()
    recoveries = evidence.recoveries("kill", "power cut", "freeze", "freeze of all")
    report(
        "FLEET",
        f"2 coordinators, 2 workers of the store, 2 over HTTP, {len(steps)} faults in {took:.0f} s",
        [
            ("not accepted", JOBS - len(evidence.accepted), 0),
            ("duplicate fires", len(evidence.verdict.duplicate_fires), 0),
            ("missing fires", gaps(evidence, SECOND), 0),
            ("manual interventions", len(gone), 0),
            ("recovery p99 s", percentile(recoveries, 0.99), LEASE + REAPER + 1),
        ],
        evidence=evidence,
        interventions=len(gone),
        note=f"recovery {spread(recoveries)} of {len(recoveries)}, unanswered {recorder.unknown},"
        f" fires {sum(one.decision == 'fired' for one in evidence.history.decided)},"
        f" lost attempts {evidence.attempts('Lost')}, gone {gone}",
    )
    assert len(recoveries) > len(WORKERS), "the faults hit next to nothing: the test has shown nothing"
