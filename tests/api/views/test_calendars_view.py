"""The calendars as a list, and a year of one of them."""

import json
from collections.abc import Callable
from typing import Any

from sqlalchemy import update
from starlette.testclient import TestClient

from rota.domain.instant import to_datetime
from rota.service import jobs
from rota.service.context import ServiceContext
from rota.stores.database import Database
from rota.stores.schedule_tables import calendars

MOST_BYTES = 50_000
INVENTORY = {"name": "Inventory", "yearly": {"month": 6, "day": 30}}


def test_who_uses_a_calendar_and_what_it_says_of_a_year(
    client: TestClient, view: Callable[..., Any], system: ServiceContext, database: Database
) -> None:
    job = jobs.create(system, {"name": "nightly", "jobType": "echo"}).record.id
    for body in (
        {"name": "company", "rules": [INVENTORY], "overrides": [{"date": "2026-12-26", "working": True}]},
        {"name": "branch", "parents": ["company"], "description": "of the north"},
    ):
        assert client.post("/api/calendars", json=body).status_code == 201
    for named in ("company", ["branch", "company"]):
        client.post("/api/schedules", json={"jobId": job, "cron": "0 8 * * *", "calendar": named})
    branch, company = view("calendars")["items"]
    assert [(one["name"], one["users"]) for one in (branch, company)] == [("branch", 1), ("company", 2)]
    assert branch["nextDayOff"]["name"] == company["nextDayOff"]["name"] == "Inventory"
    year = view("calendars/company", year=2026)
    assert len(year["working"]) == 365
    assert (year["working"][180], year["working"][359]) == ("0", "1")
    assert [day["date"] for day in year["days"]] == ["2026-06-30", "2026-12-26"]
    assert year["usage"]["calendars"] == ["branch"]
    assert {one["jobName"] for one in year["usage"]["schedules"]} == {"nightly"}
    with database.read() as tx:
        assert view("calendars/company")["year"] == to_datetime(tx.now).year


def test_one_calendar_that_cannot_be_read_does_not_take_the_others_with_it(
    client: TestClient, view: Callable[..., Any], system: ServiceContext, database: Database
) -> None:
    """A country may leave the holiday data with another version of it."""
    job = jobs.create(system, {"name": "nightly", "jobType": "echo"}).record.id
    for name in ("gone", "here"):
        client.post("/api/calendars", json={"name": name, "rules": [INVENTORY]})
        client.post("/api/schedules", json={"jobId": job, "cron": "0 8 * * *", "calendar": name})
    nowhere = json.dumps({"holidays": [{"country": "ZZ"}]})
    with database.write() as tx:
        tx.execute(update(calendars).where(calendars.c.name == "gone").values(definition=nowhere))
    gone, here = view("calendars")["items"]
    assert (gone["nextDayOff"], here["nextDayOff"]["name"]) == (None, "Inventory")
    assert view("load")["days"]
    assert client.get("/api/views/calendars/gone", params={"year": 2026}).status_code == 422


def test_a_year_with_many_words_fits(client: TestClient) -> None:
    body = {"name": "world", "holidays": [{"country": country} for country in ("DE", "ES", "JP", "US", "IN")]}
    assert client.post("/api/calendars", json=body).status_code == 201
    answer = client.get("/api/views/calendars/world", params={"year": 2026})
    assert len(answer.content) <= MOST_BYTES
    assert "holidays" in answer.json()["data"]


def test_what_is_not_there_or_cannot_be_asked(client: TestClient) -> None:
    assert client.get("/api/views/calendars/none").status_code == 404
    client.post("/api/calendars", json={"name": "company"})
    for year in (1, 1969, 2101, "next"):
        assert client.get("/api/views/calendars/company", params={"year": year}).status_code == 422, year
