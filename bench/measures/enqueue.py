"""Accepting executions: one a transaction, and many."""

import time
from collections.abc import Iterator

from bench import floor
from bench.measure import AtLeast, Result, Settings, alternate, median
from bench.stores import BATCH, expect, fill, fresh, number, reading, scratch


def run(settings: Settings) -> Iterator[Result]:
    """Executions accepted per second."""
    yield _singly(settings)
    yield _in_bulk(settings)


def _singly(settings: Settings) -> Result:
    count = settings.size(3000, 500)

    def raw() -> float:
        with scratch(settings) as folder:
            return count / floor.enqueue_singly(folder, count)

    pairs, floors = alternate(settings.runs, lambda: _ours(settings, count, 1), lambda: (raw(), 0.0))
    return Result(
        "enqueue_singly",
        "executions/s",
        [rate for rate, _ in pairs],
        [rate for rate, _ in floors],
        [AtLeast(0.4, of_floor=True)],
        {"count": count, "cpuSecondsPer10k": median([cpu for _, cpu in pairs])},
    )


def _in_bulk(settings: Settings) -> Result:
    count = settings.size(100_000, 20_000)

    def raw() -> float:
        with scratch(settings) as folder:
            return count / floor.enqueue_in_bulk(folder, count, BATCH)

    pairs, floors = alternate(settings.runs, lambda: _ours(settings, count, BATCH), lambda: (raw(), 0.0))
    return Result(
        "enqueue_bulk",
        "executions/s",
        [rate for rate, _ in pairs],
        [rate for rate, _ in floors],
        [AtLeast(100_000)],
        {"count": count, "batch": BATCH, "cpuSecondsPer10k": median([cpu for _, cpu in pairs])},
    )


def _ours(settings: Settings, count: int, batch: int) -> tuple[float, float]:
    """Executions per second, and CPU seconds per 10,000."""
    with scratch(settings) as folder, fresh(folder) as database:
        fill(database, 10, "bench.warm")
        started, cpu = time.perf_counter(), time.process_time()
        if batch == 1:
            for _ in range(count):
                fill(database, 1, "bench.noop")
        else:
            fill(database, count, "bench.noop")
        seconds, used = time.perf_counter() - started, time.process_time() - cpu
        with reading(folder / "rota.db") as look:
            expect(number(look, "SELECT count(*) FROM executions WHERE type = 'bench.noop'"), count, "enqueued")
        return count / seconds, used / count * 10_000
