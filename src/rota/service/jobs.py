"""What may be asked about jobs: define, look, change, take away. What starts and stops them is `job_control`."""

import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from rota.domain.access import Right
from rota.domain.errors import Conflict, InvalidInput, NotFound, PreconditionFailed
from rota.domain.execution import LEASED
from rota.domain.instant import Instant
from rota.domain.job import Job, JobState
from rota.domain.job_schedules import DEFAULT_KEY, describes_schedule
from rota.domain.planning import Fire, upcoming
from rota.service import job_definitions, schedule_changes
from rota.service.context import ServiceContext
from rota.service.job_definitions import FILE
from rota.service.schedules import require_version
from rota.service.submission import submitter
from rota.service.synchronise import synchronise
from rota.stores import bell, control, events, jobs, schedules, surroundings
from rota.stores.database import Transaction
from rota.stores.identity import new_id
from rota.stores.jobs import JobFilter, JobRecord, JobVersion, LastExecution
from rota.stores.schedules import ScheduleRecord, ScheduleState

__all__ = [
    "Job",
    "JobFilter",
    "JobRecord",
    "JobState",
    "JobVersion",
    "JobView",
    "LastExecution",
    "create",
    "delete",
    "existing",
    "find",
    "get",
    "submitter",
    "synchronise",
    "upcoming_of",
    "update",
    "versions",
    "view",
]

_CANONICAL = {"maxRetries": "retryCount", "payload": "parameters", "type": "jobType"}
"""The synonyms of a definition's fields, each with the name that a stored definition uses."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What the caller of a change saw: the version, and what stood beside it (`beside`); None = the version alone."""

    version: int
    beside: str | None = None


def beside(state: JobState, revisions: Mapping[str, int]) -> str:
    """The state and, in short, the revision of each keyed schedule."""
    text = ",".join(f"{key}:{revision}" for key, revision in sorted(revisions.items()))
    return f"{state.value}.{zlib.crc32(text.encode()):08x}" if text else state.value


@dataclass(frozen=True, slots=True)
class JobView:
    """A job with what a screen shows beside it."""

    record: JobRecord
    schedules: list[ScheduleRecord]
    last: LastExecution | None

    @property
    def default_schedule(self) -> ScheduleRecord | None:
        """The schedule that the definition itself carries."""
        return next((schedule for schedule in self.schedules if schedule.key == DEFAULT_KEY), None)

    @property
    def beside(self) -> str:
        """What an update may overwrite besides the definition: the state, and the revisions of its keyed schedules."""
        keyed = {one.key: one.revision for one in self.schedules if one.key is not None}
        return beside(self.record.state, keyed)

    @property
    def next_at(self) -> Instant | None:
        """The next instant of its schedules; None while none may fire."""
        if self.record.state is not JobState.ENABLED:
            return None
        coming = [item.fires_at for item in self.schedules if item.state is ScheduleState.ENABLED]
        return min((at for at in coming if at is not None), default=None)


def create(ctx: ServiceContext, document: Mapping[str, object], *, source: str = "api") -> JobView:
    """Define a job, with the schedules that the definition carries."""
    ctx.require(Right.EDIT)
    now = ctx.database.clock.now()
    id = new_id(now)
    definition = job_definitions.read(ctx, document, now=now, job_id=id)
    by = ctx.principal.name
    with ctx.write() as tx:
        job_definitions.check(ctx, tx, definition.job, definition.schedules)
        record = JobRecord(
            id=id,
            definition=definition.job.to_json(),
            state=definition.state or JobState.ENABLED,
            source=source,
            source_key=None,
            version=1,
            note=None,
            resume_at=None,
            created_by=definition.created_by or by,
            changed_by=by,
            created_at=tx.now,
            updated_at=tx.now,
        )
        jobs.add(tx, record)
        owner = FILE if source == FILE else record.created_by
        made = job_definitions.write_schedules(ctx, tx, id, definition.schedules, owned_by=owner)
        ctx.audit(tx, "create", "job", id, {"definition": definition.job.document(), **job_definitions.told(made)})
        events.write(tx, [("job.created", None, id, None)])
        shown = view(tx, record)
        ctx.remember(tx, shown)
    return shown


