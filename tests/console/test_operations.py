"""What those come for who run Rota: queues, keys, the audit, and what happened when."""

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest
from playwright.sync_api import Page, expect

from console.complaints import Complaints
from console.hands import Hands, with_either_hand
from console.screens import Furnished
from console.serving import Server

Visit = Callable[[Page, str], None]
HandsOf = Callable[[Page], Hands]

pytestmark = pytest.mark.timeout(180)


@with_either_hand
def test_hold_a_queue_and_limit_it(
    hands_of: HandsOf, page: Page, visit: Visit, server: Server, complaints: Complaints
) -> None:
    complaints.expect("422")
    hands = hands_of(page)
    visit(page, "#/fleet")
    expect(page.get_by_role("table", name="Workers")).to_contain_text("Alive")
    hands.press(page.get_by_role("button", name="Set up a queue"))
    hands.write(page.get_by_label("Queue", exact=True), "reports")
    hands.write(page.get_by_label("Rate limit"), "often")
    hands.press(page.get_by_role("button", name="Save"))
    expect(page.get_by_role("alert")).to_contain_text("100/1m")
    hands.write(page.get_by_label("Rate limit"), "5/1m")
    hands.press(page.get_by_role("button", name="Save"))
    row = page.get_by_role("row").filter(has_text="reports")
    expect(row).to_contain_text("5/1m")
    hands.press(row.get_by_role("button", name="Pause reports"))
    hands.write(page.get_by_label("Reason"), "the disk is full")
    hands.press(page.get_by_role("dialog").get_by_role("button", name="Pause"))
    expect(row).to_contain_text("Paused")
    expect(row).to_contain_text("the disk is full")
    held = server.get("/api/queues/reports")
    assert (held["paused"], held["rateLimit"], held["note"]) == (True, "5/1m", "the disk is full")
    hands.press(row.get_by_role("button", name="Resume reports"))
    expect(row).to_contain_text("Open")
    assert server.get("/api/queues/reports")["rateLimit"] == "5/1m"


def test_an_invitation_is_shown_once(page: Page, visit: Visit) -> None:
    visit(page, "#/fleet")
    page.keyboard.press("i")
    page.get_by_role("textbox", name="Queues").fill("etl, mail")
    page.get_by_role("button", name="Make the token").click()
    command = page.get_by_label("Command").locator("pre")
    expect(command).to_be_visible()
    expect(command).to_have_text(re.compile(r"rota worker --coordinator http://\S+ --token rota_enrol_\w+$"))
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert "rota_enrol_" not in page.content()


@with_either_hand
def test_make_a_key_and_revoke_it(hands_of: HandsOf, page: Page, visit: Visit, server: Server) -> None:
    hands = hands_of(page)
    name = f"pager of {type(hands).__name__}"
    visit(page, "#/keys")
    hands.press(page.get_by_role("button", name="New key"))
    hands.write(page.get_by_label("Name", exact=True), name)
    hands.press(page.get_by_role("button", name="Make the key"))
    token = page.get_by_label("Token", exact=True).locator("pre").inner_text()
    assert token.startswith("rota_")
    hands.press(page.get_by_role("button", name="I have it"))
    assert token not in page.content()
    row = page.get_by_role("row").filter(has_text=name)
    hands.press(row.get_by_role("button", name=f"Revoke the key of {name}"))
    revoke = page.get_by_role("button", name="Revoke", exact=True)
    expect(revoke.last).to_be_disabled()
    hands.write(page.get_by_label(f"Type {name} to go on"), name)
    hands.press(page.get_by_role("dialog").get_by_role("button", name="Revoke"))
    expect(row).to_contain_text("Revoked")
    visit(page, "#/audit?noun=key")
    entry = page.get_by_role("row").filter(has_text="revoke").first
    hands.press(entry.get_by_role("button", name="Details of entry"))
    expect(page.locator(".audit-more")).to_contain_text('"role": "viewer"')


def test_the_timeline_without_a_mouse(page: Page, visit: Visit, furnished: Furnished) -> None:
    visit(page, "#/timeline?range=1h")
    drawing = page.get_by_role("application")
    expect(drawing).to_have_attribute("data-bars", re.compile(r"^[1-9]"))
    drawing.focus()
    heard = page.locator(".gantt").get_by_role("status")
    for _ in range(12):
        page.keyboard.press("ArrowDown")
        if "shop.report" in heard.inner_text():
            break
    expect(heard).to_contain_text("shop.report: Succeeded, from ")
    page.keyboard.press("+")
    expect(page).to_have_url(re.compile("from=.+to="))
    expect(heard).to_contain_text("shop.report")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"executions/{furnished.execution}"))


def test_the_timeline_as_a_table(page: Page, visit: Visit, furnished: Furnished) -> None:
    visit(page, "#/timeline?range=1h&state=Failed")
    page.get_by_role("button", name="Table").click()
    rows = page.get_by_role("table", name="The bars of the timeline").locator("tbody tr")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("shop.failing")
    page.get_by_role("button", name="Succeeded").click()
    expect(page).to_have_url(re.compile("state=Failed%2CSucceeded"))
    rows.filter(has_text="shop.failing").click()
    expect(page).to_have_url(re.compile(f"executions/{furnished.failed}"))


def test_trends_are_told_day_by_day(page: Page, visit: Visit) -> None:
    visit(page, "#/")
    page.get_by_role("button", name="30 days").click()
    expect(page.locator(".chart canvas")).to_be_visible()
    page.locator(".chart-place").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".chart-says")).not_to_contain_text("30 days")
    page.get_by_role("button", name="Table").click()
    expect(page.get_by_role("table", name="The last 30 days").locator("tbody tr")).to_have_count(30)


@with_either_hand
def test_the_audit_is_examined(hands_of: HandsOf, page: Page, visit: Visit) -> None:
    hands = hands_of(page)
    visit(page, "#/audit")
    hands.press(page.get_by_role("button", name="Verify"))
    examination = page.get_by_role("region", name="Examination")
    expect(examination).to_contain_text("Every entry is as it was written.")
    expect(examination).to_contain_text(re.compile(r"\d+:[0-9a-f]{64}"))
    hands.press(examination.get_by_role("button", name="Close the examination"))
    expect(examination).to_have_count(0)


def test_an_entry_that_was_changed_is_named(page: Page, visit: Visit, server: Server) -> None:
    name = "forged-by-hand"
    server.post("/api/calendars", {"name": name}, status=201)
    (entry,) = server.get("/api/audit", noun="calendar", subjectId=name)["items"]
    with closing(sqlite3.connect(server.db)) as store, store:
        store.execute("UPDATE audit SET actor = 'mallory' WHERE seq = ?", (entry["seq"],))
    visit(page, "#/audit")
    page.get_by_role("button", name="Verify").click()
    examination = page.get_by_role("region", name="Examination")
    expect(examination).to_contain_text(f"Entry {entry['seq']}")
    expect(examination).to_contain_text("not what was written")
