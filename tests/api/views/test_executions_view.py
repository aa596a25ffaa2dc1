"""Executions in short, and one of them with the end of its log."""

from collections.abc import Callable
from typing import Any

from starlette.testclient import TestClient

from rota.domain.execution import NewExecution
from rota.domain.instant import HOUR
from rota.domain.outcome import Failed, Succeeded
from rota.stores import executions
from rota.stores.database import Database
from rota.stores.tables import logs

MOST_BYTES = 50_000
LONG = "ä" * 200


def write_log(database: Database, id: str, lines: int) -> None:
    with database.write() as tx:
        common = {"execution_id": id, "token": 1, "at": tx.now, "stream": "stdout"}
        tx.execute(logs.insert(), [common | {"line": line, "text": f"{line} {LONG}"} for line in range(1, lines + 1)])


def test_as_many_executions_are_told_as_fit_and_the_cursor_leads_to_all(
    client: TestClient, run: Callable[..., str]
) -> None:
    ids = [run(Failed("ß" * 300, retryable=False), name=LONG) for _ in range(130)]
    seen: list[str] = []
    cursor = None
    while cursor is not None or not seen:
        asked = {"state": "failed", "limit": 500} | ({"cursor": cursor} if cursor else {})
        answer = client.get("/api/views/executions", params=asked)
        assert len(answer.content) <= MOST_BYTES
        assert answer.json()["items"][0]["error"] == "ß" * 160
        seen += [one["id"] for one in answer.json()["items"]]
        cursor = answer.json()["nextCursor"]
    assert seen == ids[::-1]


def test_a_page_that_is_not_full_is_the_last(view: Callable[..., Any], run: Callable[..., str]) -> None:
    ids = [run(Succeeded()) for _ in range(3)]
    assert view("executions", limit=4)["nextCursor"] is None
    first = view("executions", limit=2)
    assert [one["id"] for one in view("executions", limit=2, cursor=first["nextCursor"])["items"]] == [ids[0]]


def test_an_execution_tells_why_it_waits_and_how_it_ended(
    view: Callable[..., Any], run: Callable[..., str], database: Database
) -> None:
    with database.write() as tx:
        (waiting,) = executions.enqueue(tx, [NewExecution("echo", due_at=tx.now + HOUR)])
    found = view(f"executions/{waiting}")
    assert (found["execution"]["state"], found["job"]) == ("Scheduled", None)
    assert "scheduled for" in found["why"]["headline"]
    failed = view(f"executions/{run(Failed('broken', retryable=False))}")
    assert failed["why"] is None
    assert failed["logs"] == {"items": [], "before": None}
    assert any("broken" in cause["says"] for cause in failed["causes"])


def test_a_log_is_read_upward_from_its_end(client: TestClient, database: Database, run: Callable[..., str]) -> None:
    id = run(Succeeded())
    write_log(database, id, 500)
    answer = client.get(f"/api/views/executions/{id}")
    assert len(answer.content) <= MOST_BYTES
    end = answer.json()["logs"]
    lines, before = [line["line"] for line in end["items"]], end["before"]
    assert lines[-1] == 500
    while before:
        page = client.get(f"/api/executions/{id}/logs", params={"before": before, "limit": 150}).json()
        lines = [line["line"] for line in page["items"]] + lines
        before = page["previousCursor"]
    assert lines == list(range(1, 501))
    found = client.get(f"/api/executions/{id}/logs", params={"before": end["before"], "search": "7 "}).json()["items"]
    assert all("7 " in line["text"] for line in found)
    assert [line["line"] for line in found] == sorted(line["line"] for line in found)


def test_what_is_not_there_or_cannot_be_asked(client: TestClient, run: Callable[..., str]) -> None:
    id = run(Succeeded())
    assert client.get("/api/views/executions/nothing").status_code == 404
    assert client.get("/api/executions/nothing/logs", params={"before": "MS4x"}).status_code == 404
    for wrong in ({"before": "nonsense"}, {"before": "MS4x", "follow": True}):
        assert client.get(f"/api/executions/{id}/logs", params=wrong).status_code == 422, wrong
    for wrong in ({"state": "broken"}, {"since": "yesterday"}, {"limit": 0}):
        assert client.get("/api/views/executions", params=wrong).status_code == 422, wrong
