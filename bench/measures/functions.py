"""Sync functions in warm processes: what real timeouts and cancellation cost."""

from collections.abc import Iterator

from bench.measure import AtLeast, Result, Settings
from bench.measures.drain import Load, drain, notes, rates

STORES = ("sqlite", "postgres")
_PROCESSES = 4


def run(settings: Settings) -> Iterator[Result]:
    """Executions per second of one worker, counted like the drain of async functions."""
    count = settings.size(30_000, 5_000)
    load = Load("bench.sync", count, 1, 100, (("ROTA_ENGINE__MAX_PROCESSES", str(_PROCESSES)),))
    runs = [drain(settings, load) for _ in range(settings.runs)]
    told = {**notes(load, runs), "warmProcesses": _PROCESSES}
    yield Result("drain_sync_1_worker", "executions/s", rates(runs), (), [AtLeast(4000)], told)
