"""Procrastinate on PostgreSQL, with psycopg: `python run_procrastinate.py fill URL COUNT` and `… work URL CONCURRENCY`."""

import asyncio
import sys

import psycopg
from procrastinate import App, PsycopgConnector

_PER_STATEMENT = 2000


def application(url: str, connections: int) -> App:
    """An application with a task that does nothing."""
    return App(connector=PsycopgConnector(conninfo=url, min_size=connections, max_size=connections))


async def fill(url: str, count: int) -> None:
    """Make its tables and queue jobs."""
    app = application(url, 2)
    noop = app.task(name="noop")(_noop)
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        for start in range(0, count, _PER_STATEMENT):
            await noop.batch_defer_async(*({} for _ in range(min(_PER_STATEMENT, count - start))))
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as server:
        await server.execute("ANALYZE")


async def work(url: str, concurrency: int) -> None:
    """Work until SIGTERM."""
    app = application(url, min(concurrency, 10) + 2)
    app.task(name="noop")(_noop)
    async with app.open_async():
        print("ready", flush=True)
        await app.run_worker_async(concurrency=concurrency, wait=True, install_signal_handlers=True)


async def _noop() -> None:
    """Nothing."""


if __name__ == "__main__":
    command, url, number = sys.argv[1:]
    asyncio.run(fill(url, int(number)) if command == "fill" else work(url, int(number)))
