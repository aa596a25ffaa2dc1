"""The floor on PostgreSQL: psycopg 3 with its C implementation, prepared statements, a minimal table.

What each measure means: `bench.measure.Floor`.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Sequence

import psycopg

from bench.measure import Scratch

_BATCH = 500
_LONGEST_SECONDS = 60.0

_SCHEMA = """
    CREATE TABLE jobs (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, queue text NOT NULL, priority int NOT NULL,
                       state text NOT NULL, due bigint NOT NULL, payload text) WITH (fillfactor = 80);
    CREATE INDEX claimable ON jobs (priority DESC, due, id) WHERE state = 'pending';
    CREATE TABLE history (id bigint, queue text, priority int, state text, due bigint, payload text, finished bigint);
    CREATE TABLE schedules (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, next bigint);
    CREATE INDEX due_schedules ON schedules (next) WHERE next IS NOT NULL;
"""
_INSERT = "INSERT INTO jobs (queue, priority, state, due, payload) VALUES (%s, %s, %s, %s, %s)"
_COPY = "COPY jobs (queue, priority, state, due, payload) FROM STDIN"
_CLAIM = """
    UPDATE jobs SET state = 'running' WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM jobs WHERE state = 'pending' ORDER BY priority DESC, due, id LIMIT %s FOR UPDATE SKIP LOCKED))
    RETURNING id, payload"""
_COMPLETE = """
    WITH done AS (DELETE FROM jobs WHERE id = ANY(%s) RETURNING id, queue, priority, due, payload)
    INSERT INTO history (id, queue, priority, state, due, payload, finished)
    SELECT id, queue, priority, 'done', due, payload, %s FROM done"""


def open_store(scratch: Scratch) -> psycopg.Connection:
    """A new store with the minimal tables, each statement a transaction of its own."""
    connection = psycopg.connect(scratch.url, autocommit=True, prepare_threshold=1)
    connection.execute(_SCHEMA)
    return connection


def enqueue_singly(scratch: Scratch, count: int) -> float:
    """Seconds for `count` inserts, each in a transaction of its own."""
    store = open_store(scratch)
    started = time.perf_counter()
    for _ in range(count):
        store.execute(_INSERT, _row())
    seconds = time.perf_counter() - started
    _verify(store, "jobs", count)
    return seconds


def enqueue_in_bulk(scratch: Scratch, count: int, batch: int) -> float:
    """Seconds to COPY `count` rows in transactions of `batch`."""
    store = open_store(scratch)
    started = time.perf_counter()
    for start in range(0, count, batch):
        with store.cursor() as cursor, cursor.copy(_COPY) as copy:
            for _ in range(min(batch, count - start)):
                copy.write_row(_row())
    seconds = time.perf_counter() - started
    _verify(store, "jobs", count)
    return seconds


def drain(scratch: Scratch, count: int) -> float:
    """Seconds to claim, run as one asyncio task each, and move to the history `count` jobs in batches of 500."""
    store = open_store(scratch)
    with store.cursor() as cursor, cursor.copy(_COPY) as copy:
        for _ in range(count):
            copy.write_row(_row())
    started = time.perf_counter()
    asyncio.run(_drain(store))
    seconds = time.perf_counter() - started
    _verify(store, "history", count)
    return seconds


async def _drain(store: psycopg.Connection) -> None:
    """Completion and the next claim are one transaction. Nothing else runs here, so that blocking costs nothing."""
    done: list[int] = []
    while True:
        with store.transaction():
            if done:
                store.execute(_COMPLETE, (done, _now()))
            claimed = store.execute(_CLAIM, (_BATCH,)).fetchall()
        done = []
        if not claimed:
            return
        await asyncio.gather(*[asyncio.create_task(_job(id, done)) for id, _ in claimed])


async def _job(id: int, done: list[int]) -> None:
    done.append(id)


def pick_up(scratch: Scratch, gaps: Sequence[float]) -> list[float]:
    """Milliseconds from asking to running in another process that is woken by LISTEN/NOTIFY."""
    store = open_store(scratch)
    command = [sys.executable, "-m", "bench.floors.postgres_worker", scratch.url, str(len(gaps))]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as worker:
        try:
            assert worker.stdout is not None
            worker.stdout.readline()  # it says when it listens
            asked = []
            for number, gap in enumerate(gaps):
                time.sleep(gap)
                asked.append(_now())
                with store.transaction():
                    store.execute(_INSERT, ("default", 0, "pending", asked[-1], str(number)))
                    store.execute("NOTIFY work")
            worker.wait(_LONGEST_SECONDS)
        finally:
            worker.kill()
    started: dict[int, int] = dict(store.execute("SELECT payload::int, finished FROM history").fetchall())
    _verify(store, "history", len(gaps))
    return [(started[number] - at) / 1000 for number, at in enumerate(asked)]


def fire(scratch: Scratch, offsets: Sequence[float], lead: float) -> list[float]:
    """Milliseconds between each schedule's instant and the commit of its execution.

    One loop claims what is due, inserts the executions and advances the schedules, in batches of 500.
    """
    store = open_store(scratch)
    first = _now() + round(lead * 1e6)
    with store.cursor() as cursor, cursor.copy("COPY schedules (next) FROM STDIN") as copy:
        for at in offsets:
            copy.write_row((first + round(at * 1e6),))
    lateness: list[float] = []
    while len(lateness) < len(offsets):
        soonest = _number(store, "SELECT min(next) FROM schedules WHERE next IS NOT NULL")
        time.sleep(max(0, soonest - _now()) / 1e6)
        due = [row[0] for row in store.execute(_FIRE, {"now": _now(), "batch": _BATCH}).fetchall()]
        now = _now()
        lateness += [(now - at) / 1000 for at in due]
    _verify(store, "jobs", len(offsets))
    return lateness


_FIRE = """
    WITH found AS (SELECT id, next FROM schedules WHERE next <= %(now)s ORDER BY next LIMIT %(batch)s FOR UPDATE SKIP LOCKED),
         fired AS (INSERT INTO jobs (queue, priority, state, due, payload)
                   SELECT 'default', 0, 'pending', next, NULL FROM found)
    UPDATE schedules SET next = NULL FROM found WHERE schedules.id = found.id RETURNING found.next"""


def _row() -> tuple[object, ...]:
    return ("default", 0, "pending", _now(), "{}")


def _now() -> int:
    return time.time_ns() // 1000


def _number(store: psycopg.Connection, sql: str) -> int:
    found = store.execute(sql).fetchone()
    return int(found[0] or 0) if found else 0


def _verify(store: psycopg.Connection, table: str, count: int) -> None:
    """Count what happened in the store, then close it."""
    found = _number(store, f"SELECT count(*) FROM {table}")
    store.close()
    if found != count:
        raise RuntimeError(f"the floor did {found} of {count}")
