"""Coordinators of one store know of each other, and differ in nothing that matters."""

import os
from collections.abc import Callable

import pytest
from sqlalchemy import update

from rota.config import Config, load
from rota.domain.errors import ConfigurationInvalid
from rota.scheduler.presence import Presence
from rota.stores import coordinators
from rota.stores.coordinators import CoordinatorRecord
from rota.stores.database import Database
from rota.stores.tables import coordinators as table

INIT = 1
"""A process that certainly runs."""


@pytest.fixture
def joined(database: Database) -> Callable[..., Presence]:
    """Makes coordinators that joined, as processes of their own."""

    def join(config: Config | None = None, pid: int = INIT) -> Presence:
        presence = Presence(database, config or Config(), "0.0.0")
        presence.join()
        database.writing(lambda tx: tx.execute(update(table).where(table.c.id == presence.id).values(pid=pid)))
        return presence

    return join


def serving(database: Database) -> list[CoordinatorRecord]:
    return database.reading(lambda tx: coordinators.serving(tx, 0))


def test_several_run_beside_each_other(database: Database, joined: Callable[..., Presence]) -> None:
    one, other = joined(), joined()
    assert [found.id for found in serving(database)] == [one.id, other.id]
    one.leave()
    assert [found.id for found in serving(database)] == [other.id]


def test_one_with_another_configuration_is_refused_and_told_the_key(
    database: Database, joined: Callable[..., Presence]
) -> None:
    one = joined()
    shorter = load(flags={"lease": {"seconds": 20, "heartbeat_seconds": 5}})
    with pytest.raises(ConfigurationInvalid, match=r"lease\.seconds is 20\.0 here, but the coordinator .* with 30\.0"):
        joined(shorter)
    assert [found.id for found in serving(database)] == [one.id]


@pytest.mark.parametrize("pid", [os.getpid(), 2**22 + 1], ids=["this process", "none"])
def test_a_process_that_is_gone_binds_nobody(joined: Callable[..., Presence], pid: int) -> None:
    joined(pid=pid)
    joined(load(flags={"environment": "PROD"}))


def test_a_beat_after_being_forgotten_enters_it_anew(database: Database, joined: Callable[..., Presence]) -> None:
    one = joined()
    database.writing(lambda tx: tx.execute(table.delete()))
    assert one.run_once() == Config().lease.heartbeat_seconds
    assert [found.id for found in serving(database)] == [one.id]
