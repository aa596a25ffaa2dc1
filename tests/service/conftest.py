"""The service on a real store whose clock moves only when it is told to."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from rota.config import Config
from rota.domain.access import Principal, Role
from rota.domain.errors import InvalidInput
from rota.scheduler.ticker import Ticker
from rota.service.context import ServiceContext
from rota.stores.database import Database
from rota.stores.schema import migrate
from rota.telemetry import Telemetry
from rota.testing.clock import ManualClock


class Known:
    """A catalogue with three kinds and two functions, one of which needs `region`."""

    kinds = frozenset({"python", "http", "script"})

    def functions(self) -> set[str]:
        return {"echo", "report"}

    def check(self, job_type: str, parameters: Mapping[str, object]) -> None:
        if job_type == "report" and "region" not in parameters:
            raise InvalidInput.field("region", msg="Field required")
        if job_type == "report" and not isinstance(parameters["region"], str):
            raise InvalidInput.field("region", msg="Input should be a valid string")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def database(tmp_path: Path, clock: ManualClock) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path}/rota.db", durable=False, clock=clock)
    migrate(made)
    yield made
    made.close()


@pytest.fixture
def ctx(database: Database) -> ServiceContext:
    return ServiceContext(database, Config(), Principal("ann", Role.ADMIN), Known())


@pytest.fixture
def tick(ctx: ServiceContext) -> Callable[[], None]:
    """Decides all that is due."""
    ticker = Ticker(ctx.database, "DEV", Telemetry())

    def until_nothing_is_due() -> None:
        while ticker.run_once() <= 0:
            pass

    return until_nothing_is_due
