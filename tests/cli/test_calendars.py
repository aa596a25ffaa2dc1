"""`rota calendars`: words in, requests out, tables and files back."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
PLANT = {
    "name": "plant", "weekend": None, "holidays": [{"country": "DE", "subdivision": "BY"}, {"market": "XNYS"}],
    "rules": [
        {"name": "Christmas Eve", "yearly": {"month": 12, "day": 24}},
        {"name": "closed", "date": "2026-07-01"},
        {"name": "Good Friday", "easter": -2},
        {"name": "Thanksgiving", "nthWeekday": {"month": 11, "weekday": "THU", "nth": 4}},
    ],
    "overrides": [{"date": "2026-12-26", "working": True, "reason": "inventory", "by": "ann"}],
    "parents": ["group"], "description": None, "version": 3, "createdBy": "ann", "changedBy": "bob",
    "createdAt": "2026-01-01T00:00:00.000Z", "updatedAt": "2026-01-01T00:00:00.000Z",
}  # fmt: skip
USAGE = {
    "items": [{"id": "s1", "name": None, "jobId": "j1", "jobName": "report"}],
    "calendars": ["child"],
    "nextCursor": None,
}
DAYS = {
    "items": [
        {"date": "2026-12-24", "working": False, "reasons": [
            {"calendar": "plant", "kind": "rule", "name": "Christmas Eve", "working": False, "by": None, "overridden": False}]},
        {"date": "2026-12-26", "working": True, "reasons": [
            {"calendar": "plant", "kind": "override", "name": "inventory", "working": True, "by": "ann", "overridden": False},
            {"calendar": "plant", "kind": "weekend", "name": "Saturday", "working": False, "by": None, "overridden": True}]},
        {"date": "2026-12-27", "working": False, "reasons": [
            {"calendar": "plant", "kind": "weekend", "name": "Sunday", "working": False, "by": None, "overridden": False}]},
        {"date": "2026-12-28", "working": True, "reasons": []},
    ],
    "data": "holidays 0.109",
}  # fmt: skip
RANGE = ("--from", "2026-12-24", "--to", "2026-12-28")


def test_a_list_is_a_table(rota: Run, coordinator: Any) -> None:
    coordinator.on("GET", "calendars", {"items": [PLANT], "nextCursor": None})
    heading, plant = rota("calendars", "list").stdout.splitlines()
    assert heading.split() == ["NAME", "HOLIDAYS", "WEEKEND", "RULES", "OVERRIDES", "PARENTS"]
    assert plant.split() == ["plant", "DE-BY,", "XNYS", "-", "4", "1", "group"]


def test_show_says_what_it_is_made_of_and_what_goes_by_it(rota: Run, coordinator: Any) -> None:
    coordinator.on("GET", "calendars/plant", PLANT)
    coordinator.on("GET", "calendars/plant/usage", USAGE)
    shown = rota("calendars", "show", "plant").stdout
    for words in ("holidays    DE-BY, XNYS", "parent of   child", "schedules   s1 of report", "every 12-24",
                  "Easter -2 days", "THU number 4 of month 11", "2026-07-01"):  # fmt: skip
        assert words in shown
    assert "2026-12-26  worked  inventory  ann" in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_create_takes_flags_and_a_file(rota: Run, coordinator: Any, tmp_path: Path) -> None:
    coordinator.on("POST", "calendars", PLANT)
    file = tmp_path / "plant.json"
    file.write_text('{"rules": [{"name": "closed", "date": "2026-07-01"}], "description": "old"}')
    flags = ("--country", "DE-BY", "--country", "AT", "--market", "XNYS", "--weekend", "SAT, SUN", "--parent", "group")
    result = rota("calendars", "create", "plant", *flags, "--description", "new", "-f", str(file))
    assert (result.exit_code, result.stdout) == (0, "created calendar plant\n")
    assert coordinator.last("POST").body == {
        "name": "plant",
        "rules": [{"name": "closed", "date": "2026-07-01"}],
        "description": "new",
        "holidays": [{"country": "DE", "subdivision": "BY"}, {"country": "AT"}, {"market": "XNYS"}],
        "weekend": ["SAT", "SUN"],
        "parents": ["group"],
    }


def test_update_changes_only_what_it_names(rota: Run, coordinator: Any, reply: Any) -> None:
    coordinator.on("GET", "calendars/plant", reply(200, PLANT, {"ETag": 'W/"3"'}))
    coordinator.on("PUT", "calendars/plant", PLANT | {"version": 4})
    result = rota("calendars", "update", "plant", "--weekend", "none")
    assert (result.exit_code, result.stdout) == (0, "updated calendar plant: version 4\n")
    sent = coordinator.last("PUT")
    assert sent.headers["If-Match"] == 'W/"3"'
    kept = {name: PLANT[name] for name in ("holidays", "rules", "overrides", "parents", "description")}
    assert sent.body == kept | {"weekend": []}
    assert rota("calendars", "update", "plant").exit_code == 2


def test_days_say_why(rota: Run, coordinator: Any) -> None:
    coordinator.on("GET", "calendars/plant/days", DAYS)
    result = rota("calendars", "days", "plant", *RANGE)
    assert coordinator.last("GET").query == {"from": "2026-12-24", "to": "2026-12-28"}
    assert [line.split() for line in result.stdout.splitlines()] == [
        ["DATE", "DAY", "STATE", "WHY"],
        ["2026-12-24", "THU", "off", "Christmas", "Eve"],
        ["2026-12-26", "SAT", "worked", "inventory,", "ann"],
        ["2026-12-27", "SUN", "off", "Sunday"],
        ["2026-12-28", "MON", "worked"],
    ]
    assert result.stderr == "holidays from: holidays 0.109\n"
    assert len(rota("calendars", "days", "plant", *RANGE, "--off").stdout.splitlines()) == 2
    assert rota("calendars", "days", "plant", "--from", "2026-02-30").exit_code == 2


def test_a_range_that_is_not_given_begins_today(rota: Run, coordinator: Any) -> None:
    coordinator.on("GET", "calendars/plant/days", DAYS)
    assert rota("calendars", "days", "plant", "--from", "2026-12-24").exit_code == 0
    assert coordinator.last("GET").query == {"from": "2026-12-24", "to": "2027-01-23"}
    before = date.today()  # noqa: DTZ011 - the day of the person who types
    assert rota("calendars", "days", "plant").exit_code == 0
    assert before.isoformat() <= coordinator.last("GET").query["from"] <= date.today().isoformat()  # noqa: DTZ011
    assert rota("calendars", "days", "plant", "--from", "9999-12-20").exit_code == 0
    assert coordinator.last("GET").query["to"] == "9999-12-31"


def test_override_and_its_removal(rota: Run, coordinator: Any) -> None:
    coordinator.on("PUT", "calendars/plant/overrides/2026-12-24", PLANT)
    coordinator.on("DELETE", "calendars/plant/overrides/2026-12-24", None)
    said = rota("calendars", "override", "plant", "2026-12-24", "--off", "--reason", "inventory")
    assert (said.exit_code, said.stdout) == (0, "calendar plant: 2026-12-24 is not worked\n")
    assert coordinator.last("PUT").body == {"working": False, "reason": "inventory"}
    assert rota("calendars", "override", "plant", "2026-12-24", "--working").stdout.endswith("is worked\n")
    assert rota("calendars", "override", "plant", "2026-12-24", "--remove").stdout.endswith("is as its rules say\n")
    for wrong in ((), ("--off", "--remove")):
        assert rota("calendars", "override", "plant", "2026-12-24", *wrong).exit_code == 2


def test_export_writes_the_file_and_nothing_else(rota: Run, coordinator: Any, reply: Any) -> None:
    content = b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"
    coordinator.on("GET", "calendars/plant/days.ics", reply(200, content, {"Content-Type": "text/calendar"}))
    result = rota("calendars", "export", "plant", *RANGE)
    assert result.stdout_bytes == content
    assert '"file": "BEGIN:VCALENDAR' in rota("calendars", "export", "plant", *RANGE, "--json").stdout


def test_delete(rota: Run, coordinator: Any, problem_reply: Any) -> None:
    coordinator.on("DELETE", "calendars/plant", None)
    assert rota("calendars", "delete", "plant").stdout == "deleted calendar plant\n"
    coordinator.on("DELETE", "calendars/plant", problem_reply(409, "conflict", "it is a parent of child"))
    refused = rota("calendars", "delete", "plant")
    assert refused.exit_code == 4
    assert "parent of child" in refused.stderr


@pytest.mark.parametrize("words", [("import", "plant", "/no/such/file.ics"), ("create", "plant", "-f", "/no/such")])
def test_a_file_that_is_not_there_is_wrong_usage(rota: Run, words: tuple[str, ...]) -> None:
    result = rota("calendars", *words)
    assert result.exit_code == 2
    assert "cannot read" in result.stderr
