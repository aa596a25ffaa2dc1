"""On PostgreSQL too, the statements on the path of every execution read what they need, however many rows there are.

The live table changes faster than its statistics, so each is looked at three times: on tables that nobody has analysed
since they were made, on analysed ones, and on such as were vacuumed when nearly all of their rows were gone, as in a quiet
night before a busy morning: the planner takes their pages for empty and every scan for free. The server itself tells what
it read, as it runs (auto_explain, which comes with Debian's PostgreSQL and not with every other).
"""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from rota.domain.execution import TERMINAL, NewExecution, State
from rota.domain.instant import HOUR, SECOND
from rota.domain.outcome import Succeeded
from rota.domain.transition import decide
from rota.stores import control, executions, history, leases, reports, schedules, views, workers
from rota.stores.base import Offer
from rota.stores.database import Database, Transaction
from stores_under_test.filling import WORKER, claim_under_limits, fill, settle_three
from stores_under_test.plugin import Servers

pytestmark = pytest.mark.stores("postgres")

ROWS = 10_000
"""Of executions in every state, of schedules, and of finished executions."""
FEW = 200
"""More than any of these questions needs to read of a table, and far less than there is."""
BIG = ("executions", "history", "schedules", "attempts", "events", "logs", "occurrences")


class TakenBack(Exception):
    """Rolls a transaction back."""


