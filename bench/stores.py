"""The stores that are measured: where throw-away ones are made, how they are filled, and what is counted from them."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from itertools import count as counting
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import Connection, NullPool, create_engine, text

from bench import cluster
from bench.floors import postgres as postgres_floor
from bench.floors import sqlite as sqlite_floor
from bench.measure import Floor, Scratch, Settings, Store
from rota.domain.execution import NewExecution
from rota.stores import executions, schema
from rota.stores.database import Database

BATCH = 5000
_NUMBERS = counting(1)


class Sqlite:
    """Files in a folder of the disk that is measured."""

    name = "sqlite"
    floor: Floor = sqlite_floor
    server_pid: int | None = None

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def described(self) -> str:
        """What the figures depend on."""
        return "SQLite, WAL, synchronous=FULL: every transaction is synced"

    @contextmanager
    def scratch(self) -> Iterator[Scratch]:
        """A new file in a new folder; both are gone afterwards."""
        with _new_folder(self._folder) as folder:
            yield Scratch(f"sqlite:///{folder / 'rota.db'}", folder)


class Postgres:
    """Databases of one server."""

    name = "postgres"
    floor: Floor = postgres_floor

    def __init__(self, folder: Path, server: cluster.Cluster) -> None:
        self._folder = folder
        self._server = server
        self.server_pid = server.pid

    def described(self) -> str:
        """What the figures depend on."""
        return self._server.described()

    @contextmanager
    def scratch(self) -> Iterator[Scratch]:
        """A new database; it is dropped afterwards with whoever is still connected to it."""
        name = f"bench_{next(_NUMBERS)}_{tempfile.mktemp(dir='', prefix='')}".lower()
        base, _, query = self._server.url.partition("?")
        with psycopg.connect(self._server.url, autocommit=True) as server, _new_folder(self._folder) as folder:
            server.execute(f'CREATE DATABASE "{name}"')
            try:
                yield Scratch(f"{base.rpartition('/')[0]}/{name}" + (f"?{query}" if query else ""), folder)
            finally:
                server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


NAMES = ("sqlite", "postgres")


@contextmanager
def opened(name: str, folder: Path) -> Iterator[Store]:
    """The store of this name, with a server of its own where it needs one."""
    if name == "sqlite":
        yield Sqlite(folder)
        return
    with cluster.running(folder) as server:
        yield Postgres(folder, server)


@contextmanager
def _new_folder(parent: Path) -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def scratch(settings: Settings) -> AbstractContextManager[Scratch]:
    """A throw-away store of the kind that is measured."""
    return settings.store.scratch()


@contextmanager
def fresh(store: Scratch) -> Iterator[Database]:
    """Rota's own access to a new durable store, with its schema."""
    database = Database(store.url)
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
def reading(store: Scratch) -> Iterator[Connection]:
    """A connection that only looks, statement by statement."""
    scheme, _, rest = store.url.partition("://")
    url = f"sqlite:///file:{rest[1:]}?mode=ro&uri=true" if scheme == "sqlite" else f"postgresql+psycopg://{rest}"
    engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def number(look: Connection, sql: str, **parameters: object) -> int:
    """The one number that a query gives; 0 for none."""
    found = look.execute(text(sql), parameters).fetchone()
    return int(found[0] or 0) if found else 0


def rows(look: Connection, sql: str, **parameters: object) -> Sequence[Any]:
    """All rows of a query."""
    return look.execute(text(sql), parameters).fetchall()


def expect(found: int, wanted: int, what: str) -> None:
    """A figure counts only if the work was done."""
    if found != wanted:
        raise RuntimeError(f"{what}: {found} of {wanted}")
