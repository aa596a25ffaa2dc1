"""Take the pictures of the console that the documents show.

Usage: python scripts/screenshots.py [--db FILE] [--app MODULE] [--to FOLDER] [--only NAME ...]

Without --db a demo store is made first. A file is copied, so that nothing in it changes. Every screen of
tests/console/screens.py is taken in light and in dark at a desk, some of them on a telephone, too.
"""

import argparse
import base64
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "acceptance")]

from driver import ROTA, Rota  # noqa: E402

from console import browsing  # noqa: E402
from console.complaints import Complaints  # noqa: E402
from console.screens import MODULES, SCREENS, Furnished  # noqa: E402

DEMO_APP = "rota.testing.demo.functions"
ON_A_TELEPHONE = ("overview", "jobs", "job", "executions", "execution")
MOST_BYTES = 150_000
QUALITIES = (92, 84, 74, 60, 45, 30)
PATIENCE_SECONDS = 6.0


def main() -> int:
    """Take what was asked for; 1 when the browser complained."""
    given = _arguments()
    with tempfile.TemporaryDirectory(prefix="rota-screenshots-") as name, sync_playwright() as playwright:
        folder = Path(name)
        store = _copied(given.db, folder) if given.db else _demo(folder)
        apps = [given.app] if given.app else [] if given.db else [DEMO_APP]
        executable = browsing.find_browser()
        if executable is None:
            sys.exit("no chromium here; scripts/browser up installs it")
        with Rota(folder / "rota", store=store, apps=apps) as rota:
            complaints = Complaints(rota.url)
            browser = browsing.launch(playwright.chromium, executable)
            for file, page in _visited(browser, rota, complaints, given.only or list(SCREENS)):
                _take(page, given.to / f"{file}.webp")
            browser.close()
    for text in complaints.unexpected:
        print(f"the browser complained: {text}", file=sys.stderr)
    return 1 if complaints.unexpected else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python scripts/screenshots.py", description=__doc__)
    parser.add_argument("--db", type=Path, help="the file of a store")
    parser.add_argument("--app", help="the module or file with the jobs of that store")
    parser.add_argument("--to", type=Path, default=ROOT / "docs" / "images" / "console", help="where the pictures go")
    parser.add_argument("--only", nargs="*", choices=list(SCREENS), help="these screens and no others")
    return parser.parse_args()


def _copied(file: Path, folder: Path) -> Path:
    copy = folder / "rota.db"
    with sqlite3.connect(file) as source, sqlite3.connect(copy) as target:
        source.backup(target)
    subprocess.run([ROTA, "migrate", "--db", copy], check=True, stdout=subprocess.DEVNULL)
    return copy


def _demo(folder: Path) -> Path:
    made = folder / "demo.db"
    words = ["--db", f"sqlite:///{made}", "--executions", "20000", "--days", "14"]
    subprocess.run([sys.executable, "-m", "rota.testing.demo", *words], check=True)
    return made


def _visited(browser: Browser, rota: Rota, complaints: Complaints, names: list[str]) -> Iterator[tuple[str, Page]]:
    """Every picture to take: the name of its file, and the page as it is to be taken."""
    found = explored(rota)
    ready = [name for name in names if (MODULES / SCREENS[name].module).exists()]
    turns = [(theme, 1440, theme, ready) for theme in browsing.THEMES]
    turns.append(("light", 390, "telephone", [name for name in ready if name in ON_A_TELEPHONE]))
    for theme, width, suffix, shown in turns:
        context = browsing.new_context(browser, theme=theme, width=width)
        complaints.watch(context)
        browsing.sign_in(context, rota.url, rota.token or "")
        page = context.new_page()
        for name in shown:
            page.goto(f"{rota.url}/{SCREENS[name].at(found)}")
            with suppress(AssertionError):  # something always moves in a store that is alive
                browsing.settle(page, complaints, within=PATIENCE_SECONDS)
            yield f"{name}-{suffix}", page
        context.close()


def explored(rota: Rota) -> Furnished:
    """What is worth a look in a store: the job that runs most of those with a schedule, and what came of it."""
    latest = rota.get("/api/executions", limit=200)["items"]
    schedules = rota.get("/api/schedules", limit=200)["items"]
    calendars = [one["name"] for one in rota.get("/api/calendars", limit=10)["items"]]
    scheduled = {one["jobId"]: one["id"] for one in schedules if one["state"] == "Enabled"}
    often = Counter(one["jobId"] for one in latest if one["jobId"] in scheduled)
    job = often.most_common(1)[0][0] if often else next(iter(scheduled))
    execution = _newest(rota, latest, "Succeeded")
    return Furnished(
        job=job,
        other_job=next((id for id in scheduled if id != job), job),
        schedule=scheduled[job],
        execution=execution,
        failed=_newest(rota, latest, "Failed"),
        running=_newest(rota, latest, "Running"),
        calendar=calendars[0] if calendars else "none",
    )


def _newest(rota: Rota, latest: list[dict[str, Any]], state: str) -> str:
    found = rota.get("/api/executions", limit=1, state=state)["items"] or latest
    return str(found[0]["id"])


def _take(page: Page, file: Path) -> None:
    """As good as it may be: the file must not be larger than a page of a document should load."""
    file.parent.mkdir(parents=True, exist_ok=True)
    devtools = page.context.new_cdp_session(page)
    for quality in QUALITIES:
        taken = devtools.send("Page.captureScreenshot", {"format": "webp", "quality": quality})
        content = base64.b64decode(taken["data"])
        if len(content) <= MOST_BYTES:
            break
    devtools.detach()
    file.write_bytes(content)
    print(f"{len(content):8,} {file}")


if __name__ == "__main__":
    sys.exit(main())
