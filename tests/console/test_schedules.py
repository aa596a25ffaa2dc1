"""Schedules and business calendars in the console, from the beginning to the end."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from console.complaints import HALF_TYPED, Complaints
from console.hands import Hands, with_either_hand
from console.screens import Furnished
from console.serving import Server

Visit = Callable[[Page, str], None]
HandsOf = Callable[[Page], Hands]

pytestmark = pytest.mark.timeout(180)


def _made(server: Server, rule: dict[str, object]) -> str:
    return str(server.post("/api/schedules", {"jobId": server.job("shop.slow"), **rule})["id"])


def _main(page: Page) -> Locator:
    return page.get_by_role("main")


@with_either_hand
def test_a_new_schedule_is_reviewed_before_it_is_saved(
    hands_of: HandsOf, page: Page, visit: Visit, server: Server, complaints: Complaints
) -> None:
    complaints.expect(HALF_TYPED)
    hands = hands_of(page)
    visit(page, f"#/schedules/new?job={server.job('shop.slow')}")
    hands.choose(page.get_by_role("combobox", name="Rule", exact=True), "Monthly")
    hands.choose(page.get_by_role("combobox", name="Day", exact=True), "Nth last business day")
    preview = page.get_by_role("region", name="What it will do")
    expect(preview.locator("ol li")).to_have_count(10)
    hands.write(page.get_by_label("Time zone"), "America/New_York")
    expect(preview.locator("ol li").first).to_contain_text("UTC")
    hands.press(page.get_by_role("button", name="Review and save"))
    dialog = page.get_by_role("dialog", name="Save the new schedule?")
    expect(dialog).to_contain_text("comes")
    hands.press(dialog.get_by_role("button", name="Save"))
    expect(page.get_by_role("heading", name=re.compile("last business day"))).to_be_visible()
    made = server.get(f"/api/schedules/{page.url.rsplit('/', 1)[1]}")
    assert made["rule"]["monthly"] == {"nthBusinessDay": -1, "at": "06:00"}
    assert made["timeZone"] == "America/New_York"


def test_a_change_shows_what_moves_and_fields_of_others_stay(page: Page, visit: Visit, server: Server) -> None:
    id = _made(server, {"daily": {"at": "06:00"}, "parameters": {"seconds": 3}})
    visit(page, f"#/schedules/{id}")
    expect(_main(page).get_by_text("Kept, and changed as JSON")).to_contain_text("parameters")
    page.get_by_label("At", exact=True).fill("07:30")
    page.get_by_role("button", name="Review and save").click()
    dialog = page.get_by_role("dialog", name="Save this revision?")
    expect(dialog.locator(".figure").nth(1)).to_contain_text("moved")
    expect(dialog.locator(".changes li").first).to_contain_text("07:30")
    dialog.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    saved = server.get(f"/api/schedules/{id}")
    assert (saved["revision"], saved["rule"]["daily"], saved["rule"]["parameters"]) == (
        2,
        {"at": "07:30"},
        {"seconds": 3},
    )


def test_what_somebody_else_saved_is_not_overwritten(
    page: Page, visit: Visit, server: Server, complaints: Complaints
) -> None:
    complaints.expect("status of 412")
    id = _made(server, {"daily": {"at": "06:00"}})
    visit(page, f"#/schedules/{id}")
    page.get_by_label("At", exact=True).fill("08:00")
    assert server.client.put(f"/api/schedules/{id}", json={"daily": {"at": "05:00"}}).status_code == 200
    expect(page.get_by_text("Somebody has saved revision 2 meanwhile.")).to_be_visible()
    page.get_by_role("button", name="Drop mine and show it").click()
    expect(page.get_by_label("At", exact=True)).to_have_value("05:00")


def test_json_is_the_truth_and_a_broken_one_cannot_be_saved(
    page: Page, visit: Visit, server: Server, complaints: Complaints
) -> None:
    complaints.expect("status of 422")
    visit(page, f"#/schedules/new?job={server.job('shop.slow')}")
    page.get_by_role("button", name="JSON", exact=True).click()
    box = page.get_by_label("Schedule as JSON")
    box.fill('{"every": "15m", ')
    expect(page.get_by_role("button", name="Review and save")).to_be_disabled()
    box.fill('{"every": "15m", "timeZone": "Europe/Madri"}')
    page.get_by_role("button", name="Form", exact=True).click()
    expect(page.get_by_label("Every", exact=True)).to_have_value("15m")
    expect(page.get_by_label("Time zone")).to_have_attribute("aria-invalid", "true")


@with_either_hand
def test_a_fire_is_skipped_and_that_is_taken_back(hands_of: HandsOf, page: Page, visit: Visit, server: Server) -> None:
    hands = hands_of(page)
    id = _made(server, {"daily": {"at": "06:00"}})
    visit(page, f"#/schedules/{id}?tab=exceptions")
    hands.press(_main(page).get_by_role("button", name="Skip next"))
    dialog = page.get_by_role("dialog")
    hands.write(dialog.get_by_label(re.compile("Reason")), "stocktaking")
    hands.press(dialog.get_by_role("button", name="Skip it"))
    row = page.get_by_role("table", name="Exceptions").locator("tbody tr")
    expect(row).to_contain_text("stocktaking")
    hands.press(row.get_by_role("button", name="Take back"))
    expect(page.get_by_text("No exceptions")).to_be_visible()
    assert server.get(f"/api/schedules/{id}/exceptions")["items"] == []


def test_a_pause_of_a_schedule_tells_why_and_can_be_undone(page: Page, visit: Visit, server: Server) -> None:
    id = _made(server, {"daily": {"at": "06:00"}})
    visit(page, f"#/schedules/{id}")
    _main(page).get_by_role("button", name="Pause").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label(re.compile("Reason")).fill("closed")
    dialog.get_by_role("button", name="Pause").click()
    expect(_main(page).locator(".head")).to_contain_text("“closed”")
    page.get_by_role("button", name="Undo", exact=True).click()
    expect(_main(page).locator(".head .state")).to_have_text("Enabled")


@with_either_hand
def test_a_day_is_taken_off_after_its_effects_were_seen(
    hands_of: HandsOf, page: Page, visit: Visit, server: Server, furnished: Furnished
) -> None:
    hands = hands_of(page)
    _made(server, {"daily": {"at": "06:00"}, "calendar": "company", "name": hands_of.__name__})
    visit(page, "#/calendars/company?day=2026-12-22&year=2026")
    panel = page.get_by_role("region", name="Test a date")
    expect(panel).to_contain_text("business day of the month")
    hands.press(panel.get_by_role("button", name="Make it a day off"))
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("region", name="What it does")).to_contain_text("will fire at other times")
    hands.write(dialog.get_by_label(re.compile("Reason")), "the roof leaks")
    hands.press(dialog.get_by_role("button", name="Take it off"))
    expect(panel).to_contain_text("the roof leaks")
    hands.press(panel.get_by_role("button", name="Take the override back"))
    hands.press(page.get_by_role("dialog").get_by_role("button", name="Take it back"))
    expect(panel).to_contain_text("Worked")


def test_the_arrows_walk_over_the_year(page: Page, visit: Visit, furnished: Furnished) -> None:
    visit(page, "#/calendars/company?day=2026-12-30&year=2026")
    page.locator("[data-date='2026-12-30']").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("[data-date='2026-12-31']")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.locator("[data-date='2027-01-07']")).to_be_focused()


def test_a_calendar_is_made_and_takes_a_file(page: Page, visit: Visit, server: Server, complaints: Complaints) -> None:
    complaints.expect("status of 422")
    visit(page, "#/calendars")
    page.get_by_role("button", name="New calendar").click()
    dialog = page.get_by_role("dialog", name="New calendar")
    dialog.get_by_label("Name", exact=False).first.fill("plant")
    dialog.get_by_label("Country").fill("xx")
    dialog.get_by_role("button", name="Create").click()
    expect(dialog.locator(".wrong").first).to_be_visible()
    dialog.get_by_label("Country").fill("es")
    dialog.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name="plant")).to_be_visible()
    page.get_by_role("button", name="Import…").click()
    dialog = page.get_by_role("dialog")
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", "BEGIN:VEVENT", "UID:1", "DTSTAMP:20260101T000000Z"]
    lines += ["DTSTART;VALUE=DATE:20261120", "SUMMARY:Stocktaking", "END:VEVENT", "END:VCALENDAR", ""]
    content = "\r\n".join(lines).encode()
    dialog.get_by_label("iCalendar file").set_input_files(
        {"name": "x.ics", "mimeType": "text/calendar", "buffer": content}
    )
    dialog.get_by_role("button", name="Import").click()
    expect(page.get_by_role("dialog")).to_contain_text("1 day off added")
    page.get_by_role("dialog").get_by_role("button", name="Good").click()
    assert [rule["name"] for rule in server.get("/api/calendars/plant")["rules"]] == ["Stocktaking"]


def test_an_hour_of_the_coming_load_opens_its_fires(page: Page, visit: Visit) -> None:
    visit(page, "#/load")
    page.locator(".heat button.heat-cell[tabindex='0']").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    fires = page.get_by_role("table", name="Fires").locator("tbody tr")
    expect(fires.first).to_be_visible()
    page.get_by_role("button", name="Close the list").click()
    page.get_by_role("button", name="Month by day").click()
    expect(page.get_by_role("table", name="Load by week and day")).to_be_visible()
    page.locator(".heat button.heat-cell:not(:disabled)").nth(1).click()
    expect(fires.first).to_be_visible()
