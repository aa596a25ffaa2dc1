"""`kill -9` of the whole of Rota with hundreds of jobs in flight, again and again: what was accepted, and what became of it.

Two tallies, neither of which trusts the other, must both be clean: what the jobs witnessed against what the API says,
and what the API says against what the store holds.
"""

import os
import random
import sqlite3
import statistics
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx2
import pytest
from driver import TERMINAL, Rota, carriers, eventually

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


@dataclass(frozen=True)
class Line:
    """What a job witnessed."""

    what: str
    execution: str
    attempt: int
    token: int
    at: int


@dataclass
class Kill:
    """One kill, in monotonic ns."""

    at: int
    running: int
    children: int
    ready: int = 0


@dataclass
class Story:
    """Everything that was seen from outside."""

    accepted: set[str] = field(default_factory=set)
    unanswered: int = 0
    kills: list[Kill] = field(default_factory=list)
    orphans: int = 0
    orphan_seconds: list[float] = field(default_factory=list)


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
        self._seconds_each = (time.time() - begun) / max(1, count)

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
        kill = kill_once(rota, story, submitter, draw)
        figure(
            f"  kill {number + 1}: {kill.running} running, {kill.children} child processes,"
            f" {len(story.accepted)} accepted so far, ready again after {(kill.ready - kill.at) / 1e9:.2f} s"
        )

    live = "Scheduled,Pending,Running,Retrying,Cancelling"
    eventually(
        lambda: not rota.get("/api/executions", state=live, limit=1)["items"], 120 + 3 * kills, "all work is done"
    )
    executions = {id: rota.get(f"/api/executions/{id}") for id in story.accepted}
    assert rota.stop() == 0
    judge(rota, story, executions, read_witness(witness), figure)


def kill_once(rota: Rota, story: Story, submitter: Submitter, draw: random.Random) -> Kill:
    """Fill all slots, kill in the middle of a burst of submissions, start again, and see that nothing was left behind."""
    health = rota.get("/health/jobs")
    submitter.fill(max(0, IN_FLIGHT + BACKLOG - health["running"] - health["pending"]))
    running = eventually(lambda: busy(rota), 60, f"{BUSY} jobs run at once")
    after = draw.randrange(BURST)
    reached = threading.Event()
    burst = threading.Thread(
        target=submitter.submit, args=(BURST, lambda done: reached.set() if done > after else None)
    )
    burst.start()
    reached.wait(10)
    marker, workers = rota.marker, worker_markers(rota.store)
    children = len(carriers(marker)) - 1
    rota.kill()
    kill = Kill(time.monotonic_ns(), running, children)
    story.kills.append(kill)
    rota.start()
    try:
        eventually(lambda: not carriers(marker, *workers), 15, "nothing of the killed Rota is left")
    except AssertionError:
        story.orphans += len(carriers(marker, *workers))
    story.orphan_seconds.append((time.monotonic_ns() - kill.at) / 1e9)
    rota.wait_ready()
    kill.ready = time.monotonic_ns()
    burst.join()
    return kill


def busy(rota: Rota) -> int:
    """How many jobs run, once that is enough."""
    running = int(rota.get("/health/jobs")["running"])
    return running if running >= BUSY else 0


def worker_markers(store: Path) -> list[str]:
    """What everything that workers of this store started has in its environment."""
    with reading(store) as connection:
        return [f"ROTA_WORKER={id}" for (id,) in connection.execute("SELECT id FROM workers")]


class reading:
    """A read-only connection to the file of a store."""

    def __init__(self, store: Path) -> None:
        self._connection = sqlite3.connect(f"file:{store}?mode=ro", uri=True, timeout=30)

    def __enter__(self) -> sqlite3.Connection:
        return self._connection

    def __exit__(self, *_: object) -> None:
        self._connection.close()


def read_witness(file: Path) -> list[Line]:
    """All lines; one that was not written whole would fail here."""
    lines = []
    for text in file.read_text().splitlines():
        what, execution, attempt, token, _pid, at = text.split()
        lines.append(Line(what, execution, int(attempt), int(token), int(at)))
    return lines


