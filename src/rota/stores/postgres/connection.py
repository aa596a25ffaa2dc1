"""A connection to PostgreSQL: bounded in time, begun with the server's clock in one round trip, its errors in words."""

import re
from collections.abc import Collection
from typing import Any

import psycopg
from sqlalchemy import Engine, create_engine, exc
from sqlalchemy.engine import URL

from rota.config import StoreConfig
from rota.domain.errors import ConfigurationInvalid, Contended, RotaError, Unavailable
from rota.domain.instant import Instant
from rota.stores.hearts.postgres_dsn import CHANNEL, connect_arguments

DriverError = psycopg.Error
ONE_WRITER = False

_CLOCK = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
_BEGIN = {True: "BEGIN", False: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"}
_RETRYABLE = {"40001", "40P01"}
"""Serialization failure and deadlock."""
_LOCK_TIMEOUT = "55P03"
_NOT_LET_IN = re.compile(
    r'authentication failed|no password supplied|no pg_hba\.conf entry|role ".*" (does not exist|is not permitted to log in)'
)
"""How a refused connection reads: the driver gives no code with it."""


def engine(url: URL, pool: StoreConfig, *, durable: bool) -> Engine:
    """Connections that SQLAlchemy leaves alone between our own BEGIN and COMMIT."""
    return create_engine(
        url.set(drivername="postgresql+psycopg"),
        isolation_level="AUTOCOMMIT",
        skip_autocommit_rollback=True,
        pool_size=pool.pool_size,
        max_overflow=0,
        pool_timeout=pool.pool_timeout_seconds,
        connect_args=connect_arguments(durable=durable, transaction_idle_seconds=pool.transaction_idle_seconds),
    )


def begin(driver: Any, *, write: bool, wait: bool, ask: bool) -> Instant | None:
    """Open a transaction: READ COMMITTED to write, one snapshot to read. With `ask`, returns the server's clock."""
    if not ask:
        driver.execute(_BEGIN[write], prepare=False)
        return None
    cursor = driver.execute(f"{_BEGIN[write]}; {_CLOCK}", prepare=False)
    cursor.nextset()
    now: Instant = cursor.fetchone()[0]
    return now


def commit(driver: Any, topics: Collection[str], sender: str) -> None:
    """Make it durable, and wake the listeners of other processes: they hear of it with the commit, never before."""
    cursor = driver.execute(f"{_notify(topics, sender)}; COMMIT" if topics else "COMMIT", prepare=False)
    while cursor.nextset():
        pass
    if cursor.statusmessage != "COMMIT":
        raise RuntimeError("a statement of this transaction had failed: it was rolled back, not committed")


def notify(driver: Any, topics: Collection[str], sender: str) -> None:
    """Wake the listeners of other processes once the open transaction is committed."""
    driver.execute(_notify(topics, sender), prepare=False)


def _notify(topics: Collection[str], sender: str) -> str:
    return f"NOTIFY {CHANNEL}, '{sender}:{','.join(sorted(topics))}'"


def in_transaction(driver: Any) -> bool:
    """Whether a transaction is open, or begins by itself with the next statement."""
    return not driver.autocommit or driver.info.transaction_status != psycopg.pq.TransactionStatus.IDLE


def roll_back(driver: Any) -> None:
    """Take everything back."""
    if driver.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
        driver.execute("ROLLBACK", prepare=False)


def product(driver: Any) -> str:
    """The server and the driver, each with its version."""
    return f"PostgreSQL {driver.info.parameter_status('server_version')}, psycopg {psycopg.__version__}"


def broken(driver: Any) -> bool:
    """Whether the connection is of no use any more."""
    return bool(driver.closed)


def serialise(tx: Any) -> None:
    """Wait until this is the only transaction of the fleet that changes definitions."""
    tx.driver.execute("SELECT value FROM counters WHERE name = 'definitions' FOR UPDATE")


def lock_schema(tx: Any) -> None:
    """Wait until nobody else migrates this store."""
    tx.driver.execute("SELECT pg_advisory_xact_lock(7400219580167713)")


def translated(error: Exception) -> RotaError | None:
    """A driver's error as a sentence for the person who asked; None for what is a mistake of ours."""
    cause = error.orig if isinstance(error, exc.DBAPIError) else error
    code = getattr(cause, "sqlstate", None) or ""
    said = " ".join(str(cause).split())
    if code in _RETRYABLE:
        return Contended(f"another transaction was in the way: {said}")
    if code == _LOCK_TIMEOUT:
        # not Contended: who has waited that long is told, rather than made to wait as long again
        return Unavailable(f"another transaction holds what this needs: {said}")
    if code in ("28P01", "28000") or (not code and _NOT_LET_IN.search(said)):
        return ConfigurationInvalid("PostgreSQL refuses this user or password; check the user and password in --db")
    if code == "3D000" or ('database "' in said and "does not exist" in said):
        return ConfigurationInvalid(
            "PostgreSQL has no such database; create it with `createdb` or name another with --db"
        )
    if code == "42501":
        return ConfigurationInvalid(f"PostgreSQL does not allow this user to do that: {said}")
    if code in ("53100", "53200"):
        return Unavailable(f"PostgreSQL is out of space or memory: {said}")
    if code == "25006":
        return Unavailable("PostgreSQL takes no writes now: it is a standby or in recovery")
    if code == "25P03":
        # no outage: the server was there, and what was taken back can be done again
        return Contended("PostgreSQL took the transaction back: this process stood still in the middle of it")
    if code[:2] in ("08", "53", "57", "58") or isinstance(cause, psycopg.OperationalError):
        return Unavailable(f"PostgreSQL does not answer: {said}")
    return None
