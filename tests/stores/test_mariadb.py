"""What only MariaDB can get wrong: errors in words, lost transactions, the heart, and names that differ in a letter's case."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing

import pymysql
import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.engine import make_url

from rota.config import StoreConfig
from rota.domain.errors import ConfigurationInvalid, Unavailable
from rota.domain.instant import HOUR, MINUTE, SECOND
from rota.stores import mysql, workers
from rota.stores.database import Database, Transaction
from rota.stores.hearts import open_heart
from rota.stores.hearts.mysql_dsn import address
from rota.stores.tables import counters, queues

pytestmark = pytest.mark.stores("mariadb")

WORKER = "00000000-0000-7000-8000-00000000000a"


@pytest.fixture
def database(each_store: Database) -> Database:
    return each_store


@pytest.fixture
def open_store() -> Iterator[Callable[..., Database]]:
    opened: list[Database] = []

    def make(url: str) -> Database:
        opened.append(Database(url))
        return opened[-1]

    yield make
    for store in opened:
        store.close()


def free_port() -> int:
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def asked(store: Database) -> object:
    return store.reading(lambda tx: tx.connection.scalar(select(1)))


def test_who_is_not_let_in_is_told(database: Database, open_store: Callable[..., Database]) -> None:
    wrong = make_url(database.driver_url).set(username="nobody", password="secret")
    with pytest.raises(ConfigurationInvalid, match="user or password") as told:
        asked(open_store(wrong.render_as_string(hide_password=False)))
    assert "secret" not in str(told.value)


def test_a_database_that_is_not_there_is_told(database: Database, open_store: Callable[..., Database]) -> None:
    url = make_url(database.driver_url).set(database="rota_no_such_database")
    with pytest.raises(ConfigurationInvalid, match="CREATE DATABASE"):
        asked(open_store(url.render_as_string(hide_password=False)))


def test_a_server_that_is_not_there_is_unavailable(open_store: Callable[..., Database]) -> None:
    with pytest.raises(Unavailable, match="does not answer"):
        asked(open_store(f"mysql://root@127.0.0.1:{free_port()}/rota"))


def test_a_connection_that_the_server_dropped_is_replaced(database: Database) -> None:
    with database.read() as tx:
        session = tx.connection.scalar(text("SELECT connection_id()"))
    kill = make_url(database.driver_url)
    with (
        closing(
            pymysql.connect(host=kill.host, port=kill.port or 3306, user=kill.username, password=kill.password or "")
        ) as other,
        other.cursor() as cursor,
    ):
        cursor.execute("KILL %s", (session,))
    assert asked(database) == 1


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://ann:a%20b@db:3307/r%2Fx", {"host": "db", "port": 3307, "user": "ann", "password": "a b", "database": "r/x"}),
        ("mariadb://db/rota", {"host": "db", "port": 3306, "user": None, "password": "", "database": "rota"}),
        (
            "mysql+pymysql://ann@db/rota?ssl_ca=/ca.pem&ssl_key=/k.pem&unix_socket=/s",
            {
                "host": "db", "port": 3306, "user": "ann", "password": "", "database": "rota", "unix_socket": "/s",
                "ssl": {"ca": "/ca.pem", "key": "/k.pem"},
            },
        ),
    ],
)  # fmt: skip
def test_the_heart_reads_the_url_as_the_store_does(url: str, said: dict[str, object]) -> None:
    assert address(url) == said
    asked, given = make_url(url), mysql.engine(make_url(url), StoreConfig(), durable=True).dialect
    (_, arguments) = given.create_connect_args(asked.set(drivername="mysql+pymysql"))
    for name in ("host", "unix_socket", "ssl"):
        assert arguments.get(name) == said.get(name)


@pytest.mark.parametrize("version", ["8.0.39", "5.5.5-10.6.18-MariaDB-log", "10.5.1-MariaDB"])
def test_a_server_that_cannot_run_it_is_left_as_it_is(database: Database, version: str) -> None:
    with database.write() as tx:
        tx.driver.server_version, kept = version, tx.driver.server_version
        try:
            with pytest.raises(ConfigurationInvalid, match=r"needs MariaDB 10\.11"):
                database.dialect.lock_schema(tx)
        finally:
            tx.driver.server_version = kept


def test_names_differ_in_a_letters_case(database: Database) -> None:
    values = {"priority": 0, "paused": 0, "changed_by": "ann", "updated_at": 0}
    with database.write() as tx:
        tx.execute(insert(queues), [{"name": name, **values} for name in ("mail", "Mail", "MAIL")])
    with database.read() as tx:
        assert tx.connection.scalar(select(func.count()).where(queues.c.name == "Mail")) == 1


def test_the_clock_is_that_of_the_server_in_utc(database: Database) -> None:
    with database.read() as tx:
        said = tx.connection.scalar(text("SELECT CAST(UNIX_TIMESTAMP(SYSDATE(6)) * 1000000 AS SIGNED)"))
        assert abs(said - tx.now) < 5 * SECOND


def test_a_reader_sees_one_snapshot(database: Database) -> None:
    count = select(func.count()).select_from(counters)
    with database.read() as tx:
        before = tx.connection.scalar(count)
        database.writing(lambda other: other.execute(insert(counters).values(name="new", value=1)))
        assert tx.connection.scalar(count) == before
    assert database.reading(lambda tx: tx.connection.scalar(count)) == before + 1


def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(Unavailable, match="read-only"):
        database.reading(lambda tx: tx.execute(insert(counters).values(name="new", value=1)))


def deadlock(database: Database) -> tuple[list[int], list[BaseException]]:
    """Two transactions that take the same two rows in opposite orders, once; how often each was begun."""
    begun, failures = [0, 0], list[BaseException]()
    both = threading.Barrier(2)

    def work(number: int) -> None:
        def take(tx: Transaction) -> None:
            begun[number] += 1
            names = ("definitions", "limits")
            for name in names if number else reversed(names):
                tx.execute(select(counters.c.value).where(counters.c.name == name).with_for_update())
                if sum(begun) <= 2 and name == names[1 - number]:
                    both.wait(10)

        try:
            database.writing(take)
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return begun, failures


def test_a_deadlock_is_tried_again(database: Database) -> None:
    begun, failures = deadlock(database)
    assert failures == []
    assert sorted(begun) == [1, 2]


def test_a_transaction_that_was_taken_back_does_not_pass_for_committed(database: Database) -> None:
    """After a deadlock the server has rolled back by itself, whoever swallowed the error."""

    def work(tx: Transaction) -> None:
        tx.execute(insert(counters).values(name="new", value=1))
        tx.driver.rollback()

    with pytest.raises(RuntimeError, match="not committed"):
        database.writing(work)


def test_a_lock_that_is_not_to_be_had_is_told_not_waited_for_again(database: Database) -> None:
    with database.write(serial=True), database.write() as other:
        other.execute(text("SET SESSION innodb_lock_wait_timeout = 1"))
        with pytest.raises(pymysql.err.OperationalError) as told:
            database.dialect.serialise(other)
        assert type(database.dialect.translated(told.value)) is Unavailable


def test_the_heart_beats_until_its_worker_is_convicted(database: Database) -> None:
    database.writing(lambda tx: workers.register(tx, workers.NewWorker(WORKER, "w", 1, "database"), SECOND))
    heart = open_heart(database.driver_url, WORKER, HOUR)
    assert heart.beat()
    record = database.reading(lambda tx: workers.get(tx, WORKER))
    assert record is not None
    assert record.lease_expires_at - record.heartbeat_at == HOUR
    assert abs(record.heartbeat_at - record.registered_at) < MINUTE
    heart.bury()
    assert not heart.beat()
    buried = database.reading(lambda tx: workers.get(tx, WORKER))
    assert buried is not None
    assert buried.state == "Dead"
