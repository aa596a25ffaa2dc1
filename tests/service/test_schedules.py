import json

import pytest

from rota.domain.errors import Conflict, InvalidInput, PreconditionFailed
from rota.domain.instant import DAY, HOUR, SECOND, parse_instant
from rota.domain.occurrence import Decision
from rota.service import job_control, jobs, schedules
from rota.service.context import ServiceContext
from rota.service.schedules import ScheduleState
from rota.stores import audit, bell, events
from rota.stores import schedules as schedule_store
from rota.testing.clock import ManualClock


@pytest.fixture
def job_id(ctx: ServiceContext) -> str:
    return jobs.create(ctx, {"name": "echo", "jobType": "echo"}).record.id


def test_a_schedule_begins_when_it_is_made(ctx: ServiceContext, job_id: str, clock: ManualClock) -> None:
    rings: list[int] = []
    ctx.database.bell.listen(bell.SCHEDULES, lambda: rings.append(1))
    made = schedules.create(ctx, job_id, {"every": "1h", "key": "k", "name": "n"})
    assert (made.revision, made.cursor_at, made.next_at, made.runs) == (1, clock.now(), clock.now() + HOUR, 0)
    assert schedules.get(ctx, made.id) == made
    assert schedules.find(ctx, limit=5, job_id=job_id) == [made]
    assert rings
    with pytest.raises(Conflict):
        schedules.create(ctx, job_id, {"every": "2h", "key": "k"})
    assert schedules.create(ctx, job_id, {"every": "2h", "enabled": False}).state is ScheduleState.PAUSED


