"""What may be asked about schedules: make, look, change, pause, and what they will do."""

import json
from collections.abc import Mapping
from dataclasses import replace

from rota.domain.access import Right
from rota.domain.errors import Conflict, InvalidInput, NotFound, PreconditionFailed
from rota.domain.instant import Instant
from rota.domain.job import JobState
from rota.domain.occurrence import Decision
from rota.domain.planning import Preview, due, upcoming
from rota.domain.schedule import Schedule
from rota.service.context import ServiceContext
from rota.stores import bell, jobs, occurrences, schedules, surroundings
from rota.stores.database import Transaction
from rota.stores.identity import new_id
from rota.stores.occurrences import OccurrenceRecord
from rota.stores.plans import coming
from rota.stores.schedules import ScheduleRecord, ScheduleState
from rota.time_data import data_versions

__all__ = [
    "Decision",
    "OccurrenceRecord",
    "Preview",
    "Schedule",
    "ScheduleRecord",
    "ScheduleState",
    "create",
    "delete",
    "find",
    "get",
    "ledger",
    "pause",
    "preview",
    "resume",
    "update",
]

CODE = "code"
"""Who made the schedules that come with code."""

_LONGEST_NAME = 200
_SKIPPED_ROUNDS = 10
_WITHHELD = frozenset({Decision.SUPPRESSED_DST, Decision.SKIPPED_CALENDAR, Decision.SKIPPED_EXCEPTION})
"""What does not fire whether a schedule is paused or not."""


def create(
    ctx: ServiceContext, job_id: str, document: Mapping[str, object], *, created_by: str | None = None
) -> ScheduleRecord:
    """Give a job a schedule. NotFound if there is no such job."""
    ctx.require(Right.EDIT)
    with ctx.write() as tx:
        owner = jobs.get(tx, job_id)
        if owner is None:
            raise NotFound("no such job")
        schedule = Schedule.parse(document, now=tx.now, spread=job_id)
        _refuse_taken_key(tx, job_id, schedule.key)
        made = added(ctx, tx, job_id, schedule, created_by=created_by or ctx.principal.name)
        record = replace(made, job_name=owner.job.name)
        ctx.audit(tx, "create", "schedule", record.id, {"jobId": job_id, "rule": schedule.document()})
        ctx.remember(tx, record)
    return record


def get(ctx: ServiceContext, id: str) -> ScheduleRecord:
    """One schedule."""
    ctx.require(Right.READ)
    with ctx.read() as tx:
        return _existing(tx, id)


def find(
    ctx: ServiceContext,
    *,
    limit: int,
    before: str | None = None,
    job_id: str | None = None,
    state: ScheduleState | None = None,
) -> list[ScheduleRecord]:
    """Schedules, newest first."""
    ctx.require(Right.READ)
    with ctx.read() as tx:
        return schedules.find(tx, limit=limit, before=before, job_id=job_id, state=state)


def update(
    ctx: ServiceContext, id: str, document: Mapping[str, object], *, expected: int | None = None
) -> ScheduleRecord:
    """Replace the rule and its policies. The new revision decides nothing before now.

    A document that says what the schedule says already changes nothing. `expected` is the revision the caller saw.
    """
    ctx.require(Right.EDIT)
    with ctx.write() as tx:
        record = _existing(tx, id)
        require_version(record.revision, expected)
        _refuse_code(record)
        schedule = read_again(record, document, tx.now)
        if schedule.key != record.key:
            _refuse_taken_key(tx, record.job_id, schedule.key)
        changed = revised(ctx, tx, record, schedule)
        if changed is not record:
            detail = {"jobId": record.job_id, "before": record.schedule.document(), "after": schedule.document()}
            ctx.audit(tx, "update", "schedule", id, detail)
        return changed


