"""Emptying a full queue with real worker processes: no-op functions on the loop, and in warm processes."""

import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench import floor, processes
from bench.measure import AtLeast, Result, Settings, alternate, median
from bench.stores import expect, fill, fresh, number, reading, scratch

CONCURRENCY = 500
_LONGEST_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Load:
    """What is drained, by how many workers."""

    type: str
    count: int
    workers: int
    concurrency: int = CONCURRENCY
    settings: tuple[tuple[str, str], ...] = ()


def run(settings: Settings) -> Iterator[Result]:
    """Executions per second from a full queue to the history."""
    count = settings.size(100_000, 20_000)
    one = _beside_floor(
        settings, "drain_async_1_worker", Load("bench.noop", count, 1), [AtLeast(20_000), AtLeast(0.1, of_floor=True)]
    )
    yield one
    two = _beside_floor(settings, "drain_async_2_workers", Load("bench.noop", count, 2), [])
    two.notes["timesOneWorker"] = round(two.value / one.value, 2)
    yield two


def _beside_floor(settings: Settings, name: str, load: Load, targets: list[AtLeast]) -> Result:
    def raw() -> float:
        with scratch(settings) as folder:
            return load.count / floor.drain(folder, load.count)

    pairs, floors = alternate(settings.runs, lambda: drain(settings, load), lambda: (raw(), 0.0))
    rates, cpu = [rate for rate, _ in pairs], [cpu for _, cpu in pairs]
    notes = {
        "count": load.count,
        "workers": load.workers,
        "concurrency": load.concurrency,
        "cpuSecondsPer10k": median(cpu),
    }
    return Result(name, "executions/s", rates, [rate for rate, _ in floors], targets, notes)


def drain(settings: Settings, load: Load) -> tuple[float, float]:
    """Executions per second and CPU seconds per 10,000, from when the last worker had registered to the last end.

    All of them wait in the store before the first worker starts; what ended before the last one had registered is not
    counted.
    """
    with scratch(settings) as folder, ExitStack() as stack:
        with fresh(folder) as database:
            fill(database, load.count, load.type)
        file = folder / "rota.db"
        started = []
        for index in range(load.workers):
            output = folder / f"worker-{index}.log"
            started.append((stack.enter_context(_worker(load, file, output)), output))
        for process, output in started:
            processes.wait_for_start(process, output)
        pids = [process.pid for process, _ in started]
        before = processes.cpu_seconds(pids)
        with reading(file) as look:
            began = number(look, "SELECT max(registered_at) FROM workers")
            _wait_until_empty(look)
            used = processes.cpu_seconds(pids) - before
            expect(number(look, "SELECT count(*) FROM history WHERE state = 'Succeeded'"), load.count, "succeeded")
            ended = number(look, "SELECT max(finished_at) FROM history")
            counted = number(look, "SELECT count(*) FROM history WHERE finished_at > ?", began)
        return counted / ((ended - began) / 1e6), used / counted * 10_000


def _worker(load: Load, file: Path, output: Path) -> AbstractContextManager["subprocess.Popen[bytes]"]:
    arguments = (
        "worker",
        "--db",
        str(file),
        "--app",
        "bench.jobs",
        "--concurrency",
        str(load.concurrency),
        "--log",
        "quiet",
    )
    return processes.rota(*arguments, output=output, settings=dict(load.settings))


def _wait_until_empty(look: sqlite3.Connection) -> None:
    deadline = time.monotonic() + _LONGEST_SECONDS
    while number(look, "SELECT 1 FROM executions LIMIT 1"):
        if time.monotonic() > deadline:
            raise RuntimeError(f"the queue was not empty after {_LONGEST_SECONDS:g} s")
        time.sleep(0.05)
