"""The API on each store, and what the tests of screens have in common."""

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from rota.domain.execution import NewExecution
from rota.domain.instant import HOUR
from rota.domain.outcome import Outcome
from rota.domain.transition import decide
from rota.stores import executions
from rota.stores.base import Offer
from rota.stores.database import Database

WORKER = "00000000-0000-7000-8000-00000000000a"


@pytest.fixture
def database(each_store: Database) -> Database:
    """The store that the API stands on: each kind in turn."""
    return each_store


@pytest.fixture
def view(client: TestClient) -> Callable[..., Any]:
    """Asks for a screen, which must be there."""

    def ask(path: str, **query: object) -> Any:
        answer = client.get(f"/api/views/{path}", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return ask


@pytest.fixture
def run(database: Database) -> Callable[..., str]:
    """Runs one execution from its acceptance to its end, and gives its id."""

    def ran(outcome: Outcome, job_id: str | None = None, name: str = "nightly") -> str:
        with database.write() as tx:
            (id,) = executions.enqueue(tx, [NewExecution("echo", job_id=job_id, name=name)])
            for claim in executions.claim(tx, Offer(WORKER, 1, HOUR)):
                executions.settle(tx, [decide(claim, outcome, tx.now)])
        return id

    return ran
