"""The jobs as a list, and one of them."""

from collections.abc import Callable
from typing import Any

from starlette.testclient import TestClient

from rota.domain.outcome import Failed, Succeeded
from rota.service import jobs
from rota.service.context import ServiceContext

MOST_BYTES = 50_000
LONG = "ä" * 200


def made(system: ServiceContext, name: str, **fields: object) -> str:
    return jobs.create(system, {"name": name, "jobType": "echo", **fields}).record.id


def test_a_job_shows_its_next_fire_and_its_newest_runs(
    view: Callable[..., Any], run: Callable[..., str], system: ServiceContext
) -> None:
    id = made(system, "nightly", cronExpression="0 6 * * *", timeZone="Europe/Madrid", teamName="data", tags=["x"])
    for outcome in (Succeeded(), Failed("no", retryable=False)):
        run(outcome, id)
    found = view("jobs", tag="x", team="data")
    (job,) = found["items"]
    assert job["nextLocal"][11:19] == "06:00:00"
    assert (job["timeZone"], job["scheduleCount"]) == ("Europe/Madrid", 1)
    assert [found["states"][state] for state, _ in job["runs"]] == ["Failed", "Succeeded"]
    assert found["facets"]["states"] == [{"value": "Enabled", "count": 1}]
    page = view(f"jobs/{id}")
    assert [one["state"] for one in page["runs"]] == ["Failed", "Succeeded"]
    assert page["runs"][0]["error"] == "no"
    (schedule,) = page["schedules"]
    assert schedule["nextLocal"] == schedule["upcoming"][0]["local"]
    assert len(schedule["upcoming"]) == 10


def test_as_many_jobs_are_told_as_fit_and_the_cursor_leads_to_all(
    client: TestClient, view: Callable[..., Any], run: Callable[..., str], system: ServiceContext
) -> None:
    """SQLite takes at most 500 parts of a union, and nobody waits for half a megabyte."""
    words: dict[str, object] = {
        "description": LONG,
        "tags": [f"{number}{'t' * 48}" for number in range(10)],
        "category": LONG,
        "ownerName": LONG,
        "teamName": LONG,
        "cronExpression": "0 6 * * *",
    }
    ids = [made(system, LONG, **words) for _ in range(60)] + [made(system, f"short {n}") for n in range(230)]
    run(Succeeded(), ids[0])
    seen: list[str] = []
    cursor = None
    while cursor is not None or not seen:
        answer = client.get("/api/views/jobs", params={"limit": 500} | ({"cursor": cursor} if cursor else {}))
        assert answer.status_code == 200
        assert len(answer.content) <= MOST_BYTES
        seen += [job["id"] for job in answer.json()["items"]]
        cursor = answer.json()["nextCursor"]
    assert seen == ids[::-1]


def test_a_page_of_a_job_with_long_words_fits(
    client: TestClient, run: Callable[..., str], system: ServiceContext
) -> None:
    id = made(system, LONG, cronExpression="0 6 * * *", ownerName=LONG, description="d" * 5000)
    for _ in range(50):
        run(Failed("ß" * 500, retryable=False), id, LONG)
    answer = client.get(f"/api/views/jobs/{id}")
    assert len(answer.content) <= MOST_BYTES
    assert len(answer.json()["runs"]) > 20


def test_what_is_not_there_or_cannot_be_asked(client: TestClient) -> None:
    assert client.get("/api/views/jobs/0190a5b6-0000-7000-8000-000000000000").status_code == 404
    for wrong in ({"state": "ended"}, {"limit": 501}, {"cursor": "?"}, {"colour": "red"}):
        assert client.get("/api/views/jobs", params=wrong).status_code == 422, wrong
