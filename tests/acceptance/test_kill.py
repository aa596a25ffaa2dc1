"""`kill -9` of the whole of Rota with hundreds of jobs in flight, again and again: what was accepted, and what became of it.

Two tallies, neither of which trusts the other, must both be clean: what the jobs witnessed against what the API says,
and what the API says against what the store holds.
"""

import os
import random
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest
from driver import Rota, carriers, eventually
from history import Held, Kill, Line, connect, judge, read_store, read_witness

WORKLOAD = Path(__file__).with_name("workload.py")
LEASE, REAPER = 6.0, 1.0
SETTINGS = {
    "ROTA_LEASE__SECONDS": str(LEASE),
    "ROTA_LEASE__HEARTBEAT_SECONDS": "2",
    "ROTA_LEASE__REAPER_SECONDS": str(REAPER),
    "ROTA_LEASE__MARGIN_SECONDS": "1",
    "ROTA_ENGINE__MAX_PROCESSES": "4",
    "ROTA_LOG": "quiet",
}
IN_FLIGHT = 200
BUSY = 150
"""How many run at the least when the kill comes."""
BACKLOG = 60
"""How many more than the slots are kept accepted, so that every slot is taken when the kill comes."""
PROGRESS = 120
"""How many jobs may come to their end between two kills before the slots are filled again."""
BURST = 40
"""Submissions on their way while the kill comes; some are answered, some are not."""
SCRIPT = """
import os, time
def witness(what):
    line = [what, *(os.environ["ROTA_" + name] for name in ("EXECUTION_ID", "ATTEMPT", "FENCING_TOKEN"))]
    line += [str(os.getpid()), str(time.monotonic_ns())]
    descriptor = os.open(os.environ["FILE"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, (" ".join(line) + "\\n").encode())
witness("start")
time.sleep(float(os.environ["SECONDS"]))
witness("end")
"""


@dataclass
class Story:
    """Everything that was seen from outside."""

    accepted: set[str] = field(default_factory=set)
    unanswered: int = 0
    kills: list[Kill] = field(default_factory=list)
    orphans: int = 0


class Submitter:
    """Submits jobs of three kinds from several threads; only what was answered with 201 counts as accepted."""

    def __init__(self, rota: Rota, story: Story, draw: random.Random, witness: Path) -> None:
        self._rota = rota
        self._story = story
        self._draw = draw
        self._witness = str(witness)
        self._lock = threading.Lock()
        self._seconds_each = 0.05

    def fill(self, count: int) -> None:
        """Submit `count` jobs that become due together, when the last of them is submitted."""
        begun = time.time()
        due = datetime.fromtimestamp(begun + 1.2 * count * self._seconds_each, UTC)
        self.submit(count, runAt=due.isoformat())
        if count >= 20:
            self._seconds_each = (time.time() - begun) / count

    def submit(self, count: int, enough: Callable[[int], None] = lambda done: None, **fields: object) -> None:
        """Submit `count` jobs and return when all are answered or refused. `enough` hears of each that was accepted."""
        bodies = iter([self._body() | fields for _ in range(count)])
        accepted = 0

        def work() -> None:
            nonlocal accepted
            with self._rota.new_client() as client:
                while True:
                    with self._lock:
                        body = next(bodies, None)
                    if body is None:
                        return
                    try:
                        answer = client.post("/api/jobs", json=body)
                    except httpx2.TransportError:
                        with self._lock:
                            self._story.unanswered += 1
                        continue
                    if answer.status_code == 201:
                        with self._lock:
                            self._story.accepted.add(answer.json()["id"])
                            accepted += 1
                        enough(accepted)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _body(self) -> dict[str, Any]:
        draw = self._draw.random()
        seconds = round(self._draw.uniform(0.2, 2.0), 2)
        shared = {"maxRetries": 100, "timeoutSeconds": 60}
        if draw < 0.86:
            return shared | {"type": "witnessed-async", "payload": {"file": self._witness, "seconds": seconds}}
        if draw < 0.95:
            return shared | {"type": "witnessed-sync", "payload": {"file": self._witness, "seconds": seconds / 4}}
        payload = {"script": SCRIPT, "interpreter": "python", "FILE": self._witness, "SECONDS": seconds / 2}
        return shared | {"type": "script", "payload": payload}


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("kills", [3, pytest.param(20, marks=pytest.mark.faults)])
def test_nothing_accepted_is_lost(make_rota: Callable[..., Rota], figure: Callable[[str], None], kills: int) -> None:
    seed = int(os.environ.get("ACCEPTANCE_SEED") or random.SystemRandom().randrange(10**6))
    figure(f"kill -9 of rota up, {kills} times, ACCEPTANCE_SEED={seed}")
    draw = random.Random(seed)
    rota = make_rota("--concurrency", str(IN_FLIGHT), apps=[WORKLOAD], variables=SETTINGS)
    witness = rota.folder / "witness"
    story = Story()
    submitter = Submitter(rota, story, draw, witness)
    rota.start().wait_ready()
    submitter.fill(20)  # which measures how long one takes
    for number in range(kills):
        if number:
            wait_for_progress(rota, witness, draw.randrange(PROGRESS))
        kill = kill_once(rota, story, submitter, draw, power=number % 3 == 1)
        figure(
            f"  {'power cut' if kill.power else 'kill'} {number + 1}: {kill.running} running,"
            f" {kill.children} child processes,"
            f" {len(story.accepted)} accepted so far, ready again after {(kill.ready - kill.at) / 1e9:.2f} s"
        )

    live = "Scheduled,Pending,Running,Retrying,Cancelling"
    eventually(
        lambda: not rota.get("/api/executions", state=live, limit=1)["items"], 120 + 3 * kills, "all work is done"
    )
    told = {id: rota.get(f"/api/executions/{id}") for id in story.accepted}
    assert rota.stop() == 0
    report(story, told, read_store(rota.store), read_witness(witness), figure)


