"""What the fault tests share: stores that may be killed, fleets of real processes, and the sheet that they report on."""

import sys
import uuid
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from functools import partial
from importlib.util import find_spec
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "acceptance"))
sys.path.insert(0, str(Path(__file__).parent))  # so that tests can say `from fleet import Fleet`

from driver import STARTED
from evidence import Evidence
from fleet import Fleet
from mariadb_server import MariaServer, MariaStore
from plan import seed_from_environment
from servers import PostgresServer, PostgresStore, SqliteStore, Store
from sheet import Figure, Row, Sheet

_SHEET = Sheet(seed_from_environment())
_DIALECTS = {"sqlite": "rota.stores.sqlite", "postgres": "rota.stores.postgres", "mariadb": "rota.stores.mysql"}


def pytest_configure(config: pytest.Config) -> None:
    """The marker that chooses stores."""
    config.addinivalue_line(
        "markers", "stores(*kinds): the stores that a fault is tried on; sqlite and postgres if none"
    )


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each test that takes a store runs on each of its stores."""
    if "store" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("stores")
        metafunc.parametrize("store", marker.args if marker else ("sqlite", "postgres"), indirect=True)


@pytest.fixture(scope="session")
def servers() -> Iterator[Callable[[str], PostgresServer | MariaServer]]:
    """Servers that may be killed, each started when it is first asked for."""
    made: dict[str, PostgresServer | MariaServer] = {}
    with ExitStack() as stack:

        def server(kind: str) -> PostgresServer | MariaServer:
            if kind not in made:
                made[kind] = PostgresServer() if kind == "postgres" else MariaServer()
                stack.callback(made[kind].close)
            if not made[kind].answers():
                made[kind].start()
            return made[kind]

        yield server


@pytest.fixture
def store(
    request: pytest.FixtureRequest, tmp_path: Path, servers: Callable[[str], PostgresServer | MariaServer]
) -> Store:
    """A store of the test's own."""
    kind: str = request.param
    if find_spec(_DIALECTS[kind]) is None:
        pytest.skip(f"this version has no {kind}")
    if kind == "sqlite":
        return SqliteStore(tmp_path)
    server = servers(kind)
    name = f"faults_{uuid.uuid4().hex[:12]}"
    return PostgresStore(server, name) if isinstance(server, PostgresServer) else MariaStore(server, name)


@pytest.fixture
def seed() -> int:
    """What every draw of this run comes from."""
    print(f"FAULTS_SEED={_SHEET.seed}")
    return _SHEET.seed


@pytest.fixture
def fleet(tmp_path: Path, store: Store) -> Iterator[Fleet]:
    """A fleet without members on the store of the test."""
    with Fleet(tmp_path / "fleet", store) as made:
        yield made
        made.write_faults(tmp_path / "faults.json", _SHEET.seed)


@pytest.fixture
def report(request: pytest.FixtureRequest, store: Store) -> Callable[..., None]:
    """Puts a row on the sheet and, with evidence, adds it to the headline; then fails if a figure is out of its bound."""
    return partial(_report, request.node, store.kind)


def _report(
    node: pytest.Item,
    store: str,
    fault: str,
    what: str,
    figures: list[Figure],
    *,
    jobs: int = 0,
    evidence: Evidence | None = None,
    note: str = "",
    interventions: int = 0,
) -> None:
    if evidence is not None:
        jobs = jobs or len(evidence.accepted)
        verdict = evidence.verdict
        figures = [
            ("lost", len(verdict.lost), 0),
            ("stale", len(verdict.stale), 0),
            ("in lease", len(verdict.in_lease) + len(verdict.beside_living), 0),
            ("violations", len(evidence.violations), 0),
            *figures,
        ]
        _SHEET.headline(store).add(evidence, interventions)
    row = Row(fault, store, what, jobs, tuple(figures), note)
    _SHEET.rows.append(row)
    print("  ".join(row.cells()))
    if evidence is not None and verdict.wrong:
        print("wrong:", verdict.wrong)
    node.stash[_REPORTED] = True
    if evidence is not None:
        evidence.require_nothing_wrong()
    assert row.ok, " ".join(row.cells())


def _fault_of(item: pytest.Item) -> str:
    """`F03` of `test_f03_frozen`."""
    return item.name.split("_")[1].upper()


_REPORTED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failed test shows what its Rotas said last, and has a row on the sheet all the same."""
    report = yield
    if report.failed:
        for rota in STARTED:
            if rota.starts:
                report.sections.append((f"rota in {rota.folder}", f"{rota.output}\n{rota.errors[-8000:]}"))
    if (report.failed or report.skipped) and not item.stash.get(_REPORTED, False):
        store = getattr(item, "callspec", None) and item.callspec.params.get("store", "")
        words = "failed" if report.failed else f"skipped: {report.longrepr[2]}" if report.longrepr else "skipped"
        _SHEET.rows.append(
            Row(_fault_of(item), store or "", item.name.partition("[")[0], 0, (), words, failed=report.failed)
        )
        item.stash[_REPORTED] = True
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The sheet."""
    if _SHEET.rows:
        terminalreporter.section("faults")
        for line in _SHEET.lines():
            terminalreporter.write_line(line)
