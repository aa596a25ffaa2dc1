"""The statements on the path of every execution use their indexes, however many rows there are.

The statements are taken from the driver as they run, so that what is explained is what is executed.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from rota.domain.execution import TERMINAL, State
from rota.domain.instant import HOUR, SECOND
from rota.service.views.overview import NOT_MET
from rota.stores import control, executions, history, leases, reports, schedules, views, workers
from rota.stores.base import Offer
from rota.stores.database import Database, Transaction
from rota.stores.schema import migrate
from stores_under_test.filling import WORKER, claim_under_limits, fill, settle_three

_WHOLE_TABLE = re.compile(r"^SCAN (\w+)$")
_BIG = {"executions", "history", "schedules", "attempts", "events", "logs", "occurrences", "holder", "live", "e"}


class TakenBack(Exception):
    """Rolls a transaction back."""


def explained(database: Database, work: Callable[[Transaction], object]) -> dict[str, list[str]]:
    """The plan of each statement that `work` runs. Nothing it does is kept."""
    plans: dict[str, list[str]] = {}
    ran: list[str] = []
    with suppress(TakenBack), database.write() as tx:
        tx.driver.set_trace_callback(ran.append)
        work(tx)
        tx.driver.set_trace_callback(None)
        for statement in ran:
            if re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)", statement):
                rows = tx.driver.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall()
                plans[" ".join(statement.split())] = [row[3] for row in rows]
        raise TakenBack
    assert plans
    return plans


def steps(plans: dict[str, list[str]]) -> list[str]:
    return [step for plan in plans.values() for step in plan]


def whole_tables(plans: dict[str, list[str]]) -> list[str]:
    """The steps that read a big table from end to end."""
    return [step for step in steps(plans) if (found := _WHOLE_TABLE.match(step)) and found[1] in _BIG]


@pytest.fixture(params=[20, 10_000], scope="module")
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A store with that many executions in every state, and as many schedules and finished executions."""
    database = Database(str(tmp_path_factory.mktemp("plans") / "rota.db"), durable=False)
    migrate(database)
    fill(database, request.param)
    yield database
    database.close()


def test_the_claim_walks_its_index_in_order(filled: Database) -> None:
    plans = explained(filled, lambda tx: executions.claim(tx, Offer(WORKER, 10, HOUR)))
    assert whole_tables(plans) == []
    assert any("ix_executions_claimable" in step for step in steps(plans))
    (claim,) = [plan for sql, plan in plans.items() if sql.startswith("UPDATE executions SET state = 'Running'")]
    assert not any("TEMP B-TREE" in step for step in claim)


@pytest.mark.parametrize("offer", [{"queues": ["default", "b"]}, {"kinds": ["script"], "functions": ["echo"]}])
def test_a_narrower_claim_walks_it_too(filled: Database, offer: dict[str, list[str]]) -> None:
    plans = explained(filled, lambda tx: executions.claim(tx, Offer(WORKER, 10, HOUR, **offer)))
    assert whole_tables(plans) == []
    (claim,) = [plan for sql, plan in plans.items() if sql.startswith("UPDATE executions SET state = 'Running'")]
    assert not any("TEMP B-TREE" in step for step in claim)


def test_a_claim_of_the_oldest_goes_from_priority_to_priority_on_that_index(filled: Database) -> None:
    plans = explained(filled, lambda tx: executions.claim(tx, Offer(WORKER, 10, HOUR, oldest_first=True)))
    assert whole_tables(plans) == []
    (claim,) = [plan for sql, plan in plans.items() if sql.startswith("UPDATE executions SET state = 'Running'")]
    assert sum("ix_executions_claimable" in step for step in claim) == 3


def test_the_claim_under_limits_reads_no_whole_table(filled: Database) -> None:
    assert whole_tables(explained(filled, claim_under_limits)) == []


