"""The browser of the tests: how it is found and started, and how a screen is visited."""

import os
import shutil
import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, BrowserType, Page, expect

from console.complaints import Complaints

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
"""The last one: no name is ever looked up, so that nothing leaves this machine whatever a page asks for."""

THEMES = ("light", "dark")
WIDTHS = (1440, 1024, 390)
HEIGHTS = {1440: 900, 1024: 768, 390: 844}
SETTLED_SECONDS = 0.25
PATIENCE_MS = 15_000
"""How long a test waits for what must come, on a machine with other work: not a measure of the console."""

each_theme = pytest.mark.parametrize("theme", THEMES)
each_width = pytest.mark.parametrize("width", WIDTHS)

_TICK = 0.05
_MARKS = """() => JSON.stringify([
  document.readyState, location.hash, document.getElementsByTagName("*").length, document.body.innerText.length,
  document.querySelectorAll("[aria-busy=true], .loading").length])"""


def find_browser() -> str | None:
    """The chromium of this machine; CHROMIUM names another."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium")


def launch(kind: BrowserType, executable: str) -> Browser:
    """Start it without a window."""
    return kind.launch(executable_path=executable, args=list(ARGUMENTS), timeout=60_000)


def new_context(browser: Browser, *, theme: str = "light", width: int = 1440) -> BrowserContext:
    """A person of their own at a screen of that size. Nothing moves, so that no picture depends on when it is taken."""
    context = browser.new_context(
        viewport={"width": width, "height": HEIGHTS.get(width, 900)},
        color_scheme=theme,  # type: ignore[arg-type]
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="Europe/Berlin",
        has_touch=width < 600,
    )
    context.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    return context


def sign_in(context: BrowserContext, url: str, token: str) -> None:
    """Get the cookie of a session, as the form does."""
    answer = context.request.post(f"{url}/session", data={"token": token}, headers={"Origin": url})
    assert answer.ok, f"POST /session: {answer.status} {answer.text()}"


def visit(page: Page, url: str, route: str, complaints: Complaints | None = None) -> None:
    """Go to a route such as `#/jobs` and wait until the screen stands still."""
    page.goto(f"{url}/{route}")
    settle(page, complaints)


def settle(page: Page, complaints: Complaints | None = None, within: float = PATIENCE_MS / 1000) -> None:
    """Wait until nothing is asked for any more, nothing says that it loads, and the page has not changed for a moment."""
    deadline = time.monotonic() + within
    before, since = "", time.monotonic()
    while time.monotonic() < deadline:
        marks = page.evaluate(_MARKS)
        loading = not marks.endswith(",0]") or '"complete"' not in marks
        if marks != before or loading or (complaints is not None and complaints.waiting):
            before, since = marks, time.monotonic()
        elif time.monotonic() - since >= SETTLED_SECONDS:
            return
        page.wait_for_timeout(_TICK * 1000)
    raise AssertionError(f"{page.url} did not come to rest within {within:g} s: {before}")


def photograph(page: Page, file: Path) -> Path:
    """A picture of what is to be seen, for somebody who looks into a failure."""
    file.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=file, animations="disabled", timeout=10_000)
    return file
