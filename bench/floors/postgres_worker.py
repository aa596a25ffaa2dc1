"""An idle worker without a product around it: woken by LISTEN, it claims, runs one asyncio task a job, and completes.

`python -m bench.floors.postgres_worker URL COUNT`: ends when it has run COUNT jobs. When a job ran is what it leaves in
the column `finished`.
"""

import asyncio
import sys
import time

import psycopg

from bench.floors.postgres import _BATCH, _CLAIM

_COMPLETE = """
    WITH ran AS (SELECT * FROM unnest(%s::bigint[], %s::bigint[]) AS ran(id, at)),
         done AS (DELETE FROM jobs USING ran WHERE jobs.id = ran.id
                  RETURNING jobs.id, queue, priority, due, payload, ran.at)
    INSERT INTO history (id, queue, priority, state, due, payload, finished)
    SELECT id, queue, priority, 'done', due, payload, at FROM done"""


async def main(url: str, count: int) -> None:
    """Listen, say so, and work."""
    listening = await psycopg.AsyncConnection.connect(url, autocommit=True)
    working = await psycopg.AsyncConnection.connect(url, autocommit=True, prepare_threshold=1)
    await listening.execute("LISTEN work")
    print("listening", flush=True)
    done = 0
    async for _ in listening.notifies():
        claimed = await (await working.execute(_CLAIM, (_BATCH,))).fetchall()
        if not claimed:
            continue
        ran = await asyncio.gather(*[asyncio.create_task(_job()) for _ in claimed])
        await working.execute(_COMPLETE, ([id for id, _ in claimed], list(ran)))
        done += len(claimed)
        if done >= count:
            break
    await listening.close()
    await working.close()


async def _job() -> int:
    return time.time_ns() // 1000


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
