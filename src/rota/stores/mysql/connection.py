"""A connection to MariaDB or MySQL: bounded in time, begun with the server's clock in one round trip, its errors in words."""

import re
from collections.abc import Callable, Collection, Iterable
from typing import Any
from weakref import WeakSet

import pymysql
from pymysql.constants import SERVER_STATUS
from sqlalchemy import Engine, Text, create_engine, exc
from sqlalchemy.engine import URL
from sqlalchemy.ext.compiler import compiles

from rota.config import StoreConfig
from rota.domain.errors import ConfigurationInvalid, Contended, RotaError, Unavailable
from rota.domain.instant import Instant
from rota.stores.hearts.mysql_dsn import connect_arguments

DriverError: type[Exception] = pymysql.Error
ONE_WRITER = False

_CLOCK = "SELECT CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED)"
_BEGIN = {
    True: "SET TRANSACTION ISOLATION LEVEL READ COMMITTED; START TRANSACTION",
    False: "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
}
_SCHEMA_LOCK = "rota-schema"
_SCHEMA_WAIT_SECONDS = 9
"""Less than the time that a reply is waited for."""
_OLDEST = (10, 11)
_migrating: WeakSet[Any] = WeakSet()


@compiles(Text, "mysql", "mariadb")
def _long_text(_type: Text, _compiler: Any, **_words: Any) -> str:
    """TEXT ends at 64 KiB here; results and log lines do not."""
    return "LONGTEXT"


def engine(url: URL, pool: StoreConfig, *, durable: bool) -> Engine:
    """Connections that SQLAlchemy leaves alone between our own START TRANSACTION and COMMIT.

    Whether a commit waits for the disk is a setting of the server here (innodb_flush_log_at_trx_commit).
    """
    return create_engine(
        url.set(drivername="mysql+pymysql"),
        isolation_level="AUTOCOMMIT",
        skip_autocommit_rollback=True,
        pool_size=pool.pool_size,
        max_overflow=0,
        pool_timeout=pool.pool_timeout_seconds,
        connect_args=connect_arguments(transaction_idle_seconds=pool.transaction_idle_seconds),
    )


def begin(driver: Any, *, write: bool, wait: bool, ask: bool) -> Instant | None:
    """Open a transaction: READ COMMITTED to write, one snapshot to read. With `ask`, returns the server's clock."""
    with driver.cursor() as cursor:
        cursor.execute(f"{_BEGIN[write]}; {_CLOCK}" if ask else _BEGIN[write])
        while cursor.nextset():
            pass
        return int(cursor.fetchone()[0]) if ask else None


def commit(driver: Any, topics: Collection[str], sender: str) -> None:
    """Make it durable. There is no way to tell other processes: they find out when they look."""
    if driver in _migrating:
        _unlock_schema(driver)  # statements about tables have committed each by itself
    elif not driver.server_status & SERVER_STATUS.SERVER_STATUS_IN_TRANS:
        raise RuntimeError("a statement of this transaction had failed: it was rolled back, not committed")
    driver.commit()


def notify(driver: Any, topics: Collection[str], sender: str) -> None:
    """Other processes find out when they look."""


def in_transaction(driver: Any) -> bool:
    """Whether a transaction is open, or begins by itself with the next statement."""
    return not driver.get_autocommit() or bool(driver.server_status & SERVER_STATUS.SERVER_STATUS_IN_TRANS)


def roll_back(driver: Any) -> None:
    """Take everything back."""
    if driver in _migrating:
        _unlock_schema(driver)
    if not driver.open or driver.server_status & SERVER_STATUS.SERVER_STATUS_IN_TRANS:
        driver.rollback()


def product(driver: Any) -> str:
    """The server and the driver, each with its version. MariaDB says its own name with it, MySQL does not."""
    said = str(driver.get_server_info()).removeprefix("5.5.5-")  # what MariaDB puts before it for old replicas
    name = "MariaDB" if "mariadb" in said.lower() else "MySQL"
    return f"{name} {said}, PyMySQL {pymysql.__version__}"


def broken(driver: Any) -> bool:
    """Whether the connection is of no use any more."""
    return not driver.open


