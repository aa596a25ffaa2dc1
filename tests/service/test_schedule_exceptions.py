"""Exceptions: asked for, planned with, decided, taken back."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from rota.domain.access import Principal, Role
from rota.domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from rota.domain.instant import DAY, HOUR, MINUTE, Instant, format_instant
from rota.service import jobs, schedule_exceptions, schedules
from rota.service.context import ServiceContext
from rota.service.schedules import ScheduleState
from rota.stores import audit, events
from rota.stores import schedules as schedule_store
from rota.testing.clock import ManualClock

Tick = Callable[[], None]


@pytest.fixture
def id(ctx: ServiceContext, clock: ManualClock) -> str:
    """A schedule that fires every hour from now on."""
    job = jobs.create(ctx, {"name": "echo", "jobType": "echo"}).record.id
    return schedules.create(ctx, job, {"every": "1h", "anchor": format_instant(clock.now()), "overlap": "allow"}).id


def add(ctx: ServiceContext, id: str, action: str, **fields: Any) -> schedule_exceptions.Made:
    written = {name: format_instant(value) if isinstance(value, int) else value for name, value in fields.items()}
    return schedule_exceptions.add(ctx, id, {"action": action, **written})


def pass_time(tick: Tick, clock: ManualClock, hours: int) -> None:
    for _ in range(hours * 2):
        clock.advance("30m")
        tick()


def decisions(ctx: ServiceContext, id: str) -> dict[Instant, str]:
    return {row.nominal_at: row.decision.value for row in schedules.ledger(ctx, id, limit=100)}


def test_the_next_instant_is_skipped_and_says_by_whom(
    ctx: ServiceContext, id: str, clock: ManualClock, tick: Tick
) -> None:
    start = clock.now()
    made = add(ctx, id, "skip", at="next", reason="stocktaking")
    assert (made.record.exception.at, made.next_at) == (start + HOUR, start + 2 * HOUR)
    planned = schedules.get(ctx, id)
    assert (planned.revision, planned.revised_at) == (2, start)
    assert (planned.next_at, planned.fires_at) == (start + HOUR, start + 2 * HOUR)
    pass_time(tick, clock, 2)
    assert decisions(ctx, id) == {start + HOUR: "skippedException", start + 2 * HOUR: "fired"}
    (_, skipped) = schedules.ledger(ctx, id, limit=2)
    assert skipped.reason == "skipped by ann: stocktaking"


def test_instants_are_skipped_up_to_a_time(ctx: ServiceContext, id: str, clock: ManualClock, tick: Tick) -> None:
    start = clock.now()
    assert add(ctx, id, "skipUntil", until=start + 2 * HOUR).next_at == start + 3 * HOUR
    later = add(ctx, id, "skipUntil", at=start + 4 * HOUR, until=start + 5 * HOUR)
    assert schedule_exceptions.action_of(later.record.exception) == "skipUntil"
    pass_time(tick, clock, 6)
    fired = [at for at, decision in decisions(ctx, id).items() if decision == "fired"]
    assert sorted(fired) == [start + 3 * HOUR, start + 6 * HOUR]


def test_one_is_moved_and_one_is_added(ctx: ServiceContext, id: str, clock: ManualClock, tick: Tick) -> None:
    start = clock.now()
    assert add(ctx, id, "move", at=start + HOUR, to=start + 90 * MINUTE).next_at == start + 90 * MINUTE
    assert add(ctx, id, "add", at=start + 30 * MINUTE).next_at == start + 30 * MINUTE
    pass_time(tick, clock, 2)
    assert decisions(ctx, id) == {
        start + 30 * MINUTE: "fired",
        start + HOUR: "skippedException",
        start + 90 * MINUTE: "fired",
        start + 2 * HOUR: "fired",
    }


def test_what_is_taken_back_is_as_the_rule_says(ctx: ServiceContext, id: str, clock: ManualClock) -> None:
    made = add(ctx, id, "skip", at="next")
    with pytest.raises(NotFound):
        schedule_exceptions.remove(ctx, id, id)
    schedule_exceptions.remove(ctx, id, made.record.id)
    planned = schedules.get(ctx, id)
    assert (planned.fires_at, planned.revision) == (clock.now() + HOUR, 3)
    assert schedule_exceptions.find(ctx, id, limit=5) == []
    with ctx.read() as tx:
        told = events.after(tx, 0, 100, kinds=["schedule.exception*"]).events
        signed = [entry.action for entry in audit.page(tx, before=None, limit=5, noun="schedule")]
    assert [event.kind for event in told] == ["schedule.exceptionAdded", "schedule.exceptionRemoved"]
    assert json.loads(told[0].data or "")["scheduleId"] == id
    assert signed[:2] == ["removeException", "addException"]


@pytest.mark.parametrize(
    ("request_", "name", "words"),
    [
        ({"action": "skip", "at": "2020-01-01T00:00:00Z"}, "at", "in the past"),
        ({"action": "skip", "at": 90 * MINUTE}, "at", "near it"),
        ({"action": "skip", "at": "9999-12-31T23:59:59Z"}, "at", "too far"),
        ({"action": "move", "at": "next", "to": -HOUR}, "to", "in the past"),
        ({"action": "move", "at": "next", "to": 2 * HOUR}, "to", "already"),
        ({"action": "add", "at": HOUR}, "at", "already"),
        ({"action": "add", "at": "9999-12-31T23:59:59Z"}, "at", "too far"),
        ({"action": "add", "at": "next"}, "at", "required: a time"),
        ({"action": "add"}, "at", "required"),
        ({"action": "skip"}, "at", "required"),
        ({"action": "skip", "at": "tomorrow"}, "at", "RFC 3339"),
        ({"action": "skip", "at": "next", "until": HOUR}, "until", "belongs to skipUntil"),
        ({"action": "skipUntil", "until": 0}, "until", "in the past"),
        ({"action": "skipUntil", "at": 2 * HOUR, "until": HOUR}, "until", "before at"),
        ({"action": "skipUntil", "at": -HOUR, "until": HOUR}, "at", "in the past"),
        ({"action": "skipUntil"}, "until", "required"),
        ({"action": "move", "at": "next"}, "to", "required"),
        ({"action": "forget", "at": "next"}, "action", "one of"),
        ({"at": "next"}, "action", "required"),
        ({"action": "skip", "at": "next", "reason": ""}, "reason", "1 to 1000"),
        ({"action": "skip", "at": "next", "who": "me"}, "who", "unknown"),
    ],
)
def test_what_would_do_nothing_is_refused(
    ctx: ServiceContext, id: str, clock: ManualClock, request_: dict[str, Any], name: str, words: str
) -> None:
    """Numbers are distances from now."""
    document = {
        field: format_instant(clock.now() + value) if isinstance(value, int) else value
        for field, value in request_.items()
    }
    with pytest.raises(InvalidInput) as caught:
        schedule_exceptions.add(ctx, id, document)
    ((location, message),) = caught.value.errors
    assert location == (name,)
    assert words in message
    assert schedules.get(ctx, id).revision == 1


def test_a_refusal_names_the_instants_beside_it(ctx: ServiceContext, id: str, clock: ManualClock) -> None:
    zone = schedules.get(ctx, id).schedule.zone
    with pytest.raises(InvalidInput) as caught:
        add(ctx, id, "skip", at=clock.now() + 50 * HOUR + MINUTE)
    near = f"{zone.text(clock.now() + 50 * HOUR)} and {zone.text(clock.now() + 51 * HOUR)}"
    assert caught.value.errors[0][1].endswith(near)


def test_two_exceptions_to_one_instant_are_refused(ctx: ServiceContext, id: str, clock: ManualClock) -> None:
    add(ctx, id, "skip", at=clock.now() + HOUR)
    with pytest.raises(Conflict, match="skipped by ann already"):
        add(ctx, id, "move", at=clock.now() + HOUR, to=clock.now() + 5)
    add(ctx, id, "add", at=clock.now() + MINUTE)
    with pytest.raises(Conflict, match="remove that exception"):
        add(ctx, id, "skip", at="next")
    with pytest.raises(Conflict, match="remove that exception"):
        add(ctx, id, "skip", at=clock.now() + MINUTE)


def test_a_schedule_that_is_over_fires_once_more(ctx: ServiceContext, id: str, clock: ManualClock, tick: Tick) -> None:
    job = schedules.get(ctx, id).job_id
    once = schedules.create(ctx, job, {"once": format_instant(clock.now() + HOUR)}).id
    made = add(ctx, once, "skip", at="next")
    assert (made.next_at, schedules.get(ctx, once).state) == (None, ScheduleState.ENDED)
    with pytest.raises(InvalidInput, match="no instant is left"):
        add(ctx, once, "skip", at="next")
    pass_time(tick, clock, 2)
    schedule_exceptions.remove(ctx, once, made.record.id)
    assert schedules.get(ctx, once).state is ScheduleState.ENDED, "what has passed is not fired late"
    add(ctx, once, "add", at=clock.now() + HOUR)
    pass_time(tick, clock, 2)
    assert decisions(ctx, once) == {clock.now() - HOUR: "fired"}
    assert schedules.get(ctx, once).state is ScheduleState.ENDED


def test_a_paused_schedule_stays_paused(ctx: ServiceContext, id: str, clock: ManualClock) -> None:
    schedules.pause(ctx, id, note="holidays")
    add(ctx, id, "skip", at="next")
    add(ctx, id, "skipUntil", until=clock.now() + 3 * DAY)
    assert (schedules.get(ctx, id).state, schedules.get(ctx, id).note) == (ScheduleState.PAUSED, "holidays")


def test_exceptions_are_for_operators_and_for_schedules_of_code(ctx: ServiceContext, id: str) -> None:
    with ctx.write() as tx:
        record = schedule_store.get(tx, id)
        assert record is not None
        schedule_store.save(tx, replace(record, created_by=schedules.CODE))
    viewer = ServiceContext(ctx.database, ctx.config, Principal("vi", Role.VIEWER), ctx.catalogue)
    with pytest.raises(Forbidden):
        add(viewer, id, "skip", at="next")
    operator = ServiceContext(ctx.database, ctx.config, Principal("op", Role.OPERATOR), ctx.catalogue)
    made = add(operator, id, "skip", at="next")
    assert schedule_exceptions.find(viewer, id, limit=5) == [made.record]
    assert made.record.exception.by == "op"
    with pytest.raises(NotFound):
        add(operator, made.record.id, "skip", at="next")
