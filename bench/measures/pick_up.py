"""How soon an idle worker begins what it is given: from before the call that asks to the first line of the function,
with the durable commit in between.

On SQLite both are in one process, as `rota up` has it. On PostgreSQL they are two processes, and LISTEN/NOTIFY wakes.
"""

import random
import time
from collections.abc import Callable, Iterator, Sequence

from bench import jobs, processes
from bench.embedded import embedded
from bench.measure import AtMost, Result, Scratch, Settings, alternate, percentile
from bench.measures.drain import Load, worker
from bench.stores import expect, fresh, number, reading, rows, scratch
from rota.domain.execution import NewExecution
from rota.stores import executions

STORES = ("sqlite", "postgres")
_PATIENCE_SECONDS = 30.0
_WARM_UP = 20
_TARGETS = {"sqlite": {0.5: 1.5, 0.99: 5.0}, "postgres": {0.5: 3.0, 0.99: 15.0}}


def run(settings: Settings) -> Iterator[Result]:
    """Percentiles of the latency."""
    count = settings.size(500, 100) + _WARM_UP
    draw = random.Random(1)
    gaps = [draw.uniform(0.004, 0.020) for _ in range(count)]
    inside = settings.store.name == "sqlite"

    def measured(measure: Callable[[Scratch, Sequence[float]], list[float]]) -> Callable[[], list[float]]:
        def once() -> list[float]:
            with scratch(settings) as store:
                return measure(store, gaps)[_WARM_UP:]

        return once

    ours = _in_one_process if inside else _across_processes
    samples, floors = alternate(settings.runs, measured(ours), measured(settings.store.floor.pick_up))
    limits = _TARGETS[settings.store.name]
    for share in (0.5, 0.95, 0.99):
        yield Result(
            f"pick_up_p{share * 100:g}",
            "ms",
            [percentile(sample, share) for sample in samples],
            [percentile(sample, share) for sample in floors],
            [AtMost(limits[share])] if share in limits else [],
            {"count": len(gaps) - _WARM_UP, "processes": 1 if inside else 2},
        )


def _in_one_process(store: Scratch, gaps: Sequence[float]) -> list[float]:
    jobs.starts.clear()
    asked: list[int] = []
    with embedded(store.url, concurrency=10) as app:
        for index, gap in enumerate(gaps):
            time.sleep(gap)
            asked.append(time.monotonic_ns())
            with app.database.write() as tx:
                executions.enqueue(tx, [NewExecution("bench.mark", index)])
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while len(jobs.starts) < len(gaps) and time.monotonic() < deadline:
            time.sleep(0.01)
    with reading(store) as look:
        expect(number(look, "SELECT count(*) FROM history WHERE type = 'bench.mark'"), len(gaps), "picked up")
    return [(jobs.starts[index] - at) / 1e6 for index, at in enumerate(asked)]


def _across_processes(store: Scratch, gaps: Sequence[float]) -> list[float]:
    """The function tells the time at which it began; both processes have the clock of this machine."""
    asked: dict[str, int] = {}
    with fresh(store) as database, worker(Load("bench.clock", len(gaps), 1, 10), store) as process:
        processes.wait_for_start(process, store.folder / "worker-0.log")
        for gap in gaps:
            time.sleep(gap)
            now = time.time_ns() // 1000
            with database.write() as tx:
                (id,) = executions.enqueue(tx, [NewExecution("bench.clock")])
            asked[str(id)] = now
        with reading(store) as look:
            deadline = time.monotonic() + _PATIENCE_SECONDS
            while number(look, "SELECT count(*) FROM history") < len(gaps) and time.monotonic() < deadline:
                time.sleep(0.05)
            began = {str(id): int(result) for id, result in rows(look, "SELECT id, result FROM history")}
    expect(len(began), len(gaps), "picked up")
    return [(began[id] - at) / 1000 for id, at in asked.items()]
