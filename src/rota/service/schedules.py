"""What may be asked about schedules: make, look, change, pause, and what they will do."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from rota.domain.access import Right
from rota.domain.difference import Difference, Planned, compare
from rota.domain.errors import Conflict, InvalidInput, NotFound, PreconditionFailed
from rota.domain.instant import Instant
from rota.domain.job import JobState
from rota.domain.missed import Missed
from rota.domain.occurrence import Decision
from rota.domain.planning import Preview, coming, due, upcoming
from rota.domain.schedule import Schedule, Surroundings
from rota.service import schedule_changes
from rota.service.context import ServiceContext
from rota.service.schedule_revisions import first_revision, revision
from rota.stores import jobs, occurrences, schedules, surroundings
from rota.stores.database import Transaction
from rota.stores.occurrences import OccurrenceRecord
from rota.stores.schedules import ScheduleRecord, ScheduleState

__all__ = [
    "Change",
    "Decision",
    "Difference",
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
    "try_create",
    "try_update",
    "update",
]

CODE = "code"
"""Who made the schedules that come with code."""

_SKIPPED_ROUNDS = 10
_WITHHELD = frozenset({Decision.SUPPRESSED_DST, Decision.SKIPPED_CALENDAR, Decision.SKIPPED_EXCEPTION})
"""What does not fire whether a schedule is paused or not."""


@dataclass(frozen=True, slots=True)
class Change:
    """A schedule as it is now, and what that does to its fires; None where nothing was changed."""

    record: ScheduleRecord
    difference: Difference | None


def create(
    ctx: ServiceContext, job_id: str, document: Mapping[str, object], *, created_by: str | None = None
) -> ScheduleRecord:
    """Give a job a schedule. NotFound if there is no such job."""
    ctx.require(Right.EDIT)
    with ctx.write() as tx:
        made = _planned_creation(ctx, tx, job_id, document, created_by)
        schedule_changes.add(tx, made)
        ctx.audit(tx, "create", "schedule", made.id, {"jobId": job_id, "rule": made.schedule.document()})
        ctx.remember(tx, made)
    return made


def try_create(ctx: ServiceContext, job_id: str, document: Mapping[str, object]) -> Difference:
    """What `create` would do to the fires, and what it would refuse. Nothing is stored."""
    ctx.require(Right.EDIT)
    with ctx.read() as tx:
        made = _planned_creation(ctx, tx, job_id, document, None)
        after = Planned(made.schedule, surroundings.of_one(tx, made.schedule))
        return compare(None, after, start=tx.now, environment=ctx.config.environment)


def get(ctx: ServiceContext, id: str) -> ScheduleRecord:
    """One schedule."""
    ctx.require(Right.READ)
    with ctx.read() as tx:
        return existing(tx, id)


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


def update(ctx: ServiceContext, id: str, document: Mapping[str, object], *, expected: int | None = None) -> Change:
    """Replace the rule and its policies. The new revision decides nothing before now.

    A document that says what the schedule says already changes nothing. `expected` is the revision the caller saw. The
    audit entry keeps what the change does to the fires.
    """
    ctx.require(Right.EDIT)
    with ctx.write() as tx:
        record = held(tx, id)
        changed, difference = _planned_change(ctx, tx, record, document, expected)
        if changed is record:
            return Change(record, None)
        before, after = record.schedule.document(), changed.schedule.document()
        detail = {"jobId": record.job_id, "before": before, "after": after, "difference": difference.document()}
        ctx.audit(tx, "update", "schedule", id, detail)
        return Change(schedule_changes.save(tx, "updated", changed), difference)


def try_update(
    ctx: ServiceContext, id: str, document: Mapping[str, object], *, expected: int | None = None
) -> Difference:
    """What `update` would do to the fires, and what it would refuse. Nothing is stored."""
    ctx.require(Right.EDIT)
    with ctx.read() as tx:
        return _planned_change(ctx, tx, existing(tx, id), document, expected)[1]


def delete(ctx: ServiceContext, id: str, *, expected: int | None = None) -> None:
    """Take a schedule away. What it has queued still runs; its ledger stays."""
    ctx.require(Right.EDIT)
    with ctx.write() as tx:
        record = held(tx, id)
        require_version(record.revision, expected)
        _refuse_code(record)
        schedule_changes.remove(tx, [record])
        ctx.audit(tx, "delete", "schedule", id, {"jobId": record.job_id, "rule": record.schedule.document()})


def pause(ctx: ServiceContext, id: str, *, note: str | None = None) -> ScheduleRecord:
    """Let a schedule not fire until it is resumed."""
    ctx.require(Right.OPERATE)
    with ctx.write() as tx:
        record = held(tx, id)
        if record.state is ScheduleState.ENDED:
            raise Conflict("the schedule has ended; there is nothing to pause")
        if record.state is ScheduleState.PAUSED and note in (None, record.note):
            return record
        ctx.audit(tx, "pause", "schedule", id, {"jobId": record.job_id, "note": note})
        paused = replace(record, state=ScheduleState.PAUSED, note=note, changed_by=ctx.principal.name)
        return schedule_changes.save(tx, "paused", paused)


def resume(ctx: ServiceContext, id: str) -> ScheduleRecord:
    """Let a paused schedule fire again, from now on: what became due meanwhile is written down as skipped.

    A long pause is written down in rounds, each in a transaction of its own so that others get their turn. Until the
    last one the schedule rests; what breaks off in between goes on with the next `resume`.
    """
    ctx.require(Right.OPERATE)
    while True:
        with ctx.write() as tx:
            record = held(tx, id)
            if record.state is not ScheduleState.PAUSED:
                return record
            around = surroundings.of_one(tx, record.schedule, id)
            cursor, more = _rested(tx, record, around)
            if more:
                schedules.save(tx, replace(record, cursor_at=cursor))
                continue
            ctx.audit(tx, "resume", "schedule", id, {"jobId": record.job_id})
            resumed = _resumed(tx, record, around, cursor, ctx.principal.name)
            return schedule_changes.save(tx, "resumed", resumed)


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
    with ctx.read() as tx:
        begin = tx.now if start is None else start
        schedule, around = unsaved(tx, document, now=begin, spread="preview")
    return upcoming(schedule, begin, until, count, around, ctx.config.environment)


def ledger(
    ctx: ServiceContext,
    id: str,
    *,
    limit: int,
    before: Instant | None = None,
    decision: Decision | None = None,
    since: Instant | None = None,
    until: Instant | None = None,
) -> list[OccurrenceRecord]:
    """The decided instants of a schedule, latest first, from `since` to `until`. The ledger outlives its schedule."""
    ctx.require(Right.READ)
    with ctx.read() as tx:
        found = occurrences.find(tx, id, limit=limit, before=before, decision=decision, since=since, until=until)
        if not found and schedules.get(tx, id) is None:
            raise NotFound("no such schedule")
        return found


def _planned_creation(
    ctx: ServiceContext, tx: Transaction, job_id: str, document: Mapping[str, object], created_by: str | None
) -> ScheduleRecord:
    """The schedule that would be made, after everything that would refuse it."""
    owner = jobs.get(tx, job_id)
    if owner is None:
        raise NotFound("no such job")
    schedule = Schedule.parse(document, now=tx.now, spread=job_id)
    _refuse_taken_key(tx, job_id, schedule.key)
    made = first_revision(ctx, tx, job_id, schedule, created_by or ctx.principal.name)
    return replace(made, job_name=owner.job.name)


def _planned_change(
    ctx: ServiceContext,
    tx: Transaction,
    record: ScheduleRecord,
    document: Mapping[str, object],
    expected: int | None,
) -> tuple[ScheduleRecord, Difference]:
    """A schedule as it would be, after everything that would refuse that; `record` itself where nothing changes."""
    id = record.id
    require_version(record.revision, expected)
    _refuse_code(record)
    schedule = read_again(record, document, tx.now)
    if schedule.key != record.key:
        _refuse_taken_key(tx, record.job_id, schedule.key)
    changed = revision(ctx, tx, record, schedule)
    known = surroundings.of(tx, {id: record.schedule})
    old = Planned(record.schedule, known[id], record.runs) if id in known else None
    new = Planned(schedule, surroundings.of_one(tx, schedule, id), record.runs)
    return changed, compare(old, new, start=tx.now, environment=ctx.config.environment)


def unsaved(
    tx: Transaction, document: Mapping[str, object], *, now: Instant, spread: str
) -> tuple[Schedule, Surroundings]:
    """Read a schedule that is not stored, with what is around it. InvalidInput is located under `schedule`."""
    try:
        schedule = Schedule.parse(document, now=now, spread=spread)
        return schedule, surroundings.of_one(tx, schedule)
    except InvalidInput as error:
        raise InvalidInput(error.detail, [(("schedule", *loc), msg) for loc, msg in error.errors]) from None


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


def existing(tx: Transaction, id: str) -> ScheduleRecord:
    """A schedule that is there; NotFound else."""
    record = schedules.get(tx, id)
    if record is None:
        raise NotFound("no such schedule")
    return record


def held(tx: Transaction, id: str) -> ScheduleRecord:
    """A schedule about to be changed, kept for this transaction; NotFound where there is none."""
    record = schedules.held(tx, id)
    if record is None:
        raise NotFound("no such schedule")
    return record


def _refuse_code(record: ScheduleRecord) -> None:
    if record.created_by == CODE:
        raise Conflict("this schedule comes with code; change it there, or pause it here")


def _refuse_taken_key(tx: Transaction, job_id: str, key: str | None) -> None:
    if key is not None and any(other.key == key for other in schedules.of_jobs(tx, [job_id])[job_id]):
        raise Conflict(f"the job has a schedule with the key {key!r} already")


def _rested(tx: Transaction, record: ScheduleRecord, around: Surroundings) -> tuple[Instant, bool]:
    """Write down instants of a pause, at most 10,000. Returns up to where, and whether there are more."""
    job = jobs.get(tx, record.job_id)
    if job is not None and job.state is JobState.DISABLED:
        raise Conflict(f"its job {job.job.name!r} is disabled; enable the job")
    cursor, more = record.cursor_at, True
    resting = replace(record.schedule, max_runs=None, missed=Missed.SKIP)
    reason = f"the schedule was paused{f': {record.note}' if record.note else ''}"
    for _ in range(_SKIPPED_ROUNDS):
        if not more:
            break
        decided = due(resting, cursor=cursor, now=tx.now, revised_at=record.revised_at, runs=0, around=around)
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
    return cursor, more


def _resumed(tx: Transaction, record: ScheduleRecord, around: Surroundings, cursor: Instant, by: str) -> ScheduleRecord:
    """The schedule after its pause."""
    next_at, fires_at = coming(record.schedule, tx.now, around, record.runs)
    return replace(
        record,
        state=ScheduleState.ENABLED if next_at is not None else ScheduleState.ENDED,
        cursor_at=cursor,
        next_at=next_at,
        fires_at=fires_at,
        note=None,
        changed_by=by,
    )
