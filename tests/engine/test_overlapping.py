"""Two exchanges at once: what a worker with many slots does so that it and the store work at the same time."""

import asyncio
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import func, select

from rota.config import LeaseConfig
from rota.domain.errors import Unavailable
from rota.domain.execution import AttemptState, NewExecution, State
from rota.domain.instant import SECOND
from rota.engine.direct import DirectWork
from rota.engine.work_source import Exchange
from rota.executors.base import Context
from rota.stores import executions, history
from rota.stores.database import Database
from rota.stores.tables import logs

MANY = 2_400
SLOTS = {"engine": {"max_concurrent_jobs": 1_500, "poll_seconds": 0.5}}


class Watched(DirectWork):
    """Notes of every exchange when it was under way, and whether it had to be alone."""

    def __init__(self, database: Database, lease: LeaseConfig) -> None:
        super().__init__(database, lease)
        self.at_once = 2  # also where one writer makes it pointless
        self.spans: list[tuple[float, float, bool]] = []
        self._lock = threading.Lock()

    def exchange(self, ended: Any, notes: Any, offer: Any, held: Any) -> Exchange:
        began = time.monotonic()
        try:
            return self.answer(ended, notes, offer, held)
        finally:
            with self._lock:
                self.spans.append((began, time.monotonic(), held is not None or bool(notes)))

    def answer(self, ended: Any, notes: Any, offer: Any, held: Any) -> Exchange:
        return super().exchange(ended, notes, offer, held)

    def beside(self) -> list[tuple[bool, bool]]:
        """Of each two exchanges that were under way at the same time, which had to be alone."""
        spans = sorted(self.spans)
        return [
            (first[2], second[2])
            for number, first in enumerate(spans)
            for second in spans[number + 1 :]
            if second[0] < first[1]
        ]


class HeldUp(Watched):
    """The first exchange after a claim that may have another beside it waits for `go_on`."""

    def __init__(self, database: Database, lease: LeaseConfig) -> None:
        super().__init__(database, lease)
        self.waits, self.go_on = threading.Event(), threading.Event()
        self._claimed = False

    def answer(self, ended: Any, notes: Any, offer: Any, held: Any) -> Exchange:
        if self._claimed and held is None and not notes and not self.waits.is_set():
            self.waits.set()
            assert self.go_on.wait(60)
        found = super().answer(ended, notes, offer, held)
        self._claimed = self._claimed or bool(found.claims)
        return found


def states(database: Database) -> Counter[State]:
    found = database.reading(lambda tx: history.page(tx, history.Filter(), before=None, limit=MANY + 1))
    return Counter(one.state for one in found)


@pytest.mark.stores("postgres", "mariadb")
def test_while_one_exchange_is_held_up_another_settles_and_claims(
    each_store: Database, start: Callable[..., Any], eventually: Callable[..., None]
) -> None:
    source = HeldUp(each_store, LeaseConfig())
    ran: list[str] = []
    jobs = {"note": lambda context: ran.append(context.claim.id)}
    engine = start(jobs, store=each_store, source=lambda: source, **SLOTS)
    engine.enqueue(*["note"] * MANY)
    eventually(lambda: len(ran) >= 1_500)
    assert source.waits.is_set()
    source.go_on.set()
    eventually(lambda: states(each_store) == {State.SUCCEEDED: MANY})
    assert len(set(ran)) == len(ran) == MANY
    assert source.beside()


@pytest.mark.stores("sqlite", "postgres")
def test_what_is_said_and_what_is_in_hand_is_told_alone(
    each_store: Database, start: Callable[..., Any], eventually: Callable[..., None]
) -> None:
    """Lines that were still on their way when their attempt was settled would be refused; so would unheard-of claims."""

    async def talks(context: Context) -> None:
        for number in range(3):
            context.log(f"line {number}", "log")
            await asyncio.sleep(random.uniform(0, 0.05))

    lease = {"seconds": 3, "heartbeat_seconds": 0.2, "margin_seconds": 0.3, "reaper_seconds": 0.5}
    source = Watched(each_store, LeaseConfig(**lease))
    engine = start({"talk": talks}, store=each_store, source=lambda: source, lease=lease, **SLOTS)
    ids = engine.enqueue(*["talk"] * MANY)
    eventually(lambda: states(each_store) == {State.SUCCEEDED: MANY})
    assert [pair for pair in source.beside() if True in pair] == []
    assert [len(engine.attempts(id)) for id in ids[::40]] == [1] * len(ids[::40])
    said = each_store.reading(lambda tx: tx.connection.scalar(select(func.count()).select_from(logs)))
    assert said == 3 * MANY


