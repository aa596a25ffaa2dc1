"""What tests of several rooms share: a real store in a file that is thrown away."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rota.stores.database import Database
from rota.stores.schema import migrate


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A migrated store, without the sync to disk."""
    made = Database(f"sqlite:///{tmp_path}/rota.db", durable=False)
    migrate(made)
    yield made
    made.close()
