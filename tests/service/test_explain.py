from typing import Any

import pytest

from rota.domain.errors import Conflict, NotFound
from rota.domain.instant import HOUR, MINUTE, SECOND, format_instant
from rota.domain.outcome import Failed
from rota.domain.transition import decide
from rota.scheduler.ticker import Ticker
from rota.service import freezes, job_control, jobs, queues, schedules
from rota.service.context import ServiceContext
from rota.service.explain import Explanation, why
from rota.service.job_control import Order
from rota.stores import executions, workers
from rota.stores.base import Offer
from rota.stores.identity import new_id
from rota.stores.workers import NewWorker
from rota.telemetry import Telemetry
from rota.testing.clock import ManualClock

ECHO: dict[str, Any] = {"name": "echo", "jobType": "echo"}


def register(
    ctx: ServiceContext, *, capacity: int = 2, queues: list[str] | None = None, types: list[str] | None = None
) -> str:
    with ctx.write() as tx:
        id = new_id(tx.now)
        workers.register(tx, NewWorker(id, "w", capacity, "http", queues=queues, types=types), 24 * HOUR)
    return id


def claim(ctx: ServiceContext, worker: str, slots: int = 1) -> list[Any]:
    with ctx.write() as tx:
        tx.hot.promote(tx)
        return executions.claim(tx, Offer(worker, slots, 24 * HOUR))


def shut(explanation: Explanation) -> list[str]:
    return [gate.code for gate in explanation.gates if not gate.ok]


def test_the_gates_stand_in_order(ctx: ServiceContext) -> None:
    id = jobs.create(ctx, ECHO).record.id
    answer = why(ctx, id)
    assert [gate.code for gate in answer.gates] == [
        "jobDisabled", "paused", "frozen", "environmentNotAllowed",
        "calendarSkipped", "exceptionSkipped", "missedSkipped", "conditionFalse", "calendarShifted", "outsideWindow", "overlap",
        "notDue", "queuePaused", "queueFull", "concurrencyFull", "keyBusy", "rateLimited",
        "noWorkerFor", "workersFull", "backoffUntil", "noCoordinatorSince",
    ]  # fmt: skip
    assert shut(answer) == ["notDue", "noWorkerFor"]
    assert answer.headline == "it has no schedule: it runs when it is triggered"
    assert answer.next_start is None


def test_a_job_is_named_by_id_or_by_a_name_of_its_own(ctx: ServiceContext) -> None:
    jobs.create(ctx, ECHO)
    assert why(ctx, "echo").name == "echo"
    jobs.create(ctx, ECHO)
    with pytest.raises(Conflict):
        why(ctx, "echo")
    with pytest.raises(NotFound):
        why(ctx, "nothing")


def test_states_come_first(ctx: ServiceContext, clock: ManualClock) -> None:
    id = jobs.create(ctx, ECHO | {"cronExpression": "@hourly", "allowedEnvironments": "PROD"}).record.id
    job_control.pause(ctx, id, note="audit", until=clock.now() + 3 * HOUR)
    answer = why(ctx, id)
    assert shut(answer)[:2] == ["paused", "environmentNotAllowed"]
    assert answer.headline == "paused by ann: audit"
    assert gate(answer, "paused").until == clock.now() + 3 * HOUR
    job_control.disable(ctx, id)
    assert shut(why(ctx, id))[0] == "jobDisabled"
    assert why(ctx, id).next_start is None


def test_a_coming_start_is_told_in_local_time(ctx: ServiceContext, clock: ManualClock) -> None:
    register(ctx)
    made = jobs.create(ctx, ECHO | {"cronExpression": "0 6 * * *", "timeZone": "Europe/Madrid"})
    answer = why(ctx, made.record.id)
    assert shut(answer) == ["notDue"]
    assert "06:00:00+01:00" in answer.headline
    assert answer.next_start == made.next_at
    schedules.pause(ctx, made.schedules[0].id, note="n")
    assert shut(why(ctx, made.record.id))[0] == "paused"


