"""A schedule that was planned with other data is planned anew, told if it moved, and fires once."""

from typing import Any

import pytest
from sqlalchemy import select, update

from rota.domain.instant import HOUR, format_instant
from rota.scheduler.replanner import Replanner
from rota.stores import audit, events
from rota.stores.schedule_tables import schedules
from rota.time_data import data_versions

OLD = "tzdata 1999a, holidays 0.1"
DAILY = {"daily": {"at": "06:00"}, "timeZone": "Europe/Madrid"}


def planned_wrongly(works: Any, planned_with: str | None) -> tuple[str, int]:
    """A schedule whose next instant was computed with other zones: an hour too late. Its id and the right instant."""
    schedule = works.schedule(DAILY)
    right = works.get(schedule).next_at
    works.database.writing(
        lambda tx: tx.execute(
            update(schedules)
            .where(schedules.c.id == schedule)
            .values(planned_with=planned_with, next_at=right + HOUR, fires_at=right + HOUR)
        )
    )
    return schedule, right


def told(works: Any) -> list[events.EventRecord]:
    found = works.database.reading(lambda tx: events.after(tx, 0, 100, kinds=["schedule.*"]))
    return list(found.events)


def audited(works: Any) -> list[audit.AuditEntry]:
    return list(works.database.reading(lambda tx: audit.page(tx, before=None, limit=100)))


@pytest.mark.parametrize("planned_with", [OLD, None])
def test_a_schedule_that_moves_is_told_and_fires_once(works: Any, planned_with: str | None) -> None:
    schedule, right = planned_wrongly(works, planned_with)
    replanner = Replanner(works.database)
    assert replanner.run_once() == 30
    record = works.get(schedule)
    assert (record.next_at, record.fires_at, record.planned_with) == (right, right, data_versions())
    (event,), (entry,) = told(works), audited(works)
    assert (event.kind, event.job_id) == ("schedule.moved", record.job_id)
    assert (entry.actor, entry.action, entry.noun, entry.subject_id) == ("rota", "move", "schedule", schedule)
    assert entry.detail == {
        "jobId": record.job_id,
        "before": format_instant(right + HOUR),
        "after": format_instant(right),
        "dataBefore": planned_with,
        "dataAfter": data_versions(),
    }
    works.clock.set(right)
    works.tick()
    works.clock.set(right + HOUR)
    works.tick()
    assert works.at(schedule) == [right]
    assert len(works.executions(schedule)) == 1


def test_two_coordinators_tell_it_once(works: Any) -> None:
    planned_wrongly(works, OLD)
    for replanner in (Replanner(works.database), Replanner(works.database)):
        assert replanner.run_once() == 30
    assert len(told(works)) == len(audited(works)) == 1


def test_what_stands_where_it_stood_is_only_marked(works: Any) -> None:
    schedule = works.schedule(DAILY)
    before = works.get(schedule)
    assert before.planned_with is None
    Replanner(works.database).run_once()
    record = works.get(schedule)
    assert (record.planned_with, record.revision) == (data_versions(), before.revision)
    assert told(works) == audited(works) == []


def test_all_are_planned_in_batches_and_then_it_rests(works: Any) -> None:
    job = works.job()
    for _ in range(501):
        works.schedule(DAILY, job)
    replanner = Replanner(works.database, "tzdata 2099z, holidays 9")
    assert [replanner.run_once() for _ in range(3)] == [0.0, 30, 30]
    planned = works.database.reading(lambda tx: {row[0] for row in tx.all(select(schedules.c.planned_with))})
    assert planned == {"tzdata 2099z, holidays 9"}
