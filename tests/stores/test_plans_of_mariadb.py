"""On MariaDB too, the statements on the path of every execution use their indexes, however many rows there are."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import text

from rota.domain.instant import HOUR, SECOND
from rota.stores import control, executions, history, leases, schedules, workers
from rota.stores.base import Offer
from rota.stores.database import Database, Transaction
from stores_under_test.filling import WORKER, claim_under_limits, fill, settle_three
from stores_under_test.plugin import Servers

pytestmark = pytest.mark.stores("mariadb")

BIG = {"executions", "history", "schedules", "attempts", "events", "logs", "occurrences"}
NAMES = {"e": "executions", "s": "schedules"}
Plans = dict[str, list[dict[str, Any]]]


class TakenBack(Exception):
    """Rolls a transaction back."""


def explained(database: Database, work: Callable[[Transaction], object]) -> Plans:
    """The accesses to tables in the plan of each statement that `work` runs. Nothing it does is kept."""
    plans: Plans = {}
    ran: list[str] = []
    with suppress(TakenBack), database.write() as tx:
        send = tx.driver.query

        def noting(sql: str | bytes, unbuffered: bool = False) -> Any:
            ran.append(sql if isinstance(sql, str) else sql.decode())
            return send(sql, unbuffered)

        tx.driver.query = noting
        try:
            work(tx)
        finally:
            del tx.driver.query
        with tx.driver.cursor() as cursor:
            for statement in ran:
                if statement.split()[0] in ("SELECT", "UPDATE", "DELETE"):
                    cursor.execute(f"EXPLAIN FORMAT=JSON {statement}")
                    plans[" ".join(statement.split())] = list(accesses(json.loads(cursor.fetchone()[0])))
        raise TakenBack
    assert plans
    return plans


def accesses(plan: Any, sorted_by: str = "") -> Iterator[dict[str, Any]]:
    """Each table that a plan reads, with `sort` where its rows are sorted afterwards."""
    if isinstance(plan, list):
        for part in plan:
            yield from accesses(part, sorted_by)
    elif isinstance(plan, dict):
        for name, part in plan.items():
            if name == "table":
                yield {**part, "sort": sorted_by}
            if isinstance(part, dict | list):
                yield from accesses(part, name if name in ("filesort", "temporary_table") else sorted_by)


def whole_tables(plans: Plans) -> list[str]:
    """The big tables that are read from end to end."""
    read = [access for plan in plans.values() for access in plan]
    tables = [
        NAMES.get(one.get("table_name", ""), one.get("table_name", ""))
        for one in read
        if one.get("access_type") in ("ALL", "index") and "key" not in one
    ]
    return [table for table in tables if table in BIG]


def keys(plans: Plans) -> set[str]:
    return {access["key"] for plan in plans.values() for access in plan if "key" in access}


@pytest.fixture(params=[1_000, 10_000], scope="module")
def filled(
    request: pytest.FixtureRequest, store_kind: str, store_servers: Servers, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """A store with that many executions in every state, and as many schedules and finished executions."""
    server = store_servers.get(store_kind, tmp_path_factory)
    url = server.new()
    database = Database(url)
    fill(database, request.param)
    with database.write() as tx:
        tx.execute(text(f"ANALYZE TABLE {', '.join(sorted(BIG))}")).all()
        tx.driver.begin()
    yield database
    database.close()
    server.give_back(url)


@pytest.mark.parametrize(
    ("offer", "index"),
    [
        ({}, "ix_executions_claimable"),
        ({"queues": ["default", "b"]}, "ix_executions_claimable"),
        ({"kinds": ["script"], "functions": ["echo"]}, "ix_executions_claimable"),
        ({"oldest_first": True}, "ix_executions_later"),
    ],
)
def test_the_claim_walks_its_index_in_order(filled: Database, offer: dict[str, Any], index: str) -> None:
    plans = explained(filled, lambda tx: executions.claim(tx, Offer(WORKER, 10, HOUR, **offer)))
    assert whole_tables(plans) == []
    (claim,) = [plan for sql, plan in plans.items() if sql.endswith("SKIP LOCKED")]
    assert [(access["key"], access["sort"]) for access in claim] == [(index, "")]


def test_the_claim_under_limits_reads_no_whole_table(filled: Database) -> None:
    assert whole_tables(explained(filled, claim_under_limits)) == []


@pytest.mark.parametrize(
    ("work", "index"),
    [
        (lambda tx: tx.hot.promote(tx), "ix_executions_later"),
        (lambda tx: tx.hot.next_due(tx), "ix_executions_later"),
        (lambda tx: tx.hot.governed(tx), "ix_executions_governed"),
        (lambda tx: schedules.due(tx, tx.now + 5 * SECOND, 500), "ix_schedules_due"),
        (lambda tx: schedules.next_due_at(tx), "ix_schedules_due"),
        (lambda tx: schedules.next_due_at(tx, probed=True), "ix_schedules_probed"),
        (lambda tx: control.live_by_overlap(tx, [WORKER], []), "ix_executions_schedule"),
        (lambda tx: control.live_by_overlap(tx, [], ["overlap:a"]), "ix_executions_lane"),
        (lambda tx: control.live_of(tx, job_id=WORKER), "ix_executions_job"),
        (lambda tx: control.too_late(tx, 500), "ix_executions_latest"),
        (lambda tx: history.page(tx, history.Filter(job_id=WORKER), before="020", limit=50), "ix_history_job"),
        (lambda tx: history.page(tx, history.Filter(), before="020", limit=50), "PRIMARY"),
    ],
)
def test_each_question_has_its_index(filled: Database, work: Callable[[Transaction], object], index: str) -> None:
    plans = explained(filled, work)
    assert whole_tables(plans) == []
    assert index in keys(plans)


@pytest.mark.parametrize(
    "work",
    [
        lambda tx: leases.cancelling(tx, WORKER),
        lambda tx: leases.holdings(tx, WORKER),
        lambda tx: leases.without_lease(tx, 500),
        lambda tx: leases.overdue(tx, 500),
        lambda tx: leases.unheard_of(tx, WORKER, {}, HOUR),
        lambda tx: leases.confirm(tx, WORKER, {}, HOUR),
        lambda tx: workers.convict(tx),
        lambda tx: control.hold(tx, WORKER),
    ],
)
def test_no_question_reads_a_whole_table(filled: Database, work: Callable[[Transaction], object]) -> None:
    assert whole_tables(explained(filled, work)) == []


def test_settling_goes_by_keys(filled: Database) -> None:
    assert whole_tables(explained(filled, settle_three)) == []
