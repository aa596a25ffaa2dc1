"""The fixtures, the option `--stores`, and the table at the end of a run."""

import os
import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pymysql
import pytest

from rota.stores.database import Database
from rota.testing import ManualClock
from stores_under_test.servers import MariaDB, Postgres, Server, Sqlite

STORES = ("sqlite", "postgres", "postgres18", "mariadb")

_SERVICES = Path(__file__).parents[2] / "scripts" / "services"
_VARIABLES = {"postgres": "PG_URL", "postgres18": "PG18_URL", "mariadb": "MYSQL_URL"}
_KINDS = {"postgres": Postgres, "postgres18": Postgres, "mariadb": MariaDB}
_STORE = "store"
_SERVERS = pytest.StashKey["Servers"]()
_VERSIONS = pytest.StashKey[dict[str, str]]()


@cache
def _addresses() -> dict[str, str]:
    """The addresses of what `scripts/services` has started, and of what the environment names."""
    ran = subprocess.run([_SERVICES, "status"], capture_output=True, text=True, timeout=30, check=False)
    found = dict(line.split("=", 1) for line in ran.stdout.splitlines() if "=" in line)
    return found | {name: os.environ[name] for name in _VARIABLES.values() if os.environ.get(name)}


class Servers:
    """Every server of this session, each started to be used when a test first asks for it."""

    def __init__(self) -> None:
        self._known: dict[str, Server | str] = {}

    def get(self, kind: str, folders: pytest.TempPathFactory) -> Server:
        """The server, or the test is skipped with what is missing; with CI=true it fails."""
        if kind not in self._known:
            self._known[kind] = self._server(kind, folders)
        found = self._known[kind]
        if isinstance(found, Server):
            return found
        if os.environ.get("CI") == "true":
            pytest.fail(f"{found} With CI=true that is a failure.", pytrace=False)
        pytest.skip(found)

    def versions(self) -> dict[str, str]:
        """What the servers said they are: those that a test asked for."""
        return {kind: found.version for kind, found in self._known.items() if isinstance(found, Server)}

    def close(self) -> None:
        """Remove what was made."""
        for found in self._known.values():
            if isinstance(found, Server):
                found.close()

    @staticmethod
    def _server(kind: str, folders: pytest.TempPathFactory) -> Server | str:
        if kind == "sqlite":
            return Sqlite(folders.mktemp("stores"))
        address = _addresses().get(_VARIABLES[kind])
        if address is None:
            return f"No {kind} here; `scripts/services up {kind}` starts one, or name yours in {_VARIABLES[kind]}."
        try:
            return _KINDS[kind](address)
        except (psycopg.OperationalError, pymysql.err.OperationalError) as error:
            return f"No answer from the {kind} of {_VARIABLES[kind]}: {' '.join(str(error).split())}."


@pytest.fixture(scope="session")
def store_servers(request: pytest.FixtureRequest) -> Iterator[Servers]:
    """The servers of this session."""
    made = request.config.stash[_SERVERS]
    yield made
    made.close()


@pytest.fixture
def store_server(store_kind: str, store_servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Server:
    """The server of the kind that this test runs on."""
    return store_servers.get(store_kind, tmp_path_factory)


@pytest.fixture
def new_store_url(store_server: Server) -> Iterator[Callable[[], str]]:
    """Makes fresh, migrated stores and gives their URLs."""
    made: list[str] = []

    def make() -> str:
        made.append(store_server.new())
        return made[-1]

    yield make
    for url in made:
        store_server.give_back(url)


@pytest.fixture
def each_store(new_store_url: Callable[[], str]) -> Iterator[Database]:
    """A fresh, migrated store by the clock of its own server."""
    made = Database(new_store_url(), durable=False)
    yield made
    made.close()


class MakeStore:
    """Makes fresh, migrated stores, each with a clock that stands still."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._opened: dict[Database, str] = {}

    def __call__(self) -> tuple[Database, ManualClock]:
        clock, url = ManualClock(), self._server.new()
        store = Database(url, clock=clock, durable=False)
        self._opened[store] = url
        return store, clock

    def discard(self, store: Database) -> None:
        """This store is not needed any more: the next one is made of it."""
        store.close()
        self._server.give_back(self._opened.pop(store))

    def close(self) -> None:
        """None of them is needed any more."""
        for store in list(self._opened):
            self.discard(store)


@pytest.fixture
def make_store(store_server: Server) -> Iterator[MakeStore]:
    """Makes fresh, migrated stores; see `MakeStore`."""
    made = MakeStore(store_server)
    yield made
    made.close()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--stores", default=",".join(STORES), help="the stores to test, with commas (default: %(default)s)"
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "stores(*names): the stores that a test is for; without it, all of them")
    unknown = set(_chosen(config)) - set(STORES)
    if unknown:
        raise pytest.UsageError(f"--stores: no store {', '.join(sorted(unknown))}; there are {', '.join(STORES)}")
    config.stash[_SERVERS] = Servers()
    config.stash[_VERSIONS] = {}


def _chosen(config: pytest.Config) -> list[str]:
    return [name.strip() for name in config.getoption("--stores").split(",")]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each test that asks for a store once for each kind."""
    if "store_kind" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("stores")
        named = marker.args if marker else STORES
        metafunc.parametrize(
            "store_kind", [name for name in _chosen(metafunc.config) if name in named], scope="session"
        )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Reports carry the properties of their tests: by them the table counts. A test of no chosen store has none."""
    for item in items:
        if isinstance(item, pytest.Function) and hasattr(item, "callspec"):
            kind = item.callspec.params.get("store_kind")
            if kind in STORES:
                item.user_properties.append((_STORE, kind))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A process that ran some of the tests (pytest-xdist) tells the one that prints the table."""
    told = session.config.stash[_SERVERS].versions()
    session.config.stash[_VERSIONS] |= told
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput[_STORE] = told


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """What it told."""
    node.config.stash[_VERSIONS] |= getattr(node, "workeroutput", {}).get(_STORE, {})


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """The table of tests x store."""
    cells = _counted(terminalreporter)
    if not cells:
        return
    stores = [name for name in STORES if any(store == name for _, store in cells)]
    rows = [*sorted({file for file, _ in cells if file != "all"}), "all"]
    head = [f"{name} {config.stash[_VERSIONS].get(name, '')}".strip() for name in stores]
    lines = [[file, *(_cell(cells.get((file, store), {})) for store in stores)] for file in rows]
    widths = [max(map(len, column)) for column in zip(["", *head], *lines, strict=True)]
    terminalreporter.section("tests x store")
    for line in (["", *head], *lines):
        terminalreporter.write_line(
            "  ".join(
                [
                    line[0].ljust(widths[0]),
                    *(text.rjust(width) for text, width in zip(line[1:], widths[1:], strict=True)),
                ]
            )
        )


def _counted(terminalreporter: pytest.TerminalReporter) -> dict[tuple[str, str], dict[str, int]]:
    """How many tests of each file came to each outcome on each store."""
    cells: dict[tuple[str, str], dict[str, int]] = {}
    for outcome in ("passed", "failed", "error", "skipped", "xfailed", "xpassed"):
        for report in terminalreporter.stats.get(outcome, []):
            store = dict(getattr(report, "user_properties", ())).get(_STORE)
            if store is not None:
                for file in (report.nodeid.split("::")[0], "all"):
                    counts = cells.setdefault((file, store), {})
                    counts[outcome] = counts.get(outcome, 0) + 1
    return cells


def _cell(counts: dict[str, int]) -> str:
    return ", ".join(f"{number} {outcome}" for outcome, number in counts.items()) or "-"