@pytest.mark.stores("sqlite", "postgres")
def test_exchanges_that_fail_at_random_lose_nothing(
    each_store: Database, start: Callable[..., Any], eventually: Callable[..., None]
) -> None:
    """Some before they reach the store, some with their answers."""

    class Unreliable(Watched):
        def answer(self, ended: Any, notes: Any, offer: Any, held: Any) -> Exchange:
            fails = chance.random()
            if fails < 0.15:
                raise Unavailable("it did not get there")
            found = super().answer(ended, notes, offer, held)
            if fails > 0.85:
                raise Unavailable("its answer got lost")
            return found

    chance = random.Random(7)
    lease = {"seconds": 3, "heartbeat_seconds": 0.2, "margin_seconds": 0.3, "reaper_seconds": 0.5}
    source = Unreliable(each_store, LeaseConfig(**lease))
    ran: Counter[str] = Counter()
    jobs = {"note": lambda context: ran.update([context.claim.id])}
    engine = start(jobs, store=each_store, source=lambda: source, lease=lease, **SLOTS)
    ids = engine.enqueue(*["note"] * MANY)
    eventually(lambda: states(each_store) == {State.SUCCEEDED: MANY}, within=60)
    assert ran == Counter(ids)
    assert len(engine.made) == 1


def test_a_mistake_in_the_second_exchange_is_not_passed_over(
    start: Callable[..., Any], eventually: Callable[..., None], database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    class Mistaken(HeldUp):
        def answer(self, ended: Any, notes: Any, offer: Any, held: Any) -> Exchange:
            if self.waits.is_set() and not self.go_on.is_set():
                self.go_on.set()
                raise ZeroDivisionError("a mistake")
            return super().answer(ended, notes, offer, held)

    sources = iter([Mistaken(database, LeaseConfig()), DirectWork(database, LeaseConfig())])
    engine = start({"idle": lambda context: None}, source=lambda: next(sources), **SLOTS)
    engine.enqueue(*["idle"] * MANY)
    eventually(lambda: engine.rescuer.run_once() and states(database) == {State.SUCCEEDED: MANY})
    assert "a mistake" in caplog.text
    assert len(engine.made) == 2


@pytest.mark.stores("postgres")
def test_a_job_that_the_second_exchange_brought_may_block_the_loop(
    each_store: Database,
    start: Callable[..., Any],
    eventually: Callable[..., None],
    short_lease: dict[str, float],
    block: Callable[[float], None],
) -> None:
    """The guard hears of its timeout before its first step: all that it knew of before was over sooner."""

    async def blocking(context: Context) -> str:
        block(9)
        source.go_on.set()
        return "done"

    source = HeldUp(each_store, LeaseConfig(**short_lease))
    jobs = {"block": blocking, "idle": lambda context: None}
    engine = start(jobs, store=each_store, source=lambda: source, lease=short_lease, **SLOTS)
    batch = [*([NewExecution("idle", timeout=SECOND // 10)] * 500), NewExecution("block", timeout=3600 * SECOND)]
    *_, id = each_store.writing(lambda tx: executions.enqueue(tx, batch))
    eventually(lambda: engine.rescuer.run_once() and engine.state(id) is State.SUCCEEDED)
    assert ([a.state for a in engine.attempts(id)], len(engine.made)) == ([AttemptState.SUCCEEDED], 1)


def test_what_arrives_after_all_was_handed_back_is_handed_back_too(
    start: Callable[..., Any], eventually: Callable[..., None], database: Database, gate: Any
) -> None:
    class Late(DirectWork):
        def exchange(self, ended: Any, notes: Any, offer: Any, held: Any) -> Exchange:
            found = super().exchange(ended, notes, offer, held)
            if found.claims and not waits.is_set():
                waits.set()
                assert go_on.wait(60)
            return found

    waits, go_on = threading.Event(), threading.Event()
    engine = start({"wait": gate.wait}, source=lambda: Late(database, LeaseConfig()))
    (id,) = engine.enqueue("wait")
    eventually(waits.is_set)
    engine.thread.stop(now=True)
    eventually(lambda: engine.made[0]._draining)
    go_on.set()
    engine.thread.join()
    assert engine.state(id) is State.PENDING
    assert [attempt.state for attempt in engine.attempts(id)] == [AttemptState.CANCELLED]
