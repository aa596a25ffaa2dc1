"""What acceptance tests share: the driver, the figures they report, and the words of Rota when one of them fails."""

import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # so that tests can say `from driver import Rota`

from driver import STARTED, Rota

_FIGURES: list[str] = []

Figure = Callable[[str], None]


@pytest.fixture
def figure() -> Figure:
    """Says a figure that was measured: now, and again at the end of the run."""

    def say(text: str) -> None:
        print(text)
        _FIGURES.append(text)

    return say


@pytest.fixture
def make_rota(tmp_path: Path) -> Iterator[Callable[..., Rota]]:
    """Makes Rotas that are not started; whatever is left of them ends with the test."""
    with ExitStack() as stack:

        def make(*words: str, folder: str = "rota", **choices: object) -> Rota:
            made = Rota(tmp_path / folder, *words, **choices)  # type: ignore[arg-type]
            stack.callback(made.close)
            return made

        yield make


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A failed test shows what its Rotas said last."""
    report = yield
    if report.failed:
        for rota in STARTED:
            if rota.starts:
                report.sections.append((f"rota in {rota.folder}", f"{rota.output}\n{rota.errors[-8000:]}"))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The figures that the tests reported."""
    if _FIGURES:
        terminalreporter.section("acceptance figures")
        for text in _FIGURES:
            terminalreporter.write_line(text)
