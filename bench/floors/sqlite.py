"""The floor on SQLite: one connection, WAL, synchronous=FULL. What each measure means: `bench.measure.Floor`."""

import asyncio
import json
import sqlite3
import threading
import time
from collections.abc import Sequence

from bench.measure import Scratch

_BATCH = 500

_SCHEMA = """
    CREATE TABLE jobs (id INTEGER PRIMARY KEY, queue TEXT NOT NULL, priority INTEGER NOT NULL, state TEXT NOT NULL,
                       due INTEGER NOT NULL, payload TEXT);
    CREATE INDEX claimable ON jobs (priority DESC, due, id) WHERE state = 'pending';
    CREATE TABLE history (id INTEGER, queue TEXT, priority INTEGER, state TEXT, due INTEGER, payload TEXT,
                          finished INTEGER);
    CREATE TABLE schedules (id INTEGER PRIMARY KEY, next INTEGER);
    CREATE INDEX due_schedules ON schedules (next) WHERE next IS NOT NULL;
"""
_INSERT = "INSERT INTO jobs (queue, priority, state, due, payload) VALUES (?, ?, ?, ?, ?)"
_CLAIM = """
    UPDATE jobs SET state = 'running' WHERE id IN (
        SELECT id FROM jobs WHERE state = 'pending' ORDER BY priority DESC, due, id LIMIT ?) RETURNING id, payload"""
_KEEP = """
    INSERT INTO history SELECT id, queue, priority, 'done', due, payload, ? FROM jobs
    WHERE id IN (SELECT value FROM json_each(?))"""
_REMOVE = "DELETE FROM jobs WHERE id IN (SELECT value FROM json_each(?))"


def open_store(scratch: Scratch) -> sqlite3.Connection:
    """A new store with the minimal table."""
    connection = sqlite3.connect(scratch.folder / "floor.db", isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.executescript(_SCHEMA)
    return connection


def enqueue_singly(scratch: Scratch, count: int) -> float:
    """Seconds for `count` inserts, each in a transaction of its own."""
    store = open_store(scratch)
    started = time.perf_counter()
    for _ in range(count):
        store.execute("BEGIN IMMEDIATE")
        store.execute(_INSERT, _row())
        store.execute("COMMIT")
    seconds = time.perf_counter() - started
    _verify(store, "jobs", count)
    return seconds


def enqueue_in_bulk(scratch: Scratch, count: int, batch: int) -> float:
    """Seconds for `count` inserts in transactions of `batch`."""
    store = open_store(scratch)
    started = time.perf_counter()
    for start in range(0, count, batch):
        store.execute("BEGIN IMMEDIATE")
        store.executemany(_INSERT, [_row() for _ in range(min(batch, count - start))])
        store.execute("COMMIT")
    seconds = time.perf_counter() - started
    _verify(store, "jobs", count)
    return seconds


def drain(scratch: Scratch, count: int) -> float:
    """Seconds to claim, run as one asyncio task each, and move to the history `count` jobs in batches of 500."""
    store = open_store(scratch)
    store.execute("BEGIN")
    store.executemany(_INSERT, [_row() for _ in range(count)])
    store.execute("COMMIT")
    started = time.perf_counter()
    asyncio.run(_drain(store))
    seconds = time.perf_counter() - started
    _verify(store, "history", count)
    return seconds


async def _drain(store: sqlite3.Connection) -> None:
    done: list[int] = []
    while True:
        store.execute("BEGIN IMMEDIATE")
        _complete(store, done)
        claimed = store.execute(_CLAIM, (_BATCH,)).fetchall()
        store.execute("COMMIT")
        done = []
        if not claimed:
            return
        tasks = [asyncio.create_task(_job(id, done)) for id, _ in claimed]
        await asyncio.gather(*tasks)


async def _job(id: int, done: list[int]) -> None:
    done.append(id)


def _complete(store: sqlite3.Connection, done: Sequence[int]) -> None:
    if done:
        ids = json.dumps(done)
        store.execute(_KEEP, (_now(), ids))
        store.execute(_REMOVE, (ids,))


def pick_up(scratch: Scratch, gaps: Sequence[float]) -> list[float]:
    """Milliseconds from asking to running on an idle loop in another thread that is woken by an event."""
    store, mine = open_store(scratch), sqlite3.connect(scratch.folder / "floor.db", isolation_level=None)
    mine.execute("PRAGMA synchronous=FULL")
    started: dict[int, int] = {}
    ready, loop, wake = threading.Event(), asyncio.new_event_loop(), asyncio.Event()

    async def work() -> None:
        ready.set()
        done: list[int] = []
        while len(started) < len(gaps):
            await wake.wait()
            wake.clear()
            store.execute("BEGIN IMMEDIATE")
            claimed = store.execute(_CLAIM, (_BATCH,)).fetchall()
            store.execute("COMMIT")
            for _, payload in claimed:
                await asyncio.create_task(note(int(payload)))
            done = [id for id, _ in claimed]
            store.execute("BEGIN IMMEDIATE")
            _complete(store, done)
            store.execute("COMMIT")

    async def note(number: int) -> None:
        started[number] = time.monotonic_ns()

    thread = threading.Thread(target=loop.run_until_complete, args=(work(),))
    thread.start()
    ready.wait()
    asked = []
    for number, gap in enumerate(gaps):
        time.sleep(gap)
        asked.append(time.monotonic_ns())
        mine.execute("BEGIN IMMEDIATE")
        mine.execute(_INSERT, ("default", 0, "pending", _now(), str(number)))
        mine.execute("COMMIT")
        loop.call_soon_threadsafe(wake.set)
    thread.join()
    loop.close()
    mine.close()
    _verify(store, "history", len(gaps))
    return [(started[number] - asked[number]) / 1e6 for number in range(len(gaps))]


def fire(scratch: Scratch, offsets: Sequence[float], lead: float) -> list[float]:
    """Milliseconds between each schedule's instant and the commit of its execution.

    One loop claims what is due, inserts the executions and advances the schedules, in batches of 500.
    """
    store = open_store(scratch)
    first = _now() + round(lead * 1e6)
    store.execute("BEGIN")
    store.executemany("INSERT INTO schedules (next) VALUES (?)", [(first + round(at * 1e6),) for at in offsets])
    store.execute("COMMIT")
    lateness: list[float] = []
    while len(lateness) < len(offsets):
        soonest = store.execute("SELECT min(next) FROM schedules WHERE next IS NOT NULL").fetchone()[0]
        time.sleep(max(0, soonest - _now()) / 1e6)
        store.execute("BEGIN IMMEDIATE")
        found = store.execute(
            "SELECT id, next FROM schedules WHERE next <= ? ORDER BY next LIMIT ?", (_now(), _BATCH)
        ).fetchall()
        store.executemany(_INSERT, [("default", 0, "pending", due, None) for _, due in found])
        store.execute(
            "UPDATE schedules SET next = NULL WHERE id IN (SELECT value FROM json_each(?))",
            (json.dumps([id for id, _ in found]),),
        )
        store.execute("COMMIT")
        now = _now()
        lateness += [(now - due) / 1000 for _, due in found]
    _verify(store, "jobs", len(offsets))
    return lateness


def _row() -> tuple[object, ...]:
    return ("default", 0, "pending", _now(), "{}")


def _now() -> int:
    return time.time_ns() // 1000


def _verify(store: sqlite3.Connection, table: str, count: int) -> None:
    """Count what happened in the store, then close it."""
    found = store.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    store.close()
    if found != count:
        raise RuntimeError(f"the floor did {found} of {count}")
