"""What people do to one job: its parameters, its pauses, its versions, and nothing that they did not ask for."""

import re
from collections.abc import Callable

import pytest
from driver import eventually
from playwright.sync_api import Page, expect

from console.complaints import Complaints
from console.hands import Hands, with_either_hand
from console.serving import Server

Visit = Callable[[Page, str], None]
HandsOf = Callable[[Page], Hands]

pytestmark = pytest.mark.timeout(180)

BIG = 9007199254740993
SCHEMA = {
    "type": "object",
    "required": ["customer", "address"],
    "properties": {
        "customer": {"type": "integer"},
        "days": {"type": "array", "items": {"type": "integer"}},
        "address": {"type": "object", "required": ["zip"], "properties": {"zip": {"type": "string", "minLength": 5}}},
    },
}


@with_either_hand
def test_a_form_of_nested_parameters_sends_exact_integers(
    hands_of: HandsOf, page: Page, visit: Visit, server: Server, complaints: Complaints
) -> None:
    complaints.expect("status of 422")
    hands = hands_of(page)
    name, own = f"f.{hands_of.__name__}", {"command": "true"}
    job = server.post("/api/jobs", {"name": name, "jobType": "script", "parameters": own, "parametersSchema": SCHEMA})
    visit(page, f"#/jobs/{job['id']}")
    hands.press(page.get_by_role("main").get_by_role("button", name="Run", exact=True))
    dialog = page.get_by_role("dialog")
    run = dialog.get_by_role("button", name="Run", exact=True)
    hands.press(run)
    expect(dialog.get_by_label("customer")).to_be_focused()
    expect(dialog.get_by_text("this is required")).to_be_visible()
    hands.write(dialog.get_by_label("customer"), str(BIG))
    hands.press(dialog.get_by_role("button", name="Add to days"))
    hands.write(dialog.get_by_label("days, 1", exact=True), "7")
    hands.write(dialog.get_by_label("zip"), "12")
    dialog.get_by_role("radio", name="Now").focus()
    page.keyboard.press("ArrowRight")  # a group of these is one stop of Tab
    hands.write(dialog.get_by_label("Delay"), "2h")
    hands.press(dialog.get_by_role("button", name="Run later"))
    expect(dialog.get_by_label("zip")).to_have_attribute("aria-invalid", "true")
    hands.write(dialog.get_by_label("zip"), "12345")
    hands.press(dialog.get_by_role("button", name="Run later"))
    expect(page.get_by_role("main").locator(".head .state")).to_have_text("Scheduled")
    execution = server.get(f"/api/executions/{page.url.rsplit('/', 1)[1]}")
    assert execution["parameters"] == own | {"customer": BIG, "days": [7], "address": {"zip": "12345"}}


@with_either_hand
def test_back_to_an_older_version_loses_no_schedule(
    hands_of: HandsOf, page: Page, visit: Visit, server: Server
) -> None:
    hands = hands_of(page)
    name = f"v.{hands_of.__name__}"
    job = server.post(
        "/api/jobs", {"name": name, "jobType": "shop.quick", "cronExpression": "0 6 * * *", "retryCount": 1}
    )
    visit(page, f"#/jobs/{job['id']}")
    hands.press(page.get_by_role("main").get_by_role("button", name="Edit", exact=True).first)
    dialog = page.get_by_role("dialog")
    hands.write(dialog.get_by_label("Name", exact=True), f"{name}.renamed")
    hands.press(dialog.get_by_role("button", name="Save"))
    expect(page.get_by_role("heading", name=f"{name}.renamed")).to_be_visible()
    assert server.get(f"/api/jobs/{job['id']}")["cronExpression"] == "0 6 * * *"
    hands.press(page.get_by_role("link", name="Versions"))
    hands.press(page.get_by_role("button", name="Roll back to this"))
    hands.press(page.get_by_role("dialog").get_by_role("button", name="Roll back"))
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()
    now = server.get(f"/api/jobs/{job['id']}")
    assert (now["version"], now["retryCount"], now["cronExpression"]) == (3, 1, "0 6 * * *")


@with_either_hand
def test_a_pause_has_an_end_and_can_be_taken_back(hands_of: HandsOf, page: Page, visit: Visit, server: Server) -> None:
    hands = hands_of(page)
    id = server.job("shop.report")
    visit(page, f"#/jobs/{id}")
    hands.press(page.get_by_role("main").get_by_role("button", name="Pause", exact=True).first)
    dialog = page.get_by_role("dialog")
    hands.write(dialog.get_by_label(re.compile("Reason")), "printer on fire")
    hands.press(dialog.get_by_role("button", name="4 h", exact=True))
    hands.press(dialog.get_by_role("button", name="Pause"))
    expect(page.get_by_role("main").locator(".head")).to_contain_text("printer on fire")
    assert server.get(f"/api/jobs/{id}")["pausedUntil"] is not None
    hands.press(page.get_by_role("button", name="Undo"))
    expect(page.get_by_role("main").locator(".head .state")).to_have_text("Enabled")


def test_the_next_run_is_skipped_from_the_list_and_comes_back(page: Page, visit: Visit, server: Server) -> None:
    visit(page, "#/jobs?q=shop.report")
    before = server.get(f"/api/jobs/{server.job('shop.report')}")["nextAt"]
    page.get_by_role("button", name="Skip the next run of shop.report").click()
    expect(page.get_by_text("shop.report skips")).to_be_visible()
    assert server.get(f"/api/jobs/{server.job('shop.report')}")["nextAt"] > before
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)
    eventually(
        lambda: server.get(f"/api/jobs/{server.job('shop.report')}")["nextAt"] == before, 15, "it is due as before"
    )


def test_filters_stand_in_the_address(page: Page, visit: Visit) -> None:
    visit(page, "#/jobs")
    rows = page.get_by_role("table", name="Jobs").locator("tbody tr")
    page.get_by_label("Team", exact=True).select_option("billing")
    expect(rows).to_have_count(2)
    page.get_by_role("group", name="State").get_by_role("button", name="Enabled").click()
    assert "team=billing" in page.url
    assert "state=Enabled" in page.url
    page.reload()
    expect(rows).to_have_count(2)
    expect(page.get_by_label("Team", exact=True)).to_have_value("billing")