def get(ctx: ServiceContext, id: str) -> JobView:
    """One job. NotFound if there is none, or no longer."""
    ctx.require(Right.READ)
    with ctx.read() as tx:
        return view(tx, existing(tx, id))


def find(ctx: ServiceContext, wanted: JobFilter, *, limit: int, before: str | None = None) -> list[JobView]:
    """Jobs, newest first."""
    ctx.require(Right.READ)
    with ctx.read() as tx:
        return _views(tx, jobs.find(tx, wanted, limit=limit, before=before))


def update(
    ctx: ServiceContext,
    id: str,
    document: Mapping[str, object],
    *,
    seen: Seen | None = None,
    keep: Collection[str] = (),
    source: str | None = None,
) -> JobView:
    """Replace a definition, with the schedules it carries. What it says already is no change and no new version.

    A document that has neither a name nor a type changes only the fields that it has. `keep` are the keys of schedules
    that stay though the document does not carry them; `source` is who defines the job from here on, None = who did.
    """
    ctx.require(Right.EDIT)
    now = ctx.database.clock.now()
    with ctx.write() as tx:
        record = existing(tx, id)
        require_seen(tx, record, seen)
        if record.source == "code":
            raise Conflict("this job is defined in code; change it there")
        partial = _is_partial(document)
        if partial:
            document = _completed(record.job, document)
        document = _reconciled(document, view(tx, record).default_schedule)
        definition = job_definitions.read(ctx, document, now=now, job_id=id)
        changed: dict[str, object] = {}
        moved: job_definitions.ScheduleChanges = {}
        if definition.job != record.job:
            changed = _replace(ctx, tx, record, definition)
        if not partial or describes_schedule(document):
            owner = FILE if source == FILE else record.created_by
            moved = job_definitions.write_schedules(ctx, tx, id, definition.schedules, owned_by=owner, keep=keep)
        version = record.version + (1 if changed else 0)
        if source is not None and source != record.source:
            jobs.own(tx, id, source)
            changed["source"] = [record.source, source]
        if changed or moved:
            ctx.audit(tx, "update", "job", id, {"version": version, "changed": changed, **job_definitions.told(moved)})
        if definition.state is not None and definition.state is not record.state:
            change_state(ctx, tx, record, definition.state)
        return view(tx, existing(tx, id))


def delete(ctx: ServiceContext, id: str, *, seen: Seen | None = None) -> None:
    """Take a job away with its schedules, and cancel what waits. What runs goes on to its end; history stays."""
    ctx.require(Right.EDIT)
    with ctx.write() as tx:
        record = existing(tx, id)
        require_seen(tx, record, seen)
        schedule_changes.remove(tx, schedules.of_jobs(tx, [id])[id])
        waiting = [execution for execution, state in control.live_of(tx, job_id=id) if state not in LEASED]
        if waiting:
            note = {"by": ctx.principal.name, "at": tx.now, "reason": "its job was deleted"}
            control.request_cancellation(tx, waiting, note)
        jobs.remove(tx, id, changed_by=ctx.principal.name)
        ctx.audit(tx, "delete", "job", id, {"name": record.job.name, "cancelled": len(waiting)})
        events.write(tx, [("job.deleted", None, id, None)])


def versions(ctx: ServiceContext, id: str, *, limit: int, before: int | None = None) -> list[JobVersion]:
    """What the job was at each version, newest first."""
    ctx.require(Right.READ)
    with ctx.read() as tx:
        existing(tx, id)
        return jobs.versions(tx, id, limit=limit, before=before)


def upcoming_of(ctx: ServiceContext, id: str, *, count: int) -> list[tuple[ScheduleRecord, Fire]]:
    """The next fires of all schedules of a job, in order. Empty while the job may not start."""
    ctx.require(Right.READ)
    with ctx.read() as tx:
        record = existing(tx, id)
        found = schedules.of_jobs(tx, [id])[id]
        around = surroundings.of(tx, {schedule.id: schedule.schedule for schedule in found})
        now = tx.now
    if record.state is not JobState.ENABLED:
        return []
    fires: list[tuple[ScheduleRecord, Fire]] = []
    for schedule in found:
        if schedule.state is ScheduleState.ENABLED and schedule.id in around:
            left = schedule.schedule.fires_left(schedule.runs, count)
            page = upcoming(schedule.schedule, now, None, left, around[schedule.id], ctx.config.environment)
            fires += [(schedule, fire) for fire in page.items]
    return sorted(fires, key=lambda pair: (pair[1].at, pair[0].id))[:count]


