"""Calendars over HTTP: made, read, changed, asked for days; overrides, files, usage; refusals, rights and audit."""

from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from rota.domain.access import Role

GERMANY = {"name": "germany", "holidays": [{"country": "DE"}], "description": "where the plant is"}
CHRISTMAS = {"from": "2026-12-23", "to": "2026-12-28"}


def made(client: TestClient, **document: object) -> dict[str, object]:
    answer = client.post("/api/calendars", json=document)
    assert answer.status_code == 201, answer.text
    found: dict[str, object] = answer.json()
    return found


def naming(client: TestClient, *calendars: str) -> str:
    """A schedule whose rule names calendars."""
    job = client.post("/api/jobs", json={"name": "report", "jobType": "echo"}).json()["id"]
    answer = client.post("/api/schedules", json={"jobId": job, "daily": {"at": "06:00"}, "calendar": calendars})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def test_a_calendar_is_made_read_changed_and_deleted(client: TestClient) -> None:
    answer = client.post("/api/calendars", json=GERMANY)
    assert answer.status_code == 201
    assert answer.headers["Location"] == "/api/calendars/germany"
    assert answer.headers["ETag"] == 'W/"1"'
    found = client.get("/api/calendars/germany")
    assert found.json() == answer.json()
    assert found.json() | {"createdAt": 0, "updatedAt": 0} == {
        "name": "germany", "weekend": None, "holidays": [{"country": "DE"}], "rules": [], "overrides": [], "parents": [],
        "description": "where the plant is", "version": 1, "createdBy": "test admin", "changedBy": "test admin",
        "createdAt": 0, "updatedAt": 0,
    }  # fmt: skip
    assert client.put("/api/calendars/germany", json=found.json()).headers["ETag"] == 'W/"1"'
    changed = found.json() | {"weekend": ["SUN"]}
    assert client.put("/api/calendars/germany", json=changed).json()["version"] == 2
    stale = client.put("/api/calendars/germany", json=changed, headers={"If-Match": 'W/"1"'})
    assert stale.status_code == 412
    versions = client.get("/api/calendars/germany/versions").json()["items"]
    assert [(one["version"], one["definition"].get("weekend")) for one in versions] == [(2, ["SUN"]), (1, None)]
    override = {"working": True, "reason": "stocktaking"}
    late = client.put("/api/calendars/germany/overrides/2026-12-25", json=override, headers={"If-Match": 'W/"1"'})
    assert late.status_code == 412
    assert client.delete("/api/calendars/germany", headers={"If-Match": 'W/"1"'}).status_code == 412
    assert client.delete("/api/calendars/germany", headers={"If-Match": 'W/"2"'}).status_code == 204
    assert client.get("/api/calendars/germany").status_code == 404


def test_the_same_name_again_is_a_conflict_and_the_same_key_again_is_the_same_answer(client: TestClient) -> None:
    keyed = {"Idempotency-Key": "once"}
    first = client.post("/api/calendars", json=GERMANY, headers=keyed)
    again = client.post("/api/calendars", json=GERMANY, headers=keyed)
    assert (again.status_code, again.json()) == (201, first.json())
    assert client.post("/api/calendars", json=GERMANY).status_code == 409


def test_pages_go_by_name(client: TestClient) -> None:
    for name in ("b", "a", "c"):
        made(client, name=name)
    first = client.get("/api/calendars", params={"limit": 2}).json()
    second = client.get("/api/calendars", params={"limit": 2, "cursor": first["nextCursor"]}).json()
    assert [one["name"] for page in (first, second) for one in page["items"]] == ["a", "b", "c"]


