"""The API on a real store, and clients that hold tokens of each role."""

from collections.abc import Callable, Iterator, Mapping

import pytest
from starlette.testclient import TestClient

from rota.api.application import ApiDependencies, create_application
from rota.config import Config
from rota.domain.access import SYSTEM, Role
from rota.service import access
from rota.service.context import ServiceContext
from rota.stores.database import Database

ADDRESS = "http://127.0.0.1:8400"


class Everything:
    """A catalogue that has every kind and two functions."""

    kinds = frozenset({"python", "http", "script"})

    def functions(self) -> set[str]:
        return {"echo", "sample"}

    def check(self, job_type: str, parameters: Mapping[str, object]) -> None:
        """Anything can run."""


@pytest.fixture
def config(request: pytest.FixtureRequest) -> Config:
    """The configuration of the API; a test may give its own by indirect parameters."""
    return Config(**getattr(request, "param", {}))


@pytest.fixture
def services(database: Database, config: Config) -> Iterator[ApiDependencies]:
    made = ApiDependencies(database, config, Everything(), "0.0.0")
    yield made
    made.stopping.set()


@pytest.fixture
def system(services: ApiDependencies) -> ServiceContext:
    """Rota itself, asking the service directly."""
    return ServiceContext(services.database, services.config, SYSTEM, services.catalogue)


@pytest.fixture
def anonymous(services: ApiDependencies) -> Iterator[TestClient]:
    """A client without a token."""
    with TestClient(create_application(services), base_url=ADDRESS, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def holding(anonymous: TestClient, system: ServiceContext) -> Callable[[Role], TestClient]:
    """Makes a client that holds a token of the role."""

    def make(role: Role) -> TestClient:
        _key, token = access.create(system, f"test {role.value}", role)
        headers = {"Authorization": f"Bearer {token}"}
        made = TestClient(anonymous.app, base_url=ADDRESS, headers=headers, raise_server_exceptions=False)
        made.portal = anonymous.portal  # one event loop for all clients, as a server has
        return made

    return make


@pytest.fixture
def client(holding: Callable[[Role], TestClient]) -> TestClient:
    """A client that may do everything."""
    return holding(Role.ADMIN)
