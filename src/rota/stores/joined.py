"""Takes part in a transaction that the application has open, so that its work and Rota's are committed together."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy
from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import StaticPool

from rota.domain.errors import InvalidInput
from rota.stores.bell import CARRIED
from rota.stores.database import Database, Transaction, translating

_MODULES = {"sqlite3": "sqlite", "psycopg": "postgresql", "pymysql": "mysql"}
"""The driver's package, and the database that it speaks to."""


@contextmanager
def joined(database: Database, given: Any) -> Iterator[Transaction]:
    """A transaction on the application's own connection: nothing is begun, committed or rolled back here.

    `given` is a connection of the store's driver (`sqlite3`, `psycopg`, `pymysql`), or a SQLAlchemy `Connection` or
    `Session` on it, with a transaction open. InvalidInput when it is something else. Other processes are woken when the
    application commits.
    """
    session = getattr(given, "connection", None)
    if not isinstance(given, Connection) and callable(session):
        given = session()
    if isinstance(given, Connection):
        driver = given.connection.driver_connection
        _require(database, driver)
        with _working(database, given, driver) as tx:
            yield tx
        return
    _require(database, given)
    with _tuples(given), _lent(database, given) as connection, _working(database, connection, given) as tx:
        yield tx


def _require(database: Database, driver: Any) -> None:
    """The connection is one of the store's driver, and something of it can be rolled back."""
    spoken = _MODULES.get(type(driver).__module__.partition(".")[0])
    store = "mysql" if database.url.get_backend_name() == "mariadb" else database.url.get_backend_name()
    if spoken != store or not hasattr(driver, "cursor") or type(driver).__name__.startswith("Async"):
        wanted = next(name for name, speaks in _MODULES.items() if speaks == store)
        raise InvalidInput.field(
            "connection",
            msg=f"the store takes part in transactions of {wanted} connections; this is a {type(driver).__module__} one",
        )
    if not database.dialect.in_transaction(driver):
        raise InvalidInput.field("connection", msg="it commits by itself; open a transaction first")


@contextmanager
def _working(database: Database, connection: Connection, driver: Any) -> Iterator[Transaction]:
    with database.read():
        pass  # so that the store's clock has been heard
    transaction = Transaction(connection, database.clock.now(), database.hot, database.keyring)
    with translating(database.dialect):
        yield transaction
        if carried := transaction.topics & CARRIED:
            database.dialect.notify(driver, carried, "")


@contextmanager
def _lent(database: Database, driver: Any) -> Iterator[Connection]:
    """A driver's connection as one of SQLAlchemy, which neither prepares, ends nor closes it."""
    engine = create_engine(
        sqlalchemy.URL.create(database.engine.url.drivername),
        creator=lambda: driver,
        poolclass=StaticPool,
        pool_reset_on_return=None,
        _initialize=False,
    )
    for end in ("do_begin", "do_commit", "do_rollback", "do_close"):
        setattr(engine.dialect, end, lambda _connection: None)
    with engine.connect() as connection:
        yield connection


@contextmanager
def _tuples(driver: Any) -> Iterator[None]:
    """Rows as tuples meanwhile, whatever the application has them made into."""
    kept, plain = _plain_rows(driver)
    theirs = getattr(driver, kept)
    setattr(driver, kept, plain)
    try:
        yield
    finally:
        setattr(driver, kept, theirs)


def _plain_rows(driver: Any) -> tuple[str, Any]:
    """The attribute that says what rows are made into, and its value for tuples."""
    module = type(driver).__module__
    if module.startswith("psycopg"):
        from psycopg.rows import tuple_row

        return "row_factory", tuple_row
    if module.startswith("pymysql"):
        from pymysql.cursors import Cursor

        return "cursorclass", Cursor
    return "row_factory", None
