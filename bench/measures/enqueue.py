"""Accepting executions: one a transaction, and many."""

import time
from collections.abc import Iterator

from bench.measure import AtLeast, Result, Settings, alternate, median
from bench.stores import BATCH, expect, fill, fresh, number, reading, scratch

STORES = ("sqlite", "postgres")
_SINGLY = {"sqlite": [AtLeast(0.4, of_floor=True)], "postgres": [AtLeast(0.5, of_floor=True)]}
_IN_BULK = {"sqlite": [AtLeast(100_000)], "postgres": [AtLeast(0.4, of_floor=True)]}


def run(settings: Settings) -> Iterator[Result]:
    """Executions accepted per second."""
    yield _singly(settings)
    yield _in_bulk(settings)


def _singly(settings: Settings) -> Result:
    count = settings.size(3000, 500)

    def raw() -> float:
        with scratch(settings) as store:
            return count / settings.store.floor.enqueue_singly(store, count)

    pairs, floors = alternate(settings.runs, lambda: _ours(settings, count, 1), raw)
    notes = {"count": count, "cpuSecondsPer10k": median([cpu for _, cpu in pairs])}
    rates = [rate for rate, _ in pairs]
    return Result("enqueue_singly", "executions/s", rates, floors, _SINGLY[settings.store.name], notes)


def _in_bulk(settings: Settings) -> Result:
    count = settings.size(100_000, 20_000)

    def raw() -> float:
        with scratch(settings) as store:
            return count / settings.store.floor.enqueue_in_bulk(store, count, BATCH)

    pairs, floors = alternate(settings.runs, lambda: _ours(settings, count, BATCH), raw)
    notes = {"count": count, "batch": BATCH, "cpuSecondsPer10k": median([cpu for _, cpu in pairs])}
    rates = [rate for rate, _ in pairs]
    return Result("enqueue_bulk", "executions/s", rates, floors, _IN_BULK[settings.store.name], notes)


def _ours(settings: Settings, count: int, batch: int) -> tuple[float, float]:
    """Executions per second, and CPU seconds per 10,000."""
    with scratch(settings) as store, fresh(store) as database:
        fill(database, 10, "bench.warm")
        started, cpu = time.perf_counter(), time.process_time()
        if batch == 1:
            for _ in range(count):
                fill(database, 1, "bench.noop")
        else:
            fill(database, count, "bench.noop")
        seconds, used = time.perf_counter() - started, time.process_time() - cpu
        with reading(store) as look:
            expect(number(look, "SELECT count(*) FROM executions WHERE type = 'bench.noop'"), count, "enqueued")
        return count / seconds, used / count * 10_000