def test_every_day_says_why(client: TestClient) -> None:
    made(client, **GERMANY)
    made(
        client, name="plant", parents=["germany"], rules=[{"name": "Christmas Eve", "yearly": {"month": 12, "day": 24}}]
    )
    put = client.put("/api/calendars/plant/overrides/2026-12-26", json={"working": True, "reason": "inventory"})
    assert put.status_code == 200, put.text
    answer = client.get("/api/calendars/plant/days", params=CHRISTMAS).json()
    assert answer["data"].startswith("holidays 0.")
    assert [(one["date"][-2:], one["working"]) for one in answer["items"]] == [
        ("23", True), ("24", False), ("25", False), ("26", True), ("27", False), ("28", True),
    ]  # fmt: skip
    why = [
        [(one["calendar"], one["kind"], one["name"], one["by"], one["overridden"]) for one in day["reasons"]]
        for day in answer["items"]
    ]
    assert why == [
        [],
        [("plant", "rule", "Christmas Eve", None, False)],
        [("germany", "holiday", "Christmas Day (DE)", None, False)],
        [
            ("plant", "override", "inventory", "test admin", False),
            ("germany", "weekend", "Saturday", None, True),
            ("germany", "holiday", "Second Day of Christmas (DE)", None, True),
        ],
        [("germany", "weekend", "Sunday", None, False)],
        [],
    ]
    assert client.delete("/api/calendars/plant/overrides/2026-12-26").status_code == 204
    assert client.delete("/api/calendars/plant/overrides/2026-12-26").status_code == 404
    assert not client.get("/api/calendars/plant/days", params=CHRISTMAS).json()["items"][3]["working"]


def test_nobody_signs_for_another(client: TestClient, holding: Callable[[Role], TestClient]) -> None:
    forged = {"date": "2026-12-24", "working": False, "by": "the boss", "at": "2020-01-01T00:00:00Z"}
    first = made(client, name="c", overrides=[forged])
    assert isinstance(first["overrides"], list)
    assert first["overrides"][0]["by"] == "test admin"
    other = {"date": "2026-12-31", "working": False}
    found = (
        holding(Role.EDITOR).put("/api/calendars/c", json=first | {"overrides": [*first["overrides"], other]}).json()
    )
    assert [(one["date"], one["by"]) for one in found["overrides"]] == [
        ("2026-12-24", "test admin"),
        ("2026-12-31", "test editor"),
    ]
    assert found["overrides"][0] == first["overrides"][0]


def test_what_is_gone_by_cannot_be_deleted(client: TestClient) -> None:
    made(client, **GERMANY)
    made(client, name="plant", parents=["germany"])
    made(client, name="other")
    refused = client.delete("/api/calendars/germany")
    assert refused.status_code == 409
    assert "plant" in refused.json()["detail"]
    schedule = naming(client, "plant", "other")
    refused = client.delete("/api/calendars/plant")
    assert refused.status_code == 409
    assert schedule in refused.json()["detail"]
    usage = client.get("/api/calendars/plant/usage").json()
    assert [(one["id"], one["jobName"]) for one in usage["items"]] == [(schedule, "report")]
    assert usage["calendars"] == []
    usage = client.get("/api/calendars/germany/usage").json()
    assert (usage["items"], usage["calendars"], usage["nextCursor"]) == ([], ["plant"], None)


def test_parents_exist_and_make_no_circle(client: TestClient) -> None:
    refused = client.post("/api/calendars", json={"name": "b", "parents": ["a"]})
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["loc"] == ["parents"]
    made(client, name="a")
    made(client, name="b", parents=["a"])
    refused = client.put("/api/calendars/a", json={"parents": ["b"]})
    assert refused.status_code == 422
    assert "a → b → a" in refused.json()["detail"]


