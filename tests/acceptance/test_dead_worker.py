"""A coordinator and two workers on one store: one worker dies, or is frozen past its lease, in the middle of its work."""

import os
import signal
import statistics
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from driver import Rota, eventually
from history import Kill, Line, connect, judge, read_store, read_witness

WORKLOAD = Path(__file__).with_name("workload.py")
LEASE, REAPER = 4.0, 0.5
SETTINGS = {
    "ROTA_LEASE__SECONDS": str(LEASE),
    "ROTA_LEASE__HEARTBEAT_SECONDS": "1.3",
    "ROTA_LEASE__REAPER_SECONDS": str(REAPER),
    "ROTA_LEASE__MARGIN_SECONDS": "0.5",
    "ROTA_LOG": "quiet",
}
CLAIM = 1.0
SLACK = 3.0
"""What a busy machine may add."""
JOBS = 40
SECONDS = 3


class Fleet:
    """A coordinator and two workers, of which either could do all the work."""

    def __init__(self, make_rota: Callable[..., Rota]) -> None:
        self.server = make_rota(folder="server", apps=[WORKLOAD], variables=SETTINGS)
        self.server.start("server").wait_ready()
        store = self.server.store
        self.workers = [
            make_rota("--concurrency", str(JOBS), folder=name, apps=[WORKLOAD], variables=SETTINGS, store=store)
            for name in ("first", "second")
        ]
        self.witness = self.server.folder / "witness"

    def start(self) -> None:
        """Start both workers, and wait until they are registered."""
        for worker in self.workers:
            worker.start("worker")
        eventually(lambda: self.alive() == 2, 30, "both workers are registered")

    def alive(self) -> int:
        """How many workers are trusted."""
        return len(self.server.get("/api/workers", state="Alive")["items"])

    def lines(self) -> list[Line]:
        """What jobs have witnessed so far."""
        return read_witness(self.witness) if self.witness.exists() else []

    def busiest(self) -> Rota | None:
        """The worker that runs most, once that is at least half of the work."""
        with closing(connect(self.server.store)) as store:
            row = store.execute(
                "SELECT pid, count(*) AS held FROM executions JOIN workers ON workers.id = worker_id"
                " WHERE executions.state = 'Running' GROUP BY pid ORDER BY held DESC"
            ).fetchone()
        if row is None or row[1] < JOBS // 2:
            return None
        return next(worker for worker in self.workers if worker.pid == row[0])


@pytest.mark.parametrize(
    "how",
    [
        pytest.param("killed", marks=pytest.mark.faults),
        pytest.param("without its guard", marks=pytest.mark.faults),
        "frozen",
    ],
)
def test_the_work_of_a_dead_worker_is_taken_up(
    make_rota: Callable[..., Rota], figure: Callable[[str], None], how: str
) -> None:
    fleet = Fleet(make_rota)
    fleet.start()
    payload = {"file": str(fleet.witness), "seconds": SECONDS}
    ids = {fleet.server.submit("witnessed-async", payload, timeoutSeconds=60) for _ in range(JOBS)}
    victim = eventually(fleet.busiest, 30, "a worker is busy")
    eventually(fleet.lines, 30, "work is under way")
    if how == "killed":
        victim.kill()
    elif how == "without its guard":
        victim.cut_power()
    else:
        os.kill(victim.pid, signal.SIGSTOP)
    died = Kill(time.monotonic_ns())
    died.gone = died.at
    told = {id: fleet.server.finished(id, within=60) for id in ids}
    if how == "frozen":
        os.kill(victim.pid, signal.SIGCONT)
        eventually(lambda: fleet.alive() == 2, 30, "the frozen worker is back as a new one")
        assert victim.stop() == 0
    assert next(worker for worker in fleet.workers if worker is not victim).stop() == 0
    assert fleet.server.stop() == 0

    lines, held = fleet.lines(), read_store(fleet.server.store)
    verdict = judge(ids, told, held, lines, [died])
    again = [line for line in lines if line.what == "start" and line.attempt == 2]
    waits = [(line.at - died.at) / 1e9 for line in again]
    figure(
        f"worker {how}: {len(again)} of {len(told)} jobs cut short, started again after p50"
        f" {statistics.median(waits or [0]):.2f} s, max {max(waits, default=0):.2f} s (L={LEASE:g}, R={REAPER:g});"
        f" lost = {len(verdict.lost)}, stale completions accepted = {len(verdict.stale)}"
    )
    assert verdict.wrong == []
    assert again, "nothing was cut short: the test has shown nothing"
    assert held.integrity == "ok"
    assert max(waits) <= LEASE + REAPER + CLAIM + SLACK
