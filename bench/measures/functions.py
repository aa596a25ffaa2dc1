"""Sync functions in warm processes: what real timeouts and cancellation cost."""

from collections.abc import Iterator

from bench.measure import AtLeast, Result, Settings, median
from bench.measures.drain import Load, drain

_PROCESSES = 4


def run(settings: Settings) -> Iterator[Result]:
    """Executions per second of one worker, counted like the drain of async functions."""
    count = settings.size(30_000, 5_000)
    load = Load("bench.sync", count, 1, 100, (("ROTA_ENGINE__MAX_PROCESSES", str(_PROCESSES)),))
    pairs = [drain(settings, load) for _ in range(settings.runs)]
    notes = {
        "count": count,
        "concurrency": load.concurrency,
        "warmProcesses": _PROCESSES,
        "cpuSecondsPer10k": median([cpu for _, cpu in pairs]),
    }
    yield Result("drain_sync_1_worker", "executions/s", [rate for rate, _ in pairs], (), [AtLeast(4000)], notes)
