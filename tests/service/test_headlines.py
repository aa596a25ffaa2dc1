"""Every gate of `rota why`, provoked for real: the first that is shut is the headline, and it is the one that is in the way."""

from collections.abc import Callable
from typing import Any

import pytest

from rota.domain.instant import DAY, HOUR, format_instant
from rota.domain.outcome import Failed
from rota.domain.transition import decide
from rota.scheduler.ticker import Ticker
from rota.service import (
    calendars,
    explain_execution,
    freezes,
    job_control,
    jobs,
    queues,
    schedule_exceptions,
)
from rota.service import executions as service
from rota.service.context import ServiceContext
from rota.service.explain import Explanation, why
from rota.service.job_control import Order
from rota.stores import coordinators, executions, history, workers
from rota.stores.base import Offer
from rota.stores.identity import new_id
from rota.stores.workers import NewWorker
from rota.telemetry import Telemetry
from rota.testing.clock import ManualClock

ECHO: dict[str, Any] = {"name": "echo", "jobType": "echo"}


class Scene:
    """A store with a worker, to which something is about to happen."""

    def __init__(self, ctx: ServiceContext, clock: ManualClock) -> None:
        self.ctx = ctx
        self.clock = clock
        self.worker = self.register(4)

    def register(self, capacity: int, types: list[str] | None = None) -> str:
        with self.ctx.write() as tx:
            id = new_id(tx.now)
            workers.register(tx, NewWorker(id, "w", capacity, "http", types=types), 30 * DAY)
        return id

    def job(self, **fields: Any) -> str:
        return jobs.create(self.ctx, ECHO | fields).record.id

    def trigger(self, id: str, times: int = 1) -> None:
        for _ in range(times):
            job_control.trigger(self.ctx, id, Order())

    def claim(self, slots: int = 1) -> list[Any]:
        with self.ctx.write() as tx:
            tx.hot.promote(tx)
            return executions.claim(tx, Offer(self.worker, slots, 30 * DAY))

    def tick(self, later: str) -> None:
        """Let time pass, and the scheduler decide what has become due."""
        self.clock.advance(later)
        ticker = Ticker(self.ctx.database, "DEV", Telemetry())
        while ticker.run_once() == 0:
            pass


# The clock of these tests begins on Monday 5 January 2026 at 09:00 UTC.


def job_disabled(it: Scene) -> str:
    id = it.job(cronExpression="@hourly")
    job_control.disable(it.ctx, id)
    return id


def paused(it: Scene) -> str:
    id = it.job(cronExpression="@hourly")
    job_control.pause(it.ctx, id, note="audit")
    return id


def frozen(it: Scene) -> str:
    id = it.job(schedule={"every": "1h"})
    freezes.create(it.ctx, {"endsAt": format_instant(it.clock.now() + DAY), "reason": "year end"})
    return id


def environment(it: Scene) -> str:
    return it.job(cronExpression="@hourly", allowedEnvironments="PROD")


def not_due(it: Scene) -> str:
    return it.job(schedule={"daily": {"at": "18:00"}})


def calendar_skipped(it: Scene) -> str:
    calendars.create(it.ctx, "office", {"rules": [{"date": "2026-01-06", "name": "Epiphany"}]})
    id = it.job(schedule={"daily": {"at": "06:00"}, "calendar": "office"})
    it.tick("24h")
    return id


def calendar_shifted(it: Scene) -> str:
    return it.job(schedule={"monthly": {"day": 10, "at": "06:00"}, "roll": "following"})  # the 10th is a Saturday


def outside_window(it: Scene) -> str:
    return it.job(schedule={"every": "10m", "window": {"from": "22:00", "to": "02:00"}})


def exception_skipped(it: Scene) -> str:
    made = jobs.create(it.ctx, ECHO | {"schedule": {"every": "1h"}})
    schedule_exceptions.add(it.ctx, made.schedules[0].id, {"action": "skip", "at": "next", "reason": "stocktaking"})
    it.tick("1h")
    return made.record.id