FILE = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//test//EN
BEGIN:VEVENT
DTSTART;VALUE=DATE:20261224
DTEND;VALUE=DATE:20261226
SUMMARY:plant closed
END:VEVENT
BEGIN:VEVENT
DTSTART:20261227T090000Z
SUMMARY:meeting
END:VEVENT
END:VCALENDAR
""".replace("\n", "\r\n")
CALENDAR_FILE = {"Content-Type": "text/calendar; charset=utf-8"}


def test_a_file_becomes_rules_and_days_become_a_file(client: TestClient) -> None:
    lasting = {"name": "founder", "yearly": {"month": 3, "day": 1}}
    made(client, name="plant", rules=[lasting, {"name": "old", "date": "2026-01-02"}])
    done = client.post("/api/calendars/plant/import", content=FILE, headers=CALENDAR_FILE)
    assert done.status_code == 200, done.text
    counted = {name: done.json()[name] for name in ("added", "removed", "unchanged")}
    assert counted == {"added": 2, "removed": 0, "unchanged": 0}
    assert [one["summary"] for one in done.json()["skipped"]] == ["meeting"]
    again = client.post("/api/calendars/plant/import", params={"replace": "true"}, content=FILE, headers=CALENDAR_FILE)
    assert (again.json()["added"], again.json()["removed"], again.json()["unchanged"]) == (0, 1, 2)
    assert again.json()["calendar"]["rules"] == [
        lasting,
        {"date": "2026-12-24", "name": "plant closed"},
        {"date": "2026-12-25", "name": "plant closed"},
    ]
    assert again.json()["calendar"]["version"] == 3
    written = client.get("/api/calendars/plant/days.ics", params=CHRISTMAS)
    assert written.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert written.text.count("BEGIN:VEVENT") == 2
    made(client, name="copy")
    copied = client.post("/api/calendars/copy/import", content=written.content, headers=CALENDAR_FILE).json()
    assert copied["calendar"]["rules"] == again.json()["calendar"]["rules"][1:]


@pytest.mark.parametrize(
    ("content", "headers", "where"),
    [
        (b"hello", CALENDAR_FILE, ["body"]),
        (b"\xff\xfe", CALENDAR_FILE, ["body"]),
        (b"", CALENDAR_FILE, ["body"]),
        (FILE.encode(), {"Content-Type": "application/json"}, ["body"]),
        (FILE.encode(), {"Content-Type": "text/plain"}, ["header", "Content-Type"]),
    ],
)
def test_what_is_no_file_is_refused(
    client: TestClient, content: bytes, headers: dict[str, str], where: list[str]
) -> None:
    made(client, name="plant")
    refused = client.post("/api/calendars/plant/import", content=content, headers=headers)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["loc"] == where


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, ["name"]),
        ({"name": 1}, ["name"]),
        ({"name": "a b"}, ["name"]),
        ({"name": ".."}, ["name"]),
        ({"name": "a", "holidays": [{"country": "Germny"}]}, ["holidays", 0, "country"]),
        ({"name": "a", "weekend": ["SOMEDAY"]}, ["weekend", 0]),
        ({"name": "a", "rules": [{"name": "x", "date": "2026-02-30"}]}, ["rules", 0, "date"]),
        ({"name": "a", "colour": "red"}, ["colour"]),
    ],
)
def test_bad_values_are_refused_with_their_field(
    client: TestClient, body: dict[str, object], where: list[str | int]
) -> None:
    answer = client.post("/api/calendars", json=body)
    assert answer.status_code == 422
    assert [error["loc"] for error in answer.json()["errors"]] == [where]


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ({"from": "2026-01-01"}, "to"),
        ({"from": "yesterday", "to": "2026-01-01"}, "from"),
        ({"from": "1767225600", "to": "2026-01-01"}, "from"),
        ({"from": "2026-01-02", "to": "2026-01-01"}, "to"),
        ({"from": "2026-01-01", "to": "2029-01-04"}, "to"),
        ({"from": "2026-02-30", "to": "2026-03-01"}, "from"),
        (CHRISTMAS | {"count": "3"}, "count"),
    ],
)
@pytest.mark.parametrize("path", ["days", "days.ics"])
def test_ranges_that_are_none_are_refused(client: TestClient, path: str, query: dict[str, str], where: str) -> None:
    made(client, name="c")
    answer = client.get(f"/api/calendars/c/{path}", params=query)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"] == ["query", where]


def test_three_years_and_the_first_and_last_day_there_is_can_be_asked_for(client: TestClient) -> None:
    made(client, **GERMANY)
    for first, last, length in (
        ("2026-01-01", "2029-01-02", 1098),
        ("0001-01-01", "0001-01-02", 2),
        ("9999-12-30", "9999-12-31", 2),
    ):
        query = {"from": first, "to": last}
        assert len(client.get("/api/calendars/germany/days", params=query).json()["items"]) == length
        assert client.get("/api/calendars/germany/days.ics", params=query).status_code == 200


@pytest.mark.parametrize("date", ["2026-13-01", "today", "20261224"])
def test_an_override_is_of_a_day(client: TestClient, date: str) -> None:
    made(client, name="c")
    answer = client.put(f"/api/calendars/c/overrides/{date}", json={"working": True})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["loc"] == ["path", "date"]
    answer = client.put("/api/calendars/c/overrides/2026-12-24", json={"working": "yes"})
    assert answer.json()["errors"][0]["loc"] == ["working"]
    answer = client.put("/api/calendars/c/overrides/2026-12-24", json={"working": True, "reason": " "})
    assert answer.json()["errors"][0]["loc"] == ["reason"]


def test_what_is_not_there_is_not_found(client: TestClient) -> None:
    for answer in (
        client.get("/api/calendars/nobody"),
        client.put("/api/calendars/nobody", json={}),
        client.delete("/api/calendars/nobody"),
        client.get("/api/calendars/nobody/days", params=CHRISTMAS),
        client.get("/api/calendars/nobody/days.ics", params=CHRISTMAS),
        client.get("/api/calendars/nobody/usage"),
        client.get("/api/calendars/nobody/versions"),
        client.put("/api/calendars/nobody/overrides/2026-12-24", json={"working": True}),
        client.delete("/api/calendars/nobody/overrides/2026-12-24"),
        client.post("/api/calendars/nobody/import", content=FILE, headers=CALENDAR_FILE),
    ):
        assert answer.status_code == 404, answer.text


def test_rights_and_audit(client: TestClient, holding: Callable[[Role], TestClient]) -> None:
    viewer, operator, editor = (holding(role) for role in (Role.VIEWER, Role.OPERATOR, Role.EDITOR))
    assert operator.post("/api/calendars", json={"name": "c"}).status_code == 403
    made(editor, name="c")
    override = "/api/calendars/c/overrides/2026-12-24"
    assert operator.put(override, json={"working": False}).status_code == 403
    assert operator.post("/api/calendars/c/import", content=FILE, headers=CALENDAR_FILE).status_code == 403
    assert editor.put(override, json={"working": False, "reason": "snow"}).status_code == 200
    assert editor.put(override, json={"working": False, "reason": "snow"}).json()["version"] == 2
    assert editor.post("/api/calendars/c/import", content=FILE, headers=CALENDAR_FILE).status_code == 200
    assert viewer.get("/api/calendars/c/days", params=CHRISTMAS).status_code == 200
    assert viewer.get("/api/calendars/c/days.ics", params=CHRISTMAS).status_code == 200
    assert operator.delete(override).status_code == 403
    assert editor.delete(override).status_code == 204
    assert operator.delete("/api/calendars/c").status_code == 403
    assert editor.delete("/api/calendars/c").status_code == 204
    told = [one for one in client.get("/api/audit").json()["items"] if one["noun"] == "calendar"][::-1]
    assert [(one["actor"], one["action"], one["subjectId"]) for one in told] == [
        ("test editor", action, "c") for action in ("create", "override", "import", "removeOverride", "delete")
    ]
    gone, come = told[1]["detail"]["changed"]["overrides"]
    assert (gone, come[0]["date"], come[0]["reason"], come[0]["by"]) == ([], "2026-12-24", "snow", "test editor")
    assert told[2]["detail"]["changed"]["rules"][1][0] == {"date": "2026-12-24", "name": "plant closed"}
