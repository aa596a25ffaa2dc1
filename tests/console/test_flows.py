"""What people come to the console for, from the beginning to the end: each once by mouse, once by keyboard alone."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from console.complaints import HALF_TYPED, Complaints
from console.hands import Hands, with_either_hand
from console.serving import Server

Visit = Callable[[Page, str], None]
HandsOf = Callable[[Page], Hands]

pytestmark = pytest.mark.timeout(180)


@with_either_hand
def test_the_first_sign_in(hands_of: HandsOf, visitor: Page, visit: Visit, server: Server) -> None:
    hands = hands_of(visitor)
    visit(visitor, "")
    hands.write(visitor.get_by_label("Token"), "rota_nonsense")
    hands.press(visitor.get_by_role("button", name="Sign in"))
    expect(visitor.get_by_role("alert")).to_contain_text("unknown, expired or revoked")
    hands.write(visitor.get_by_label("Token"), server.token or "")
    hands.press(visitor.get_by_role("button", name="Sign in"))
    expect(visitor.get_by_role("heading", name="Overview")).to_be_visible()
    visitor.reload()
    expect(visitor.get_by_role("heading", name="Overview")).to_be_visible()


@with_either_hand
def test_find_a_job_by_typing(hands_of: HandsOf, page: Page, visit: Visit) -> None:
    hands = hands_of(page)
    visit(page, "#/jobs")
    hands.write(page.get_by_role("searchbox"), "billing rep")
    rows = page.get_by_role("table", name="Jobs").locator("tbody tr")
    expect(rows).to_have_count(1)
    assert "q=billing+rep" in page.url
    hands.press(rows.first)
    expect(page.get_by_role("heading", name="shop.report")).to_be_visible()


def test_find_anything_from_anywhere(page: Page, visit: Visit) -> None:
    visit(page, "#/audit")
    page.keyboard.press("Control+K")
    page.keyboard.type("shop.slow")
    expect(page.get_by_role("listbox").get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="shop.slow")).to_be_visible()
    page.keyboard.press("g")
    page.keyboard.press("e")
    expect(page.get_by_role("heading", name="Executions")).to_be_visible()


@with_either_hand
def test_create_a_job_on_a_schedule(
    hands_of: HandsOf, page: Page, visit: Visit, server: Server, complaints: Complaints
) -> None:
    complaints.expect("status of 422")
    name = f"made.by-{hands_of.__name__.lower()}"
    hands = hands_of(page)
    visit(page, "#/jobs")
    hands.press(page.get_by_role("button", name="New job"))
    dialog = page.get_by_role("dialog", name="New job")
    hands.write(dialog.get_by_label("Name", exact=True), name)
    hands.press(dialog.get_by_role("button", name="Script"))
    hands.press(dialog.get_by_role("checkbox", name="On a schedule"))
    preview = dialog.get_by_role("region", name="What it will do")
    expression = dialog.get_by_role("textbox", name=re.compile("^Expression"))
    expect(preview.locator("ol li")).to_have_count(10)
    hands.write(expression, "61 * * * *")
    expect(dialog.locator(".wrong").first).to_be_visible()
    hands.write(expression, "30 2 * * *")
    hands.write(dialog.get_by_label("Time zone"), "Europe/Berlin")
    expect(preview.locator("ol li").first).to_contain_text("02:30")
    hands.press(dialog.get_by_role("button", name="Create"))
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    made = server.get(f"/api/jobs/{server.job(name)}")
    assert (made["cronExpression"], made["timeZone"]) == ("30 2 * * *", "Europe/Berlin")


@with_either_hand
def test_trigger_with_parameters(
    hands_of: HandsOf, page: Page, visit: Visit, server: Server, complaints: Complaints
) -> None:
    complaints.expect("status of 422")
    hands = hands_of(page)
    visit(page, f"#/jobs/{server.job('shop.report')}")
    hands.press(page.get_by_role("main").get_by_role("button", name="Run", exact=True))
    dialog = page.get_by_role("dialog")
    hands.press(dialog.get_by_role("checkbox", name="as JSON"))
    hands.write(dialog.get_by_label("Parameters as JSON"), '{"day": "2026-02-28", "region": "west", "copies": 12}')
    hands.press(dialog.get_by_role("button", name="Run", exact=True))
    expect(dialog.get_by_role("alert")).to_contain_text("copies")
    hands.press(dialog.get_by_role("checkbox", name="as JSON"))
    hands.write(dialog.get_by_label(re.compile("copies", re.IGNORECASE)), "7")
    hands.press(dialog.get_by_role("button", name="Run", exact=True))
    expect(page.get_by_text("2026-02-28 west x7")).to_be_visible()


@with_either_hand
def test_watch_the_live_log_and_cancel(hands_of: HandsOf, page: Page, visit: Visit, server: Server) -> None:
    hands = hands_of(page)
    id = server.trigger("shop.slow", {"seconds": 120})
    server.wait_state(id, "Running")
    page.goto(f"{server.url}/#/executions/{id}")
    log = page.get_by_role("log")
    expect(log).to_contain_text("step 1 of")
    seen = log.inner_text().count("step")
    page.wait_for_function(
        "seen => document.querySelector('[role=log]').innerText.split('step').length > seen + 3", arg=seen
    )
    assert log.evaluate("it => it.scrollHeight - it.scrollTop - it.clientHeight") < 60, "it stays at the end"
    hands.press(page.get_by_role("button", name="Cancel"))
    dialog = page.get_by_role("dialog")
    hands.write(dialog.get_by_label(re.compile("Reason")), "enough seen")
    hands.press(dialog.get_by_role("button", name="Cancel them"))
    expect(page.get_by_role("main").locator(".head .state")).to_have_text("Cancelled", timeout=30_000)
    assert server.get(f"/api/executions/{id}")["cancellation"]["reason"] == "enough seen"


@with_either_hand
def test_pause_see_why_and_resume(hands_of: HandsOf, page: Page, visit: Visit, server: Server) -> None:
    hands = hands_of(page)
    visit(page, f"#/jobs/{server.job('shop.quick')}")
    hands.press(page.get_by_role("main").get_by_role("button", name="Pause", exact=True))
    dialog = page.get_by_role("dialog")
    hands.write(dialog.get_by_label(re.compile("Reason")), "the shop is closed")
    hands.press(dialog.get_by_role("button", name="Pause"))
    why = page.get_by_role("region", name="Why has it not run?")
    expect(why).to_contain_text("paused")
    expect(why).to_contain_text("the shop is closed")
    hands.press(why.get_by_role("button", name=re.compile("gates")))
    expect(why.locator("li.open").first).to_be_visible()
    hands.press(page.get_by_role("main").get_by_role("button", name="Resume", exact=True))
    expect(why.locator(".headline")).to_contain_text("next at")


def test_a_pause_can_be_undone(page: Page, visit: Visit, server: Server) -> None:
    visit(page, f"#/jobs/{server.job('shop.quick')}")
    page.get_by_role("main").get_by_role("button", name="Pause", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Pause").click()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_role("main").locator(".head .state")).to_have_text("Enabled")


@with_either_hand
def test_retry_dead_letters_in_bulk(hands_of: HandsOf, page: Page, visit: Visit, server: Server) -> None:
    hands = hands_of(page)
    for order in (1, 2, 3):
        assert server.ended(server.trigger("shop.failing", {"order": order})) == "Failed"
    visit(page, "#/failures")
    expect(page.get_by_text("order # has no address")).to_be_visible()
    hands.press(page.get_by_role("button", name="Run all again").first)
    dialog = page.get_by_role("dialog")
    again = dialog.get_by_role("button", name=re.compile("again"))
    expect(again).to_be_disabled()
    hands.write(dialog.get_by_label(re.compile("Reason")), f"addresses are there, says {hands_of.__name__}")
    hands.press(again)
    expect(page.get_by_role("status").filter(has_text="run again")).to_be_visible()
    told = server.get("/api/audit", noun="execution", limit=5)["items"]
    assert told[0]["action"] == "retry"
    assert told[0]["detail"]["reason"] == f"addresses are there, says {hands_of.__name__}"


def test_a_query_and_a_view_that_is_kept(page: Page, visit: Visit, server: Server) -> None:
    server.ended(server.trigger("shop.failing"))
    visit(page, "#/executions")
    box = page.get_by_role("searchbox", name="Query")
    box.fill("status:failed job:shop.* since:24h moon:full")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("moon")
    box.fill("status:failed job:shop.fail*")
    page.keyboard.press("Enter")
    states = page.get_by_role("table", name="Executions").locator("tbody .state")
    expect(states.filter(has_not_text="Failed")).to_have_count(0)
    expect(states.first).to_have_text("Failed")
    page.get_by_text("Keep this view").click()
    page.get_by_label("Name of the view").fill("broken")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="All", exact=True).click()
    page.reload()
    page.get_by_role("button", name="broken", exact=True).click()
    expect(box).to_have_value("status:failed job:shop.fail*")


def test_a_server_that_goes_away_and_comes_back(
    page: Page, visit: Visit, server: Server, complaints: Complaints
) -> None:
    before = server.trigger("shop.quick")
    assert server.ended(before) == "Succeeded"
    visit(page, f"#/jobs/{server.job('shop.quick')}")
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    runs = page.get_by_role("table", name="Newest runs").locator("tbody tr")
    shown = runs.count()
    assert shown > 0
    complaints.expect_outage()
    server.kill()
    expect(page.get_by_role("alert").filter(has_text="does not answer")).to_be_visible()
    server.submit_meanwhile()
    server.start().wait_ready()
    expect(page.get_by_text("Connected again after")).to_be_visible(timeout=30_000)
    expect(page.get_by_text(re.compile(r"[1-9]\d* events? in the meantime"))).to_be_visible()
    expect(page.get_by_role("alert").filter(has_text="does not answer")).to_have_count(0)
    expect(runs).to_have_count(min(shown + 1, 8), timeout=30_000)


@with_either_hand
def test_change_a_schedule_and_see_what_it_does_before_it_is_saved(
    hands_of: HandsOf, page: Page, visit: Visit, server: Server, complaints: Complaints
) -> None:
    complaints.expect(HALF_TYPED)
    hands = hands_of(page)
    name = f"changed.by-{hands_of.__name__.lower()}"
    document = {"name": name, "jobType": "script", "parameters": {"command": "true"}, "cronExpression": "0 6 * * *"}
    job = server.post("/api/jobs", document, status=201)["id"]
    schedule = server.get("/api/schedules", jobId=job)["items"][0]["id"]
    visit(page, f"#/schedules/{schedule}")
    hands.write(page.get_by_role("textbox", name=re.compile("^Expression")), "0 7 * * MON-FRI")
    hands.press(page.get_by_role("main").get_by_role("button", name=re.compile("^(Review|Save)")))
    dialog = page.get_by_role("dialog", name="Save this revision?")
    expect(dialog).to_contain_text("moved")
    hands.press(dialog.get_by_role("button", name="Save"))
    expect(page.get_by_role("status").filter(has_text="Revision 2 is saved")).to_be_visible()
    assert server.get(f"/api/schedules/{schedule}")["cron"] == "0 7 * * MON-FRI"


@with_either_hand
def test_say_of_a_day_that_it_is_off(hands_of: HandsOf, page: Page, visit: Visit, server: Server) -> None:
    hands = hands_of(page)
    name = f"days-of-{hands_of.__name__.lower()}"
    server.post("/api/calendars", {"name": name}, status=201)
    job = server.post(
        "/api/jobs", {"name": f"on-{name}", "jobType": "script", "parameters": {"command": "true"}}, status=201
    )["id"]
    server.post("/api/schedules", {"jobId": job, "cron": "0 6 * * *", "calendar": name, "roll": "skip"}, status=201)
    visit(page, f"#/calendars/{name}?year=2027&day=2027-03-10")
    hands.press(page.get_by_role("button", name="Make it a day off"))
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text(f"on-{name}")
    hands.write(dialog.get_by_label(re.compile("Reason")), "stock-taking")
    hands.press(dialog.get_by_role("button", name="Take it off"))
    expect(page.get_by_role("button", name="Take the override back")).to_be_visible()
    (override,) = server.get(f"/api/calendars/{name}")["overrides"]
    assert (override["date"], override["working"], override["reason"]) == ("2027-03-10", False, "stock-taking")
    expect(page.get_by_role("main")).to_contain_text("stock-taking")
