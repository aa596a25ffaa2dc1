from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from rota.api.application import ApiDependencies
from rota.domain.access import Role
from rota.domain.execution import NewExecution, State
from rota.domain.instant import HOUR, SECOND
from rota.service import executions as service
from rota.service.context import ServiceContext
from rota.stores import control, executions
from rota.stores.database import Database
from rota.stores.history import Filter, page_statement

Submit = Callable[..., str]


@pytest.fixture
def submit(system: ServiceContext) -> Submit:
    def one(type: str = "echo", **fields: object) -> str:
        return service.submit(system, NewExecution(type, **fields)).id  # type: ignore[arg-type]

    return one


def test_an_execution_is_shown_whole(client: TestClient, submit: Submit) -> None:
    id = submit(parameters={"a": 1}, name="my run", priority=3)
    shown = client.get(f"/api/executions/{id}").json()
    assert shown["id"] == shown["jobId"] == id
    assert (shown["state"], shown["status"], shown["kind"]) == ("Pending", "Pending", "python")
    assert shown["parameters"] == {"a": 1}
    assert shown["timeoutSeconds"] == 300
    assert shown["createdAt"].endswith("Z")
    assert shown["attempts"] == []
    assert shown["actor"] == "rota"
    missing = client.get("/api/executions/0190a5b6-0000-7000-8000-000000000000")
    assert (missing.status_code, missing.json()["type"]) == (404, "/problems/not-found")


def test_lists_hold_what_waits_and_what_has_ended_newest_first(client: TestClient, submit: Submit) -> None:
    ids = [submit(name=f"run {number}") for number in range(6)]
    for id in ids[::2]:
        assert client.post(f"/api/executions/{id}/cancel", json={"reason": "no"}).status_code == 202
    listed = [item["id"] for item in client.get("/api/executions").json()["items"]]
    assert listed == ids[::-1]

    paged: list[str] = []
    cursor: str | None = None
    while True:
        page = client.get("/api/executions", params={"limit": 4, **({"cursor": cursor} if cursor else {})}).json()
        paged += [item["id"] for item in page["items"]]
        cursor = page["nextCursor"]
        if cursor is None:
            break
    assert paged == ids[::-1]

    def found(**query: str) -> list[str]:
        answer = client.get("/api/executions", params=query)
        assert answer.status_code == 200, answer.text
        return sorted(ids.index(item["id"]) for item in answer.json()["items"])

    assert found(status="queued") == [1, 3, 5]
    assert found(state="CANCELLED, pending") == [0, 1, 2, 3, 4, 5]
    assert found(state="Succeeded") == []
    assert found(q="N 4") == [4]
    assert found(q="%") == []
    assert found(type="sample") == []
    assert found(since="1h", trigger="Submission") == [0, 1, 2, 3, 4, 5]
    assert found(until="1h") == []
    assert found(since="2999-01-01T00:00:00Z") == []
    assert client.get("/api/executions", params={"state": "Odd"}).status_code == 422
    assert client.get("/api/executions", params={"since": "yesterday"}).status_code == 422
    assert client.get("/api/executions", params={"unknown": "1"}).status_code == 422
    assert len(client.get("/api/executions/recent", params={"limit": 2}).json()["items"]) == 2
    assert client.get("/api/executions/running").json() == {"items": [], "nextCursor": None}
    assert client.get("/api/executions/failed-today").json()["items"] == []
    assert [item["id"] for item in client.get(f"/api/executions/job/{ids[0]}").json()["items"]] == [ids[0]]
    assert client.get("/api/executions/job/unknown").status_code == 404


def test_an_ended_execution_runs_again_as_a_new_one(client: TestClient, submit: Submit) -> None:
    id = submit(parameters=["x"], queue="reports", timeout=7 * SECOND)
    assert client.post(f"/api/executions/{id}/retry").status_code == 409
    client.post(f"/api/executions/{id}/cancel")
    assert client.post(f"/api/executions/{id}/cancel").status_code == 409

    made = client.post(f"/api/executions/{id}/retry", json={"reason": "mended"}, headers={"Idempotency-Key": "r"})
    assert made.status_code == 201
    new = made.json()
    assert made.headers["location"] == f"/api/executions/{new['id']}"
    assert (new["trigger"], new["metadata"]) == ("replay", {"replayOf": id})
    assert (new["parameters"], new["queue"], new["timeoutSeconds"]) == (["x"], "reports", 7)
    again = client.post(f"/api/executions/{id}/retry", json={"reason": "mended"}, headers={"Idempotency-Key": "r"})
    assert again.json() == new
    assert again.headers["idempotent-replayed"] == "true"

    many = client.post("/api/executions/retry", json={"ids": [id]})
    assert many.status_code == 202
    assert [pair["id"] for pair in many.json()["items"]] == [id]
    assert client.post("/api/executions/retry", json={"ids": [id], "queue": "reports"}).status_code == 422


def test_looking_and_operating_are_different_rights(
    client: TestClient, holding: Callable[[Role], TestClient], submit: Submit
) -> None:
    id = submit()
    viewer, operator = holding(Role.VIEWER), holding(Role.OPERATOR)
    assert viewer.get(f"/api/executions/{id}").status_code == 200
    refused = viewer.post(f"/api/executions/{id}/cancel")
    assert (refused.status_code, refused.json()["type"]) == (403, "/problems/forbidden")
    assert operator.post(f"/api/executions/{id}/cancel").status_code == 202
    entry = next(entry for entry in client.get("/api/audit").json()["items"] if entry["action"] == "cancel")
    assert (entry["actor"], entry["noun"], entry["subjectId"]) == ("test operator", "execution", id)


