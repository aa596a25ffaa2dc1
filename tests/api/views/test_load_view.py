"""The load that is coming, and the fires that it is made of."""

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from rota.domain.instant import DAY, format_instant
from rota.service import jobs, simulate
from rota.service.context import ServiceContext
from rota.stores.database import Database


@pytest.fixture
def daily(system: ServiceContext) -> str:
    return jobs.create(system, {"name": "daily", "jobType": "echo", "cronExpression": "0 6 * * *"}).record.id


def test_hours_and_days_in_which_something_fires(client: TestClient, view: Callable[..., Any], daily: str) -> None:
    found = view("load", days=3)
    assert [(hour["at"][11:16], hour["fires"]) for hour in found["hours"]] == [("06:00", 1)] * 3
    assert [day["fires"] for day in found["days"]] == [1, 1, 1]
    assert found["slots"] == 0
    client.post("/api/workers/register", json={"name": "w", "capacity": 7})
    assert view("load", days=3)["slots"] == 7, "however new the forecast is"
    jobs_page = view("load/fires", **{"from": found["from"], "to": found["to"]})["items"]
    assert [(fire["jobId"], fire["durationSeconds"]) for fire in jobs_page] == [(daily, None)] * 3


def test_schedules_beyond_what_can_be_counted_are_told(
    client: TestClient, view: Callable[..., Any], system: ServiceContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulate, "MOST_SCHEDULES", 2)
    ids = [
        jobs.create(system, {"name": f"job {number}", "jobType": "echo", "schedule": {"every": "1d"}}).record.id
        for number in range(5)
    ]
    (untold,) = view("load", days=3)["leftOut"]
    assert (untold["schedules"], "at most 2 schedules" in untold["why"]) == (3, True)
    assert sum(day["fires"] for day in view("load", days=3)["days"]) == 2 * 3
    (first,) = client.get("/api/forecast").json()["leftOut"]
    third = client.get("/api/schedules", params={"jobId": ids[2]}).json()["items"][0]
    assert (first["scheduleId"], first["schedules"]) == (third["id"], 3)


def test_only_the_days_off_of_calendars_that_schedules_name(
    client: TestClient, view: Callable[..., Any], daily: str, database: Database
) -> None:
    with database.read() as tx:
        closed = format_instant(tx.now + 2 * DAY)[:10]
    for name in ("used", "idle"):
        body = {"name": name, "overrides": [{"date": closed, "working": False, "reason": "moving"}]}
        assert client.post("/api/calendars", json=body).status_code == 201
    client.post("/api/schedules", json={"jobId": daily, "cron": "0 8 * * *", "calendar": "used"})
    assert view("load", days=3)["daysOff"] == [{"date": closed, "calendar": "used", "name": "moving"}]


def test_the_first_fires_of_any_stretch_in_order(
    view: Callable[..., Any], system: ServiceContext, database: Database
) -> None:
    for minute in (0, 20, 40):
        document = {"name": f"at {minute}", "jobType": "echo", "cronExpression": f"{minute} * * * *"}
        jobs.create(system, document)
    with database.read() as tx:
        start = (tx.now // DAY + 2) * DAY - 1
    asked = {"from": format_instant(start), "to": format_instant(start + DAY)}
    items = view("load/fires", **asked, limit=50)["items"]
    assert [fire["jobName"] for fire in items[:4]] == ["at 0", "at 20", "at 40", "at 0"]
    assert len(items) == 50
    assert [fire["at"] for fire in items] == sorted(fire["at"] for fire in items)
    assert items[0]["at"] == format_instant(start + 1)
    assert len(view("load/fires", **asked)["items"]) == 3 * 24


def test_what_cannot_be_asked(client: TestClient) -> None:
    for wrong in ({"days": 0}, {"days": 32}, {"days": "many"}):
        assert client.get("/api/views/load", params=wrong).status_code == 422, wrong
    for to in ("2025-01-01T00:00:00Z", "2026-12-01T00:00:00Z"):
        asked = {"from": "2026-01-01T00:00:00Z", "to": to}
        assert client.get("/api/views/load/fires", params=asked).status_code == 422, to
