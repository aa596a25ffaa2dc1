"""Each screen in one answer: what it holds, what it refuses, and how large it may become."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from rota.domain.execution import NewExecution
from rota.domain.outcome import Failed, Succeeded
from rota.service import jobs
from rota.service.context import ServiceContext
from rota.stores import executions
from rota.stores.database import Database

Run = Callable[..., str]
View = Callable[..., Any]

MOST_BYTES = 50_000
LONG = "n" * 200


@pytest.fixture
def nightly(system: ServiceContext) -> str:
    made = jobs.create(
        system, {"name": "nightly", "jobType": "echo", "cronExpression": "0 6 * * *", "teamName": "data", "tags": ["x"]}
    )
    return made.record.id


def test_the_overview(database: Database, nightly: str, run: Run, view: View) -> None:
    run(Succeeded(), nightly)
    failed = run(Failed("f" * 500, retryable=False), nightly)
    with database.write() as tx:
        executions.enqueue(tx, [NewExecution("echo", queue="reports")])
    found = view("overview")
    assert found["executions"]["failedToday"] == 1
    assert [(queue["queue"], queue["pending"]) for queue in found["queues"]] == [("reports", 1)]
    (failing,) = found["failing"]
    assert (failing["jobId"], failing["lastError"]) == (nightly, "f" * 160)
    assert [fire["jobName"] for fire in found["upcoming"]] == ["nightly"]
    assert [day["failed"] for day in found["trends"]] == [0] * 6 + [1]
    assert found["running"] == []
    assert found["store"] == database.url.get_backend_name()
    assert failed


def test_the_jobs_with_their_runs_and_what_they_can_be_chosen_by(
    client: TestClient, nightly: str, system: ServiceContext, run: Run, view: View
) -> None:
    jobs.create(system, {"name": "other", "jobType": "echo"})
    for outcome in (Succeeded(), Failed("no", retryable=False)):
        run(outcome, nightly)
    found = view("jobs")
    other, ours = found["items"]
    assert (other["name"], other["describe"], other["nextAt"], other["runs"]) == ("other", None, None, [])
    assert ours["describe"]
    assert ours["nextLocal"][11:19] == "06:00:00"
    assert [found["states"][state] for state, _ in ours["runs"]] == ["Failed", "Succeeded"]
    assert found["facets"]["teams"] == [{"value": "data", "count": 1}]
    assert [job["name"] for job in view("jobs", team="data")["items"]] == ["nightly"]
    assert [job["name"] for job in view("jobs", q="#x")["items"]] == ["nightly"]
    page = view("jobs", limit=1)
    assert [job["name"] for job in view("jobs", limit=1, cursor=page["nextCursor"])["items"]] == ["nightly"]
    for wrong in ({"state": "nonsense"}, {"limit": 501}):
        assert client.get("/api/views/jobs", params=wrong).status_code == 422


def test_forty_jobs_with_long_names_and_twenty_runs_each_fit_into_a_screen(
    client: TestClient, system: ServiceContext, run: Run
) -> None:
    for number in range(40):
        name = f"etl.load-the-orders-of-the-shop-{number:02}"
        document = {
            "name": name,
            "jobType": "echo",
            "cronExpression": "0 6 * * *",
            "description": LONG,
            "teamName": "orders",
        }
        id = jobs.create(system, document).record.id
        for _ in range(21):
            run(Succeeded(), id)
    answer = client.get("/api/views/jobs", params={"limit": 40})
    assert len(answer.json()["items"]) == 40
    assert all(len(job["runs"]) == 20 for job in answer.json()["items"])
    assert len(answer.content) <= MOST_BYTES


def test_a_job_with_all_that_is_beside_it(client: TestClient, nightly: str, run: Run, view: View) -> None:
    run(Succeeded(), nightly)
    found = view(f"jobs/{nightly}")
    assert found["job"]["name"] == "nightly"
    (schedule,) = found["schedules"]
    assert len(schedule["upcoming"]) == 10
    assert schedule["nextLocal"] == schedule["upcoming"][0]["local"]
    assert [row["state"] for row in found["runs"]] == ["Succeeded"]
    assert found["durations"]["p50Seconds"] is not None
    assert found["why"]["gates"]
    client.post(f"/api/jobs/{nightly}/pause")
    paused = view(f"jobs/{nightly}")
    assert paused["schedules"][0]["upcoming"] == []
    assert client.get("/api/views/jobs/nothing").status_code == 404


def test_executions_in_short(client: TestClient, run: Run) -> None:
    ids = [run(Failed("e" * 300, retryable=False), name=LONG) for _ in range(50)]
    answer = client.get("/api/views/executions", params={"state": "failed", "limit": 50})
    assert [row["id"] for row in answer.json()["items"]] == ids[::-1]
    assert answer.json()["items"][0]["error"] == "e" * 160
    assert len(answer.content) <= MOST_BYTES
    assert client.get("/api/views/executions", params={"state": "wrong"}).status_code == 422


def test_an_execution_with_how_it_came_to_each_step(client: TestClient, nightly: str, run: Run, view: View) -> None:
    failed = run(Failed("broken", retryable=False), nightly)
    found = view(f"executions/{failed}")
    assert found["job"]["name"] == "nightly"
    assert [cause["kind"] for cause in found["causes"]] == ["accepted", "started", "Failed", "Failed"]
    assert "broken" in found["causes"][2]["says"]
    assert found["why"] is None
    waiting = client.post(f"/api/jobs/{nightly}/trigger", json={"delaySeconds": 3600}).json()["id"]
    assert view(f"executions/{waiting}")["why"]["headline"]
    assert client.get("/api/views/executions/nothing").status_code == 404


def test_a_log_is_told_from_its_end_and_read_upward(client: TestClient, database: Database, run: Run) -> None:
    from rota.stores.tables import logs

    id = run(Succeeded())
    with database.write() as tx:
        rows = [
            {
                "execution_id": id,
                "token": 1,
                "line": line,
                "at": tx.now,
                "stream": "stdout",
                "text": f"line {line} {LONG}",
            }
            for line in range(1, 1001)
        ]
        tx.execute(logs.insert(), rows)
    answer = client.get(f"/api/views/executions/{id}")
    assert len(answer.content) <= MOST_BYTES
    log = answer.json()["logs"]
    assert log["items"][-1]["line"] == 1000
    lines, before = [line["line"] for line in log["items"]], log["before"]
    while before:
        page = client.get(f"/api/executions/{id}/logs", params={"before": before, "limit": 300}).json()
        lines, before = [line["line"] for line in page["items"]] + lines, page["previousCursor"]
    assert lines == list(range(1, 1001))
    both = client.get(f"/api/executions/{id}/logs", params={"before": log["before"], "follow": 1})
    assert both.status_code == 422


def test_the_timeline_in_each_layout(
    client: TestClient, database: Database, nightly: str, run: Run, view: View
) -> None:
    ended = run(Succeeded(), nightly)
    with database.write() as tx:
        (waiting,) = executions.enqueue(tx, [NewExecution("echo", queue="reports", name="alone")])
    found = view("timeline")
    states = {id: found["states"][state] for _, id, _, _, state in found["bars"]}
    assert states == {ended: "Succeeded", waiting: "Pending"}
    assert {lane["name"] for lane in found["lanes"]} >= {"nightly", "alone"}
    assert [lane["name"] for lane in view("timeline", group="team", q="nightly")["lanes"]] == ["data"]
    assert {lane["name"] for lane in view("timeline", group="queue")["lanes"]} == {"default", "reports"}
    assert view("timeline", group="worker")["lanes"]
    assert [bar[1] for bar in view("timeline", state="succeeded")["bars"]] == [ended]
    for wrong in ({"group": "moon"}, {"from": "2026-01-01T00:00:00Z", "to": "2027-01-01T00:00:00Z"}, {"cursor": "QQ"}):
        assert client.get("/api/views/timeline", params=wrong).status_code == 422, wrong


def test_a_page_of_the_timeline_fits_into_a_screen_and_goes_on(client: TestClient, run: Run, view: View) -> None:
    for _ in range(410):
        run(Succeeded())
    answer = client.get("/api/views/timeline", params={"group": "queue"})
    assert len(answer.json()["bars"]) == 400
    assert len(answer.content) <= MOST_BYTES
    rest = view("timeline", group="queue", cursor=answer.json()["nextCursor"])
    assert len(rest["bars"]) == 10
    assert rest["nextCursor"] is None


def test_the_load_that_comes_and_what_makes_it(
    client: TestClient, nightly: str, system: ServiceContext, view: View
) -> None:
    found = view("load", days=3)
    assert [(hour["at"][11:16], hour["fires"]) for hour in found["hours"]] == [("06:00", 1)] * 3
    assert [day["fires"] for day in found["days"]] == [1, 1, 1]
    fires = view("load/fires", **{"from": found["from"], "to": found["to"]})["items"]
    assert [(fire["jobId"], fire["durationSeconds"]) for fire in fires] == [(nightly, None)] * 3
    jobs.create(system, {"name": "second", "jobType": "echo", "cronExpression": "0 7 * * *"})
    assert sum(day["fires"] for day in view("load", days=3)["days"]) == 6, "a change is seen at once"
    for wrong in ({"days": 0}, {"days": 32}):
        assert client.get("/api/views/load", params=wrong).status_code == 422
    backwards = {"from": found["to"], "to": found["from"]}
    assert client.get("/api/views/load/fires", params=backwards).status_code == 422


def test_calendars_and_a_year_of_one(client: TestClient, nightly: str, view: View) -> None:
    body = {
        "name": "company",
        "rules": [{"name": "Inventory", "yearly": {"month": 6, "day": 30}}],
        "overrides": [{"date": "2026-12-26", "working": True, "reason": "open"}],
    }
    assert client.post("/api/calendars", json=body).status_code == 201
    client.post("/api/schedules", json={"jobId": nightly, "cron": "0 8 * * *", "calendar": "company"})
    (listed,) = view("calendars")["items"]
    assert (listed["name"], listed["users"], listed["nextDayOff"]["name"]) == ("company", 1, "Inventory")
    year = view("calendars/company", year=2026)
    assert len(year["working"]) == 365
    assert year["working"][180] == "0"
    assert [day["date"] for day in year["days"]] == ["2026-06-30", "2026-12-26"]
    assert [one["jobName"] for one in year["usage"]["schedules"]] == ["nightly"]
    assert len(json.dumps(year)) <= MOST_BYTES
    assert client.get("/api/views/calendars/none").status_code == 404
    assert client.get("/api/views/calendars/company", params={"year": 1}).status_code == 422


def test_the_fleet(client: TestClient, database: Database, view: View) -> None:
    client.post("/api/workers/register", json={"name": "w", "capacity": 7, "types": [f"t{n}" for n in range(100)]})
    client.post("/api/queues/reports/pause", json={"note": "later"})
    with database.write() as tx:
        executions.enqueue(tx, [NewExecution("echo", queue="reports")])
    found = view("fleet")
    (worker,) = found["workers"]
    assert (worker["name"], worker["state"], len(worker["types"])) == ("w", "Alive", 20)
    queue = next(one for one in found["queues"] if one["name"] == "reports")
    assert (queue["paused"], queue["note"], queue["pending"]) == (True, "later", 1)
    assert queue["oldestSeconds"] >= 0


def test_failures_of_the_same_kind_are_one_group(client: TestClient, nightly: str, run: Run, view: View) -> None:
    for number in range(3):
        run(Failed(f"order {number} of 'Ana' is gone", retryable=False), nightly)
    last = run(Failed("disk full", retryable=False), name="other")
    found = view("failures")
    assert [(group["error"], group["count"]) for group in found["groups"]] == [
        ("order # of '…' is gone", 3),
        ("disk full", 1),
    ]
    assert found["groups"][0]["jobs"] == [{"id": nightly, "name": "nightly", "count": 3}]
    assert found["groups"][1]["example"] == last
    one = view(f"failures/{found['groups'][0]['fingerprint']}")
    assert len(one["ids"]) == len(one["items"]) == 3
    replayed = client.post("/api/executions/retry", json={"ids": one["ids"], "reason": "orders are back"})
    assert len(replayed.json()["items"]) == 3
    assert [group["error"] for group in view("failures", q="disk")["groups"]] == ["disk full"]
    assert client.get("/api/views/failures/0000000000000000").status_code == 404
    assert client.get("/api/views/failures/nonsense").status_code == 422
    assert client.get("/api/views/failures", params={"since": "yesterday"}).status_code == 422
