"""A connection to SQLite: set up, locked for writing, its errors in words, and rows inserted many in one step."""

import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import chain, islice, repeat
from typing import Any

from sqlalchemy import Engine, create_engine, event, exc
from sqlalchemy.engine import URL

from rota.config import StoreConfig
from rota.domain.errors import ConfigurationInvalid, RotaError, Unavailable
from rota.domain.instant import Instant
from rota.stores.base import SETTLED_FIELDS, Listener

DriverError = sqlite3.Error
ONE_WRITER = True

_ROWS_PER_STEP = (256, 64, 16, 4, 1)
_BUSY_MILLISECONDS = 5000
_POOL_SECONDS = 30.0


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
        f"CREATE TEMP TABLE settled ({', '.join(SETTLED_FIELDS)}, PRIMARY KEY (id, token)) WITHOUT ROWID"
    )


def engine(url: URL, _pool: StoreConfig, *, durable: bool) -> Engine:
    """Connections to the file, each prepared once."""
    if url.database in (None, "", ":memory:"):
        raise ConfigurationInvalid("a store lives in a file: several connections share it; write sqlite:///rota.db")
    made = create_engine(
        url,
        pool_size=4,
        max_overflow=64,
        pool_timeout=_POOL_SECONDS,
        skip_autocommit_rollback=True,
        connect_args={"check_same_thread": False, "isolation_level": None, "cached_statements": 256},
    )

    @event.listens_for(made, "connect")
    def prepared(connection: Any, _record: object) -> None:
        prepare(connection, durable=durable)

    return made


def begin(driver: sqlite3.Connection, *, write: bool, wait: bool, ask: bool) -> Instant | None:
    """Open a snapshot to read, or take the lock of the one writer. The host's clock is the store's."""
    if not write:
        driver.execute("BEGIN")
    elif wait:
        driver.execute("BEGIN IMMEDIATE")
    else:
        driver.execute("PRAGMA busy_timeout=0")
        try:
            driver.execute("BEGIN IMMEDIATE")
        finally:
            driver.execute(f"PRAGMA busy_timeout={_BUSY_MILLISECONDS}")
    return None


def commit(driver: sqlite3.Connection, _topics: Collection[str], _sender: str) -> None:
    """Make it durable. Other processes hear of it by polling."""
    driver.execute("COMMIT")


def notify(_driver: sqlite3.Connection, _topics: Collection[str], _sender: str) -> None:
    """Other processes hear of it by polling."""


def in_transaction(driver: sqlite3.Connection) -> bool:
    """Whether a transaction is open, or begins by itself with the next write."""
    return driver.in_transaction or driver.isolation_level is not None


def roll_back(driver: sqlite3.Connection) -> None:
    """Take everything back; after some errors (a full disk) SQLite has done so by itself."""
    if driver.in_transaction:
        driver.execute("ROLLBACK")


def product(_driver: sqlite3.Connection) -> str:
    """The library, with its version."""
    return f"SQLite {sqlite3.sqlite_version}"


def broken(_driver: sqlite3.Connection) -> bool:
    """A connection to a file does not break."""
    return False


def serialise(_tx: Any) -> None:
    """There is one writer anyway."""


def lock_schema(_tx: Any) -> None:
    """There is one writer anyway."""


def listen(_url: str, _sender: str, _ring: Callable[[Iterable[str]], None]) -> Listener | None:
    """SQLite carries no bells from process to process."""
    return None


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


def insert_columns(tx: Any, table: str, columns: Mapping[str, Sequence[object]]) -> None:
    """The same, given column by column."""
    names, rows = tuple(columns), zip(*columns.values(), strict=True)
    for size in _sizes(len(next(iter(columns.values())))):
        tx.driver.execute(_insert_sql(table, names, size), list(chain.from_iterable(islice(rows, size))))


def steps(rows: Sequence[Sequence[object]]) -> Iterator[Sequence[Sequence[object]]]:
    """Rows in steps of a few fixed sizes."""
    start = 0
    for size in _sizes(len(rows)):
        yield rows[start : start + size]
        start += size


def _sizes(count: int) -> Iterator[int]:
    for size in _ROWS_PER_STEP:
        times, count = divmod(count, size)
        yield from repeat(size, times)


@lru_cache(maxsize=512)
def _insert_sql(table: str, columns: tuple[str, ...], count: int) -> str:
    row = f"({','.join('?' * len(columns))})"
    return f"INSERT INTO {table} ({','.join(columns)}) VALUES {','.join([row] * count)}"