def test_a_freeze_is_told_with_its_end_and_its_author(ctx: ServiceContext, clock: ManualClock) -> None:
    made = jobs.create(
        ctx, {**ECHO, "tags": ["billing"], "schedule": {"every": "1h", "anchor": format_instant(clock.now())}}
    )
    id, start = made.record.id, clock.now()
    ends_at = format_instant(start + 150 * MINUTE)
    freezes.create(ctx, {"endsAt": ends_at, "reason": "somebody else", "tags": ["hr"]})
    assert gate(why(ctx, id), "frozen").ok
    frozen = freezes.create(ctx, {"endsAt": ends_at, "reason": "year end", "tags": ["billing"]})
    answer = why(ctx, id)
    told = gate(answer, "frozen")
    assert (told.ok, told.until) == (False, start + 150 * MINUTE)
    assert told.says == f"frozen until {ends_at} by ann: year end"
    assert answer.headline == told.says
    assert answer.next_start == start + 3 * HOUR
    job_control.trigger(ctx, id, Order())
    assert gate(why(ctx, id), "frozen").ok, "a trigger by hand passes"
    freezes.delete(ctx, frozen.id)
    later = {"startsAt": format_instant(start + HOUR), "endsAt": format_instant(start + HOUR + MINUTE), "reason": "r"}
    other = jobs.create(ctx, {**ECHO, "schedule": {"every": "1h", "anchor": format_instant(start)}}).record.id
    freezes.create(ctx, later)
    assert gate(why(ctx, other), "frozen").until == start + HOUR + MINUTE
    assert why(ctx, other).next_start == start + 2 * HOUR


def test_who_could_take_it(ctx: ServiceContext) -> None:
    id = jobs.create(ctx, ECHO | {"queue": "reports"}).record.id
    job_control.trigger(ctx, id, Order())
    assert "no worker offers this type" in why(ctx, id).headline
    register(ctx, types=["other"])
    assert "no worker offers this type (echo)" in why(ctx, id).headline
    register(ctx, types=["echo"], queues=["slow"])
    assert "serves the queue reports" in why(ctx, id).headline
    able = register(ctx, types=["echo"], capacity=1)
    assert shut(why(ctx, id)) == []
    assert why(ctx, id).next_start is not None
    claim(ctx, able)
    assert why(ctx, id).headline.startswith("it runs: execution")
    job_control.trigger(ctx, id, Order())
    assert shut(why(ctx, id)) == ["workersFull"]


def test_limits_and_waits(ctx: ServiceContext, clock: ManualClock) -> None:
    worker = register(ctx, capacity=10)
    id = jobs.create(ctx, ECHO | {"maxConcurrentExecutions": 1}).record.id
    job_control.trigger(ctx, id, Order())
    job_control.trigger(ctx, id, Order())
    (claimed,) = claim(ctx, worker, 5)
    assert shut(why(ctx, id)) == ["concurrencyFull"]
    job_control.cancel(ctx, id)
    other = jobs.create(ctx, ECHO | {"baseDelaySeconds": 60}).record.id
    job_control.trigger(ctx, other, Order())
    (claimed,) = claim(ctx, worker, 5)
    with ctx.write() as tx:
        executions.settle(tx, [decide(claimed, Failed("boom"), tx.now)])
    answer = why(ctx, other)
    assert shut(answer) == ["backoffUntil"]
    assert "boom" in answer.headline
    assert answer.next_start == clock.now() + 60 * SECOND


def test_overlaps_and_misses(ctx: ServiceContext, clock: ManualClock) -> None:
    register(ctx)
    ticker = Ticker(ctx.database, "DEV", Telemetry())
    id = jobs.create(ctx, ECHO | {"schedule": {"every": "1h"}}).record.id
    for _ in range(2):
        clock.advance("1h")
        ticker.run_once()
    answer = why(ctx, id)
    assert "overlap" in shut(answer)
    late = jobs.create(ctx, ECHO | {"schedule": {"every": "1h", "missed": "skip"}}).record.id
    clock.advance("90m")
    ticker.run_once()
    answer = why(ctx, late)
    assert "missedSkipped" in shut(answer)
    assert next(gate for gate in answer.gates if gate.code == "missedSkipped").see is not None


