"""F02, F22: coordinators that share the scheduling are killed, and every instant is fired once and only once."""

import itertools
import signal
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from driver import Rota, eventually
from evidence import Evidence
from fleet import REAPER, Fleet
from recording import Recorder

pytestmark = [pytest.mark.faults, pytest.mark.stores("sqlite", "postgres", "mariadb"), pytest.mark.timeout(300)]

SECOND = 1_000_000
LOOK = 5.0
"""How soon a coordinator looks for what another one was told."""
START_SECONDS = 12.0
"""What a coordinator may take to start on two busy cores."""


def define(api: Rota, count: int, every: float, **policy: object) -> None:
    """That many jobs with a schedule each."""
    anchor = datetime.fromtimestamp(time.time() - every, UTC).isoformat()
    schedule = {"every": every, "anchor": anchor, "overlap": "allow", "maxLateness": "1h"} | policy

    def one(number: int) -> None:
        with api.new_client() as client:
            body = {"name": f"fired-{number}", "jobType": "work", "retryCount": 100, "schedule": schedule}
            answer = client.post("/api/jobs", json=body)
            assert answer.status_code == 201, answer.text

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(one, range(count)))


def fires(fleet: Fleet) -> int:
    """How many instants have been fired so far."""
    return int(fleet.store.rows("SELECT count(*) FROM occurrences WHERE decision = 'fired'")[0][0])


def wait_fires(fleet: Fleet, more: int, within: float = 30) -> None:
    """Wait until so many more have been fired."""
    before = fires(fleet)
    eventually(lambda: fires(fleet) >= before + more, within, f"{more} more instants are fired")


def pause_all(api: Rota) -> None:
    """Let no schedule fire any more; what has been fired goes on to its end."""

    def pause(id: str) -> None:
        with api.new_client() as client:
            answer = client.post(f"/api/schedules/{id}/pause")
            assert answer.status_code == 200, answer.text

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(pause, list(_schedules(api))))


def _schedules(api: Rota) -> Iterator[str]:
    cursor: dict[str, object] = {}
    while True:
        page = api.get("/api/schedules", limit=500, **cursor)
        yield from (schedule["id"] for schedule in page["items"])
        if page["nextCursor"] is None:
            return
        cursor = {"cursor": page["nextCursor"]}


def gaps(evidence: Evidence, every: int) -> int:
    """Instants between the first and the last decided one of each schedule that have no row in the ledger."""
    decided: dict[str, list[int]] = defaultdict(list)
    for one in evidence.history.decided:
        decided[one.schedule_id].append(one.nominal_at)
    return sum((max(all_of) - min(all_of)) // every + 1 - len(all_of) for all_of in decided.values())


def longest_silence(fleet: Fleet) -> float:
    """Seconds between two decisions, at most: how long nobody ticked."""
    at = sorted({row[0] for row in fleet.store.rows("SELECT decided_at FROM occurrences")})
    return max((after - before) / SECOND for before, after in itertools.pairwise(at))


def test_f02_killed_coordinators(fleet: Fleet, report: Callable[..., None]) -> None:
    """One of two is killed under load, again in its first second, and while it shuts down; then both at once."""
    for name in ("first", "second"):
        fleet.coordinator(name)
    fleet.worker("worker", "--concurrency", "100")
    fleet.wait_alive()
    recorder = Recorder([fleet.api.url])
    define(fleet.api, 100, 1.0, missed="runAll", maxCatchupRuns=1000)
    wait_fires(fleet, 200)
    for name in ("first", "second", "first"):
        fleet.kill(name)
        wait_fires(fleet, 100)
        again = fleet.coordinators[name].start("server")  # and once more before it is ready
        eventually(lambda again=again: "store" in again.output or not again.alive, 30, "it has begun")
        fleet.kill(name)
        wait_fires(fleet, 100)
        fleet.restart(name)
        fleet.coordinators[name].process.send_signal(signal.SIGTERM)  # type: ignore[union-attr]
        fleet.kill(name)
        wait_fires(fleet, 100)
        fleet.restart(name)
    one_left = longest_silence(fleet)
    for name in ("first", "second"):
        fleet.kill(name, whole=True)
    for name in ("first", "second"):
        fleet.restart(name)
    wait_fires(fleet, 200)
    pause_all(fleet.api)
    fleet.wait_idle(60)
    evidence = Evidence.gathered(fleet, recorder)
    missing = gaps(evidence, SECOND)
    fleet.stop()
    report(
        "F02",
        "coordinators killed at 100 fires/s: under load, while starting, while stopping, both",
        [
            ("missing fires", missing, 0),
            ("duplicate fires", len(evidence.verdict.duplicate_fires), 0),
            ("gap with one left, s", one_left, LOOK + REAPER),
            ("gap with none left, s", longest_silence(fleet), START_SECONDS),
        ],
        jobs=len(evidence.stored),
        evidence=evidence,
    )


def test_f22_five_schedulers(fleet: Fleet, report: Callable[..., None]) -> None:
    """Five coordinators tick the same 1,000 schedules, are killed together and started again together."""
    names = [f"scheduler-{number}" for number in range(5)]
    with ThreadPoolExecutor(5) as pool:
        fleet.coordinator(names[0])
        list(pool.map(fleet.coordinator, names[1:]))
    fleet.worker("worker", "--concurrency", "200")
    fleet.wait_alive()
    define(fleet.api, 1000, 5.0, missed="runAll", maxCatchupRuns=2)
    wait_fires(fleet, 1500)
    killed = time.time()
    for name in names:
        fleet.kill(name, whole=True)
    down = 16.0  # three instants of each schedule are missed, of which the policy lets two be caught up with
    eventually(lambda: time.time() > killed + down, down + 5, "nobody has ticked for three instants")
    with ThreadPoolExecutor(5) as pool:
        list(pool.map(fleet.restart, names))
    back = time.time()
    wait_fires(fleet, 2500)
    pause_all(fleet.api)
    fleet.wait_idle(60)
    evidence = Evidence.gathered(fleet)
    fleet.stop()
    caught_up = defaultdict(int)
    for one in evidence.history.decided:
        if killed + 1 < one.nominal_at / SECOND < back - 6 and one.decision == "fired":
            caught_up[one.schedule_id] += 1
    report(
        "F22",
        "5 schedulers on 1,000 schedules, all killed and restarted together",
        [
            ("duplicate fires", len(evidence.verdict.duplicate_fires), 0),
            ("instants without a row", gaps(evidence, 5 * SECOND), 0),
            ("caught up beyond the policy", sum(count > 2 for count in caught_up.values()), 0),
        ],
        jobs=len(evidence.stored),
        evidence=evidence,
        note=f"caught up {sum(caught_up.values())} of {len(caught_up)} schedules",
    )
