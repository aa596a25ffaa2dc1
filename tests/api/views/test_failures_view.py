"""What failed for good, grouped by what is the same, and what was not met."""

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from rota.domain.instant import HOUR
from rota.domain.occurrence import Decision
from rota.domain.outcome import Failed
from rota.service import jobs
from rota.service.context import ServiceContext
from rota.service.views import failures as service
from rota.stores import occurrences
from rota.stores.database import Database

MOST_BYTES = 50_000


def stack(function: str) -> str:
    """One that is longer than what is read of it: what raised stands at its end."""
    frames = [f'  File "/srv/lib{number}.py", line {number}, in call{"x" * 40}\n' for number in range(120)]
    return "".join(frames) + f'  File "/srv/shop.py", line 3, in {function}\n'


def test_the_same_error_from_elsewhere_is_another_group(view: Callable[..., Any], run: Callable[..., str]) -> None:
    paid = [run(Failed(f"order {n} is gone", retryable=False, stack=stack("pay"))) for n in range(2)]
    run(Failed("order 9 is gone", retryable=False, stack=stack("ship")))
    found = view("failures")
    assert [group["count"] for group in found["groups"]] == [2, 1]
    assert {group["error"] for group in found["groups"]} == {"order # is gone"}
    assert not found["truncated"]
    one = view(f"failures/{found['groups'][0]['fingerprint']}")
    assert one["ids"] == [row["id"] for row in one["items"]] == paid[::-1]


def test_truncated_only_when_there_was_more(
    view: Callable[..., Any], run: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MOST_FAILURES", 2)
    for _ in range(2):
        run(Failed("no", retryable=False))
    assert not view("failures")["truncated"]
    run(Failed("no", retryable=False))
    found = view("failures")
    assert found["truncated"]
    assert [group["count"] for group in found["groups"]] == [2]


def test_instants_that_were_not_met_are_counted_by_schedule(
    client: TestClient, view: Callable[..., Any], system: ServiceContext, database: Database
) -> None:
    job = jobs.create(system, {"name": "nightly", "jobType": "echo", "cronExpression": "0 6 * * *"})
    schedule = job.schedules[0].id
    with database.write() as tx:
        told = [(schedule, tx.now - n * HOUR, Decision.MISSED, "r" * 500, None) for n in (1, 2, 3)]
        fired = (schedule, tx.now - 4 * HOUR, Decision.FIRED, None, None)
        occurrences.record(tx, [*told, fired])
    (missed,) = view("failures")["missed"]
    assert (missed["jobName"], missed["decision"], missed["count"], missed["reason"]) == (
        "nightly", "missed", 3, "r" * 160
    )  # fmt: skip
    assert view("failures", q="daily")["missed"] == []
    assert {one["nominalAt"] for one in view("overview")["missed"]} >= {missed["nominalAt"]}


def test_many_groups_with_long_words_fit(client: TestClient, run: Callable[..., str]) -> None:
    for number in range(60):
        word = "".join(chr(97 + int(digit)) for digit in str(number))
        for job in range(2):
            run(Failed(f"{word} {'ä' * 500}", retryable=False), name=f"{'ö' * 190} {job}")
    answer = client.get("/api/views/failures")
    assert len(answer.content) <= MOST_BYTES
    assert len(answer.json()["groups"]) > 10


def test_a_large_group_fits(client: TestClient, view: Callable[..., Any], run: Callable[..., str]) -> None:
    for _ in range(300):
        run(Failed("ß" * 300, retryable=False), name="ä" * 200)
    (group,) = view("failures")["groups"]
    answer = client.get(f"/api/views/failures/{group['fingerprint']}")
    assert len(answer.content) <= MOST_BYTES
    assert len(answer.json()["ids"]) == 300


def test_what_is_not_there_or_cannot_be_asked(client: TestClient) -> None:
    assert client.get("/api/views/failures/0123456789abcdef").status_code == 404
    assert client.get("/api/views/failures/0123456789ABCDEF").status_code == 422
    for path in ("failures", "failures/0123456789abcdef"):
        assert client.get(f"/api/views/{path}", params={"since": "yesterday"}).status_code == 422
