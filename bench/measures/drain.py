"""Emptying a full queue with real worker processes: no-op functions on the loop, and in warm processes."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass

from sqlalchemy import Connection

from bench import processes
from bench.measure import AtLeast, Result, Scratch, Settings, alternate, median
from bench.stores import expect, fill, fresh, number, reading, scratch

STORES = ("sqlite", "postgres")
CONCURRENCY = 1000
_LONGEST_SECONDS = 300.0
_TARGETS = {
    "sqlite": [AtLeast(20_000), AtLeast(0.1, of_floor=True)],
    "postgres": [AtLeast(0.25, of_floor=True)],
}
_TIMES = 1.6


@dataclass(frozen=True, slots=True)
class Load:
    """What is drained, by how many workers."""

    type: str
    count: int
    workers: int
    concurrency: int = CONCURRENCY
    settings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Drained:
    """What one drain came to: executions per second; CPU seconds per 10,000 of the workers and of the server."""

    rate: float
    cpu: float
    server_cpu: float | None


def run(settings: Settings) -> Iterator[Result]:
    """Executions per second from a full queue to the history: one worker, two workers and the raw floor in turn."""
    count = settings.size(100_000, 20_000)
    one, two = Load("bench.noop", count, 1), Load("bench.noop", count, 2)

    def raw() -> float:
        with scratch(settings) as store:
            return count / settings.store.floor.drain(store, count)

    both, floors = alternate(settings.runs, lambda: (drain(settings, one), drain(settings, two)), raw)
    single, double = [first for first, _ in both], [second for _, second in both]
    yield Result(
        "drain_async_1_worker", "executions/s", rates(single), floors, _TARGETS[settings.store.name], notes(one, single)
    )
    yield Result("drain_async_2_workers", "executions/s", rates(double), floors, [], notes(two, double))
    if settings.store.name != "sqlite":  # it has one writer, whoever asks
        times = [AtLeast(_TIMES, of_floor=True)]
        yield Result(
            "drain_async_2_beside_1", "executions/s", rates(double), rates(single), times, against="one worker process"
        )


def rates(runs: list[Drained]) -> list[float]:
    """Executions per second of each run."""
    return [run.rate for run in runs]


def notes(load: Load, runs: list[Drained]) -> dict[str, object]:
    """What else is told about a drain."""
    told: dict[str, object] = {
        "count": load.count,
        "workers": load.workers,
        "concurrency": load.concurrency,
        "cpuSecondsPer10k": median([run.cpu for run in runs]),
    }
    servers = [run.server_cpu for run in runs if run.server_cpu is not None]
    if servers:
        told["serverCpuSecondsPer10k"] = median(servers)
    return told


def drain(settings: Settings, load: Load) -> Drained:
    """Drain once. The rate is counted from when the last worker had registered to the last end.

    All executions wait in the store before the first worker starts; what ended before the last one had registered is
    not counted.
    """
    with scratch(settings) as store, ExitStack() as stack:
        with fresh(store) as database:
            fill(database, load.count, load.type)
        started = []
        for index in range(load.workers):
            output = store.folder / f"worker-{index}.log"
            started.append((stack.enter_context(worker(load, store, index)), output))
        for process, output in started:
            processes.wait_for_start(process, output)
        return drained(settings, load, store, [process.pid for process, _ in started])


def drained(settings: Settings, load: Load, store: Scratch, pids: list[int]) -> Drained:
    """Watch a drain whose workers have registered, until nothing is left. `pids` are the processes whose CPU counts."""
    before, server = processes.cpu_seconds(pids), _server_cpu(settings)
    with reading(store) as look:
        began = number(look, "SELECT max(registered_at) FROM workers")
        wait_until_empty(look)
        used, served = processes.cpu_seconds(pids) - before, _server_cpu(settings)
        expect(number(look, "SELECT count(*) FROM history WHERE state = 'Succeeded'"), load.count, "succeeded")
        ended = number(look, "SELECT max(finished_at) FROM history")
        counted = number(look, "SELECT count(*) FROM history WHERE finished_at > :began", began=began)
    ten_thousand = counted / 10_000
    return Drained(
        counted / ((ended - began) / 1e6),
        used / ten_thousand,
        None if served is None or server is None else (served - server) / ten_thousand,
    )


def _server_cpu(settings: Settings) -> float | None:
    pid = settings.store.server_pid
    return None if pid is None else processes.cpu_seconds([pid])


def worker(load: Load, store: Scratch, index: int = 0) -> AbstractContextManager["subprocess.Popen[bytes]"]:
    """A worker process directly on the store."""
    arguments = ("worker", "--db", store.url, "--app", "bench.jobs", "--concurrency", str(load.concurrency))
    output = store.folder / f"worker-{index}.log"
    return processes.rota(*arguments, "--log", "quiet", output=output, settings=dict(load.settings))


def wait_until_empty(look: Connection) -> None:
    """Until nothing is left that is not finished."""
    deadline = time.monotonic() + _LONGEST_SECONDS
    while number(look, "SELECT 1 FROM executions LIMIT 1"):
        if time.monotonic() > deadline:
            raise RuntimeError(f"the queue was not empty after {_LONGEST_SECONDS:g} s")
        time.sleep(0.05)
