"""A process that is frozen in the middle of a transaction does not hold its locks beyond the lease."""

from collections.abc import Iterator

import pytest
from sqlalchemy import select, update

from rota.config import Config, LeaseConfig, StoreConfig
from rota.domain.errors import Unavailable
from rota.domain.instant import SECOND
from rota.stores import workers
from rota.stores.database import Database, Transaction
from rota.stores.tables import counters
from stores_under_test.plugin import Servers

BEATING, SILENT = "00000000-0000-7000-8000-00000000000a", "00000000-0000-7000-8000-00000000000b"
SHORT = StoreConfig(transaction_idle_seconds=0.2)


def test_locks_end_before_a_lease_is_trusted_no_more() -> None:
    config = Config(lease=LeaseConfig(seconds=6, heartbeat_seconds=2, margin_seconds=1, reaper_seconds=1))
    assert config.store.bounded_by(config.lease).transaction_idle_seconds == 3
    assert config.store.bounded_by(LeaseConfig()).transaction_idle_seconds == 15
    assert SHORT.bounded_by(LeaseConfig()).transaction_idle_seconds == 0.2


@pytest.fixture(params=["postgres", "mariadb"])
def url(
    request: pytest.FixtureRequest, store_servers: Servers, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """A fresh, migrated store on a server."""
    server = store_servers.get(request.param, tmp_path_factory)
    url = server.new()
    yield url
    server.give_back(url)


def test_what_a_frozen_process_held_can_be_written_by_others(url: str) -> None:
    frozen, other = Database(url, pool=SHORT), Database(url)

    def stop_in_the_middle() -> None:
        with frozen.write() as tx:
            tx.execute(update(counters).values(value=counters.c.value))
            other.writing(lambda free: free.execute(update(counters).values(value=counters.c.value + 1)))
            tx.execute(select(counters.c.value))  # it wakes up and has nothing any more

    with pytest.raises(Unavailable):
        stop_in_the_middle()
    frozen.close()
    other.close()


def test_a_process_that_stood_still_does_its_transaction_again_and_takes_it_for_no_outage(
    store_servers: Servers, tmp_path_factory: pytest.TempPathFactory
) -> None:
    server = store_servers.get("postgres", tmp_path_factory)
    url = server.new()
    database, other = Database(url, pool=SHORT), Database(url)
    tries: list[Transaction] = []

    def still(tx: Transaction) -> None:
        tries.append(tx)
        tx.execute(update(counters).values(value=counters.c.value))
        if len(tries) == 1:  # the other one waits until the server has taken this one back
            other.writing(lambda free: free.execute(update(counters).values(value=counters.c.value + 1)))
        tx.execute(update(counters).values(value=counters.c.value + 1))

    database.writing(still)
    assert len(tries) == 2
    database.close()
    other.close()
    server.give_back(url)


def test_one_worker_in_a_frozen_transaction_does_not_keep_the_others_from_their_conviction(url: str) -> None:
    database, other = Database(url), Database(url)
    with database.write() as tx:
        for id in (BEATING, SILENT):
            workers.register(tx, workers.NewWorker(id, id[-1], 1, "database"), -1)

    with database.write() as tx:
        workers.beat(tx, BEATING, SECOND)
        assert other.writing(workers.convict) == [SILENT]
    database.close()
    other.close()
