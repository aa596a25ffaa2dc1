"""Throw-away stores, and what is counted from them afterwards."""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.measure import Settings
from rota.domain.execution import NewExecution
from rota.stores import executions, schema
from rota.stores.database import Database

BATCH = 5000


@contextmanager
def scratch(settings: Settings) -> Iterator[Path]:
    """A folder that is gone afterwards."""
    folder = Path(tempfile.mkdtemp(dir=settings.folder))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def fresh(folder: Path) -> Iterator[Database]:
    """A new durable store `rota.db` in the folder, with its schema."""
    database = Database(f"sqlite:///{folder / 'rota.db'}")
    try:
        schema.require_current(database, create=True)
        yield database
    finally:
        database.close()


def fill(database: Database, count: int, type: str) -> None:
    """Queue `count` executions that are due at once."""
    for start in range(0, count, BATCH):
        with database.write() as tx:
            executions.enqueue(tx, [NewExecution(type) for _ in range(min(BATCH, count - start))])


@contextmanager
def reading(file: Path) -> Iterator[sqlite3.Connection]:
    """A connection that only looks."""
    connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True, isolation_level=None, timeout=30)
    try:
        yield connection
    finally:
        connection.close()


def number(connection: sqlite3.Connection, sql: str, *parameters: object) -> int:
    """The one number that a query gives; 0 for none."""
    found = connection.execute(sql, parameters).fetchone()
    return int(found[0] or 0) if found else 0


def expect(found: int, wanted: int, what: str) -> None:
    """A figure counts only if the work was done."""
    if found != wanted:
        raise RuntimeError(f"{what}: {found} of {wanted}")
