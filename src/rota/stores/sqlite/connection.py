"""A connection to SQLite: set up, locked for writing, its errors in words, and rows inserted many in one step."""

import sqlite3
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import exc

from rota.domain.errors import ConfigurationInvalid, RotaError, Unavailable
from rota.stores.base import SETTLED_FIELDS

DriverError = sqlite3.Error

_ROWS_PER_STEP = (256, 64, 16, 4, 1)
_BUSY_MILLISECONDS = 5000


def prepare(connection: sqlite3.Connection, *, durable: bool) -> None:
    """Set up a new connection."""
    connection.execute(f"PRAGMA busy_timeout={_BUSY_MILLISECONDS}")
    if _is_ours(connection):
        connection.execute("PRAGMA journal_mode=WAL")  # writes to the file
    connection.execute(f"PRAGMA synchronous={'FULL' if durable else 'OFF'}")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA temp_store=MEMORY")
    connection.execute("PRAGMA cache_size=-8000")
    connection.execute(
        f"CREATE TEMP TABLE settled ({', '.join(SETTLED_FIELDS)}, PRIMARY KEY (id) ON CONFLICT IGNORE) WITHOUT ROWID"
    )


def begin(connection: sqlite3.Connection, *, wait: bool) -> None:
    """Take the lock of the one writer."""
    if wait:
        connection.execute("BEGIN IMMEDIATE")
        return
    connection.execute("PRAGMA busy_timeout=0")
    try:
        connection.execute("BEGIN IMMEDIATE")
    finally:
        connection.execute(f"PRAGMA busy_timeout={_BUSY_MILLISECONDS}")


def _is_ours(connection: sqlite3.Connection) -> bool:
    """Whether the file is empty or holds a store of Rota: nothing else may be touched."""
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    return not tables or {"alembic_version", "executions"} <= tables


def translated(error: Exception) -> RotaError | None:
    """A driver's error as a sentence for the person who asked; None for what is a mistake of ours."""
    cause = error.orig if isinstance(error, exc.DBAPIError) else error
    text = str(cause)
    if "not a database" in text:
        return ConfigurationInvalid(
            "the file is not a SQLite database; Rota leaves it as it is. Name another with --db"
        )
    if "readonly" in text:
        return ConfigurationInvalid(
            "the store is read-only for this user; make the file and its folder writable, or name another with --db"
        )
    if "unable to open" in text:
        return ConfigurationInvalid("the store cannot be opened: its folder does not exist or is not readable")
    if "locked" in text or "busy" in text:
        return Unavailable("the store is busy: another process holds its lock")
    if "full" in text:
        return Unavailable("the disk of the store is full; free some space, Rota goes on by itself")
    if "malformed" in text:
        return ConfigurationInvalid("the store is damaged; restore a backup or try `sqlite3 FILE .recover`")
    if "disk I/O" in text or "interrupted" in text:
        return Unavailable(f"the store does not answer: {text}")
    return None


def insert(tx: Any, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Insert rows, many in one step: in steps of a few fixed sizes, so that their statements stay prepared."""
    names = tuple(columns)
    for step in steps(rows):
        tx.driver.execute(_insert_sql(table, names, len(step)), list(chain.from_iterable(step)))


def steps(rows: Sequence[Sequence[object]]) -> Iterator[Sequence[Sequence[object]]]:
    """Rows in steps of a few fixed sizes."""
    start = 0
    for size in _ROWS_PER_STEP:
        while len(rows) - start >= size:
            yield rows[start : start + size]
            start += size


@lru_cache(maxsize=512)
def _insert_sql(table: str, columns: tuple[str, ...], count: int) -> str:
    row = f"({','.join('?' * len(columns))})"
    return f"INSERT INTO {table} ({','.join(columns)}) VALUES {','.join([row] * count)}"
