"""A peer on the same disk in the same run: huey on SQLite, when somebody has installed it (`pip install huey`)."""

import importlib.util
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from bench import processes
from bench.measure import AtLeast, Missing, Result, Settings, alternate
from bench.measures.drain import Load, drain
from bench.stores import number, reading, scratch

_THREADS = 1
"""Its best for jobs that do nothing: more threads compete for the interpreter."""
_LONGEST_SECONDS = 300.0


def run(settings: Settings) -> Iterator[Result | Missing]:
    """The drain of one worker process in terms of the peer's."""
    if importlib.util.find_spec("huey") is None:
        yield Missing("drain_beside_huey", "peer not installed")
        return
    count, ours = settings.size(20_000, 5_000), Load("bench.noop", settings.size(100_000, 20_000), 1)
    rates, peers = alternate(settings.runs, lambda: drain(settings, ours)[0], lambda: _huey(settings, count))
    notes = {"floor_is": f"huey on SQLite, synced, {_THREADS} thread(s)", "count": ours.count, "peerCount": count}
    yield Result("drain_beside_huey", "executions/s", rates, peers, [AtLeast(3, of_floor=True)], notes)


def _huey(settings: Settings, count: int) -> float:
    """Tasks per second from the first one taken from a full queue to the last."""
    with scratch(settings) as folder:
        file = folder / "huey.db"
        environment = {**os.environ, "BENCH_HUEY_FILE": str(file)}
        fill = f"from bench.measures import peer_tasks as t\nfor _ in range({count}): t.noop()"
        subprocess.run([sys.executable, "-c", fill], cwd=processes.ROOT, env=environment, check=True)
        command = [sys.executable, "-m", "huey.bin.huey_consumer", "bench.measures.peer_tasks.huey"]
        command += ["--workers", str(_THREADS), "--worker-type", "thread", "--quiet", "--no-periodic"]
        with (folder / "huey.log").open("wb") as said:
            consumer = subprocess.Popen(command, cwd=processes.ROOT, env=environment, stdout=said, stderr=said)
        try:
            return count / _seconds_to_empty(consumer, file, count)
        finally:
            _end(consumer)


def _seconds_to_empty(consumer: "subprocess.Popen[bytes]", file: Path, count: int) -> float:
    """Watched from outside: huey keeps no history that could be counted afterwards."""
    deadline = time.monotonic() + _LONGEST_SECONDS
    with reading(file) as look:
        while _left(look) == count:
            _check(consumer, deadline)
            time.sleep(0.002)
        started = time.perf_counter()
        while _left(look):
            _check(consumer, deadline)
            time.sleep(0.02)
    return time.perf_counter() - started


def _left(look: sqlite3.Connection) -> int:
    return number(look, "SELECT count(*) FROM task")


def _check(consumer: "subprocess.Popen[bytes]", deadline: float) -> None:
    if consumer.poll() is not None or time.monotonic() > deadline:
        raise RuntimeError(f"huey did not empty its queue (exit code {consumer.poll()})")


def _end(consumer: "subprocess.Popen[bytes]") -> None:
    consumer.send_signal(signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        consumer.wait(20)
        return
    consumer.kill()
    consumer.wait()