def missed_skipped(it: Scene) -> str:
    id = it.job(schedule={"every": "1h", "missed": "skip"})
    it.tick("90m")
    return id


def condition_false(it: Scene) -> str:
    id = it.job(schedule={"every": "1h", "condition": "day.weekday == 'SUN'"})
    it.tick("1h")
    return id


def overlap(it: Scene) -> str:
    id = it.job(schedule={"every": "1h"})
    it.tick("1h")
    it.claim()
    it.tick("1h")
    return id


def queue_paused(it: Scene) -> str:
    id = it.job(queue="mail")
    it.trigger(id)
    queues.pause(it.ctx, "mail", "the provider is down")
    return id


def queue_full(it: Scene) -> str:
    id = it.job(queue="mail")
    it.trigger(id, 2)
    queues.change(it.ctx, "mail", {"maxRunning": 1})
    it.claim(4)
    return id


def concurrency_full(it: Scene) -> str:
    id = it.job(maxConcurrentExecutions=1)
    it.trigger(id, 2)
    it.claim(4)
    return id


def key_busy(it: Scene) -> str:
    other = it.job(concurrencyKey="customer:7")
    id = it.job(concurrencyKey="customer:7")
    it.trigger(other)
    it.claim()
    it.trigger(id)
    return id


def rate_limited(it: Scene) -> str:
    id = it.job(rateLimit="1/1m")
    it.trigger(id, 2)
    it.claim(4)
    return id


def no_worker(it: Scene) -> str:
    with it.ctx.write() as tx:
        workers.end(tx, it.worker)
    it.register(4, types=["report"])
    id = it.job()
    it.trigger(id)
    return id


def workers_full(it: Scene) -> str:
    it.trigger(it.job(), 4)
    it.claim(4)
    id = it.job()
    it.trigger(id)
    return id


def backoff(it: Scene) -> str:
    id = it.job(baseDelaySeconds=60)
    it.trigger(id)
    (claimed,) = it.claim()
    with it.ctx.write() as tx:
        executions.settle(tx, [decide(claimed, Failed("boom"), tx.now)])
    return id


def no_coordinator(it: Scene) -> str:
    with it.ctx.write() as tx:
        coordinators.join(tx, new_id(tx.now), name="c", hostname="h", pid=1, version="1", settings={})
    id = it.job(schedule={"every": "1h"})
    it.clock.advance("61m")
    return id


PROVOKED: list[tuple[str, Callable[[Scene], str], str]] = [
    ("jobDisabled", job_disabled, "disabled by ann"),
    ("paused", paused, "paused by ann: audit"),
    ("frozen", frozen, "by ann: year end"),
    ("environmentNotAllowed", environment, "may run in PROD only; this is DEV"),
    ("notDue", not_due, "next at 2026-01-05T18:00:00+00:00 (daily at 18:00 UTC)"),
    ("calendarSkipped", calendar_skipped, "2026-01-06T06:00:00+00:00 was not run: 2026-01-06 is no working day (Epiphany)"),
    ("calendarShifted", calendar_shifted, "the calendar moved it to 2026-01-12T06:00:00+00:00"),
    ("outsideWindow", outside_window, "outside of its window (from 22:00 to 02:00), which opens at 2026-01-05T22:00:00+00:00"),
    ("exceptionSkipped", exception_skipped, "was not run: skipped by ann: stocktaking"),
    ("missedSkipped", missed_skipped, "was not run: missed, 30m late; missed is skip"),
    ("conditionFalse", condition_false, "day.weekday == 'SUN' is false"),
    ("overlap", overlap, "has not ended (Running); the schedule does not overlap"),
    ("queuePaused", queue_paused, "the queue mail was paused by ann: the provider is down"),
    ("queueFull", queue_full, "1 of at most 1 executions run in the queue mail"),
    ("concurrencyFull", concurrency_full, "1 of at most 1"),
    ("keyBusy", key_busy, "the key customer:7 is busy"),
    ("rateLimited", rate_limited, "the next may start at"),
    ("noWorkerFor", no_worker, "no worker offers this type (echo)"),
    ("workersFull", workers_full, "all 4 slots are taken"),
    ("backoffUntil", backoff, "boom"),
    ("noCoordinatorSince", no_coordinator, "no coordinator has been heard of since 2026-01-05T09:00:00.000Z"),
]  # fmt: skip


