"""The bell rings after the commit, for those who listen, and never for what was rolled back."""

import pytest

from rota.stores import bell
from rota.stores.bell import Bell
from rota.stores.database import Database, Transaction


def test_it_rings_for_its_topic_until_the_listener_ends_it() -> None:
    heard: list[str] = []
    ringer = Bell()
    end = ringer.listen(bell.WORK, lambda: heard.append("one"))
    ringer.listen(bell.WORK, lambda: heard.append("two"))
    ringer.listen(bell.EVENTS, lambda: heard.append("events"))
    ringer.ring([bell.WORK])
    end()
    end()
    ringer.ring([bell.WORK, "nobody listens"])
    assert heard == ["one", "two", "two"]


def test_the_same_listener_may_listen_twice_and_end_while_it_rings() -> None:
    heard: list[int] = []
    ringer = Bell()

    def once() -> None:
        heard.append(1)
        end()

    end = ringer.listen(bell.WORK, once)
    ringer.ring([bell.WORK])
    ringer.ring([bell.WORK])
    assert heard == [1]


def test_a_transaction_rings_once_it_is_committed(database: Database) -> None:
    seen: list[int | None] = []

    def look() -> None:
        with database.read() as tx:
            seen.append(tx.connection.exec_driver_sql("SELECT value FROM counters").scalar())

    database.bell.listen(bell.WORK, look)
    with database.write() as tx:
        tx.ring(bell.WORK)
        tx.ring(bell.WORK)
        tx.connection.exec_driver_sql("UPDATE counters SET value = 41")
        assert seen == []
    assert seen == [41]


def test_what_is_rolled_back_does_not_ring(database: Database) -> None:
    heard: list[str] = []
    database.bell.listen(bell.WORK, lambda: heard.append("rung"))

    def work(tx: Transaction) -> None:
        tx.ring(bell.WORK)
        raise LookupError

    with pytest.raises(LookupError):
        database.writing(work)
    assert heard == []
