"""What a worker's lease stands, what it does not, and that nothing of a lost one is accepted."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rota.config import LeaseConfig
from rota.domain.execution import AttemptState, State
from rota.domain.outcome import Succeeded
from rota.domain.retry import OnLost
from rota.domain.transition import decide
from rota.engine.direct import DirectWork
from rota.engine.heartbeat import Heartbeat
from rota.engine.work_source import Exchange
from rota.executors.base import Context
from rota.stores import executions, leases, workers
from rota.stores.database import Database
from rota.stores.identity import new_id

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")


def guards() -> set[int]:
    """The guards that this process has started."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == os.getpid() and b"rota.engine.guard" in (folder / "cmdline").read_bytes():
                found.add(int(folder.name))
        except OSError:
            continue
    return found


def test_a_blocked_loop_does_not_cost_the_lease(
    start: Callable[..., Any],
    eventually: Callable[..., None],
    short_lease: dict[str, float],
    block: Callable[[float], None],
) -> None:
    """Not even when the very first thing that a job does is to block it, for longer than the guard waits by itself."""
    begun: list[float] = []

    async def blocking(context: Context) -> str:
        begun.append(time.monotonic())
        block(2.6 * short_lease["seconds"])
        return "done"

    engine = start({"block": blocking}, lease=short_lease)
    (id,) = engine.enqueue("block")
    eventually(lambda: engine.rescuer.run_once() and engine.state(id) is State.SUCCEEDED)
    assert [a.state for a in engine.attempts(id)] == [AttemptState.SUCCEEDED]
    assert (len(begun), len(engine.made)) == (1, 1)
    assert engine.worker().state == "Alive"


def test_what_the_guard_said_while_the_loop_was_blocked_counts_at_once(
    database: Database, short_lease: dict[str, float], block: Callable[[float], None], eventually: Callable[..., None]
) -> None:
    lease = LeaseConfig(**short_lease)
    worker = new_id(database.clock.now())

    async def scenario() -> None:
        new = workers.NewWorker(worker, "w", 1, "database")
        heartbeat = Heartbeat({"url": database.driver_url}, worker, lease, lambda: 0.0, lambda: None, lambda: None)
        registered = time.monotonic()
        database.writing(lambda tx: workers.register(tx, new, lease.duration))
        heartbeat.start(registered)
        try:
            block(1.4 * lease.seconds)
            assert heartbeat.trusts()
        finally:
            heartbeat.stop()

    asyncio.run(scenario())


def test_a_beat_that_is_answered_when_the_trust_is_over_brings_it_not_back(database: Database) -> None:
    """All work was told to end, and the guard beats no more: what was taken up now would be lost a little later."""
    lease = LeaseConfig(seconds=2, heartbeat_seconds=0.6, margin_seconds=0.4, reaper_seconds=0.1)

    async def scenario() -> tuple[float, bool]:
        worker = new_id(database.clock.now())
        new = workers.NewWorker(worker, "w", 1, "database")
        answered, over = asyncio.Event(), asyncio.Event()
        heartbeat = Heartbeat({"url": database.driver_url}, worker, lease, lambda: 0.0, answered.set, over.set)
        registered = time.monotonic()
        database.writing(lambda tx: workers.register(tx, new, lease.duration))
        heartbeat.start(registered)
        try:
            await asyncio.wait_for(answered.wait(), 20)
            with database.write():  # the one writer: the next beat waits for it
                await asyncio.wait_for(over.wait(), 20)
                answered.clear()
            await asyncio.wait_for(answered.wait(), 20)
            return heartbeat.trusted_until - time.monotonic(), heartbeat.trusts()
        finally:
            heartbeat.stop()

    for _ in range(5):  # on a busy machine the answer may be so late that it shows nothing
        left, trusts = asyncio.run(scenario())
        assert not trusts
        if left > 0:
            return
    pytest.fail("no beat was answered in time to show anything")


