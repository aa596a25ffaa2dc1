"""What is beyond its retention goes, with all that belongs to it; nothing else does."""

from collections.abc import Callable

import pytest
from sqlalchemy import func, insert, select

from rota.config import HistoryConfig
from rota.domain.execution import NewExecution
from rota.domain.instant import DAY, HOUR, MINUTE
from rota.domain.occurrence import Decision
from rota.domain.outcome import Succeeded
from rota.domain.transition import decide
from rota.scheduler.pruner import Pruner
from rota.stores import executions, occurrences, pruning, workers
from rota.stores.base import Offer
from rota.stores.database import Database, Transaction
from rota.stores.identity import new_id
from rota.stores.schedule_tables import occurrences as occurrences_table
from rota.stores.tables import attempts, events, history, idempotency, logs
from rota.stores.tables import workers as workers_table

WORKER = "00000000-0000-7000-8000-00000000000a"


def finish(tx: Transaction, count: int = 1) -> list[str]:
    """Executions that were run, each with an attempt and a line."""
    ids = executions.enqueue(tx, [NewExecution("echo")] * count)
    claims = executions.claim(tx, Offer(WORKER, count, HOUR))
    tx.hot.append_logs(tx, [(claim.id, claim.token, 1, tx.now, "log", "x") for claim in claims])
    executions.settle(tx, [decide(claim, Succeeded(), tx.now) for claim in claims])
    return ids


def count(database: Database, table: object) -> int:
    return database.reading(lambda tx: tx.connection.scalar(select(func.count()).select_from(table)))


def test_old_executions_go_with_their_attempts_and_logs(database: Database) -> None:
    with database.write() as tx:
        finish(tx, 5)
        waiting = executions.enqueue(tx, [NewExecution("echo")])
        now = tx.now
    assert database.writing(lambda tx: pruning.executions_before(tx, now, 10)) == 0
    assert [database.writing(lambda tx: pruning.executions_before(tx, tx.now + DAY, 3)) for _ in range(3)] == [3, 2, 0]
    assert [count(database, table) for table in (history, attempts, logs)] == [0, 0, 0]
    with database.read() as tx:
        assert [claim[0] for claim in tx.all(select(executions.executions.c.id))] == waiting


@pytest.mark.parametrize(("most", "left"), [(0, 6), (10, 6), (6, 6), (4, 4), (1, 1)])
def test_the_oldest_beyond_the_number_go(database: Database, most: int, left: int) -> None:
    with database.write() as tx:
        ids = finish(tx, 6)
    while database.writing(lambda tx: pruning.executions_beyond(tx, most, 2)):
        pass
    with database.read() as tx:
        assert list(tx.connection.scalars(select(history.c.id).order_by(history.c.id))) == ids[6 - left :]
    assert count(database, attempts) == left


def test_old_decisions_go(database: Database) -> None:
    schedule = new_id(0)
    with database.write() as tx:
        rows = [(schedule, nominal, Decision.MISSED, None, None) for nominal in range(5)]
        occurrences.record(tx, rows)
    assert database.writing(lambda tx: pruning.occurrences_before(tx, tx.now - HOUR, 3)) == 0
    assert [database.writing(lambda tx: pruning.occurrences_before(tx, tx.now + HOUR, 3)) for _ in range(3)] == [
        3,
        2,
        0,
    ]
    assert count(database, occurrences_table) == 0


def test_old_events_go_and_the_numbers_of_new_ones_go_on(database: Database) -> None:
    with database.write() as tx:
        rows = [{"at": at, "kind": "test"} for at in (1, 2, 3, tx.now, tx.now)]
        tx.execute(insert(events), rows)
    before = database.reading(lambda tx: tx.connection.scalar(select(func.max(events.c.seq))))
    assert [database.writing(lambda tx: pruning.events_before(tx, 100, 2)) for _ in range(3)] == [2, 1, 0]
    assert count(database, events) == 2
    database.writing(lambda tx: tx.execute(insert(events), [{"at": 1, "kind": "test"}]))
    assert database.reading(lambda tx: tx.connection.scalar(select(func.max(events.c.seq)))) == before + 1


def test_workers_and_kept_replies_of_long_ago_go(database: Database) -> None:
    with database.write() as tx:
        workers.register(tx, workers.NewWorker(WORKER, "w", 1, "database"), MINUTE)
        reply = {"principal": "ann", "body_hash": b"x", "status": 201, "reply": "{}"}
        tx.execute(
            insert(idempotency), [reply | {"key": key, "created_at": at} for key, at in (("a", 1), ("b", tx.now))]
        )
    assert database.writing(lambda tx: pruning.workers_before(tx, tx.now + DAY, 10)) == 0
    database.writing(lambda tx: workers.end(tx, WORKER))
    assert database.writing(lambda tx: pruning.workers_before(tx, tx.now + DAY, 10)) == 1
    assert database.writing(lambda tx: pruning.idempotency_before(tx, tx.now - HOUR, 10)) == 1
    assert (count(database, workers_table), count(database, idempotency)) == (0, 1)


@pytest.mark.parametrize(
    "work",
    [
        lambda tx: pruning.executions_before(tx, 10**18, 5),
        lambda tx: pruning.executions_beyond(tx, 5, 5),
        lambda tx: pruning.occurrences_before(tx, 10**18, 5),
        lambda tx: pruning.events_before(tx, 10**18, 5),
        lambda tx: pruning.workers_before(tx, 10**18, 5),
        lambda tx: pruning.idempotency_before(tx, 10**18, 5),
    ],
)
def test_an_empty_store_has_nothing_to_forget(database: Database, work: Callable[[Transaction], int]) -> None:
    assert database.writing(work) == 0


def test_the_pruner_keeps_what_the_configuration_says(database: Database) -> None:
    with database.write() as tx:
        finish(tx, 6)
    pruner = Pruner(database, HistoryConfig(days=1, executions=4, event_hours=1))
    assert pruner.run_once() > 0
    assert count(database, history) == 4
    assert count(database, events) > 0
