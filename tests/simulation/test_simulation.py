"""The real stores under simulated time and drawn faults: no seed breaks an invariant, and every broken store is caught."""

import os
from collections.abc import Iterator
from dataclasses import asdict

import pytest

from checker import told
from simulation.seeds import Stores, Verdict, bad_seeds, judge, judge_all, judge_beside, run, stores
from simulation.variants import BROKEN

FEW, MANY = 40, 2000
CAUGHT_WITHIN = 50


@pytest.fixture(scope="module")
def where() -> Iterator[Stores]:
    with stores() as made:
        yield made


def require_none_bad(verdicts: list[Verdict]) -> None:
    bad = [verdict for verdict in verdicts if verdict.text]
    assert not bad, f"{len(bad)} bad seeds: {[one.seed for one in bad][:20]}\n\n{bad[0].text}"


def tell(verdicts: list[Verdict]) -> None:
    print(
        f"{len(verdicts)} seeds, {sum(one.attempts for one in verdicts)} attempts,"
        f" {sum(one.faults for one in verdicts)} faults, {sum(one.events for one in verdicts)} events:"
        f" {sum(bool(one.text) for one in verdicts)} seeds break an invariant"
    )


def test_seeds_keep_every_invariant() -> None:
    first = int(os.environ.get("SIMULATION_SEED", "0"))
    verdicts = judge_all(range(first, first + FEW))
    tell(verdicts)
    require_none_bad(verdicts)
    assert sum(one.attempts for one in verdicts) > 10 * FEW, "hardly anything ran"
    assert sum(one.faults for one in verdicts) > 5 * FEW, "hardly anything went wrong"


def test_seeds_that_broke_something_once() -> None:
    require_none_bad(judge_all(bad_seeds()))


@pytest.mark.faults
@pytest.mark.timeout(1200)
def test_many_seeds_keep_every_invariant() -> None:
    verdicts = judge_beside(range(MANY), processes=2)
    tell(verdicts)
    require_none_bad(verdicts)


@pytest.mark.parametrize("variant", BROKEN)
def test_a_broken_store_is_caught(variant: str, where: Stores) -> None:
    for seed in range(CAUGHT_WITHIN):
        verdict = judge(seed, where, variant)
        if verdict.text:
            print(f"{variant} ({BROKEN[variant].says}): seed {seed} breaks {', '.join(verdict.invariants)}")
            return
    pytest.fail(f"{BROKEN[variant].says}: nobody noticed within {CAUGHT_WITHIN} seeds")


def test_a_seed_is_the_same_each_time(where: Stores) -> None:
    for seed in (3, 6, 11):
        first, again = run(seed, where)[0], run(seed, where)[0]
        assert [asdict(one) for one in first.journal] == [asdict(one) for one in again.journal]
        assert [asdict(one) for one in first.requests] == [asdict(one) for one in again.requests]
        assert len(first.journal) > 20


def test_a_bad_seed_tells_its_story_and_how_to_see_it_again(where: Stores) -> None:
    history, violations = run(0, where, "tellsBeforeCommit")
    text = told(history, violations)
    assert "what happened to" in text
    assert "again: PYTHONPATH=tests python -m simulation --seed 0" in text
