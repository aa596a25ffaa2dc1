"""Backfill, account and ranges of the ledger through the front door."""

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from rota.domain.access import Role


@pytest.fixture
def schedule(client: TestClient) -> str:
    """The address of a schedule that fires every hour."""
    job = client.post("/api/jobs", json={"name": "echo", "jobType": "echo"}).json()["id"]
    made = client.post("/api/schedules", json={"jobId": job, "every": "1h"}).json()
    return f"/api/schedules/{made['id']}"


RANGE = {"from": "2020-01-01T00:00:00Z", "to": "2020-01-01T05:00:00Z"}


def test_a_backfill_is_tried_and_done_once(client: TestClient, schedule: str) -> None:
    expected: dict[str, Any] = {
        "dryRun": True, "runs": 6, "first": "2020-01-01T00:00:00.000Z", "last": "2020-01-01T05:00:00.000Z",
        "replaced": {}, "unrecorded": 6, "alreadyFired": 0, "withheld": 0, "undecided": 0, "forgotten": 0, "left": 0,
    }  # fmt: skip
    tried = client.post(f"{schedule}/backfill", json=RANGE | {"dryRun": True})
    assert (tried.status_code, tried.json()) == (200, expected)
    assert client.get(f"{schedule}/occurrences").json()["items"] == []
    some = client.post(f"{schedule}/backfill", json=RANGE | {"maxRuns": 2, "overlap": "ALLOW"}).json()
    assert (some["runs"], some["left"], some["dryRun"]) == (2, 4, False)
    done = client.post(f"{schedule}/backfill", json=RANGE).json()
    assert (done["runs"], done["alreadyFired"]) == (4, 2)
    lost = client.post(f"{schedule}/backfill", json=RANGE | {"maxRuns": 6}, headers={"Idempotency-Key": "once"})
    same = client.post(f"{schedule}/backfill", json=RANGE | {"maxRuns": 6}, headers={"Idempotency-Key": "once"})
    assert (same.json(), same.headers["Idempotent-Replayed"]) == (lost.json(), "true")
    again = client.post(f"{schedule}/backfill", json=RANGE).json()
    assert (again["runs"], again["first"], again["alreadyFired"]) == (0, None, 6)
    id = schedule.rsplit("/", 1)[1]
    listed = client.get("/api/executions", params={"scheduleId": id, "trigger": "backfill"}).json()["items"]
    assert [one["nominalAt"] for one in listed] == [f"2020-01-01T0{hour}:00:00.000Z" for hour in (5, 4, 3, 2, 1, 0)]
    part = client.get(
        f"{schedule}/occurrences", params={"from": "2020-01-01T01:00:00Z", "to": "2020-01-01T02:00:00Z"}
    ).json()["items"]
    assert [(one["nominalAt"][11:16], one["decision"]) for one in part] == [("02:00", "fired"), ("01:00", "fired")]
    assert part[0]["reason"] == "backfill by test admin"


@pytest.mark.parametrize(
    ("body", "loc"),
    [
        ({}, ["from"]),
        (RANGE | {"to": "2999-01-01T00:00:00Z"}, ["to"]),
        (RANGE | {"to": "2019-01-01T00:00:00Z"}, ["to"]),
        (RANGE | {"overlap": "skip"}, ["overlap"]),
        (RANGE | {"overlap": "sometimes"}, ["overlap"]),
        (RANGE | {"maxRuns": 0}, ["maxRuns"]),
        (RANGE | {"maxRuns": 10_001}, ["maxRuns"]),
        (RANGE | {"dryRun": "yes"}, ["dryRun"]),
        (RANGE | {"from": "0001-01-01T00:00:00Z"}, ["to"]),
        (RANGE | {"more": 1}, ["more"]),
    ],
)
def test_a_backfill_that_makes_no_sense_is_refused(
    client: TestClient, schedule: str, body: dict[str, Any], loc: list[str]
) -> None:
    refused = client.post(f"{schedule}/backfill", json=body)
    assert refused.status_code == 422
    assert loc in [[part for part in error["loc"] if part != "body"] for error in refused.json()["errors"]]


def test_an_account_of_a_new_schedule(client: TestClient, schedule: str, holding: Callable[[Role], TestClient]) -> None:
    found = holding(Role.VIEWER).get(f"{schedule}/account").json()
    created = client.get(schedule).json()["createdAt"]
    assert found.pop("from") == created
    assert found.pop("to") >= created
    assert found == {
        "named": 0, "decided": 0, "byDecision": {}, "unnamed": 0, "waiting": {}, "undecided": [], "cut": False,
        "complete": True,
    }  # fmt: skip
    assert client.get(f"{schedule}/account", params={"to": "2020-01-01T00:00:00Z"}).status_code == 422
    assert client.get(f"{schedule}/account", params={"from": "soon"}).status_code == 422
    assert client.get("/api/schedules/nobody/account").status_code == 404


def test_who_may_backfill(client: TestClient, schedule: str, holding: Callable[[Role], TestClient]) -> None:
    assert holding(Role.VIEWER).post(f"{schedule}/backfill", json=RANGE).status_code == 403
    assert holding(Role.OPERATOR).post(f"{schedule}/backfill", json=RANGE).status_code == 200
    assert client.post("/api/schedules/nobody/backfill", json=RANGE).status_code == 404
