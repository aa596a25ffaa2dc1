"""The same seeds on every store: what the journal tells is the same, and no invariant is broken."""

from dataclasses import replace

import pytest

from checker import check, told
from checker.journal import History
from rota.stores.database import Database
from rota.testing import ManualClock
from simulation.plan import Plan, draw_plan
from simulation.seeds import stores
from simulation.simulate import Simulation, alone
from stores_under_test.plugin import MakeStore

SEEDS = (1, 4, 8)
_OF_SQLITE = ("torn", "diskFull")
"""Faults that only one store can have."""


def shared(plan: Plan) -> Plan:
    """The plan without what is of one store alone: which of two schedules of one instant is first, for one."""
    calls = {kind: rate for kind, rate in plan.call_rates.items() if kind not in _OF_SQLITE}
    minutes = {kind: rate for kind, rate in plan.minute_rates.items() if kind not in _OF_SQLITE}
    return replace(plan, call_rates=calls, minute_rates=minutes, schedules=min(plan.schedules, 1))


def history_of(seed: int, database: Database, clock: ManualClock) -> History:
    with alone(seed):
        return Simulation(shared(draw_plan(seed)), database, clock).run()


def journal(history: History) -> list[tuple[object, ...]]:
    """What happened when, without numbers that each store gives out in its own way."""
    return sorted(
        (
            change.at,
            change.kind,
            change.execution_id or "",
            change.attempt or 0,
            change.state or "",
            change.worker_id or "",
        )
        for change in history.journal
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_a_seed_happens_alike_on_every_store(seed: int, make_store: MakeStore) -> None:
    with stores() as where, where.open() as (database, clock):
        on_sqlite = history_of(seed, database, clock)
    history = history_of(seed, *make_store())
    violations = check(history)
    assert not violations, told(history, violations)
    assert journal(history) == journal(on_sqlite)
    assert len(history.journal) > 20