def wait_for_progress(rota: Rota, witness: Path, ends: int) -> None:
    """Wait until so many more jobs have come to their end, or all have."""
    begun = witness.stat().st_size

    def ended() -> bool:
        with witness.open("rb") as file:
            file.seek(begun)
            return sum(line.startswith(b"end ") for line in file) >= ends

    eventually(lambda: ended() or rota.get("/health/jobs")["running"] == 0, 60, f"{ends} more jobs have ended")


def kill_once(rota: Rota, story: Story, submitter: Submitter, draw: random.Random, *, power: bool) -> Kill:
    """Fill all slots, kill in the middle of a burst of submissions, start again, and see that nothing was left behind.

    A kill takes the one process away, and its guard ends what is left; a power cut takes everything at once, and the
    work is free again when the lease has run out.
    """
    running = eventually(lambda: filled(rota, submitter), 90, f"{BUSY} jobs run at once")
    after = draw.randrange(BURST)
    reached = threading.Event()
    burst = threading.Thread(
        target=submitter.submit, args=(BURST, lambda done: reached.set() if done > after else None)
    )
    burst.start()
    reached.wait(10)
    marker, workers = rota.marker, worker_markers(rota.store)
    children = len(carriers(marker)) - 1
    if power:
        rota.cut_power()
    else:
        rota.kill()
    kill = Kill(time.monotonic_ns(), time.time(), running, children, power)
    story.kills.append(kill)
    rota.start()
    try:
        eventually(lambda: not carriers(marker, *workers), 15, "nothing of the killed Rota is left")
    except AssertionError:
        story.orphans += len(carriers(marker, *workers))
    kill.gone = time.monotonic_ns()
    rota.wait_ready()
    kill.ready = time.monotonic_ns()
    burst.join()
    eventually(lambda: len(rota.get("/api/workers", state="Alive")["items"]) == 1, 30, "the killed worker is convicted")
    return kill


def filled(rota: Rota, submitter: Submitter) -> int:
    """Fill the slots, and give how many jobs run once that is enough; 0 when too many ended meanwhile."""
    health = rota.get("/health/jobs")
    submitter.fill(max(0, IN_FLIGHT + BACKLOG - health["running"] - health["pending"]))
    patience = time.monotonic() + 2
    while (running := int(rota.get("/health/jobs")["running"])) < BUSY:
        if time.monotonic() > patience:
            return 0
    return running


def worker_markers(store: Path) -> list[str]:
    """What everything that workers of this store started has in its environment."""
    with closing(connect(store)) as connection:
        return [f"ROTA_WORKER={id}" for (id,) in connection.execute("SELECT id FROM workers")]


def report(
    story: Story, told: dict[str, Any], held: Held, lines: Sequence[Line], figure: Callable[[str], None]
) -> None:
    """Say what was measured, and require what is promised."""
    verdict = judge(story.accepted, told, held, lines, story.kills)
    cut_short = len(held.lost_at)
    ready = [(kill.ready - kill.at) / 1e9 for kill in story.kills]
    convicted = {False: [0.0], True: [0.0]}
    for at in held.lost_at:
        kill = max((kill for kill in story.kills if kill.wall <= at), key=lambda kill: kill.wall)
        convicted[kill.power].append(at - kill.wall)
    restarts = sorted(first_starts(lines, story.kills))
    gone = [(kill.gone - kill.at) / 1e9 for kill in story.kills]
    running = [kill.running for kill in story.kills]
    figure(f"  in flight at the kill: min {min(running)}, median {statistics.median(running):g}")
    figure(f"  accepted {len(story.accepted)}, unanswered {story.unanswered}, attempts cut short {cut_short}")
    figure(
        f"  lost = {len(verdict.lost)}, with several ends = {len(verdict.several_ends)},"
        f" API and store disagree = {len(verdict.disagreeing)}"
    )
    figure(
        f"  stale completions accepted = {len(verdict.stale)},"
        f" starts that history does not explain = {len(verdict.unexplained)}"
    )
    figure(f"  starts beside a living attempt = {len(verdict.beside_living)}, orphan processes = {story.orphans}")
    figure(f"  integrity_check = {held.integrity}, everything gone after a kill within max {max(gone):.2f} s")
    figure(f"  kill to ready: {p50_and_max(ready)}")
    figure(f"  kill to lost, free for another start: {p50_and_max(convicted[False][1:])}")
    figure(
        f"  power cut to lost, free for another start: {p50_and_max(convicted[True][1:])}, L={LEASE:g}, R={REAPER:g}"
    )
    figure(f"  kill to the first start of work: {p50_and_max(restarts)}")

    assert held.integrity == "ok"
    assert verdict.wrong == []
    assert story.orphans == 0
    assert cut_short, "no kill hit a running attempt: the test has shown nothing"
    assert max(max(convicted[False]), max(convicted[True])) <= LEASE + REAPER + 1 + max(ready)


def p50_and_max(seconds: Sequence[float]) -> str:
    """Of durations in seconds."""
    return f"p50 {statistics.median(seconds):.2f} s, max {max(seconds):.2f} s"


def first_starts(lines: Sequence[Line], kills: Sequence[Kill]) -> Iterator[float]:
    """For each kill, the seconds until work started again."""
    starts = sorted(line.at for line in lines if line.what == "start")
    for kill in kills:
        yield (next(at for at in starts if at > kill.gone) - kill.at) / 1e9
