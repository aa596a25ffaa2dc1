"""The stores that every contract is held against. Another database joins by one fixture named in `STORES`."""

import shutil
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest

from rota.stores.database import Database
from rota.stores.schema import migrate
from rota.testing import ManualClock

Make = Callable[[], tuple[Database, ManualClock]]


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite store to copy."""
    file = tmp_path_factory.mktemp("stores") / "rota.db"
    store = Database(f"sqlite:///{file}", durable=False)
    migrate(store)
    store.close()
    return file


@pytest.fixture
def sqlite(tmp_path: Path, migrated: Path) -> Callable[[], str]:
    """Makes SQLite stores."""
    numbers = count()
    return lambda: f"sqlite:///{shutil.copy(migrated, tmp_path / f'rota-{next(numbers)}.db')}"


STORES = ("sqlite",)
"""Each names a fixture that makes empty, migrated stores and gives their URLs."""


@pytest.fixture(params=STORES)
def make_store(request: pytest.FixtureRequest) -> Iterator[Make]:
    """Makes new, migrated stores, each with a clock that stands still."""
    new_url = request.getfixturevalue(request.param)
    opened: list[Database] = []

    def make() -> tuple[Database, ManualClock]:
        clock = ManualClock()
        opened.append(Database(new_url(), clock=clock, durable=False))
        return opened[-1], clock

    yield make
    for store in opened:
        store.close()