@pytest.fixture
def scene(ctx: ServiceContext, clock: ManualClock) -> Scene:
    return Scene(ctx, clock)


@pytest.mark.parametrize(("code", "provoke", "says"), PROVOKED, ids=[code for code, _, _ in PROVOKED])
def test_the_headline_is_what_is_in_the_way(
    scene: Scene, code: str, provoke: Callable[[Scene], str], says: str
) -> None:
    answer = why(scene.ctx, provoke(scene))
    assert first_shut(answer) == code
    assert says in answer.headline


def test_every_gate_is_provoked(scene: Scene) -> None:
    asked = {gate.code for gate in why(scene.ctx, scene.job()).gates}
    assert asked == {code for code, _, _ in PROVOKED}


EXECUTIONS: list[tuple[str, Callable[[Scene], str], str]] = [
    ("notDue", lambda it: _only(it, _later(it)), "it is scheduled for 2026-01-05T10:00:00.000Z"),
    ("paused", lambda it: _only(it, _held(it)), "its job is paused by ann: audit"),
    ("queuePaused", lambda it: _only(it, queue_paused(it)), "was paused by ann"),
    ("concurrencyFull", lambda it: _waiting(it, concurrency_full(it)), "1 of at most 1"),
    ("rateLimited", lambda it: _waiting(it, rate_limited(it)), "the next may start at"),
    ("noWorkerFor", lambda it: _only(it, no_worker(it)), "no worker offers this type (echo)"),
    ("workersFull", lambda it: _only(it, workers_full(it)), "all 4 slots are taken"),
    ("backoffUntil", lambda it: _only(it, backoff(it)), "attempt 1 of 4 failed (boom); it tries again at"),
    ("ended", lambda it: _cancelled(it), "it has ended: Cancelled at 2026-01-05T09:00:00.000Z"),
]  # fmt: skip


@pytest.mark.parametrize(("code", "provoke", "says"), EXECUTIONS, ids=[code for code, _, _ in EXECUTIONS])
def test_an_execution_is_explained_too(scene: Scene, code: str, provoke: Callable[[Scene], str], says: str) -> None:
    answer = explain_execution.why(scene.ctx, provoke(scene))
    assert first_shut(answer) == code
    assert says in answer.headline


def test_an_execution_that_runs_or_may_start_says_so(scene: Scene) -> None:
    id = scene.job()
    scene.trigger(id)
    execution = _only(scene, id)
    answer = explain_execution.why(scene.ctx, execution)
    assert (answer.headline, answer.next_start) == (
        "nothing is in the way: a worker is about to take it",
        scene.clock.now(),
    )
    scene.claim()
    assert explain_execution.why(scene.ctx, execution).headline == f"it runs: attempt 1 on worker {scene.worker}"


def first_shut(answer: Explanation) -> str:
    return next(gate.code for gate in answer.gates if not gate.ok)


def _of(it: Scene, job: str) -> list[history.ExecutionRecord]:
    with it.ctx.read() as tx:
        return history.page(tx, history.Filter(job_id=job), before=None, limit=10)


def _only(it: Scene, job: str) -> str:
    (record,) = _of(it, job)
    return record.id


def _waiting(it: Scene, job: str) -> str:
    return next(record.id for record in _of(it, job) if record.state == "Pending")


def _later(it: Scene) -> str:
    id = it.job()
    job_control.trigger(it.ctx, id, Order(run_at=it.clock.now() + HOUR))
    return id


def _held(it: Scene) -> str:
    id = it.job()
    it.trigger(id)
    job_control.pause(it.ctx, id, note="audit")
    return id


def _cancelled(it: Scene) -> str:
    id = it.job()
    it.trigger(id)
    execution = _only(it, id)
    service.cancel(it.ctx, execution, reason="no need")
    return execution