@pytest.mark.parametrize(
    "document",
    [
        {"once": "2020-01-01T00:00:00Z"},
        {"every": "1h", "endsAt": "2020-01-01T00:00:00Z"},
        {"cron": "0 0 30 2 *"},
        {"every": "1h", "key": "x" * 201},
        {},
    ],
)
def test_what_never_fires_is_refused(ctx: ServiceContext, job_id: str, document: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        schedules.create(ctx, job_id, document)


def test_a_new_revision_decides_nothing_before_now(ctx: ServiceContext, job_id: str, clock: ManualClock) -> None:
    made = schedules.create(ctx, job_id, {"daily": {"at": "06:00"}})
    clock.advance("3h")
    assert schedules.update(ctx, made.id, {"daily": {"at": "06:00"}}, expected=1).record == made
    changed = schedules.update(ctx, made.id, {"every": "1h"}).record
    assert (changed.revision, changed.revised_at, changed.next_at) == (2, clock.now(), clock.now() + HOUR)
    with pytest.raises(PreconditionFailed):
        schedules.update(ctx, made.id, {"every": "2h"}, expected=1)
    schedules.delete(ctx, made.id, expected=2)
    assert schedules.find(ctx, limit=5) == []


def test_a_delay_counts_from_the_creation_until_it_is_changed(
    ctx: ServiceContext, job_id: str, clock: ManualClock
) -> None:
    made = schedules.create(ctx, job_id, {"after": "2h"})
    clock.advance("1h")
    assert schedules.update(ctx, made.id, {"after": "2h"}).record == made
    assert schedules.update(ctx, made.id, {"after": "3h"}).record.next_at == clock.now() + 3 * HOUR


def test_what_became_due_in_a_pause_is_written_down(ctx: ServiceContext, job_id: str, clock: ManualClock) -> None:
    made = schedules.create(ctx, job_id, {"every": "1h"})
    paused = schedules.pause(ctx, made.id, note="holidays")
    assert (paused.state, paused.note) == (ScheduleState.PAUSED, "holidays")
    assert schedules.pause(ctx, made.id).updated_at == paused.updated_at
    with ctx.read() as tx:
        assert schedule_store.next_due_at(tx) is None
    clock.advance("150m")
    resumed = schedules.resume(ctx, made.id)
    assert (resumed.state, resumed.note) == (ScheduleState.ENABLED, None)
    assert resumed.next_at == made.created_at + 3 * HOUR
    rows = schedules.ledger(ctx, made.id, limit=10)
    assert [row.nominal_at for row in rows] == [made.created_at + 2 * HOUR, made.created_at + HOUR]
    assert {(row.decision, row.reason) for row in rows} == {
        (Decision.SKIPPED_PAUSED, "the schedule was paused: holidays")
    }
    assert schedules.ledger(ctx, made.id, limit=10, before=rows[0].nominal_at) == rows[1:]
    assert schedules.resume(ctx, made.id) == resumed


def test_a_schedule_that_ended_in_its_pause_stays_ended(ctx: ServiceContext, job_id: str, clock: ManualClock) -> None:
    made = schedules.create(ctx, job_id, {"after": "1h"})
    schedules.pause(ctx, made.id)
    clock.advance("2h")
    assert schedules.resume(ctx, made.id).state is ScheduleState.ENDED
    with pytest.raises(Conflict):
        schedules.pause(ctx, made.id)
    assert schedules.update(ctx, made.id, {"every": "1h"}).record.state is ScheduleState.ENABLED


def test_a_long_pause_leaves_no_instant_out(ctx: ServiceContext, job_id: str, clock: ManualClock) -> None:
    made = schedules.create(ctx, job_id, {"every": "10s", "anchor": "2026-01-01T00:00:00Z", "missed": "runAll"})
    schedules.pause(ctx, made.id)
    clock.set(clock.now() + 3 * DAY)
    resumed = schedules.resume(ctx, made.id)
    assert (resumed.state, resumed.next_at, resumed.cursor_at) == (
        ScheduleState.ENABLED,
        clock.now() + 10 * SECOND,
        clock.now(),
    )
    rows = schedules.ledger(ctx, made.id, limit=100_000)
    assert [row.nominal_at for row in rows] == list(range(clock.now(), made.created_at, -10 * SECOND))
    assert {row.decision for row in rows} == {Decision.SKIPPED_PAUSED}
    first = schedules.ledger(ctx, made.id, limit=5, since=made.created_at, until=made.created_at + 20 * SECOND)
    assert first == rows[-2:]
    with ctx.read() as tx:
        assert [entry.action for entry in audit.page(tx, before=None, limit=2, noun="schedule")] == ["resume", "pause"]


def test_a_disabled_job_keeps_its_schedules_as_they_are(ctx: ServiceContext, job_id: str) -> None:
    made = schedules.create(ctx, job_id, {"every": "1h"})
    schedules.pause(ctx, made.id)
    job_control.disable(ctx, job_id)
    with pytest.raises(Conflict):
        schedules.resume(ctx, made.id)


def test_a_preview_stores_nothing(ctx: ServiceContext) -> None:
    found = schedules.preview(
        ctx, {"cron": "30 2 * * *", "timeZone": "Europe/Madrid"}, start=parse_instant("2026-03-28T12:00:00Z"), count=2
    )
    assert [fire.local_text for fire in found.items] == ["2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"]
    assert found.items[0].notes == ("dstShifted",)
    with pytest.raises(InvalidInput) as caught:
        schedules.preview(ctx, {"cron": "x"})
    assert caught.value.errors[0][0] == ("schedule", "cron")


def test_cursors_move_only_at_the_revision_that_was_read(ctx: ServiceContext, job_id: str, clock: ManualClock) -> None:
    first, second = (schedules.create(ctx, job_id, {"every": "1h"}) for _ in range(2))
    clock.advance("1h")
    with ctx.write() as tx:
        found = schedule_store.due(tx, tx.now, 10)
        assert [(one.id, one.owner.job.name, one.schedule) for one in found] == [
            (one.id, "echo", one.schedule) for one in (first, second)
        ]
        assert schedule_store.due(tx, tx.now, 1) == found[:1]
        rows = [
            (one.id, one.revision, one.cursor_at, tx.now, tx.now + HOUR, tx.now + HOUR, 1, "Enabled") for one in found
        ]
        rows[1] = (second.id, 2, found[1].cursor_at, tx.now, None, None, 1, "Ended")
        assert schedule_store.advance(tx, rows) is False
        assert schedule_store.advance(tx, rows[:1]) is False
        assert schedule_store.due(tx, tx.now, 10) == found[1:]
        assert schedule_store.next_due_at(tx) == second.next_at
    moved = schedules.get(ctx, first.id)
    assert (moved.cursor_at, moved.next_at, moved.runs) == (clock.now(), clock.now() + HOUR, 1)


def test_the_due_query_walks_its_index(ctx: ServiceContext) -> None:
    from rota.stores.sqlite import planning

    with ctx.read() as tx:
        for probed, index in ((False, "ix_schedules_due"), (True, "ix_schedules_probed")):
            plan = tx.driver.execute(f"EXPLAIN QUERY PLAN {planning._DUE_SCHEDULES[probed]}", (0, 1)).fetchall()
            text = " ".join(row[3] for row in plan)
            assert index in text
            assert "TEMP B-TREE" not in text


def test_every_change_is_told_and_nothing_else(ctx: ServiceContext, job_id: str) -> None:
    by_hand = schedules.create(ctx, job_id, {"every": "1h"}).id
    schedules.update(ctx, by_hand, {"every": "2h"})
    schedules.update(ctx, by_hand, {"every": "2h"})
    schedules.pause(ctx, by_hand)
    schedules.pause(ctx, by_hand)
    schedules.resume(ctx, by_hand)
    schedules.resume(ctx, by_hand)
    schedules.delete(ctx, by_hand)
    assert _told(ctx) == [
        (kind, job_id, by_hand)
        for kind in ("schedule.created", "schedule.updated", "schedule.paused", "schedule.resumed", "schedule.deleted")
    ]


def test_the_schedule_of_a_definition_is_told_as_one_made_by_hand(ctx: ServiceContext) -> None:
    document = {"name": "defined", "jobType": "echo"}
    job = jobs.create(ctx, document | {"schedule": {"every": "1h"}}).record.id
    (first,) = schedules.find(ctx, limit=5, job_id=job)
    jobs.update(ctx, job, document | {"schedule": {"every": "2h"}})
    jobs.update(ctx, job, document)
    jobs.update(ctx, job, document | {"schedule": {"every": "3h"}})
    (last,) = schedules.find(ctx, limit=5, job_id=job)
    jobs.delete(ctx, job)
    assert _told(ctx) == [
        ("schedule.created", job, first.id),
        ("schedule.updated", job, first.id),
        ("schedule.deleted", job, first.id),
        ("schedule.created", job, last.id),
        ("schedule.deleted", job, last.id),
    ]


def _told(ctx: ServiceContext) -> list[tuple[str, str | None, str]]:
    with ctx.read() as tx:
        found = events.after(tx, 0, 100, kinds=["schedule.*"]).events
    return [(event.kind, event.job_id, json.loads(event.data or "{}")["scheduleId"]) for event in found]
