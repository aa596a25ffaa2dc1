"""Work of workers that are gone is taken back; what was not begun in time ends."""

from itertools import chain, repeat
from typing import Any

import pytest

from rota.config import LeaseConfig
from rota.domain.execution import State
from rota.domain.outcome import Succeeded
from rota.domain.retry import OnLost, RetryPolicy
from rota.scheduler.rescuer import Rescuer
from rota.stores import control, workers

OTHER = "00000000-0000-7000-8000-00000000000b"


def test_a_silent_worker_is_convicted_and_its_work_goes_on_elsewhere(works: Any) -> None:
    id = works.enqueue()
    (old,) = works.claim()
    works.clock.advance("30s")
    assert works.rescuer.run_once() == 5
    assert works.state(id) is State.RUNNING
    works.clock.advance("1ms")
    works.rescuer.run_once()
    assert (works.state(id), works.attempts(id)) == (State.RETRYING, ["Lost"])
    assert works.database.reading(lambda tx: workers.get(tx, old.id)) is None
    works.register(OTHER)
    (new,) = works.claim(OTHER)
    assert (new.id, new.attempt) == (id, 2)
    assert new.token > old.token
    assert not works.settle(old, Succeeded("late"))
    assert works.settle(new, Succeeded("second"))
    assert (works.execution(id).result, works.attempts(id)) == ('"second"', ["Lost", "Succeeded"])
    assert works.telemetry.counters["rescued"] == 1


def test_a_worker_that_beats_keeps_its_work(works: Any) -> None:
    id = works.enqueue()
    (claim,) = works.claim()
    for _ in range(10):
        works.clock.advance("25s")
        works.database.writing(lambda tx: workers.beat(tx, "00000000-0000-7000-8000-00000000000a", 30_000_000))
        works.rescuer.run_once()
    assert works.settle(claim, Succeeded())
    assert works.attempts(id) == ["Succeeded"]


def test_attempts_used_up_is_failed_with_a_lost_attempt(works: Any) -> None:
    id = works.enqueue(retry=RetryPolicy(retries=1))
    for worker in ("00000000-0000-7000-8000-00000000000c", OTHER):
        works.register(worker)
        assert len(works.claim(worker)) == 1
        works.clock.advance("31s")
        works.rescuer.run_once()
    assert (works.state(id), works.attempts(id)) == (State.FAILED, ["Lost", "Lost"])
    assert works.execution(id).error == "the lease ran out"


def test_work_that_must_not_be_repeated_fails(works: Any) -> None:
    id = works.enqueue(on_lost=OnLost.FAIL)
    works.claim()
    works.clock.advance("31s")
    works.rescuer.run_once()
    assert (works.state(id), works.attempts(id)) == (State.FAILED, ["Lost"])


def test_work_that_was_being_cancelled_is_cancelled(works: Any) -> None:
    id = works.enqueue()
    works.claim()
    works.database.writing(lambda tx: control.request_cancellation(tx, [id], {"by": "ann"}))
    works.clock.advance("31s")
    works.rescuer.run_once()
    assert (works.state(id), works.attempts(id)) == (State.CANCELLED, ["Lost"])


@pytest.mark.parametrize("count", [1, 501])
def test_however_many_there_are(works: Any, count: int) -> None:
    ids = [works.enqueue() for _ in range(count)]
    while works.claim():
        pass
    works.clock.advance("31s")
    steps = 1
    while works.rescuer.run_once() <= 0:
        steps += 1
    assert {works.state(id) for id in ids} == {State.RETRYING}
    assert steps == 1 + count // 500


def test_what_was_not_begun_in_time_expires(works: Any) -> None:
    id = works.enqueue(latest_start=works.clock.now())
    works.rescuer.run_once()
    assert works.state(id) is State.PENDING
    works.clock.advance("1s")
    works.rescuer.run_once()
    record = works.execution(id)
    assert (record.state, record.reason) == (State.EXPIRED, "not begun before its latest start")


@pytest.mark.parametrize(("took", "rest"), [(0.0, 5.0), (2.0, 3.0), (9.0, 0.5)])
def test_steps_begin_r_apart_however_long_one_takes(works: Any, took: float, rest: float) -> None:
    times = chain([100.0], repeat(100.0 + took))
    rescuer = Rescuer(works.database, LeaseConfig(), works.telemetry, monotonic=lambda: next(times))
    assert rescuer.run_once() == rest
