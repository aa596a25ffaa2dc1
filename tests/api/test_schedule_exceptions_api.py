"""Exceptions through the front door."""

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from rota.domain.access import Role


@pytest.fixture
def exceptions(client: TestClient) -> str:
    """The address of the exceptions of a schedule that fires every hour."""
    job = client.post("/api/jobs", json={"name": "echo", "jobType": "echo"}).json()["id"]
    schedule = client.post("/api/schedules", json={"jobId": job, "every": "1h"}).json()
    return f"/api/schedules/{schedule['id']}/exceptions"


def test_an_exception_is_made_listed_and_taken_back(client: TestClient, exceptions: str) -> None:
    schedule = exceptions.removesuffix("/exceptions")
    before = client.get(schedule).json()
    made = client.post(exceptions, json={"action": "skip", "at": "next", "reason": "stocktaking"})
    assert made.status_code == 201
    body: dict[str, Any] = made.json()
    assert made.headers["location"] == f"{exceptions}/{body['id']}"
    assert (body["action"], body["at"], body["createdBy"]) == ("skip", before["nextAt"], "test admin")
    assert (body["until"], body["to"], body["reason"]) == (None, None, "stocktaking")
    after = client.get(schedule).json()
    assert after["nextAt"] == body["nextAt"] != before["nextAt"]
    assert after["revision"] == before["revision"] + 1
    other = client.post(exceptions, json={"action": "skipUntil", "until": "2999-01-01T00:00:00Z"}).json()
    shown = client.get(exceptions, params={"limit": 1}).json()
    assert [one["id"] for one in shown["items"]] == [other["id"]]
    assert shown["items"][0]["action"] == "skipUntil"
    rest = client.get(exceptions, params={"limit": 1, "cursor": shown["nextCursor"]}).json()
    assert [one["id"] for one in rest["items"]] == [body["id"]]
    assert client.delete(made.headers["location"]).status_code == 204
    assert client.delete(made.headers["location"]).status_code == 404


def test_the_same_key_makes_one_exception(client: TestClient, exceptions: str) -> None:
    request = {"json": {"action": "skip", "at": "next"}, "headers": {"Idempotency-Key": "k"}}
    first, again = (client.post(exceptions, **request) for _ in range(2))  # type: ignore[arg-type]
    assert first.json() == again.json()
    assert len(client.get(exceptions).json()["items"]) == 1


@pytest.mark.parametrize(
    ("body", "loc"),
    [
        ({}, ["action"]),
        ({"action": "skip", "at": "2999-01-01T00:30:00Z"}, ["at"]),
        ({"action": "skip", "at": 7}, ["at"]),
        ({"action": ["skip"], "at": "next"}, ["action"]),
        ({"action": "move", "at": "next", "to": {}}, ["to"]),
        ({"action": "skip", "at": "next", "reason": "x" * 1001}, ["reason"]),
    ],
)
def test_what_is_wrong_is_named(client: TestClient, exceptions: str, body: dict[str, Any], loc: list[str]) -> None:
    refused = client.post(exceptions, json=body)
    assert refused.status_code == 422
    assert loc in [error["loc"] for error in refused.json()["errors"]]


def test_who_may(holding: Callable[[Role], TestClient], client: TestClient, exceptions: str) -> None:
    body = {"action": "skip", "at": "next"}
    assert holding(Role.VIEWER).post(exceptions, json=body).status_code == 403
    assert holding(Role.OPERATOR).post(exceptions, json=body).status_code == 201
    assert client.post("/api/schedules/nobody/exceptions", json=body).status_code == 404
    assert client.get("/api/schedules/nobody/exceptions").status_code == 404
