"""A process that is frozen in the middle of a transaction does not hold its locks beyond the lease."""

from collections.abc import Iterator

import pytest
from sqlalchemy import select, update

from rota.config import Config, LeaseConfig, StoreConfig
from rota.domain.errors import Unavailable
from rota.stores.database import Database
from rota.stores.tables import counters
from stores_under_test.plugin import Servers

SHORT = StoreConfig(transaction_idle_seconds=0.2)


def test_locks_end_before_a_lease_is_trusted_no_more() -> None:
    config = Config(lease=LeaseConfig(seconds=6, heartbeat_seconds=2, margin_seconds=1, reaper_seconds=1))
    assert config.store.bounded_by(config.lease).transaction_idle_seconds == 5
    assert config.store.bounded_by(LeaseConfig()).transaction_idle_seconds == 15
    assert SHORT.bounded_by(LeaseConfig()).transaction_idle_seconds == 0.2


@pytest.fixture
def postgres_url(store_servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A fresh, migrated store on PostgreSQL."""
    server = store_servers.get("postgres", tmp_path_factory)
    url = server.new()
    yield url
    server.give_back(url)


def test_what_a_frozen_process_held_can_be_written_by_others(postgres_url: str) -> None:
    frozen, other = Database(postgres_url, pool=SHORT), Database(postgres_url)

    def stop_in_the_middle() -> None:
        with frozen.write() as tx:
            tx.execute(update(counters).values(value=counters.c.value))
            other.writing(lambda free: free.execute(update(counters).values(value=counters.c.value + 1)))
            tx.execute(select(counters.c.value))  # it wakes up and has nothing any more

    with pytest.raises(Unavailable):
        stop_in_the_middle()
    frozen.close()
    other.close()