def scans(database: Database, work: Callable[[Transaction], object]) -> list[dict[str, Any]]:
    """Every access to a table in what `work` runs, as it was executed. Nothing it does is kept."""
    plans: list[Any] = []
    with suppress(TakenBack), database.write() as tx:
        tx.driver.execute("LOAD 'auto_explain'")
        for setting in ("min_duration = 0", "analyze = on", "timing = off", "format = json", "level = notice"):
            tx.driver.execute(f"SET LOCAL auto_explain.log_{setting}")
        tx.driver.add_notice_handler(lambda said: plans.append(json.loads(said.message_primary.partition("plan:")[2])))
        work(tx)
        raise TakenBack
    assert plans
    return [node for plan in plans for node in nodes(plan["Plan"]) if "Relation Name" in node]


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A plan and all below it."""
    yield plan
    for below in plan.get("Plans", ()):
        yield from nodes({**below, "In": plan["Node Type"]})


def read(node: dict[str, Any]) -> float:
    """How many rows it looked at."""
    removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return float((node.get("Actual Rows", 0) + removed) * node.get("Actual Loops", 1))


def greedy(found: list[dict[str, Any]]) -> list[str]:
    """The accesses that read more than they need, in words."""
    names = ("Node Type", "Relation Name", "Index Name", "Index Cond", "Filter", "Actual Rows", "Actual Loops", "In")
    return [
        f"{read(node):g}: " + ", ".join(f"{name} {node[name]}" for name in names if name in node)
        for node in found
        if read(node) > FEW
    ]


@pytest.fixture(params=["never analysed", "analysed", "vacuumed empty"], scope="module")
def filled(
    request: pytest.FixtureRequest, store_kind: str, store_servers: Servers, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    """A store with ROWS of each."""
    server = store_servers.get(store_kind, tmp_path_factory)
    url = server.new()
    database = Database(url)
    with database.write() as tx:
        for table in BIG:
            tx.execute(text(f"ALTER TABLE {table} SET (autovacuum_enabled = off)"))
    if request.param == "vacuumed empty":
        fill(database, ROWS)
        _empty(database, url)
    fill(database, ROWS)
    if request.param == "analysed":
        with database.write() as tx:
            tx.execute(text(f"ANALYZE {', '.join(BIG)}"))
    yield database
    database.close()
    server.give_back(url)


def _empty(database: Database, url: str) -> None:
    """Leave the last row of each, so that no page is given back, and tell the planner of it."""
    with database.write() as tx:
        tx.execute(text("DELETE FROM workers"))
        tx.execute(text("UPDATE jobs SET name = 'of before'"))
        for table in BIG:
            tx.execute(text(f"DELETE FROM {table} WHERE ctid <> (SELECT max(ctid) FROM {table})"))
    with psycopg.connect(url, autocommit=True) as maintenance:
        maintenance.execute(f"VACUUM ANALYZE {', '.join(BIG)}")


@pytest.mark.parametrize(
    "offer",
    [
        {},
        {"queues": ["default", "b"]},
        {"kinds": ["script"], "functions": ["echo"]},
        {"oldest_first": True},
        {"queues": ["default", "b"], "kinds": ["script"], "functions": ["echo"], "oldest_first": True},
    ],
)
def test_a_claim_reads_what_it_takes(filled: Database, offer: dict[str, Any]) -> None:
    claimed: list[object] = []
    found = scans(filled, lambda tx: claimed.extend(executions.claim(tx, Offer(WORKER, 10, HOUR, **offer))))
    assert len(claimed) == 10
    assert greedy(found) == []


def test_a_claim_under_limits_reads_few(filled: Database) -> None:
    assert greedy(scans(filled, claim_under_limits)) == []


def test_settling_goes_by_keys(filled: Database) -> None:
    assert greedy(scans(filled, settle_three)) == []


def test_settling_what_is_over_goes_by_keys(filled: Database) -> None:
    def settle(tx: Transaction) -> None:
        claims = executions.claim(tx, Offer(WORKER, 3, HOUR))
        assert len(executions.settle(tx, [decide(claim, Succeeded(1), tx.now) for claim in claims])) == 3

    assert greedy(scans(filled, settle)) == []


def test_a_step_of_the_ticker_goes_by_keys(filled: Database) -> None:
    def step(tx: Transaction) -> None:
        found = schedules.due(tx, tx.now + HOUR, 3)
        assert len(schedules.hold(tx, found)) == len(schedules.unchanged(tx, found)) == 3
        rows = [(one.id, one.revision, one.cursor_at, tx.now, tx.now, tx.now, 1, "Enabled") for one in found]
        assert schedules.advance(tx, rows)

    assert greedy(scans(filled, step)) == []


def test_cancelling_goes_by_keys(filled: Database) -> None:
    def cancel(tx: Transaction) -> None:
        running = [claim.id for claim in executions.claim(tx, Offer(WORKER, 2, HOUR))]
        waiting = executions.enqueue(tx, [NewExecution("echo")] * 2)
        assert len(control.request_cancellation(tx, running + waiting, {})) == 4

    assert greedy(scans(filled, cancel)) == []


@pytest.mark.parametrize(
    "work",
    [
        lambda tx: tx.hot.look(tx, WORKER, ()),
        lambda tx: tx.hot.next_due(tx),
        lambda tx: leases.cancelling(tx, WORKER),
        lambda tx: leases.holdings(tx, WORKER),
        lambda tx: leases.held_among(tx, WORKER, [WORKER]),
        lambda tx: leases.settled_among(tx, WORKER, [(WORKER, 1)]),
        lambda tx: leases.unheard_of(tx, WORKER, {}, HOUR),
        lambda tx: leases.confirm(tx, WORKER, {}, HOUR),
        lambda tx: leases.extend(tx, WORKER, 1, HOUR),
        lambda tx: leases.without_lease(tx, 50),
        lambda tx: leases.overdue(tx, 50),
        lambda tx: workers.convict(tx),
        lambda tx: schedules.due(tx, tx.now + HOUR, 50),
        lambda tx: schedules.next_due_at(tx, probed=False),
        lambda tx: schedules.next_due_at(tx, probed=True),
        lambda tx: control.live_of(tx, job_id=WORKER),
        lambda tx: control.live_by_overlap(tx, [WORKER], []),
        lambda tx: control.live_by_overlap(tx, [], ["overlap:a"]),
        lambda tx: control.too_late(tx, 50),
        lambda tx: history.page(tx, history.Filter(), before="019", limit=50),
        lambda tx: history.page(tx, history.Filter(states=TERMINAL), before=None, limit=5),
        lambda tx: views.newest_runs(tx, [WORKER], 20),
        lambda tx: views.ended_runs(tx, 0, tx.now, 50, None, [State.FAILED]),
        lambda tx: views.overdue(tx, tx.now, 20),
        lambda tx: reports.upcoming(tx, tx.now + HOUR, 20),
        lambda tx: schedules.due(tx, tx.now + 5 * SECOND, 50),
    ],
)
def test_each_question_reads_few(filled: Database, work: Callable[[Transaction], object]) -> None:
    assert greedy(scans(filled, work)) == []