def test_log_lines_page_search_and_stream(client: TestClient, submit: Submit, database: Database) -> None:
    id = submit()
    worker = client.post("/api/workers/register", json={"name": "w", "capacity": 1}).json()["id"]
    (item,) = client.post("/api/jobs/acquire", json={"workerId": worker, "capacity": 1}).json()["items"]
    token = item["leaseToken"]
    lines = [{"text": f"line {number}"} for number in range(10)]
    sent = client.post(f"/api/executions/{id}/logs", json={"leaseToken": token, "lines": lines})
    assert sent.json() == {"accepted": 10}

    first = client.get(f"/api/executions/{id}/logs", params={"limit": 6}).json()
    rest = client.get(f"/api/executions/{id}/logs", params={"after": first["nextCursor"]}).json()
    assert [line["text"] for line in first["items"] + rest["items"]] == [line["text"] for line in lines]
    assert rest["nextCursor"] is None
    assert first["items"][0]["attempt"] == 1
    tail = client.get(f"/api/executions/{id}/logs", params={"tail": 2}).json()
    assert [line["text"] for line in tail["items"]] == ["line 8", "line 9"]
    assert [line["text"] for line in client.get(f"/api/executions/{id}/logs?search=E 3").json()["items"]] == ["line 3"]
    assert client.get(f"/api/executions/{id}/logs", params={"after": "AAAA"}).status_code == 422

    done = {"workerId": worker, "leaseToken": token, "success": True, "result": {"rows": 1}}
    assert client.post(f"/api/jobs/{id}/complete", json=done).json()["state"] == "Succeeded"
    followed = client.get(f"/api/executions/{id}/logs", params={"follow": "1", "tail": 1})
    assert followed.headers["content-type"].startswith("text/event-stream")
    assert "event: log\n" in followed.text
    assert followed.text.endswith('event: end\ndata: {"state":"Succeeded"}\n\n')
    assert "line 9" in followed.text
    assert "line 8" not in followed.text
    shown = client.get(f"/api/executions/{id}").json()
    assert (shown["result"], [attempt["state"] for attempt in shown["attempts"]]) == ({"rows": 1}, ["Succeeded"])
    late = client.post(f"/api/executions/{id}/logs", json={"leaseToken": token, "lines": lines})
    assert (late.status_code, late.json()["type"]) == (409, "/problems/lease-lost")


def test_the_log_of_an_attempt_is_bounded(client: TestClient, submit: Submit, services: ApiDependencies) -> None:
    id = submit()
    worker = client.post("/api/workers/register", json={"name": "w", "capacity": 1}).json()["id"]
    (item,) = client.post("/api/jobs/acquire", json={"workerId": worker, "capacity": 1}).json()["items"]
    lines = [{"text": "x" * 15_000}] * 60
    for _ in range(2):
        client.post(f"/api/executions/{id}/logs", json={"leaseToken": item["leaseToken"], "lines": lines})
    kept = client.get(f"/api/executions/{id}/logs", params={"limit": 1000}).json()["items"]
    assert sum(len(line["text"]) for line in kept) <= services.config.engine.log_bytes + 100
    assert kept[-1]["stream"] == "log"


@pytest.mark.parametrize(
    "wanted",
    [
        Filter(),
        Filter(job_id="j"),
        Filter(states=frozenset({State.FAILED})),
        Filter(since=5 * HOUR),
        Filter(queue="q"),
        Filter(states=frozenset({State.FAILED}), finished_since=1),
        Filter(job_id="j", states=frozenset({State.FAILED})),
    ],
)
def test_lists_walk_an_index_of_the_history(database: Database, wanted: Filter) -> None:
    steps = plan(database, wanted, before="f")
    assert steps
    assert all(step.startswith("SEARCH history USING") for step in steps), steps


def test_the_first_page_walks_the_key_from_its_end(database: Database) -> None:
    assert plan(database, Filter(), before=None) == ["SCAN history"]


def plan(database: Database, wanted: Filter, *, before: str | None) -> list[str]:
    """The steps beside which the history is read: no sort may be among them. Sorting the page itself is cheap."""
    statement = page_statement(wanted, before=before, limit=50)
    sql = str(statement.compile(database.engine, compile_kwargs={"literal_binds": True}))
    with database.read() as tx:
        steps = tx.driver.execute(f"EXPLAIN QUERY PLAN {sql}").fetchall()
    parents = {parent for _id, parent, _, step in steps if "history" in step}
    return [step for _id, parent, _, step in steps if parent in parents]


def test_a_terminal_execution_that_failed_today_is_listed(client: TestClient, database: Database) -> None:
    with database.write() as tx:
        (id,) = executions.enqueue(tx, [NewExecution("echo")])
        control.finish_unrun(tx, [id], State.FAILED, "no executor")
    (item,) = client.get("/api/executions/failed-today").json()["items"]
    assert (item["id"], item["reason"]) == (id, "no executor")


def test_a_submission_is_found_as_its_own_job(client: TestClient, submit: Submit) -> None:
    id, _ = submit(), submit()
    found = client.get("/api/executions", params={"jobId": id}).json()
    assert ([item["id"] for item in found["items"]], found["nextCursor"]) == ([id], None)
    assert client.get("/api/executions", params={"jobId": id, "state": "Failed"}).json()["items"] == []
    assert client.get(f"/api/jobs/{id}/why").json()["executionId"] == id
    assert client.get("/api/jobs/0190a5b6-0000-7000-8000-000000000000/why").json()["detail"] == "no such job"


def test_a_submission_of_a_type_that_nobody_knows_is_told_by_its_own_field(client: TestClient) -> None:
    refused = client.post("/api/jobs", json={"type": "nobody.knows"})
    assert (refused.status_code, refused.json()["errors"][0]["loc"][-1]) == (422, "type")
    assert "jobType" not in refused.text
