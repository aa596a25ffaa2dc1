"""The log of an execution: never whole, live, searched on the server, every line with a link of its own."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from console.serving import Server

Visit = Callable[[Page, str], None]


def _written(server: Server, seconds: float = 8.0) -> str:
    """An execution that has written a line each 0.2 s: more than is seen at once."""
    id = server.trigger("shop.slow", {"seconds": seconds})
    assert server.ended(id) == "Succeeded"
    return id


def test_a_line_is_found_and_linked(page: Page, visit: Visit, server: Server) -> None:
    id = _written(server)
    visit(page, f"#/executions/{id}")
    log = page.get_by_role("log")
    expect(log).to_contain_text("step 40 of 40")
    page.get_by_label("Search the log").fill("STEP 7 OF")
    expect(log.locator("mark")).to_have_text("step 7 of")
    expect(log.locator(".log-line")).to_have_count(1)
    log.get_by_role("link", name=re.compile("^Line 7$")).click()
    expect(page).to_have_url(re.compile(r"line=\d+\.7$"))
    expect(log.locator(".log-line")).to_have_count(40)
    expect(log.locator(".marked")).to_be_in_viewport()
    expect(log.locator(".marked")).to_contain_text("step 7 of 40")
    page.reload()
    expect(log.locator(".marked")).to_be_in_viewport()
    visit(page, f"#/executions/{id}?line=999999.1")
    expect(page.get_by_text("Line 999999.1 is not in this log")).to_be_visible()


def test_a_reader_is_not_disturbed_by_what_is_written(page: Page, visit: Visit, server: Server) -> None:
    id = server.trigger("shop.slow", {"seconds": 300})
    server.wait_state(id, "Running")
    visit(page, f"#/executions/{id}")
    log = page.get_by_role("log")
    log.evaluate("it => { it.style.maxHeight = '90px'; }")
    expect(log).to_contain_text("step 12 of")
    log.evaluate("it => { it.scrollTop = 0; }")
    pill = page.get_by_role("button", name=re.compile("new: to the end"))
    expect(pill).to_be_visible()
    assert log.evaluate("it => it.scrollTop") == 0
    pill.click()
    expect(pill).to_have_count(0)
    assert log.evaluate("it => it.scrollHeight - it.scrollTop - it.clientHeight") < 60
    server.post(f"/api/executions/{id}/cancel", {}, status=202)
    assert server.ended(id) == "Cancelled"
    (last,) = server.get(f"/api/executions/{id}/logs", tail=1)["items"]
    expect(log).to_contain_text(last["text"])


def test_the_end_is_saved_as_a_text(page: Page, visit: Visit, server: Server) -> None:
    id = _written(server, 2.0)
    visit(page, f"#/executions/{id}")
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as a text").click()
    assert download.value.suggested_filename == f"{id}.log"
    lines = download.value.path().read_text().splitlines()
    assert len(lines) == 10
    assert lines[0].endswith("1 stdout step 1 of 10")