def judge(
    rota: Rota, story: Story, executions: dict[str, Any], lines: Sequence[Line], figure: Callable[[str], None]
) -> None:
    """Compare the witness, the API and the store; report and require."""
    with reading(rota.store) as store:
        integrity = store.execute("PRAGMA integrity_check").fetchall()
        finished = defaultdict(list)
        for id, state, token in store.execute("SELECT id, state, token FROM history"):
            finished[id].append((state, token))
        live = {id for (id,) in store.execute("SELECT id FROM executions")}
        attempts = defaultdict(list)
        for id, token, number, state in store.execute(
            "SELECT execution_id, token, number, state FROM attempts ORDER BY execution_id, token"
        ):
            attempts[id].append((token, number, state))

    lost = [id for id in story.accepted if executions[id]["state"] not in TERMINAL or id in live or not finished[id]]
    not_succeeded = [id for id in story.accepted if executions[id]["state"] != "Succeeded"]
    several_ends = [id for id, ends in finished.items() if len(ends) != 1]
    disagreeing = [id for id in story.accepted if not agree(executions[id], finished[id], attempts[id])]
    ended = {(line.execution, line.token) for line in lines if line.what == "end"}
    stale = [id for id, tries in attempts.items() if accepted_stale(id, tries, ended)]
    cut_short = [(id, token) for id, tries in attempts.items() for token, _, state in tries if state == "Lost"]
    unexplained = list(unexplained_starts(lines, attempts, cut_short))
    beside_living = list(starts_without_a_kill(lines, story.kills))

    restarts = sorted(first_starts_after(lines, story.kills, {id for id, _ in cut_short}))
    ready = [(kill.ready - kill.at) / 1e9 for kill in story.kills]
    running = [kill.running for kill in story.kills]
    figure(f"  in flight at the kill: min {min(running)}, median {statistics.median(running):g}")
    figure(f"  accepted {len(story.accepted)}, unanswered {story.unanswered}, attempts cut short {len(cut_short)}")
    figure(
        f"  lost = {len(lost)}, with several ends = {len(several_ends)}, API and store disagree = {len(disagreeing)}"
    )
    figure(f"  stale completions accepted = {len(stale)}, starts that history does not explain = {len(unexplained)}")
    figure(f"  starts beside a living attempt = {len(beside_living)}, orphan processes = {story.orphans}")
    figure(f"  integrity_check = {integrity[0][0]}, gone after a kill within max {max(story.orphan_seconds):.2f} s")
    figure(f"  kill to ready: p50 {statistics.median(ready):.2f} s, max {max(ready):.2f} s")
    if restarts:
        worst, p99 = restarts[-1], restarts[min(len(restarts) - 1, int(len(restarts) * 0.99))]
        figure(
            f"  kill to restart of cut-short work: p50 {statistics.median(restarts):.2f}, p99 {p99:.2f}, max {worst:.2f} s"
        )

    assert integrity == [("ok",)]
    assert not lost
    assert not not_succeeded
    assert not several_ends
    assert not disagreeing
    assert not stale
    assert not unexplained
    assert not beside_living
    assert story.orphans == 0
    assert cut_short, "no kill hit a running attempt: the test has shown nothing"


def agree(
    execution: dict[str, Any], finished: Sequence[tuple[str, int]], tries: Sequence[tuple[int, int, str]]
) -> bool:
    """Whether the API tells of an execution what the store holds."""
    told = [(one["token"], one["number"], one["state"]) for one in execution["attempts"]]
    return bool(finished) and execution["state"] == finished[0][0] and told == list(tries)


def accepted_stale(id: str, tries: Sequence[tuple[int, int, str]], ended: set[tuple[str, int]]) -> bool:
    """Whether a result was taken that is not the last attempt's, or that no attempt came to."""
    won = [token for token, _, state in tries if state == "Succeeded"]
    numbers = [number for _, number, _ in tries]
    return won != [tries[-1][0]] or (id, won[0]) not in ended or numbers != sorted(set(numbers))


def unexplained_starts(
    lines: Sequence[Line], attempts: dict[str, list[tuple[int, int, str]]], cut_short: Sequence[tuple[str, int]]
) -> Iterator[Line]:
    """Starts whose attempt history neither ends well nor calls lost."""
    known = {(id, token): (number, state) for id, tries in attempts.items() for token, number, state in tries}
    for line in lines:
        if line.what == "start":
            number, state = known.get((line.execution, line.token), (0, "Missing"))
            if number != line.attempt or (state != "Succeeded" and (line.execution, line.token) not in set(cut_short)):
                yield line


def starts_without_a_kill(lines: Sequence[Line], kills: Sequence[Kill]) -> Iterator[Line]:
    """Later starts of an execution that no kill separates from the one before."""
    before: dict[str, int] = {}
    for line in sorted((line for line in lines if line.what == "start"), key=lambda line: line.at):
        since = before.get(line.execution)
        # A kill is noted once the process is gone, so what ran until then may witness up to that moment.
        if since is not None and not any(since <= kill.at <= line.at for kill in kills):
            yield line
        before[line.execution] = line.at


def first_starts_after(lines: Sequence[Line], kills: Sequence[Kill], cut_short: set[str]) -> Iterator[float]:
    """For each kill and each execution that it cut short, the seconds until its next start."""
    starts = defaultdict(list)
    for line in lines:
        if line.what == "start" and line.execution in cut_short:
            starts[line.execution].append(line.at)
    for moments in starts.values():
        moments.sort()
        for before, after in pairwise(moments):
            between = [kill.at for kill in kills if before <= kill.at <= after]
            if between:
                yield (after - between[0]) / 1e9
