"""A job definition on its way into the store: read whole, checked against what can run, written with its schedules."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from rota.domain.errors import InvalidInput, Location
from rota.domain.instant import Instant
from rota.domain.job import Defaults, ExecutionMode, Job, JobState
from rota.domain.job_reading import is_plain
from rota.domain.job_schedules import parse_schedules
from rota.domain.parameters import Json, merged
from rota.domain.schedule import Schedule
from rota.service import schedule_changes, schedule_revisions, schemas
from rota.service import schedules as schedule_service
from rota.service.context import ServiceContext
from rota.service.runnable import require_runnable
from rota.stores import schedules
from rota.stores.database import Transaction
from rota.stores.schedules import ScheduleRecord

FILE = "file"
"""The source of the jobs that a manifest defines, and who made the schedules that it carries."""
_LONGEST_CREATOR = 200
_MISSING = ("field required", "required", "missing")


@dataclass(frozen=True, slots=True)
class Definition:
    """What a definition says. `state` and `created_by` are None where it does not say them."""

    job: Job
    schedules: list[Schedule]
    state: JobState | None = None
    created_by: str | None = None


ScheduleChanges = dict[str, tuple[Json, Json]]
"""Schedules of a job by their keys, each as it was and as it is; None where there was none or is none."""


def defaults_of(ctx: ServiceContext) -> Defaults:
    """What this installation chooses for jobs that leave it out."""
    engine = ctx.config.engine
    return Defaults(
        timeout=round(engine.default_timeout_seconds * 1_000_000),
        retries=engine.default_retry_count,
        strategy=engine.retry_delay_strategy,
    )


def read(ctx: ServiceContext, document: Mapping[str, object], *, now: Instant, job_id: str) -> Definition:
    """Read a definition. InvalidInput lists every problem of the job and of its schedules."""
    errors: list[tuple[Location, str]] = []
    rest = {name: value for name, value in document.items() if name not in ("createdBy", "state", "status")}
    state = _state(document, errors)
    created_by = creator(document, errors)
    job: Job | None = None
    found: list[Schedule] = []
    try:
        job = Job.parse(rest, defaults=defaults_of(ctx))
    except InvalidInput as error:
        errors.extend(error.errors)
    try:
        found = parse_schedules(rest, now=now, spread=job_id)
    except InvalidInput as error:
        errors.extend(error.errors)
    if job is None or errors:
        raise InvalidInput.several("job", errors)
    return Definition(job, found, state, created_by)


def creator(document: Mapping[str, object], errors: list[tuple[Location, str]]) -> str | None:
    """`createdBy` of a document."""
    found = document.get("createdBy")
    if found is None:
        return None
    if not isinstance(found, str) or not 1 <= len(found.strip()) <= _LONGEST_CREATOR or not is_plain(found):
        errors.append((("createdBy",), f"a text of 1 to {_LONGEST_CREATOR} characters"))
        return None
    return found


def check(ctx: ServiceContext, tx: Transaction, job: Job, found: Sequence[Schedule]) -> None:
    """InvalidInput for a job that can never run: no executor, an unknown function, or parameters it would refuse.

    What a python function without a schedule misses may come with the trigger.
    """
    _require_executor(ctx, job)
    schemas.require_schema(job)
    if not found:
        try:
            _check_parameters(ctx, tx, job, job.parameters)
        except InvalidInput as error:
            wrong = [(loc, message) for loc, message in error.errors if not _is_missing(job, loc, message)]
            if wrong or not error.errors:
                raise InvalidInput(error.detail, wrong) from None
    for schedule in found:
        check_run(ctx, tx, job, merged(job.parameters, schedule.parameters))


def check_run(ctx: ServiceContext, tx: Transaction, job: Job, parameters: Json) -> None:
    """InvalidInput for parameters that this run of a job could never use."""
    _require_executor(ctx, job)
    _check_parameters(ctx, tx, job, parameters)
    if job.kind != "python" or job.type not in ctx.catalogue.functions():  # a function checks its own signature
        schemas.require_valid(job, parameters)


def write_schedules(
    ctx: ServiceContext,
    tx: Transaction,
    job_id: str,
    wanted: Iterable[Schedule],
    *,
    owned_by: str,
    remove: bool = True,
    keep: Collection[str] = (),
) -> ScheduleChanges:
    """Make the schedules of a definition those of the job: by key, changing nothing that is the same already.

    Schedules that somebody gave the job apart from its definition stay; `remove` takes away those of the definition
    that it no longer names, and that are not among the keys to `keep`. `owned_by` is who made them. Returns what it
    has changed, for the audit.
    """
    changes: ScheduleChanges = {}
    known = {record.key: record for record in schedules.held_of_job(tx, job_id) if record.key is not None}
    kept = set(keep)
    for schedule in wanted:
        key = schedule.key or ""
        kept.add(key)
        record = known.get(key)
        try:
            if record is None:
                added = schedule_revisions.added(ctx, tx, job_id, schedule, created_by=owned_by)
                changes[key] = (None, added.schedule.document())
            else:
                changed = schedule_revisions.revised(ctx, tx, record, as_stored(record, schedule))
                if changed is not record:
                    changes[key] = (record.schedule.document(), changed.schedule.document())
        except InvalidInput as error:
            raise InvalidInput(error.detail, [(("schedule", *loc), message) for loc, message in error.errors]) from None
    gone = [record for key, record in known.items() if key not in kept and _belongs(record, owned_by)]
    if gone and remove:
        schedule_changes.remove(tx, gone)
        changes |= {record.key or "": (record.schedule.document(), None) for record in gone}
    return changes


def as_stored(record: ScheduleRecord, schedule: Schedule) -> Schedule:
    """The schedule as it is stored where only the moment of reading tells the two apart: a delay keeps its anchor."""
    document = schedule.document()
    if "after" in document and record.schedule.rule.document().get("after") == document["after"]:
        document["anchor"] = record.schedule.rule.document()["anchor"]
        return Schedule.from_document(document)
    return schedule


def told(changes: ScheduleChanges) -> dict[str, object]:
    """What the audit of a job says of its schedules."""
    return {"schedules": changes} if changes else {}


def _belongs(record: ScheduleRecord, owned_by: str) -> bool:
    """Whether a schedule came with the definition rather than apart from it."""
    if owned_by == schedule_service.CODE:
        return record.created_by == schedule_service.CODE
    key = record.key or ""
    return (
        (owned_by == record.created_by == FILE)
        or key == "default"
        or (key.startswith("default-") and key.removeprefix("default-").isdecimal())
    )


def _require_executor(ctx: ServiceContext, job: Job) -> None:
    if job.kind != "python" and job.kind not in ctx.catalogue.kinds:
        raise InvalidInput.field("jobType", msg=f"no executor for {job.kind!r} in this version")
    if job.mode is ExecutionMode.CONTAINER and "container" not in ctx.catalogue.kinds:
        raise InvalidInput.field("executionMode", msg="no executor for 'container' in this version")


def _check_parameters(ctx: ServiceContext, tx: Transaction, job: Job, parameters: Json) -> None:
    try:
        require_runnable(ctx, tx, job.type, parameters)
    except InvalidInput as error:
        located = [(loc if loc[:1] in _TOP else ("parameters", *loc), message) for loc, message in error.errors]
        raise InvalidInput(error.detail, located) from None


_TOP = (("jobType",), ("parameters",))


def _is_missing(job: Job, loc: Location, message: str) -> bool:
    """Whether a problem is only that a parameter of a function has no value yet."""
    absent = len(loc) == 2 and isinstance(job.parameters, Mapping) and loc[1] not in job.parameters
    return job.kind == "python" and absent and message.lower().startswith(_MISSING)


def _state(document: Mapping[str, object], errors: list[tuple[Location, str]]) -> JobState | None:
    for name in ("state", "status"):
        given = document.get(name)
        if given is None:
            continue
        found = next(
            (state for state in JobState if isinstance(given, str) and state.value.lower() == given.lower()), None
        )
        if found is None:
            errors.append(((name,), f"one of {', '.join(JobState)}"))
        return found
    return None
