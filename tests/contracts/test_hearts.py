"""What every store promises about the heart of a worker, which stands on one driver alone."""

from collections.abc import Callable, Iterator

import pytest

from rota.domain.instant import HOUR, SECOND
from rota.stores import bell, workers
from rota.stores.database import Database
from rota.stores.hearts import Heart, open_heart
from rota.stores.tables import events

WORKER = "00000000-0000-7000-8000-00000000000a"


@pytest.fixture
def registered(each_store: Database) -> Database:
    each_store.writing(lambda tx: workers.register(tx, workers.NewWorker(WORKER, "w", 1, "database"), SECOND))
    return each_store


@pytest.fixture
def heart(registered: Database) -> Iterator[Heart]:
    made = open_heart(registered.driver_url, WORKER, HOUR)
    yield made
    made._connection.close()  # type: ignore[attr-defined]  # its process never does: it ends


def told(store: Database) -> list[str]:
    return store.reading(lambda tx: [row.kind for row in tx.all(events.select().order_by(events.c.seq))])


def test_it_beats_and_buries_once(registered: Database, heart: Heart) -> None:
    assert heart.beat()
    heart.bury()
    assert not heart.beat()
    heart.bury()
    found = registered.reading(lambda tx: workers.get(tx, WORKER))
    assert found is not None
    assert (found.state, found.ended_at) == ("Dead", found.lease_expires_at)
    assert told(registered) == ["worker.registered", "worker.dead"]


@pytest.mark.stores("postgres", "postgres18")
def test_other_processes_hear_of_a_burial(registered: Database, heart: Heart, eventually: Callable[..., None]) -> None:
    rung: list[str] = []
    registered.listen()
    eventually(lambda: registered.wakeup_mode == "notify")
    registered.bell.listen(bell.LEASES, lambda: rung.append("rung"))
    heart.bury()
    eventually(lambda: rung)
