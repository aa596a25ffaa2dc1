"""What jobs and a store that is away may do to a worker, and what they may not."""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from typing import Any

import pytest

from rota.domain.execution import AttemptState, State
from rota.executors.base import Context
from rota.stores import executions
from rota.stores.base import Offer
from rota.stores.database import Database

Start = Callable[..., Any]
Eventually = Callable[..., None]


def test_a_job_that_interrupts_ends_itself_alone(start: Start, eventually: Eventually) -> None:
    def interrupts(context: Context) -> None:
        raise KeyboardInterrupt

    engine = start({"interrupts": interrupts, "works": lambda context: 1})
    bad, good = engine.enqueue("interrupts", "works")
    eventually(lambda: engine.state(good) is State.SUCCEEDED and engine.attempts(bad)[0].state is AttemptState.FAILED)
    assert len(engine.made) == 1


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_job_that_stops_the_event_loop_does_not_end_the_engine(start: Start, eventually: Eventually) -> None:
    ran: list[int] = []

    async def stops_the_loop(context: Context) -> None:
        ran.append(context.claim.attempt)
        if len(ran) == 1:
            asyncio.get_running_loop().stop()
            await asyncio.sleep(60)

    engine = start({"stops": stops_the_loop})
    (id,) = engine.enqueue("stops")
    eventually(lambda: engine.rescuer.run_once() and engine.state(id) is State.SUCCEEDED)
    assert ran == [1, 2]
    first, second = (attempt.state for attempt in engine.attempts(id))
    assert first in (AttemptState.LOST, AttemptState.FAILED)
    assert second is AttemptState.SUCCEEDED
    assert engine.thread.alive


def test_a_claim_that_never_reached_its_worker_is_handed_back(
    start: Start, eventually: Eventually, short_lease: dict[str, float], database: Database
) -> None:
    engine = start({"works": lambda context: context.claim.attempt}, lease=short_lease)
    eventually(lambda: engine.worker().state == "Alive")
    with database.write() as tx:  # as if the answer to a claim of this worker had been lost behind its commit
        (id,) = executions.enqueue(tx, [engine.new("works")])
        tx.topics.clear()
        executions.claim(tx, Offer(engine.made[0].identity.id, 1, engine.config.lease.duration))
    eventually(lambda: engine.state(id) is State.SUCCEEDED)
    ended = engine.attempts(id)
    assert [attempt.state for attempt in ended] == [AttemptState.CANCELLED, AttemptState.SUCCEEDED]
    assert [attempt.number for attempt in ended] == [1, 1]
    assert ended[0].error == "the claim never reached its worker"


def test_work_is_stopped_when_the_trust_is_over_though_the_store_is_away(
    start: Start, eventually: Eventually, short_lease: dict[str, float], database: Database
) -> None:
    stopped: list[float] = []
    begun: list[float] = []

    async def works(context: Context) -> str:
        begun.append(time.monotonic())
        if context.claim.attempt > 1:
            return "done"
        try:
            await asyncio.sleep(60)
        finally:
            stopped.append(time.monotonic())
        return "late"

    engine = start({"works": works}, lease=short_lease)
    (id,) = engine.enqueue("works")
    eventually(lambda: bool(begun))
    blocker = sqlite3.connect(str(database.url.database), isolation_level=None, check_same_thread=False)
    blocker.execute("BEGIN IMMEDIATE")
    try:
        eventually(lambda: bool(stopped))
        assert len(begun) == 1
    finally:
        blocker.execute("ROLLBACK")
        blocker.close()
    eventually(lambda: engine.rescuer.run_once() and engine.state(id) is State.SUCCEEDED)
    assert [attempt.state for attempt in engine.attempts(id)] == [AttemptState.LOST, AttemptState.SUCCEEDED]
    assert begun[1] > stopped[0]
