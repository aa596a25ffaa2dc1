"""The revisions of a schedule: its first, and those that follow when it is changed."""

import json
from dataclasses import replace

from rota.domain.errors import InvalidInput
from rota.domain.planning import coming
from rota.domain.schedule import Schedule
from rota.service import schedule_changes
from rota.service.context import ServiceContext
from rota.stores import surroundings
from rota.stores.database import Transaction
from rota.stores.identity import new_id
from rota.stores.schedules import ScheduleRecord, ScheduleState
from rota.time_data import data_versions

_LONGEST_NAME = 200


def added(ctx: ServiceContext, tx: Transaction, job_id: str, schedule: Schedule, *, created_by: str) -> ScheduleRecord:
    """Store a new schedule of a job. InvalidInput when it would never fire."""
    return schedule_changes.add(tx, first_revision(ctx, tx, job_id, schedule, created_by))


def first_revision(
    ctx: ServiceContext, tx: Transaction, job_id: str, schedule: Schedule, created_by: str
) -> ScheduleRecord:
    """A new schedule of a job, not stored yet. InvalidInput when it would never fire."""
    _refuse_long_names(schedule)
    next_at, fires_at = coming(schedule, tx.now, surroundings.of_one(tx, schedule), 0)
    if fires_at is None:
        _refuse_over(schedule)
    return ScheduleRecord(
        id=new_id(tx.now),
        job_id=job_id,
        key=schedule.key,
        name=schedule.name,
        state=ScheduleState.ENABLED if schedule.enabled else ScheduleState.PAUSED,
        rule=_text(schedule),
        revision=1,
        revised_at=tx.now,
        cursor_at=tx.now,
        next_at=next_at,
        fires_at=fires_at,
        runs=0,
        note=None,
        created_by=created_by,
        changed_by=ctx.principal.name,
        created_at=tx.now,
        updated_at=tx.now,
        planned_with=data_versions(),
        probed=schedule.is_probed,
    )


def revised(ctx: ServiceContext, tx: Transaction, record: ScheduleRecord, schedule: Schedule) -> ScheduleRecord:
    """Store a new revision of a schedule, unless it is the one that is stored: then `record` itself is returned.

    A pause outlives the change, unless the document says `enabled` where it did not before.
    """
    changed = revision(ctx, tx, record, schedule)
    return record if changed is record else schedule_changes.save(tx, "updated", changed)


def with_key(record: ScheduleRecord, key: str | None, *, created_by: str) -> ScheduleRecord:
    """The same schedule under a key, not stored yet. No revision: nothing of its instants has changed."""
    return replace(record, key=key, rule=_text(replace(record.schedule, key=key)), created_by=created_by)


def revision(ctx: ServiceContext, tx: Transaction, record: ScheduleRecord, schedule: Schedule) -> ScheduleRecord:
    """What `revised` stores, not stored yet."""
    if schedule == record.schedule:
        return record
    _refuse_long_names(schedule)
    next_at, fires_at = coming(schedule, tx.now, surroundings.of_one(tx, schedule, record.id), record.runs)
    if fires_at is None and not schedule.has_run_out(record.runs):
        _refuse_over(schedule)
    state = record.state
    if next_at is None:
        state = ScheduleState.ENDED
    elif not schedule.enabled:
        state = ScheduleState.PAUSED
    elif state is ScheduleState.ENDED or not record.schedule.enabled:
        state = ScheduleState.ENABLED
    return replace(
        record,
        key=schedule.key,
        name=schedule.name,
        state=state,
        rule=_text(schedule),
        revision=record.revision + 1,
        revised_at=tx.now,
        next_at=next_at,
        fires_at=fires_at,
        changed_by=ctx.principal.name,
        planned_with=data_versions(),
        probed=schedule.is_probed,
    )


def _refuse_long_names(schedule: Schedule) -> None:
    for name, value in (("key", schedule.key), ("name", schedule.name)):
        if value is not None and len(value) > _LONGEST_NAME:
            raise InvalidInput.field(name, msg=f"a text of 1 to {_LONGEST_NAME} characters")


def _refuse_over(schedule: Schedule) -> None:
    name = "endsAt" if schedule.ends_at is not None else next(iter(schedule.rule.document()))
    raise InvalidInput.field(name, msg="it would never fire: every instant is in the past")


def _text(schedule: Schedule) -> str:
    return json.dumps(schedule.document(), ensure_ascii=False, separators=(",", ":"), sort_keys=True)
