"""What is written down is what is read."""

from pathlib import Path

import pytest

from checker.files import read_faults, read_requests, read_witness, witness, write_lines
from checker.journal import Fault, Request
from checker.store import read_store
from rota.domain.execution import NewExecution
from rota.domain.instant import SECOND
from rota.domain.outcome import Succeeded
from rota.domain.transition import decide
from rota.stores import executions, workers
from rota.stores.base import Offer
from rota.stores.database import Database

WORKER = "00000000-0000-7000-8000-00000000000a"


def test_a_witness_is_read_in_order_of_time(tmp_path: Path) -> None:
    witness(tmp_path / "a", "start", "e", 1, 7, "w")
    witness(tmp_path / "b", "start", "f", 1, 8, "x")
    witness(tmp_path / "a", "end", "e", 1, 7, "w")
    lines = read_witness(tmp_path / "b", tmp_path / "a")
    assert [(line.what, line.execution_id, line.attempt, line.token, line.worker_id) for line in lines] == [
        ("start", "e", 1, 7, "w"),
        ("start", "f", 1, 8, "x"),
        ("end", "e", 1, 7, "w"),
    ]
    assert lines[0].at <= lines[1].at <= lines[2].at


def test_half_a_line_is_not_overlooked(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("start e 1 7\n")
    with pytest.raises(ValueError, match="not enough values"):
        read_witness(tmp_path / "a")


def test_requests_and_faults_come_back_as_they_were(tmp_path: Path) -> None:
    requests = [
        Request("submit", 5, 9, "ok", "e", key="k"),
        Request("beat", 6, None, "unknown", worker_id="w", until=7),
    ]
    faults = [Fault("kill", "w", 1, 2)]
    write_lines(tmp_path / "requests", requests)
    write_lines(tmp_path / "faults", faults)
    assert read_requests(tmp_path / "requests") == requests
    assert read_faults(tmp_path / "faults") == faults


def test_a_store_tells_its_journal_and_its_tables(database: Database) -> None:
    new = workers.NewWorker(WORKER, "w", 10, "database")
    database.writing(lambda tx: workers.register(tx, new, SECOND))
    ended, waiting = database.writing(lambda tx: executions.enqueue(tx, [NewExecution("echo"), NewExecution("echo")]))
    (claim,) = database.writing(lambda tx: executions.claim(tx, Offer(WORKER, 1, SECOND)))
    database.writing(lambda tx: executions.settle(tx, [decide(claim, Succeeded(1), tx.now)]))

    told = read_store(database)

    kinds = ["worker.registered", "execution.accepted", "execution.started", "execution.succeeded"]
    assert [change.kind for change in told.journal] == kinds
    started, succeeded = told.journal[2:]
    assert (started.execution_id, started.attempt, started.token, started.state) == (ended, 1, claim.token, "Running")
    assert started.worker_id == WORKER
    assert (succeeded.token, succeeded.state) == (claim.token, "Succeeded")
    assert {(one.execution_id, one.live, one.state, one.attempt) for one in told.stored} == {
        (ended, False, "Succeeded", 1),
        (waiting, True, "Pending", 0),
    }
    assert [(one.execution_id, one.token, one.state) for one in told.tried] == [(ended, claim.token, "Succeeded")]
    assert [(one.worker_id, one.state, one.transport) for one in told.members] == [(WORKER, "Alive", "database")]
