"""PgQueuer on PostgreSQL, with asyncpg: `python run_pgqueuer.py fill URL COUNT` and `python run_pgqueuer.py work URL`.

Its best settings for jobs that do nothing: uvloop where it is installed, and large batches.
"""

import asyncio
import contextlib
import signal
import sys
from datetime import timedelta

import asyncpg
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.core.qm import QueueManager
from pgqueuer.domain.models import Job
from pgqueuer.queries import Queries

_PER_STATEMENT = 5000
_PER_CLAIM = 500


async def fill(url: str, count: int) -> None:
    """Make its tables and queue jobs."""
    connection = await asyncpg.connect(url)
    queries = Queries(AsyncpgDriver(connection))
    await queries.install()
    for start in range(0, count, _PER_STATEMENT):
        size = min(_PER_STATEMENT, count - start)
        await queries.enqueue(["noop"] * size, [None] * size, [0] * size)
    await connection.execute("ANALYZE")
    await connection.close()


async def work(url: str, per_claim: int) -> None:
    """Work until SIGTERM."""
    connection = await asyncpg.connect(url)
    manager = QueueManager(Queries(AsyncpgDriver(connection)))

    @manager.entrypoint("noop")
    async def noop(job: Job) -> None:
        """Nothing."""

    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, manager.shutdown.set)
    print("ready", flush=True)
    await manager.run(batch_size=per_claim, dequeue_timeout=timedelta(seconds=1))
    await connection.close()


if __name__ == "__main__":
    with contextlib.suppress(ImportError):
        import uvloop

        uvloop.install()
    command, url, *rest = sys.argv[1:]
    if command == "fill":
        asyncio.run(fill(url, int(rest[0])))
    else:
        asyncio.run(work(url, int(rest[0]) if rest else _PER_CLAIM))