def existing(tx: Transaction, id: str) -> JobRecord:
    """One job in an open transaction. NotFound if there is none, or no longer."""
    record = jobs.get(tx, id)
    if record is None:
        raise NotFound("no such job")
    return record


def view(tx: Transaction, record: JobRecord) -> JobView:
    """A job with what a screen shows beside it."""
    return _views(tx, [record])[0]


def change_state(
    ctx: ServiceContext,
    tx: Transaction,
    record: JobRecord,
    state: JobState,
    *,
    note: str | None = None,
    resume_at: Instant | None = None,
) -> None:
    """Enable, disable or pause, with the queue held or released accordingly."""
    jobs.set_state(tx, record.id, state, note=note, resume_at=resume_at, changed_by=ctx.principal.name)
    if state is JobState.ENABLED:
        control.release(tx, record.id)
    elif state is not record.state:
        control.hold(tx, record.id)
    tx.ring(bell.SCHEDULES)
    verb = {JobState.ENABLED: "enabled", JobState.DISABLED: "disabled", JobState.PAUSED: "paused"}[state]
    ctx.audit(tx, verb.removesuffix("d"), "job", record.id, {"was": record.state.value, "note": note})
    events.write(tx, [(f"job.{verb}", None, record.id, None)])


def _views(tx: Transaction, records: Sequence[JobRecord]) -> list[JobView]:
    ids = [record.id for record in records]
    found = schedules.of_jobs(tx, ids)
    last = jobs.last_executions(tx, ids)
    return [JobView(record, found[record.id], last.get(record.id)) for record in records]


def _replace(
    ctx: ServiceContext, tx: Transaction, record: JobRecord, definition: job_definitions.Definition
) -> dict[str, object]:
    """Store a new version, and say which fields have changed."""
    job_definitions.check(ctx, tx, definition.job, definition.schedules)
    jobs.change(tx, record.id, definition.job, version=record.version + 1, changed_by=ctx.principal.name)
    control.limit_anew(tx, record.id, record.job, definition.job)
    before, after = record.job.document(), definition.job.document()
    events.write(tx, [("job.updated", None, record.id, None)])
    return {name: [before[name], value] for name, value in after.items() if before[name] != value}


def require_seen(tx: Transaction, record: JobRecord, seen: Seen | None) -> None:
    """PreconditionFailed when the caller saw another version, another state or another schedule of it."""
    if seen is None:
        return
    require_version(record.version, seen.version)
    if seen.beside is not None and seen.beside != view(tx, record).beside:
        raise PreconditionFailed("its state or a schedule of it has been changed meanwhile")


def _is_partial(document: Mapping[str, object]) -> bool:
    if not document:
        raise InvalidInput("job: name: required", [(("name",), "required"), (("jobType",), "required")])
    return not any(name in document for name in ("name", "jobType", "type", "executionTypeName"))


def _completed(job: Job, changes: Mapping[str, object]) -> dict[str, object]:
    """The job's own document with the changes, whatever synonyms they use."""
    replaced = {_CANONICAL.get(name, name) for name in changes}
    if changes.get("concurrencyKey", job.concurrency_key) is None:
        replaced.add("maxConcurrentPerKey")
    return {name: value for name, value in job.document().items() if name not in replaced} | dict(changes)


def _reconciled(document: Mapping[str, object], own: ScheduleRecord | None) -> Mapping[str, object]:
    """A schedule that comes back as it is stored gives way to a changed `cronExpression` or `timeZone` beside it."""
    if own is None or document.get("schedule") != own.schedule.document():
        return document
    schedule = own.schedule.document()
    cron, zone = document.get("cronExpression"), document.get("timeZone")
    if "cron" in schedule and "cronExpression" in document and cron is None:
        return {name: value for name, value in document.items() if name != "schedule"}
    if cron is not None and cron != schedule.get("cron"):
        rule = own.schedule.rule.document()
        schedule = {name: value for name, value in schedule.items() if name not in rule} | {"cron": cron}
    if zone is not None and zone != own.schedule.time_zone:
        schedule["timeZone"] = zone
    return {**document, "schedule": schedule}
