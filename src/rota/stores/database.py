"""The connection to the store: transactions, its clock, and the wake-up after a commit."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Executable, Row, create_engine, event, exc
from sqlalchemy.engine import URL, make_url

from rota.domain.errors import ConfigurationInvalid, RotaError, Unavailable
from rota.domain.instant import Instant
from rota.stores import sqlite
from rota.stores.base import HotStatements
from rota.stores.bell import Bell
from rota.stores.clock import Clock, SystemClock

T = TypeVar("T")

_WRITE_WAIT_SECONDS = 30.0


class Transaction:
    """One open transaction. `now` is the store's time at its beginning. Never shared between threads."""

    __slots__ = ("connection", "driver", "hot", "now", "topics")

    def __init__(self, connection: Connection, now: Instant, hot: HotStatements) -> None:
        self.connection = connection
        self.hot = hot
        self.driver: Any = connection.connection.driver_connection
        self.now = now
        self.topics: set[str] = set()

    def ring(self, topic: str) -> None:
        """Ring the bell for `topic` once this transaction is committed."""
        self.topics.add(topic)

    def execute(self, statement: Executable, parameters: Any = None) -> Any:
        """Run a SQLAlchemy Core statement."""
        return self.connection.execute(statement, parameters)

    def all(self, statement: Executable) -> Sequence[Row[Any]]:
        """All rows of a Core statement."""
        return self.connection.execute(statement).all()

    def first(self, statement: Executable) -> Row[Any] | None:
        """The first row of a Core statement, or None."""
        return self.connection.execute(statement).first()


class Database:
    """One store. Safe to use from any number of threads."""

    def __init__(self, url: str, *, clock: Clock | None = None, durable: bool = True) -> None:
        """`durable=False` leaves out the sync to disk: for tests and throw-away stores only."""
        self.url = _parsed(url)
        if self.url.get_backend_name() != "sqlite":
            raise ConfigurationInvalid(
                f"no support for {self.url.get_backend_name()!r} stores in this version; use sqlite:///FILE"
            )
        self.clock = clock or SystemClock()
        self.bell = Bell()
        self.hot: HotStatements = sqlite
        self._writing = threading.Lock()
        self.engine = _sqlite_engine(self.url, durable)

    def __str__(self) -> str:
        return self.url.render_as_string(hide_password=True)

    @property
    def driver_url(self) -> str:
        """The store's URL with its password, for a process that connects by itself."""
        return self.url.render_as_string(hide_password=False)

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A snapshot to read from. Nothing may be written in it."""
        with _translated(), self.engine.connect() as connection:
            transaction = Transaction(connection, self.clock.now(), self.hot)
            transaction.driver.execute("BEGIN")
            try:
                yield transaction
            finally:
                transaction.driver.execute("ROLLBACK")

    @contextmanager
    def write(self, *, wait: bool = True) -> Iterator[Transaction]:
        """A transaction that is committed when the block ends and rolled back when it raises.

        SQLite knows one writer: writers of this process queue here in order rather than poll the file's lock, and the
        lock is taken at the beginning, because a reader that turns writer fails at once whatever the timeout.
        Without `wait`, Unavailable at once when another one writes.
        """
        if not self._writing.acquire(timeout=_WRITE_WAIT_SECONDS if wait else 0):
            raise Unavailable(f"the store is busy: no write could begin{' within 30 s' if wait else ' at once'}")
        try:
            with _translated(), self.engine.connect() as connection:
                transaction = Transaction(connection, self.clock.now(), self.hot)
                sqlite.begin(transaction.driver, wait=wait)
                transaction.now = self.clock.now()
                try:
                    yield transaction
                    transaction.driver.execute("COMMIT")
                except BaseException:
                    _roll_back(transaction)
                    raise
        finally:
            self._writing.release()
        if transaction.topics:
            self.bell.ring(transaction.topics)

    def writing(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` in one write transaction and give what it returns."""
        with self.write() as tx:
            return work(tx)

    def reading(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` on one snapshot and give what it returns."""
        with self.read() as tx:
            return work(tx)

    def close(self) -> None:
        """Close every connection that is not in use."""
        self.engine.dispose()


def _parsed(text: str) -> URL:
    if "://" not in text:
        text = f"sqlite:///{text}"
    try:
        return make_url(text)
    except exc.ArgumentError:
        raise ConfigurationInvalid("the store's URL cannot be read; write sqlite:///rota.db") from None


def _sqlite_engine(url: URL, durable: bool) -> Engine:
    if url.database in (None, "", ":memory:"):
        raise ConfigurationInvalid("a store lives in a file: several connections share it; write sqlite:///rota.db")
    engine = create_engine(
        url,
        pool_size=4,
        max_overflow=64,
        pool_timeout=_WRITE_WAIT_SECONDS,
        skip_autocommit_rollback=True,
        connect_args={"check_same_thread": False, "isolation_level": None, "cached_statements": 256},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        sqlite.prepare(connection, durable=durable)

    return engine


def _roll_back(transaction: Transaction) -> None:
    """After some errors (a full disk) SQLite has rolled back by itself; a connection that cannot is thrown away."""
    try:
        if transaction.driver.in_transaction:
            transaction.driver.execute("ROLLBACK")
    except sqlite.DriverError:
        transaction.connection.invalidate()


@contextmanager
def _translated() -> Iterator[None]:
    """Driver errors as ours: a sentence, never a stack trace."""
    try:
        yield
    except RotaError:
        raise
    except exc.TimeoutError:
        raise Unavailable("every connection to the store is in use") from None
    except (exc.DBAPIError, sqlite.DriverError) as error:
        sentence = sqlite.translated(error)
        if sentence is None:
            raise
        raise sentence from error
