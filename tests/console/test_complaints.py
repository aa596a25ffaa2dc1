"""The watch itself: a test that looks at nothing still fails when a page goes wrong."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from console.complaints import Complaints
from console.serving import Server

PLAIN = "health/live"
"""A page without any script, under the same policy as the console."""

Visit = Callable[[Page, str], None]


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("setTimeout(() => { throw new Error('broken promise') })", "page error: Error: broken promise"),
        ("Promise.reject(new Error('nobody catches'))", "page error: Error: nobody catches"),
        ("console.error('oh no')", "console error: oh no"),
        ("void fetch('/api/nothing-here')", "status of 404"),
        ("fetch('http://example.com/x').catch(() => 0)", "policy violated: connect-src by http://example.com/x"),
        ("document.body.append(Object.assign(new Image(), {src: 'https://example.com/a.png'}))", "violated: img-src"),
        ("document.body.setAttribute('onclick', '1')", "policy violated: script-src-attr"),
        ("location.href = 'http://example.com/'", "another host: GET http://example.com/"),
    ],
    ids=[
        "throws",
        "rejects",
        "logs",
        "not-found",
        "fetches-elsewhere",
        "loads-elsewhere",
        "inline-handler",
        "goes-away",
    ],
)
def test_a_page_that_goes_wrong_is_told(
    script: str, words: str, page: Page, visit: Visit, complaints: Complaints, eventually: Callable[..., None]
) -> None:
    complaints.expect("favicon")  # that page names no icon
    visit(page, PLAIN)
    assert complaints.unexpected == []
    page.evaluate(f"() => {{ {script} }}")
    eventually(lambda: page.wait_for_timeout(20) or any(words in text for text in complaints.found), within=5)
    assert complaints.unexpected
    complaints.expect(r".")
    assert complaints.unexpected == []


def test_a_server_that_is_killed_comes_back_on_its_port(
    server: Server, page: Page, visit: Visit, complaints: Complaints
) -> None:
    complaints.expect_outage()
    complaints.expect("favicon")
    visit(page, PLAIN)
    server.kill()
    page.evaluate("() => fetch('/health/live').catch(() => 0)")
    assert "ERR_CONNECTION_REFUSED" in "".join(complaints.found)
    server.start().wait_ready()
    visit(page, PLAIN)
    assert page.evaluate("() => fetch('/health/live').then((answer) => answer.status)") == 200
