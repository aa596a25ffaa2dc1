"""A server, a browser, and pages that fail their test when anything goes wrong in them."""

import os
import re
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1] / "acceptance"))  # where `driver` is

from console import browsing
from console.complaints import Complaints
from console.screens import Furnished, furnish
from console.serving import Server

OpenPage = Callable[..., Page]

_OPENED = pytest.StashKey[tuple[list[Page], Complaints, Path]]()


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium, for all tests of this folder and no longer: while it is there, no other test could run an event loop."""
    executable = browsing.find_browser()
    if executable is None:
        missing = "No chromium here; `scripts/browser up` installs it, or name yours in CHROMIUM."
        if os.environ.get("CI") == "true":
            pytest.fail(f"{missing} With CI=true that is a failure.", pytrace=False)
        pytest.skip(missing)
    with sync_playwright() as playwright:
        started = browsing.launch(playwright.chromium, executable)
        yield started
        started.close()


@pytest.fixture(scope="module")
def module_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server of a module's tests: they share its store."""
    with ExitStack() as stack:
        made = Server(tmp_path_factory.mktemp("console"))
        stack.callback(made.close)
        made.start().wait_ready()
        yield made


@pytest.fixture
def server(module_server: Server) -> Server:
    """A running server. A test may stop, kill and start it: the next one finds it alive."""
    if not module_server.alive:
        module_server.start().wait_ready()
    return module_server


@pytest.fixture(scope="module")
def furnished(module_server: Server) -> Furnished:
    """A store in which no screen is empty, and the ids of what is in it. Something runs, something waits."""
    return furnish(module_server)


@pytest.fixture
def theme() -> str:
    """What the person prefers; `each_theme` of `browsing` has both."""
    return "light"


@pytest.fixture
def width() -> int:
    """How wide the window is; `each_width` of `browsing` has three."""
    return 1440


@pytest.fixture
def complaints(server: Server) -> Complaints:
    """What went wrong in the pages of this test. What is expected is said with `complaints.expect(pattern)`."""
    return Complaints(server.url)


@pytest.fixture
def open_page(
    request: pytest.FixtureRequest, browser: Browser, server: Server, complaints: Complaints, tmp_path: Path
) -> Iterator[OpenPage]:
    """Opens pages, each for a person of their own: `open_page(theme="dark", width=390, signed_in=False)`."""
    pages: list[Page] = []
    request.node.stash[_OPENED] = (pages, complaints, tmp_path)
    with ExitStack() as stack:

        def open(*, theme: str = "light", width: int = 1440, signed_in: bool = True) -> Page:
            context = browsing.new_context(browser, theme=theme, width=width)
            stack.callback(context.close)
            complaints.watch(context)
            if signed_in:
                browsing.sign_in(context, server.url, server.token or "")
            pages.append(context.new_page())
            return pages[-1]

        yield open


@pytest.fixture
def page(open_page: OpenPage, theme: str, width: int) -> Page:
    """A page of an administrator who is signed in. It is empty: `visit` goes somewhere."""
    return open_page(theme=theme, width=width)


@pytest.fixture
def visitor(open_page: OpenPage, complaints: Complaints, theme: str, width: int) -> Page:
    """A page of somebody who is not signed in: that the server says so is expected."""
    complaints.expect(r"status of 401")
    return open_page(theme=theme, width=width, signed_in=False)


@pytest.fixture
def visit(server: Server, complaints: Complaints) -> Callable[[Page, str], None]:
    """Goes to a route, such as `visit(page, "#/jobs")`, and waits until the screen stands still."""
    return lambda page, route: browsing.visit(page, server.url, route, complaints)


@pytest.fixture
def settle(complaints: Complaints) -> Callable[[Page], None]:
    """Waits until a page stands still, after a click."""
    return lambda page: browsing.settle(page, complaints)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, object, object]:
    """A test fails with what went wrong in its pages, even if it looked at none of it, and leaves pictures of them."""
    try:
        result = yield
        opened = pyfuncitem.stash.get(_OPENED, None)
        if opened is not None:
            _require_no_complaints(*opened[:2])
        return result
    except (Exception, pytest.fail.Exception):
        _leave_pictures(pyfuncitem)
        raise


def _require_no_complaints(pages: list[Page], complaints: Complaints) -> None:
    for page in pages:
        with suppress(Error):  # closed by the test
            page.evaluate("0")  # whatever the browser said before this has arrived, too
    if complaints.unexpected:
        pytest.fail("\n".join(["The browser complained:", *complaints.unexpected]), pytrace=False)


def _leave_pictures(item: pytest.Function) -> None:
    pages, complaints, folder = item.stash.get(_OPENED, ([], None, Path()))
    for number, page in enumerate(pages, 1):
        with suppress(Error):
            name = re.sub(r"\W+", "-", item.name).strip("-")
            picture = browsing.photograph(page, folder / f"{name}-{number}.png")
            item.add_report_section("call", "page", f"{page.url}\n{picture}")
    if complaints is not None and complaints.found:
        item.add_report_section("call", "browser", "\n".join(complaints.found))