def test_a_convicted_worker_stops_its_work_and_comes_back_as_another(
    start: Callable[..., Any], eventually: Callable[..., None], short_lease: dict[str, float], gate: Any
) -> None:
    tokens: list[int] = []

    async def long(context: Context) -> int:
        tokens.append(context.claim.token)
        if context.claim.attempt == 1:
            await gate.wait()
        return context.claim.attempt

    engine = start({"long": long}, lease=short_lease)
    (id,) = engine.enqueue("long")
    eventually(lambda: gate.came == 1)
    (claim, _) = engine.database.writing(lambda tx: leases.held(tx, id, tokens[0]))
    engine.convict()
    eventually(lambda: engine.state(id) is State.SUCCEEDED)
    assert gate.stopped == 1
    assert (engine.get(id).result, len(engine.made)) == ("2", 2)
    assert [(a.number, a.state.value, a.worker_id) for a in engine.attempts(id)] == [
        (1, "Lost", engine.made[0].identity.id),
        (2, "Succeeded", engine.made[1].identity.id),
    ]
    late = decide(claim, Succeeded("late"), engine.database.clock.now())
    assert engine.database.writing(lambda tx: executions.settle(tx, [late])) == set()
    assert (engine.worker(0).state, engine.worker(1).state) == ("Dead", "Alive")
    assert engine.executors[0].closed


def test_the_outcome_of_a_convicted_worker_is_refused(
    start: Callable[..., Any], eventually: Callable[..., None], gate: Any
) -> None:
    """The worker has not heard of its conviction yet when its work ends."""
    engine = start({"wait": gate.wait})
    (id,) = engine.enqueue("wait", on_lost=OnLost.FAIL)
    eventually(lambda: gate.came == 1)
    engine.convict()
    gate.open()
    eventually(lambda: engine.telemetry.counters.get("refused"))
    assert [a.state for a in engine.attempts(id)] == [AttemptState.LOST]
    assert (engine.state(id), engine.get(id).result) == (State.FAILED, None)


def test_work_that_comes_when_the_trust_is_over_is_not_begun(
    start: Callable[..., Any],
    eventually: Callable[..., None],
    short_lease: dict[str, float],
    database: Database,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The answer to a claim stays away until the worker was convicted and has heard of it."""
    began: list[tuple[str, int]] = []

    def works(context: Context) -> None:
        began.append((engine.made[-1].identity.id, context.claim.attempt))

    class Late(DirectWork):
        def exchange(self, ended: Any, notes: Any, offer: Any, held: Any) -> Exchange:
            answer = super().exchange(ended, notes, offer, held)
            if answer.claims and len(engine.made) == 1:
                engine.convict()
                eventually(lambda: "lost its lease" in caplog.text)
            return answer

    engine = start({"works": works}, source=lambda: Late(database, LeaseConfig(**short_lease)), lease=short_lease)
    (id,) = engine.enqueue("works")
    eventually(lambda: engine.state(id) is State.SUCCEEDED)
    assert began == [(engine.made[1].identity.id, 2)]
    assert [attempt.state for attempt in engine.attempts(id)] == [AttemptState.LOST, AttemptState.SUCCEEDED]


def test_a_guard_that_was_killed_is_replaced(
    start: Callable[..., Any], eventually: Callable[..., None], short_lease: dict[str, float], gate: Any
) -> None:
    engine = start({"wait": gate.wait}, lease=short_lease)
    (id,) = engine.enqueue("wait")
    eventually(lambda: gate.came == 1)
    for _ in range(3):
        (guard,) = guards()
        os.kill(guard, signal.SIGKILL)
        eventually(lambda guard=guard: guards() not in (set(), {guard}))
    beaten = engine.worker().heartbeat_at
    eventually(lambda: engine.worker().heartbeat_at > beaten)
    gate.open()
    eventually(lambda: engine.state(id) is State.SUCCEEDED)
    assert (len(engine.made), engine.get(id).attempt) == (1, 1)


def test_no_guard_outlives_its_worker(start: Callable[..., Any], eventually: Callable[..., None]) -> None:
    engine = start({})
    assert len(guards()) == 1
    engine.stop()
    assert guards() == set()