def delete(ctx: ServiceContext, id: str, *, expected: int | None = None) -> None:
    """Take a schedule away. What it has queued still runs; its ledger stays."""
    ctx.require(Right.EDIT)
    with ctx.write() as tx:
        record = _existing(tx, id)
        require_version(record.revision, expected)
        _refuse_code(record)
        schedules.remove(tx, [id])
        ctx.audit(tx, "delete", "schedule", id, {"jobId": record.job_id, "rule": record.schedule.document()})


def pause(ctx: ServiceContext, id: str, *, note: str | None = None) -> ScheduleRecord:
    """Let a schedule not fire until it is resumed."""
    ctx.require(Right.OPERATE)
    with ctx.write() as tx:
        record = _existing(tx, id)
        if record.state is ScheduleState.ENDED:
            raise Conflict("the schedule has ended; there is nothing to pause")
        if record.state is ScheduleState.PAUSED and note in (None, record.note):
            return record
        ctx.audit(tx, "pause", "schedule", id, {"jobId": record.job_id, "note": note})
        paused = replace(record, state=ScheduleState.PAUSED, note=note, changed_by=ctx.principal.name)
        return schedules.save(tx, paused)


def resume(ctx: ServiceContext, id: str) -> ScheduleRecord:
    """Let a paused schedule fire again, from now on: what became due meanwhile is written down as skipped."""
    ctx.require(Right.OPERATE)
    with ctx.write() as tx:
        record = _existing(tx, id)
        if record.state is not ScheduleState.PAUSED:
            return record
        resumed = _resumed(tx, record, ctx.principal.name)
        ctx.audit(tx, "resume", "schedule", id, {"jobId": record.job_id})
        return schedules.save(tx, resumed)


def preview(
    ctx: ServiceContext,
    document: Mapping[str, object],
    *,
    start: Instant | None = None,
    until: Instant | None = None,
    count: int = 10,
) -> Preview:
    """What a schedule would do after `start` (default now). Nothing is stored."""
    ctx.require(Right.READ)
    begin = ctx.database.clock.now() if start is None else start
    try:
        schedule = Schedule.parse(document, now=begin, spread="preview")
    except InvalidInput as error:
        raise InvalidInput(error.detail, [(("schedule", *loc), msg) for loc, msg in error.errors]) from None
    with ctx.read() as tx:
        around = surroundings.of_one(tx, schedule)
    return upcoming(schedule, begin, until, count, around, ctx.config.environment)


def ledger(
    ctx: ServiceContext, id: str, *, limit: int, before: Instant | None = None, decision: Decision | None = None
) -> list[OccurrenceRecord]:
    """The decided instants of a schedule, latest first. The ledger outlives its schedule."""
    ctx.require(Right.READ)
    with ctx.read() as tx:
        found = occurrences.find(tx, id, limit=limit, before=before, decision=decision)
        if not found and schedules.get(tx, id) is None:
            raise NotFound("no such schedule")
        return found