def gate(answer: Explanation, code: str) -> Any:
    return next(gate for gate in answer.gates if gate.code == code)


def test_queues_that_rest_or_are_full(ctx: ServiceContext) -> None:
    worker = register(ctx, capacity=10)
    id = jobs.create(ctx, ECHO | {"queue": "team/mail"}).record.id
    for _ in range(3):
        job_control.trigger(ctx, id, Order())
    queues.pause(ctx, "team/mail", "the provider is down")
    answer = why(ctx, id)
    assert shut(answer) == ["queuePaused"]
    assert answer.headline == "the queue team/mail was paused by ann: the provider is down"
    assert answer.next_start is None
    assert gate(answer, "queuePaused").see == "/api/queues/team%2Fmail"
    queues.change(ctx, "team/mail", {"maxRunning": 1})
    assert len(claim(ctx, worker, 5)) == 1
    assert why(ctx, id).headline == "1 of at most 1 executions run in the queue team/mail"
    queues.change(ctx, "team/mail", {})
    queues.change(ctx, "*", {"maxRunning": 1})
    assert shut(why(ctx, id)) == ["queueFull"]
    assert "in the whole fleet" in why(ctx, id).headline


def test_keys_that_are_busy_name_who_holds_them(ctx: ServiceContext) -> None:
    worker = register(ctx, capacity=10)
    first = jobs.create(ctx, ECHO | {"concurrencyKey": "customer:{id}"}).record.id
    other = jobs.create(ctx, ECHO | {"concurrencyKey": "customer:{id}", "parameters": {"id": 7}}).record.id
    job_control.trigger(ctx, first, Order(parameters={"id": 7}))
    (held,) = claim(ctx, worker, 5)
    assert shut(why(ctx, other)) == ["notDue"], "nothing waits yet"
    job_control.trigger(ctx, other, Order())
    answer = why(ctx, other)
    assert shut(answer) == ["keyBusy"]
    assert answer.headline == f"the key customer:7 is busy, 1 of at most 1: execution {held.id} runs under it"
    assert gate(answer, "keyBusy").see == f"/api/executions/{held.id}"


def test_rates_that_are_used_up_tell_when_they_open(ctx: ServiceContext, clock: ManualClock) -> None:
    worker = register(ctx, capacity=10)
    id = jobs.create(ctx, ECHO | {"rateLimit": "1/1m"}).record.id
    for _ in range(2):
        job_control.trigger(ctx, id, Order())
    assert shut(why(ctx, id)) == []
    assert len(claim(ctx, worker, 5)) == 1
    answer = why(ctx, id)
    assert shut(answer) == ["rateLimited"]
    assert answer.headline.startswith("the job starts 1/1m: the next may start at 2026-01-05T09:01:00")
    assert answer.next_start == gate(answer, "rateLimited").until == clock.now() + 60 * SECOND
    clock.advance("1m")
    assert len(claim(ctx, worker, 5)) == 1


def test_a_condition_that_was_false_is_told_with_what_it_saw(ctx: ServiceContext, clock: ManualClock) -> None:
    register(ctx)
    id = jobs.create(ctx, ECHO | {"schedule": {"every": "1h", "condition": "day.year < 2000"}}).record.id
    assert "conditionFalse" not in shut(why(ctx, id))
    clock.advance("1h")
    Ticker(ctx.database, "DEV", Telemetry()).run_once()
    (gate,) = [gate for gate in why(ctx, id).gates if gate.code == "conditionFalse"]
    assert not gate.ok
    assert "was not run: day.year < 2000 is false: day = {" in gate.says
    assert gate.see is not None
    assert gate.see.endswith("/occurrences")
