"""A screen that lives goes on when answers are slow and much happens, and its tabs leave room for others."""

import threading
from collections.abc import Callable

from playwright.sync_api import BrowserContext, Page, expect

from console import browsing
from console.complaints import Complaints
from console.serving import Server

_SLOW_MS = 1800
_BUSY_SECONDS = 0.15


def test_events_do_not_starve_a_slow_screen(page: Page, visit: Callable[[Page, str], None], server: Server) -> None:
    visit(page, "#/jobs")
    enough = threading.Event()

    def busy() -> None:
        while not enough.wait(_BUSY_SECONDS):
            server.trigger("shop.quick")

    noise = threading.Thread(target=busy)
    noise.start()
    try:
        network = page.context.new_cdp_session(page)
        network.send("Network.enable")
        network.send(
            "Network.emulateNetworkConditions",
            {"offline": False, "latency": _SLOW_MS, "downloadThroughput": -1, "uploadThroughput": -1},
        )
        page.evaluate("location.hash = '#/executions'")
        expect(page.get_by_role("table", name="Executions").locator("tbody tr").first).to_be_visible()
    finally:
        enough.set()
        noise.join()


def test_signing_out_and_in_again_hears_each_event_once(
    page: Page, visit: Callable[[Page, str], None], server: Server, complaints: Complaints
) -> None:
    complaints.expect("status of 401")
    visit(page, "#/jobs")
    for _ in range(2):
        page.locator(".person summary").click()
        page.get_by_role("button", name="Sign out").click()
        page.get_by_label("Token").fill(server.token or "")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", name="Jobs")).to_be_visible()
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    page.evaluate(
        """async () => {
          const { listen } = await import(new URL("console/lib/stream.js", document.baseURI).href);
          globalThis.heard = [];
          listen(({ id }) => globalThis.heard.push(id));
        }"""
    )
    server.ended(server.trigger("shop.quick"))
    heard: list[str] = []
    while len(heard) < 3:
        page.wait_for_timeout(50)
        heard = page.evaluate("globalThis.heard")
    assert len(heard) == len(set(heard)), heard


def test_many_tabs_of_running_executions_leave_room_for_another(
    page: Page, server: Server, complaints: Complaints
) -> None:
    running = server.trigger("shop.slow", {"seconds": 60})
    server.wait_state(running, "Running")
    context: BrowserContext = page.context
    for _ in range(6):
        tab = context.new_page()
        tab.goto(f"{server.url}/#/executions/{running}")
        tab.bring_to_front()
    browsing.visit(page, server.url, "#/jobs", complaints)
    expect(page.get_by_role("table", name="Jobs")).to_be_visible()
    server.post(f"/api/executions/{running}/cancel", {}, status=202)