def added(ctx: ServiceContext, tx: Transaction, job_id: str, schedule: Schedule, *, created_by: str) -> ScheduleRecord:
    """Store a new schedule of a job. InvalidInput when it would never fire."""
    _refuse_long_names(schedule)
    next_at, fires_at = coming(schedule, surroundings.of_one(tx, schedule), tx.now, 0)
    if fires_at is None:
        _refuse_over(schedule)
    record = ScheduleRecord(
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
    schedules.add(tx, record)
    return record


def revised(ctx: ServiceContext, tx: Transaction, record: ScheduleRecord, schedule: Schedule) -> ScheduleRecord:
    """Store a new revision of a schedule, unless it is the one that is stored: then `record` itself is returned.

    A pause outlives the change, unless the document says `enabled` where it did not before.
    """
    if schedule == record.schedule:
        return record
    _refuse_long_names(schedule)
    next_at, fires_at = coming(schedule, surroundings.of_one(tx, schedule, record.id), tx.now, record.runs)
    if fires_at is None and not _has_run_out(schedule, record.runs):
        _refuse_over(schedule)
    state = record.state
    if next_at is None:
        state = ScheduleState.ENDED
    elif not schedule.enabled:
        state = ScheduleState.PAUSED
    elif state is ScheduleState.ENDED or not record.schedule.enabled:
        state = ScheduleState.ENABLED
    changed = replace(
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
    return schedules.save(tx, changed)


def read_again(record: ScheduleRecord, document: Mapping[str, object], now: Instant) -> Schedule:
    """Read a schedule document for a stored schedule.

    A delay counts from the schedule's creation as long as the document stays the same, and else from now.
    """
    given = dict(document)
    if given.get("key") is None and record.key is not None:
        given["key"] = record.key
    schedule = Schedule.parse(given, now=record.created_at, spread=record.job_id)
    if schedule == record.schedule:
        return schedule
    return Schedule.parse(given, now=now, spread=record.job_id)


def require_version(current: int, expected: int | None) -> None:
    """PreconditionFailed when the caller saw another version."""
    if expected is not None and expected != current:
        raise PreconditionFailed(f"it has been changed meanwhile: its version is {current}")


def _existing(tx: Transaction, id: str) -> ScheduleRecord:
    record = schedules.get(tx, id)
    if record is None:
        raise NotFound("no such schedule")
    return record


def _refuse_code(record: ScheduleRecord) -> None:
    if record.created_by == CODE:
        raise Conflict("this schedule comes with code; change it there, or pause it here")


def _refuse_taken_key(tx: Transaction, job_id: str, key: str | None) -> None:
    if key is not None and any(other.key == key for other in schedules.of_jobs(tx, [job_id])[job_id]):
        raise Conflict(f"the job has a schedule with the key {key!r} already")


def _refuse_long_names(schedule: Schedule) -> None:
    for name, value in (("key", schedule.key), ("name", schedule.name)):
        if value is not None and len(value) > _LONGEST_NAME:
            raise InvalidInput.field(name, msg=f"a text of 1 to {_LONGEST_NAME} characters")


def _refuse_over(schedule: Schedule) -> None:
    name = "endsAt" if schedule.ends_at is not None else next(iter(schedule.rule.document()))
    raise InvalidInput.field(name, msg="it would never fire: every instant is in the past")


def _resumed(tx: Transaction, record: ScheduleRecord, by: str) -> ScheduleRecord:
    """The schedule after its pause, with the instants of the pause written down."""
    job = jobs.get(tx, record.job_id)
    if job is not None and job.state is JobState.DISABLED:
        raise Conflict(f"its job {job.job.name!r} is disabled; enable the job")
    cursor, more = record.cursor_at, True
    around = surroundings.of_one(tx, record.schedule, record.id)
    unbounded = replace(record.schedule, max_runs=None)
    reason = f"the schedule was paused{f': {record.note}' if record.note else ''}"
    for _ in range(_SKIPPED_ROUNDS):
        if not more:
            break
        decided = due(unbounded, cursor=cursor, now=tx.now, revised_at=record.revised_at, runs=0, around=around)
        occurrences.record(
            tx,
            [
                (record.id, one.nominal, one.decision, one.reason, None)
                if one.decision in _WITHHELD
                else (record.id, one.nominal, Decision.SKIPPED_PAUSED, reason, None)
                for one in decided.decisions
            ],
        )
        cursor, more = decided.cursor, decided.more
    next_at, fires_at = coming(record.schedule, around, tx.now, record.runs)
    tx.ring(bell.SCHEDULES)
    return replace(
        record,
        state=ScheduleState.ENABLED if next_at is not None else ScheduleState.ENDED,
        cursor_at=tx.now if more else cursor,
        next_at=next_at,
        fires_at=fires_at,
        note=None,
        changed_by=by,
    )


def _has_run_out(schedule: Schedule, runs: int) -> bool:
    return schedule.max_runs is not None and runs >= schedule.max_runs


def _text(schedule: Schedule) -> str:
    return json.dumps(schedule.document(), ensure_ascii=False, separators=(",", ":"), sort_keys=True)
