"""Coordinators, workers and queues."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import update
from starlette.testclient import TestClient

from rota.domain.execution import NewExecution
from rota.domain.instant import HOUR, MINUTE
from rota.service.context import ServiceContext
from rota.stores import coordinators, executions, tables, workers
from rota.stores.database import Database
from rota.stores.identity import new_id

MOST_BYTES = 50_000


def register(database: Database, name: str, types: int = 0) -> str:
    with database.write() as tx:
        id = new_id(tx.now)
        told = [f"orders.load_{number:03}" for number in range(types)] or None
        workers.register(tx, workers.NewWorker(id, name, 8, "database", types=told, version="1.0"), HOUR)
    return id


def test_who_serves_and_who_has_just_ended(view: Callable[..., Any], database: Database) -> None:
    old, ended, alive = (register(database, name) for name in ("old", "ended", "alive"))
    with database.write() as tx:
        coordinators.join(tx, new_id(tx.now), name="c", hostname="h", pid=7, version="1.0", settings={})
        for id, ago in ((old, 2 * HOUR), (ended, MINUTE)):
            values = {"state": "Stopped", "ended_at": tx.now - ago}
            tx.execute(update(tables.workers).where(tables.workers.c.id == id).values(values))
        executions.enqueue(tx, [NewExecution("echo", queue="reports")])
    found = view("fleet")
    assert [(one["id"], one["state"]) for one in found["workers"]] == [(alive, "Alive"), (ended, "Stopped")]
    assert [(one["name"], one["pid"]) for one in found["coordinators"]] == [("c", 7)]
    assert [(one["name"], one["pending"]) for one in found["queues"]] == [("*", 1), ("reports", 1)]
    assert found["queues"][1]["oldestSeconds"] >= 0


def test_a_hundred_workers_fit_with_some_of_their_job_types(client: TestClient, database: Database) -> None:
    register(database, "one", 30)
    (alone,) = client.get("/api/views/fleet").json()["workers"]
    assert (len(alone["types"]), alone["typeCount"]) == (20, 30)
    for number in range(99):
        register(database, f"worker-{number:02}.example.org", 30)
    answer = client.get("/api/views/fleet")
    assert len(answer.content) <= MOST_BYTES
    found = answer.json()["workers"]
    assert len(found) == 100
    assert all(one["typeCount"] == 30 and one["types"][0] == "orders.load_000" for one in found)


def test_queues_with_long_notes_fit(client: TestClient, system: ServiceContext) -> None:
    for number in range(100):
        client.post(f"/api/queues/{'q' * 90}{number:02}/pause", json={"note": "ä" * 500})
    assert len(client.get("/api/views/fleet").content) <= MOST_BYTES
