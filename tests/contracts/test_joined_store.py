"""An execution submitted on the application's own connection exists if the application commits, on every store."""

import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import create_engine, func, select

from rota.domain.errors import InvalidInput
from rota.domain.execution import NewExecution
from rota.stores import executions
from rota.stores.database import Database
from rota.stores.joined import joined
from rota.stores.tables import executions as live

Open = Callable[[], Any]


@pytest.fixture
def store(make_store: Callable[[], tuple[Database, object]]) -> Database:
    return make_store()[0]


@pytest.fixture
def open_driver(store: Database) -> Iterator[Open]:
    """Opens connections of the store's own driver, as an application would."""
    opened: list[Any] = []

    def make() -> Any:
        url = store.url
        if url.get_backend_name() == "sqlite":
            made: Any = sqlite3.connect(str(url.database))
        elif url.get_backend_name() == "postgresql":
            import psycopg
            from psycopg.rows import dict_row

            made = psycopg.connect(store.driver_url, row_factory=dict_row)
        else:
            import pymysql

            made = pymysql.connect(
                host=url.host,
                port=url.port or 3306,
                user=url.username,
                password=url.password or "",
                database=url.database,
            )
        opened.append(made)
        return made

    yield make
    for connection in opened:
        connection.close()


def enqueue(store: Database, connection: Any) -> None:
    with joined(store, connection) as tx:
        executions.enqueue(tx, [NewExecution("echo")])


def count(store: Database) -> int:
    return store.reading(lambda tx: tx.connection.scalar(select(func.count()).select_from(live)) or 0)


def test_it_is_there_when_the_application_has_committed(store: Database, open_driver: Open) -> None:
    connection = open_driver()
    enqueue(store, connection)
    assert count(store) == 0
    connection.commit()
    assert count(store) == 1


def test_it_is_gone_when_the_application_rolls_back(store: Database, open_driver: Open) -> None:
    connection = open_driver()
    enqueue(store, connection)
    connection.rollback()
    assert count(store) == 0
    enqueue(store, connection)
    connection.commit()
    assert count(store) == 1


def test_it_takes_part_in_a_transaction_of_sqlalchemy(store: Database) -> None:
    engine = create_engine(store.engine.url)
    with engine.begin() as connection:
        enqueue(store, connection)
        assert count(store) == 0
    assert count(store) == 1
    with engine.connect() as connection:
        connection.execute(select(live.c.id))
        enqueue(store, connection)
        connection.rollback()
    engine.dispose()
    assert count(store) == 1


def test_a_connection_that_commits_by_itself_is_refused(store: Database, open_driver: Open) -> None:
    connection = open_driver()
    if isinstance(connection, sqlite3.Connection):
        connection.isolation_level = None
    elif callable(connection.autocommit if hasattr(connection, "autocommit") else None):
        connection.autocommit(True)
    else:
        connection.autocommit = True
    with pytest.raises(InvalidInput, match="open a transaction first"):
        enqueue(store, connection)
    assert count(store) == 0


@pytest.mark.parametrize("given", [object(), 7, "sqlite://"])
def test_what_is_no_connection_of_the_store_is_refused(store: Database, given: object) -> None:
    with pytest.raises(InvalidInput, match="the store takes part in transactions of"):
        enqueue(store, given)
