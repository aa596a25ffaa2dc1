"""A worker inside this process, as `rota up` has it."""

from collections.abc import Iterator
from contextlib import contextmanager

import bench.jobs
from rota.app import App
from rota.config import load
from rota.engine.thread import EngineThread


@contextmanager
def embedded(url: str, *, concurrency: int, loops: bool = False) -> Iterator[App]:
    """A durable store with an engine on its thread; with `loops`, the scheduler's too."""
    assert bench.jobs.starts is not None  # importing it registers the functions
    flags = {
        "db": url,
        "app": ("bench.jobs",),
        "log": "quiet",
        "engine": {"max_concurrent_jobs": concurrency},
    }
    app = App(load(flags=flags))
    app.open()
    app.prepare()
    engine = EngineThread(app.supervisor(), app.telemetry)
    engine.start()
    running = app.loops if loops else []
    for loop in running:
        loop.start()
    try:
        yield app
    finally:
        for loop in running:
            loop.stop()
        engine.stop()
        engine.join()
        for loop in running:
            loop.join()
        app.close()
