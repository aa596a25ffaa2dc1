"""What tests of several rooms share: a real store in a file that is thrown away."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from rota.stores import identity
from rota.stores.database import Database
from rota.stores.schema import migrate

pytest_plugins = ["stores_under_test.plugin"]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Two processes a core, at most eight: tests wait more than they compute."""
    return min(8, 2 * len(os.sched_getaffinity(0)))


@pytest.fixture(autouse=True)
def ids_from_now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ids increase within a process: a test that lives in the year 2099 would push those of all that come after it there."""
    monkeypatch.setattr(identity, "_last", 0)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A migrated store, without the sync to disk."""
    made = Database(f"sqlite:///{tmp_path}/rota.db", durable=False)
    migrate(made)
    yield made
    made.close()


@pytest.fixture
def eventually() -> Callable[..., None]:
    """Waits until a condition holds; fails when it does not within `within` seconds."""

    def wait(condition: Callable[[], object], within: float = 20.0) -> None:
        deadline = time.monotonic() + within
        while not condition():
            assert time.monotonic() < deadline, "the condition did not come true in time"
            time.sleep(0.01)

    return wait