@pytest.mark.parametrize(
    ("work", "index"),
    [
        (lambda tx: tx.hot.promote(tx), "ix_executions_later"),
        (lambda tx: tx.hot.next_due(tx), "ix_executions_later"),
        (lambda tx: leases.cancelling(tx, WORKER), "ix_executions_cancelling"),
        (lambda tx: leases.holdings(tx, WORKER), "ix_executions_leased"),
        (lambda tx: leases.without_lease(tx, 500), "ix_executions_leased"),
        (lambda tx: leases.overdue(tx, 500), "ix_executions_leased"),
        (lambda tx: leases.unheard_of(tx, WORKER, {}, HOUR), "ix_executions_leased"),
        (lambda tx: leases.confirm(tx, WORKER, {}, HOUR), "ix_executions_leased"),
        (lambda tx: workers.convict(tx), "ix_executions_leased"),
        (lambda tx: schedules.due(tx, tx.now + HOUR, 500), "ix_schedules_due"),
        (lambda tx: schedules.next_due_at(tx, probed=False), "ix_schedules_due"),
        (lambda tx: schedules.next_due_at(tx, probed=True), "ix_schedules_probed"),
        (lambda tx: control.live_by_overlap(tx, [WORKER], []), "ix_executions_schedule"),
        (lambda tx: control.live_by_overlap(tx, [], ["overlap:a"]), "ix_executions_lane"),
        (lambda tx: control.live_of(tx, job_id=WORKER), "ix_executions_job"),
        (lambda tx: control.hold(tx, WORKER), "ix_executions_job"),
        (lambda tx: control.too_late(tx, 500), "ix_executions_latest"),
        (lambda tx: history.page(tx, history.Filter(job_id=WORKER), before="019", limit=50), "ix_history_job"),
        (lambda tx: history.page(tx, history.Filter(), before="019", limit=50), "PRIMARY KEY"),
        (lambda tx: views.unmet(tx, 0, NOT_MET, 20), "ix_occurrences_unmet"),
        (lambda tx: views.failures(tx, 0, 5000), "ix_history_failed"),
        (lambda tx: views.newest_runs(tx, [WORKER], 20), "ix_history_job"),
        (lambda tx: views.ended_runs(tx, 0, tx.now, 400, None, [State.FAILED]), "ix_history_finished"),
        (lambda tx: views.overdue(tx, tx.now, 20), "ix_schedules_due"),
        (lambda tx: reports.upcoming(tx, tx.now + HOUR, 20), "ix_schedules_coming"),
    ],
)
def test_each_question_has_its_index(filled: Database, work: Callable[[Transaction], object], index: str) -> None:
    plans = explained(filled, work)
    assert whole_tables(plans) == []
    assert any(index in step for step in steps(plans))


def test_settling_goes_by_keys(filled: Database) -> None:
    assert whole_tables(explained(filled, settle_three)) == []


@pytest.mark.parametrize(
    "work",
    [
        lambda tx: executions.claim(tx, Offer(WORKER, 5, HOUR)),
        lambda tx: executions.claim(tx, Offer(WORKER, 5, HOUR, oldest_first=True)),
        lambda tx: history.page(tx, history.Filter(), before=None, limit=5),
        lambda tx: history.page(tx, history.Filter(states=TERMINAL), before=None, limit=5),
        lambda tx: schedules.due(tx, tx.now + 5 * SECOND, 500),
        lambda tx: tx.hot.next_due(tx),
    ],
)
def test_the_work_does_not_grow_with_the_rows(filled: Database, work: Callable[[Transaction], object]) -> None:
    """Counted in instructions of SQLite's machine, so that no clock is asked."""
    ticks = 0

    def tick() -> int:
        nonlocal ticks
        ticks += 1
        return 0

    with suppress(TakenBack), filled.write() as tx:
        tx.driver.set_progress_handler(tick, 100)
        work(tx)
        tx.driver.set_progress_handler(None, 100)
        raise TakenBack
    assert ticks < 100
