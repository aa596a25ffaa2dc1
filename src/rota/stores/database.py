"""The connection to the store: transactions, its clock, and the wake-up after a commit."""

import importlib
import random
import secrets
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Executable, Row, exc
from sqlalchemy.engine import URL, make_url

from rota.config import StoreConfig
from rota.domain.audit import Keyring
from rota.domain.errors import ConfigurationInvalid, Contended, RotaError, Unavailable
from rota.domain.instant import Instant
from rota.stores.base import Dialect, HotStatements, Listener
from rota.stores.bell import CARRIED, Bell
from rota.stores.clock import Clock, ServerClock, SystemClock

T = TypeVar("T")

_WRITE_WAIT_SECONDS = 30.0
_TRIES = 6
_PAUSE_SECONDS = 0.02
_DIALECTS = {
    "sqlite": ("sqlite", None),
    "postgresql": ("postgres", "postgres"),
    "postgres": ("postgres", "postgres"),
    "mysql": ("mysql", "mysql"),
    "mariadb": ("mysql", "mysql"),
}
"""The scheme of a URL, the package in this room that speaks it, and the extra that brings its driver."""


class Transaction:
    """One open transaction. `now` is the store's time at its beginning. Never shared between threads."""

    __slots__ = ("connection", "driver", "hot", "keyring", "now", "opens_at", "settled", "topics")

    def __init__(self, connection: Connection, now: Instant, hot: HotStatements, keyring: Keyring) -> None:
        self.connection = connection
        self.hot = hot
        self.keyring = keyring
        """What entries of the audit are sealed with."""
        self.driver: Any = connection.connection.driver_connection
        self.now = now
        self.topics: set[str] = set()
        self.opens_at: Instant | None = None
        """When a rate opens that held work back from the claim of this transaction."""
        self.settled: Collection[str] = ()
        """What the last `settle` accepted, where the database tells it at once."""

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

    def __init__(
        self,
        url: str,
        *,
        clock: Clock | None = None,
        durable: bool = True,
        pool: StoreConfig | None = None,
        keyring: Keyring | None = None,
    ) -> None:
        """`durable=False` leaves out the sync to disk: for tests and throw-away stores only."""
        self.url = _parsed(url)
        self.dialect = _dialect(self.url)
        self.hot: HotStatements = self.dialect
        with translating(self.dialect):
            self.engine = self.dialect.engine(self.url, pool or StoreConfig(), durable=durable)
        self.keyring = keyring or Keyring()
        self.clock = clock or (SystemClock() if self.dialect.ONE_WRITER else ServerClock())
        self.bell = Bell()
        self._sender = secrets.token_hex(6)
        self._listener: Listener | None = None
        self._writing = threading.Lock() if self.dialect.ONE_WRITER else None

    def __str__(self) -> str:
        return self.url.render_as_string(hide_password=True)

    @property
    def driver_url(self) -> str:
        """The store's URL with its password, for a process that connects by itself."""
        return self.url.render_as_string(hide_password=False)

    def product(self) -> str:
        """What the database and its driver are, each with its version, as the server itself says."""
        with self.read() as tx:
            return self.dialect.product(tx.driver)

    @property
    def one_writer(self) -> bool:
        """Whether everybody who writes waits for everybody else who does."""
        return self.dialect.ONE_WRITER

    @property
    def on_one_host(self) -> bool:
        """Whether the store is a file, which no other host can share."""
        return self.dialect.ONE_WRITER

    @property
    def is_there(self) -> bool:
        """Whether there is a file to look into: looking into one that is not there would make it. Servers are."""
        file = self.url.database
        return not self.on_one_host or file is None or Path(file).exists()

    @property
    def wakeup_mode(self) -> str:
        """How this process hears of what others commit: `notify` or `poll`."""
        return "notify" if self._listener is not None and self._listener.hears else "poll"

    def listen(self) -> None:
        """Let the bells of other processes ring here too, where the database can carry them."""
        if self._listener is None:
            self._listener = self.dialect.listen(self.driver_url, self._sender, self.bell.ring)

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A snapshot to read from. Nothing may be written in it."""
        with translating(self.dialect), self._begun(write=False) as transaction:
            try:
                yield transaction
            finally:
                self._roll_back(transaction)

    @contextmanager
    def write(self, *, wait: bool = True, serial: bool = False) -> Iterator[Transaction]:
        """A transaction that is committed when the block ends and rolled back when it raises.

        SQLite knows one writer: writers of this process queue here in order rather than poll the file's lock, and the
        lock is taken at the beginning, because a reader that turns writer fails at once whatever the timeout.
        Without `wait`, Unavailable at once when another one writes. Elsewhere writers run side by side, fenced by the
        rows they touch; `serial` lets those that read, judge and change definitions wait for each other.
        """
        with self._turn(wait), translating(self.dialect), self._begun(write=True, wait=wait) as transaction:
            try:
                if serial:
                    self.dialect.serialise(transaction)
                yield transaction
                self.dialect.commit(transaction.driver, transaction.topics & CARRIED, self._sender)
            except BaseException:
                self._roll_back(transaction)
                raise
        if transaction.topics:
            self.bell.ring(transaction.topics)

    def writing(self, work: Callable[[Transaction], T], *, serial: bool = False) -> T:
        """Run `work` in one write transaction and give what it returns.

        It is run anew when another transaction was in the way, so it must change nothing but the store.
        """
        for again in range(_TRIES, 0, -1):
            try:
                with self.write(serial=serial) as tx:
                    return work(tx)
            except Contended:
                if again == 1:
                    raise
                time.sleep(random.uniform(0, _PAUSE_SECONDS * (_TRIES - again + 1)))  # noqa: S311
        raise AssertionError

    def reading(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` on one snapshot and give what it returns."""
        with self.read() as tx:
            return work(tx)

    def close(self) -> None:
        """Close every connection that is not in use."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        self.engine.dispose()

    @contextmanager
    def _turn(self, wait: bool) -> Iterator[None]:
        """Wait for the other writers of this process, where there is one at a time."""
        if self._writing is None:
            yield
            return
        if not self._writing.acquire(timeout=_WRITE_WAIT_SECONDS if wait else 0):
            raise Unavailable(f"the store is busy: no write could begin{' within 30 s' if wait else ' at once'}")
        try:
            yield
        finally:
            self._writing.release()

    @contextmanager
    def _begun(self, *, write: bool, wait: bool = True) -> Iterator[Transaction]:
        """A connection with an open transaction. A pooled one that the server has dropped is replaced once."""
        with self.engine.connect() as connection:
            begun = self._begin(connection, write, wait, last=False)
            if begun is not None:
                yield begun
                return
        with self.engine.connect() as connection:
            yield cast(Transaction, self._begin(connection, write, wait, last=True))

    def _begin(self, connection: Connection, write: bool, wait: bool, *, last: bool) -> Transaction | None:
        transaction = Transaction(connection, 0, self.hot, self.keyring)
        clock = self.clock
        asking = isinstance(clock, ServerClock) and clock.wants_to_hear
        try:
            said = self.dialect.begin(transaction.driver, write=write, wait=wait, ask=asking)
        except self.dialect.DriverError:
            if not self.dialect.broken(transaction.driver):
                raise
            self._forget(connection)
            if last:
                raise
            return None
        if said is not None and isinstance(clock, ServerClock):
            clock.hear(said)
        transaction.now = clock.now()
        return transaction

    def _roll_back(self, transaction: Transaction) -> None:
        """A connection that cannot even do this is thrown away, and with it all that were open beside it."""
        try:
            self.dialect.roll_back(transaction.driver)
            usable = not self.dialect.broken(transaction.driver)
        except self.dialect.DriverError:
            usable = False
        if not usable:
            self._forget(transaction.connection)

    def _forget(self, connection: Connection) -> None:
        """The server has gone or was restarted: no connection of the pool can be trusted."""
        if not connection.invalidated:
            connection.invalidate()
        self.engine.dispose()


def _parsed(text: str) -> URL:
    if "://" not in text:
        text = f"sqlite:///{text}"
    try:
        return make_url(text)
    except (exc.ArgumentError, ValueError):
        raise ConfigurationInvalid(
            "the store's URL cannot be read; write sqlite:///rota.db or postgresql://USER@HOST/DATABASE"
        ) from None


def _dialect(url: URL) -> Dialect:
    name = url.get_backend_name()
    if name not in _DIALECTS:
        raise ConfigurationInvalid(
            f"no support for {name!r} stores; there are sqlite:///FILE, postgresql://USER@HOST/DATABASE and"
            " mysql://USER@HOST/DATABASE"
        )
    package, extra = _DIALECTS[name]
    try:
        return cast(Dialect, importlib.import_module(f"rota.stores.{package}"))
    except ModuleNotFoundError as error:
        if extra is None or (error.name or "").startswith("rota"):
            raise
        raise ConfigurationInvalid(
            f"{name} stores need a driver that is not installed ({error.name}); run: pip install 'rota-scheduler[{extra}]'"
        ) from None


@contextmanager
def translating(dialect: Dialect) -> Iterator[None]:
    """Driver errors as ours: a sentence, never a stack trace."""
    try:
        yield
    except RotaError:
        raise
    except exc.TimeoutError:
        raise Unavailable("every connection to the store is in use") from None
    except (exc.DBAPIError, dialect.DriverError) as error:
        sentence = dialect.translated(error)
        if sentence is None:
            raise
        raise sentence from error
