"""F08, F10, F20: workers that are busy beyond all measure, work that is due long after, and clocks that are wrong."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from driver import eventually
from evidence import Evidence
from fleet import LEASE, Fleet
from recording import Recorder
from test_schedulers import define, gaps, pause_all, wait_fires

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

SECOND = 1_000_000
HOUR, MONTH = 3600, 30 * 86400


@pytest.mark.parametrize("kind", ["block-the-loop", "hold-the-interpreter-inline"])
def test_f08_busy_is_not_dead(fleet: Fleet, report: Callable[..., None], kind: str) -> None:
    """A job blocks the loop, or holds the interpreter's lock, for three leases beside processes that hog every core."""
    fleet.coordinator()
    fleet.worker("worker", "--concurrency", "5")
    fleet.wait_alive()
    recorder = Recorder([fleet.api.url])
    hogs = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2)]
    try:
        body = {"type": kind, "payload": {"seconds": 3 * LEASE}, "timeoutSeconds": 120, "maxRetries": 5}
        recorder.submit([body], prefix="busy")
        recorder.submit([{"type": "work", "maxRetries": 5} for _ in range(20)], prefix="beside")
        fleet.wait_idle(3 * LEASE + 60)
    finally:
        for hog in hogs:
            hog.kill()
            hog.wait()
    evidence = Evidence.gathered(fleet, recorder)
    fleet.stop()
    report(
        "F08",
        f"{kind} for three leases, hogs on every core",
        [
            ("false convictions", len(evidence.verdict.convicted_alive), 0),
            ("lost attempts", evidence.attempts("Lost"), 0),
        ],
        evidence=evidence,
    )


@pytest.mark.stores("sqlite", "postgres", "mariadb")
def test_f10_due_long_after(fleet: Fleet, report: Callable[..., None]) -> None:
    """Due in an hour or a month: held by no worker, whatever happens to workers, and started once when it is due.

    Time is warped in the store: what is due in an hour is made due now.
    """
    fleet.coordinator()
    fleet.worker("worker", "--concurrency", "20")
    fleet.wait_alive()
    recorder = Recorder([fleet.api.url])
    for delay in (HOUR, MONTH):
        recorder.submit(
            [{"type": "work", "delaySeconds": delay, "maxRetries": 5} for _ in range(20)], prefix=f"in-{delay}"
        )
    fleet.kill("worker", whole=True)
    fleet.restart("worker")
    fleet.wait_alive(1, within=30)
    early = sum(fleet.store.rows("SELECT count(*) FROM history")[0])
    for delay in (HOUR, MONTH):
        due = f"due_at < (SELECT min(created_at) FROM (SELECT created_at FROM executions) AS made) + {(delay + HOUR) * SECOND}"
        fleet.store.execute(f"UPDATE executions SET due_at = due_at - {delay * SECOND} WHERE {due}")  # type: ignore[attr-defined]
        wanted = 20 if delay == HOUR else 40
        eventually(
            lambda n=wanted: fleet.store.rows("SELECT count(*) FROM history")[0][0] >= n, 30, "what is due is done"
        )
        early += abs(int(fleet.store.rows("SELECT count(*) FROM history")[0][0]) - wanted)
    evidence = Evidence.gathered(fleet, recorder)
    fleet.stop()
    starts = sum(line.what == "start" for line in evidence.lines)
    report(
        "F10",
        "due in an hour and in a month, a worker killed meanwhile",
        [("early starts", early, 0), ("duplicates", starts - 40, 0)],
        evidence=evidence,
    )


class WrongClock:
    """A wall clock of one process that the test sets; its monotonic clock stays right."""

    def __init__(self, file: Path) -> None:
        library = next(iter(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")), None)
        if library is None:
            pytest.skip("no faketime here: install Debian's libfaketime")
        self._file = file
        self.variables = {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }

    def step(self, offset: str) -> "WrongClock":
        """Set it, such as `+1h` or `-2d`."""
        self._file.write_text(f"{offset}\n")
        return self


@pytest.mark.stores("postgres", "mariadb")
def test_f20_wrong_clocks(fleet: Fleet, tmp_path: Path, report: Callable[..., None]) -> None:
    """Off by an hour, a year, two days and half a second, and stepped during the run: the database's clock alone counts."""
    names = {"ahead": "+1h", "behind": "-2d", "skewed": "-0.5"}
    clocks = {name: WrongClock(tmp_path / f"{name}.clock").step(offset) for name, offset in names.items()}
    year = WrongClock(tmp_path / "year.clock").step("+1y")
    fleet.coordinator("right")
    fleet.coordinator("wrong", variables=year.variables)
    for name, clock in clocks.items():
        fleet.worker(name, "--concurrency", "10", variables=clock.variables)
    fleet.wait_alive()
    recorder = Recorder([one.url for one in fleet.coordinators.values()])
    define(fleet.api, 10, 1.0, missed="runAll", maxCatchupRuns=1000)
    with fleet.told("wrong clocks", "clocks", {-1}):
        for offset in ("-1h", "+1y", "+0.5"):
            recorder.submit(
                [{"type": "work", "payload": {"seconds": 2}, "maxRetries": 20} for _ in range(20)], prefix=f"at{offset}"
            )
            wait_fires(fleet, 40, within=60)
            for clock in clocks.values():
                clock.step(offset)
            year.step(offset)
        wait_fires(fleet, 40, within=60)
    pause_all(fleet.coordinators["right"])
    fleet.wait_idle(60)
    evidence = Evidence.gathered(fleet, recorder)
    fleet.stop()
    report(
        "F20",
        "clocks off by 1 h, 2 d, 1 y and 0.5 s, and stepped",
        [
            ("false convictions", len(evidence.verdict.convicted_alive), 0),
            ("missing fires", gaps(evidence, SECOND), 0),
            ("duplicate fires", len(evidence.verdict.duplicate_fires), 0),
        ],
        evidence=evidence,
    )
