"""How soon an idle worker begins what it is given, both in one process: from before the call that asks to the first
line of the function, with the durable commit in between."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from bench import floor, jobs
from bench.embedded import embedded
from bench.measure import AtMost, Result, Settings, alternate, percentile
from bench.stores import expect, number, reading, scratch
from rota.domain.execution import NewExecution
from rota.stores import executions

_PATIENCE_SECONDS = 30.0
_WARM_UP = 20


def run(settings: Settings) -> Iterator[Result]:
    """Percentiles of the latency."""
    count = settings.size(500, 100) + _WARM_UP
    draw = random.Random(1)
    gaps = [draw.uniform(0.004, 0.020) for _ in range(count)]

    def measured(measure: Callable[[Path, Sequence[float]], list[float]]) -> Callable[[], list[float]]:
        def once() -> list[float]:
            with scratch(settings) as folder:
                return measure(folder, gaps)[_WARM_UP:]

        return once

    ours, floors = alternate(settings.runs, measured(_ours), measured(floor.pick_up))
    for share, targets in ((0.5, [AtMost(1.5)]), (0.95, []), (0.99, [AtMost(5.0)])):
        yield Result(
            f"pick_up_p{share * 100:g}",
            "ms",
            [percentile(sample, share) for sample in ours],
            [percentile(sample, share) for sample in floors],
            targets,
            {"count": len(gaps) - _WARM_UP},
        )


def _ours(folder: Path, gaps: Sequence[float]) -> list[float]:
    jobs.starts.clear()
    asked: list[int] = []
    with embedded(folder, concurrency=10) as app:
        for index, gap in enumerate(gaps):
            time.sleep(gap)
            asked.append(time.monotonic_ns())
            with app.database.write() as tx:
                executions.enqueue(tx, [NewExecution("bench.mark", index)])
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while len(jobs.starts) < len(gaps) and time.monotonic() < deadline:
            time.sleep(0.01)
    with reading(folder / "rota.db") as look:
        expect(number(look, "SELECT count(*) FROM history WHERE type = 'bench.mark'"), len(gaps), "picked up")
    return [(jobs.starts[index] - at) / 1e6 for index, at in enumerate(asked)]