def serialise(tx: Any) -> None:
    """Wait until this is the only transaction of the fleet that changes definitions."""
    with tx.driver.cursor() as cursor:
        cursor.execute("SELECT value FROM counters WHERE name = 'definitions' FOR UPDATE")


def lock_schema(tx: Any) -> None:
    """Wait until nobody else migrates this store, and let its tables tell capital letters from small ones."""
    with tx.driver.cursor() as cursor:
        _require_mariadb(tx.driver.get_server_info())
        cursor.execute("SELECT GET_LOCK(CONCAT(%s, ':', MD5(DATABASE())), %s)", (_SCHEMA_LOCK, _SCHEMA_WAIT_SECONDS))
        if cursor.fetchone()[0] != 1:
            raise Unavailable("another process migrates this store; try again when it has ended")
        _migrating.add(tx.driver)
        cursor.execute("SELECT @@collation_database")
        if cursor.fetchone()[0] != "utf8mb4_bin":
            cursor.execute("ALTER DATABASE CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")


def _require_mariadb(version: str) -> None:
    """Nothing is made on a server that could not run it."""
    found = re.search(r"(\d+)\.(\d+)\.\d+-MariaDB", version, re.IGNORECASE)
    if found is None or (int(found[1]), int(found[2])) < _OLDEST:
        raise ConfigurationInvalid(f"this server is {version}; Rota needs MariaDB {_OLDEST[0]}.{_OLDEST[1]} or newer")


def _unlock_schema(driver: Any) -> None:
    _migrating.discard(driver)
    with driver.cursor() as cursor:
        cursor.execute("DO RELEASE_LOCK(CONCAT(%s, ':', MD5(DATABASE())))", (_SCHEMA_LOCK,))


def listen(url: str, sender: str, ring: Callable[[Iterable[str]], None]) -> None:
    """The database cannot carry bells: processes look for themselves."""


def translated(error: Exception) -> RotaError | None:
    """A driver's error as a sentence for the person who asked; None for what is a mistake of ours."""
    cause = error.orig if isinstance(error, exc.DBAPIError) and error.orig is not None else error
    code = cause.args[0] if cause.args and isinstance(cause.args[0], int) else None
    said = " ".join(str(cause.args[-1] if cause.args else cause).split())
    if code in _RETRYABLE:
        return Contended(f"another transaction was in the way: {said}")
    if code == _LOCK_TIMEOUT:
        # not Contended: who has waited that long is told, rather than made to wait as long again
        return Unavailable(f"another transaction holds what this needs: {said}")
    if code in _NOT_LET_IN:
        return ConfigurationInvalid("the database refuses this user or password; check the user and password in --db")
    if code == _NO_DATABASE:
        return ConfigurationInvalid(
            "the server has no such database; create it with `CREATE DATABASE` or name another with --db"
        )
    if code in _NOT_ALLOWED:
        return ConfigurationInvalid(f"the database does not allow this user to do that: {said}")
    if code in _READ_ONLY:
        return Unavailable("the database takes no writes now: it is read-only")
    if code in _OUT_OF_SPACE:
        return Unavailable(f"the database is out of space or memory: {said}")
    if code in _GONE or isinstance(cause, pymysql.err.InterfaceError):
        return Unavailable(f"the database does not answer: {said or 'the connection is closed'}")
    return None


_RETRYABLE = {1213, 1020}
"""A deadlock, and a row that has changed since the snapshot."""
_LOCK_TIMEOUT = 1205
_NOT_LET_IN = {1045, 1698, 1251, 1275}
_NO_DATABASE = 1049
_NOT_ALLOWED = {1044, 1142, 1143, 1227, 1370}
_READ_ONLY = {1290, 1792, 1836}
_OUT_OF_SPACE = {1021, 1030, 1037, 1038, 1041, 1114}
_GONE = {1040, 1053, 1077, 1079, 1129, 1152, 1158, 1159, 1160, 1161, 1203, 1226, 1317, 1927, 1969, 3024, 4031} | set(
    range(2000, 2060)
)
"""Too many connections, shutting down, killed, a statement out of time; from 2000 on what the driver itself says."""
