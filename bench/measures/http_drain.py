"""Emptying a full queue over HTTP: one coordinator process, one worker process that has no access to the store."""

import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack

from bench import processes
from bench.measure import AtLeast, Result, Scratch, Settings, median
from bench.measures.drain import Drained, Load, drained, rates
from bench.stores import fill, fresh, scratch

STORES = ("sqlite", "postgres")
CONCURRENCY = 1000


def run(settings: Settings) -> Iterator[Result]:
    """Executions per second from a full queue to the history."""
    load = Load("bench.noop", settings.size(100_000, 20_000), 1, CONCURRENCY)
    runs = [drain(settings, load) for _ in range(settings.runs)]
    told = {
        "count": load.count,
        "concurrency": load.concurrency,
        "cpuSecondsPer10k": median([run.cpu for run in runs]),
    }
    yield Result("drain_http_1_worker", "executions/s", rates(runs), [], [AtLeast(5_000)], told)


def drain(settings: Settings, load: Load) -> Drained:
    """Drain once. The CPU is that of the coordinator and the worker together."""
    with scratch(settings) as store, ExitStack() as stack:
        with fresh(store) as database:
            fill(database, load.count, load.type)
        port = processes.free_port()
        said = store.folder / "server.log"
        words = ("server", "--db", store.url, "--port", str(port), "--app", "bench.jobs", "--log", "quiet")
        server = stack.enter_context(processes.rota(*words, output=said))
        processes.wait_until_ready(server, port, said)
        worker = stack.enter_context(_worker(load, store, port))
        processes.wait_for_start(worker, store.folder / "worker.log")
        return drained(settings, load, store, [server.pid, worker.pid])


def _worker(load: Load, store: Scratch, port: int) -> AbstractContextManager["subprocess.Popen[bytes]"]:
    coordinator = ("worker", "--coordinator", f"http://127.0.0.1:{port}", "--token", processes.TOKEN)
    words = ("--app", "bench.jobs", "--concurrency", str(load.concurrency), "--log", "quiet")
    return processes.rota(*coordinator, *words, output=store.folder / "worker.log")
