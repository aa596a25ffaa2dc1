"""Transactions of the store: one writer at a time, whole or not at all, and errors as sentences."""

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import select, update

from rota.domain.errors import ConfigurationInvalid, Unavailable
from rota.stores.database import Database, Transaction
from rota.stores.tables import counters

ADD = update(counters).where(counters.c.name == "token").values(value=counters.c.value + 1)
VALUE = select(counters.c.value).where(counters.c.name == "token")


def value(database: Database) -> int:
    return database.reading(lambda tx: tx.connection.scalar(VALUE))


def test_many_threads_write_without_losing_any(database: Database) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: database.writing(lambda tx: tx.execute(ADD)), range(200)))
    assert value(database) == 200


def test_a_block_that_raises_leaves_nothing(database: Database) -> None:
    def work(tx: Transaction) -> None:
        tx.execute(ADD)
        raise LookupError

    with pytest.raises(LookupError):
        database.writing(work)
    assert value(database) == 0
    database.writing(lambda tx: tx.execute(ADD))
    assert value(database) == 1


def test_a_reader_keeps_its_snapshot_while_others_write(database: Database) -> None:
    with database.read() as tx:
        assert tx.connection.scalar(VALUE) == 0
        database.writing(lambda other: other.execute(ADD))
        assert tx.connection.scalar(VALUE) == 0
    assert value(database) == 1


def test_writers_wait_for_each_other_across_processes(database: Database) -> None:
    """Another connection stands for another process: SQLite's lock is on the file."""
    other = sqlite3.connect(str(database.url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor(1) as pool:
        written = pool.submit(database.writing, lambda tx: tx.execute(ADD).rowcount)
        other.execute("UPDATE counters SET value = 10")
        other.execute("COMMIT")
        assert written.result(timeout=10) == 1
    other.close()
    assert value(database) == 11


def test_a_lock_that_is_never_given_back_is_told_as_a_sentence(database: Database) -> None:
    other = sqlite3.connect(str(database.url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with database.read() as tx:
        tx.connection.exec_driver_sql("PRAGMA busy_timeout=0")
    with pytest.raises(Unavailable, match="busy"), database.write():
        pass
    other.close()
    assert database.writing(lambda tx: tx.execute(ADD).rowcount) == 1


def test_a_disk_that_is_full_refuses_and_goes_on_when_there_is_space(database: Database) -> None:
    with database.write() as tx:
        pages = tx.connection.exec_driver_sql("PRAGMA page_count").scalar()
        tx.connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    rows = [{"name": f"{number:032}", "value": 1} for number in range(5000)]
    with pytest.raises(Unavailable, match="full"):
        database.writing(lambda tx: tx.execute(counters.insert(), rows))
    assert value(database) == 0
    with database.write() as tx:
        tx.connection.exec_driver_sql("PRAGMA max_page_count=1000000")
        tx.execute(ADD)
    assert value(database) == 1


def test_a_damaged_store_is_told_as_a_sentence(database: Database) -> None:
    database.writing(lambda tx: tx.execute(ADD))
    database.close()
    file = Path(str(database.url.database))
    content = bytearray(file.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    file.write_bytes(content)
    damaged = Database(str(file), durable=False)
    with pytest.raises(ConfigurationInvalid, match="damaged"):
        value(damaged)
    damaged.close()


def test_closing_twice_and_using_it_again_is_no_harm(database: Database) -> None:
    database.close()
    database.close()
    assert value(database) == 0


def test_a_transaction_belongs_to_its_thread_and_others_wait(database: Database) -> None:
    entered, leave = threading.Event(), threading.Event()

    def hold() -> None:
        with database.write() as tx:
            entered.set()
            assert leave.wait(10)
            tx.execute(ADD)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(hold)
        assert entered.wait(10)
        second = pool.submit(database.writing, lambda tx: (tx.execute(ADD), tx.connection.scalar(VALUE))[1])
        assert not second.done()
        leave.set()
        first.result(10)
        assert second.result(10) == 2
