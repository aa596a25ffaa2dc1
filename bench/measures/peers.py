"""Other people's queues on the same store in the same run, each drained with as many worker processes as ours.

`make bench-peers` installs them in a venv of their own. Both sides are counted from the store, from when the last
worker was ready to the last end, and run in turn.
"""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, exc

from bench import processes
from bench.measure import AtLeast, Missing, Result, Scratch, Settings, median
from bench.measures.drain import Load, drain
from bench.stores import expect, number, reading, scratch

STORES = ("sqlite", "postgres")
_FOLDER = Path(__file__).parent.parent / "peers"
_LONGEST_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Peer:
    """How a peer is installed, run and counted.

    `ended` counts what it has done so far, `last` is when the last of it ended (microseconds); without `last` it keeps
    no history, and the clock of whoever watches counts. `left` counts what is still to be done.
    """

    package: str
    script: str
    settings: str
    count: int
    quick: int
    options: Sequence[str]
    left: str
    ended: str | None = None
    last: str | None = None


_HUEY = Peer("huey", "run_huey.py", "one thread, synced", 5_000, 1_500, (), "SELECT count(*) FROM task")
_PGQUEUER = Peer(
    "pgqueuer",
    "run_pgqueuer.py",
    "asyncpg, uvloop, batches of 500",
    60_000,
    10_000,
    ("500",),
    "SELECT count(*) FROM pgqueuer",
    "SELECT count(*) FROM pgqueuer_log WHERE status = 'successful'",
    "SELECT (extract(epoch FROM max(created)) * 1000000)::bigint FROM pgqueuer_log WHERE status = 'successful'",
)
_PROCRASTINATE = Peer(
    "procrastinate",
    "run_procrastinate.py",
    "psycopg, concurrency 10",
    3_000,
    600,
    ("10",),
    "SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')",
    "SELECT count(*) FROM procrastinate_events WHERE type = 'succeeded'",
    "SELECT (extract(epoch FROM max(at)) * 1000000)::bigint FROM procrastinate_events WHERE type = 'succeeded'",
)
_PEERS: dict[str, list[tuple[Peer, float | None]]] = {
    "sqlite": [(_HUEY, 3.0)],
    "postgres": [(_PGQUEUER, 2.0), (_PROCRASTINATE, None)],
}


def run(settings: Settings) -> Iterator[Result | Missing]:
    """The drain of one worker process, and of two, in terms of each peer's."""
    peers = [(peer, times) for peer, times in _PEERS[settings.store.name] if _installed(settings, peer)]
    for peer, _ in _PEERS[settings.store.name]:
        if peer not in [other for other, _ in peers]:
            yield Missing(f"drain_beside_{peer.package}", "not installed; make bench-peers installs it")
    for workers in (1, 2) if settings.store.name != "sqlite" else (1,):
        yield from _beside(settings, peers, workers)


def _beside(settings: Settings, peers: Sequence[tuple[Peer, float | None]], workers: int) -> Iterator[Result]:
    load = Load("bench.noop", settings.size(60_000, 20_000), workers)
    ours = []
    theirs: list[list[tuple[float, float]]] = [[] for _ in peers]
    for _ in range(settings.runs):  # A B C A B C
        ours.append(drain(settings, load))
        for (peer, _), runs in zip(peers, theirs, strict=True):
            runs.append(_drain(settings, peer, workers))
    for (peer, times), runs in zip(peers, theirs, strict=True):
        notes = {
            "count": load.count,
            "peerCount": settings.size(peer.count, peer.quick),
            "workers": workers,
            "cpuSecondsPer10k": median([run.cpu for run in ours]),
            "peerCpuSecondsPer10k": median([cpu for _, cpu in runs]),
            "peerMin": round(min(rate for rate, _ in runs)),
            "peerMax": round(max(rate for rate, _ in runs)),
        }
        yield Result(
            f"drain_beside_{peer.package}_{workers}_worker{'s' if workers > 1 else ''}",
            "executions/s",
            [run.rate for run in ours],
            [rate for rate, _ in runs],
            [AtLeast(times, of_floor=True)] if times is not None and workers == 1 else [],
            notes,
            against=f"{peer.package} {_version(settings, peer)}: {peer.settings}",
        )


def _drain(settings: Settings, peer: Peer, workers: int) -> tuple[float, float]:
    """Jobs per second from a full queue, and CPU seconds of the workers per 10,000."""
    count = settings.size(peer.count, peer.quick)
    with scratch(settings) as store, ExitStack() as stack:
        command = [str(settings.peers), str(_FOLDER / peer.script)]
        subprocess.run(
            [*command, "fill", _address(store), str(count)],
            check=True,
            timeout=_LONGEST_SECONDS,
            stderr=subprocess.DEVNULL,
        )
        running = [
            stack.enter_context(_working([*command, "work", _address(store), *peer.options], store))
            for _ in range(workers)
        ]
        began = time.time_ns() // 1000
        before = processes.cpu_seconds([process.pid for process in running])
        with reading(store) as look:
            if peer.ended is None or peer.last is None:
                counted, seconds = _watched(look, peer, running)
            else:
                ahead = number(look, peer.ended)
                _wait_until_empty(look, peer, running)
                expect(number(look, peer.ended), count, f"done by {peer.package}")
                counted, seconds = count - ahead, (number(look, peer.last) - began) / 1e6
            used = processes.cpu_seconds([process.pid for process in running]) - before
        return counted / seconds, used / counted * 10_000


def _watched(look: Connection, peer: Peer, running: Sequence["subprocess.Popen[bytes]"]) -> tuple[int, float]:
    """A peer that keeps no history: how many were left when it was first looked at, and how long they took."""
    left = number(look, peer.left)
    started = time.perf_counter()
    _wait_until_empty(look, peer, running)
    return left, time.perf_counter() - started


def _wait_until_empty(look: Connection, peer: Peer, running: Sequence["subprocess.Popen[bytes]"]) -> None:
    deadline = time.monotonic() + _LONGEST_SECONDS
    while True:
        with suppress(exc.OperationalError):  # SQLite: its table may not be there yet, or be locked
            if number(look, peer.left) == 0:
                return
        if time.monotonic() > deadline or any(process.poll() is not None for process in running):
            raise RuntimeError(f"{peer.package} did not empty its queue")
        time.sleep(0.02)


@contextmanager
def _working(command: Sequence[str], store: Scratch) -> Iterator["subprocess.Popen[bytes]"]:
    """A worker of the peer, once it has said that it is ready."""
    with (store.folder / "peer.log").open("ab") as said:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said, env=_environment()
        )
    try:
        assert process.stdout is not None
        if process.stdout.readline().strip() != b"ready":
            raise RuntimeError((store.folder / "peer.log").read_text(errors="replace")[-1000:])
        yield process
    finally:
        _end(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    for how in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            process.send_signal(how)
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
            break
    assert process.stdout is not None
    process.stdout.close()


def _address(store: Scratch) -> str:
    return str(store.folder / "rota.db") if store.url.startswith("sqlite") else store.url


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("PG", "PYTHON"))}


def _installed(settings: Settings, peer: Peer) -> bool:
    return settings.peers is not None and bool(_version(settings, peer))


def _version(settings: Settings, peer: Peer) -> str:
    """The version that is installed in the venv of the peers; empty when there is none."""
    ask = f"from importlib.metadata import version; print(version({peer.package!r}))"
    command = [str(settings.peers), "-c", ask]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30, env=_environment())
    return ran.stdout.strip() if ran.returncode == 0 else ""
