"""Submissions: one execution without a definition, whose id is its job's id too."""

from collections.abc import Mapping
from typing import cast

from rota.domain.access import Right
from rota.domain.errors import InvalidInput, Location
from rota.domain.execution import NewExecution, Trigger
from rota.domain.fields import Fields
from rota.domain.instant import Instant
from rota.domain.job import ExecutionMode, Job, new_execution
from rota.domain.job_schedules import describes_schedule
from rota.domain.parameters import Json, problem_with
from rota.service import executions, job_definitions
from rota.service.context import ServiceContext
from rota.service.executions import ExecutionRecord

_APART = ("runAt", "delaySeconds", "createdBy", "payload", "parameters")
_DEFINING = ("jobType", "executionTypeName", "executionAssembly", "schedules")
_NOT_DESCRIBED = (
    "description", "category", "ownerName", "ownerEmail", "teamName", "escalationContact",
    "concurrencyKey", "maxConcurrentPerKey",
)  # fmt: skip
_NOT_FOR_ONE = ("maxConcurrentExecutions", "rateLimit", "parametersSchema", "timeZone", "state", "status")


def is_submission(document: Mapping[str, object]) -> bool:
    """Whether a body asks for one execution rather than for a definition: it has `type`, and nothing that defines."""
    if document.get("type") is None or describes_schedule(document):
        return False
    return all(document.get(name) is None for name in _DEFINING)


def submit(ctx: ServiceContext, document: Mapping[str, object]) -> ExecutionRecord:
    """Accept one execution, due at once, at `runAt`, or after `delaySeconds`. Durable when this returns."""
    ctx.require(Right.EDIT)
    new = read(ctx, document, ctx.database.clock.now())
    try:
        return executions.submit(ctx, new)
    except InvalidInput as error:  # a submission calls it `type`
        located = [(("type", *loc[1:]) if loc[:1] == ("jobType",) else loc, message) for loc, message in error.errors]
        raise InvalidInput(error.detail.replace("jobType", "type", 1), located) from None


def read(ctx: ServiceContext, document: Mapping[str, object], now: Instant) -> NewExecution:
    """Read a submission. InvalidInput lists every problem."""
    errors: list[tuple[Location, str]] = []
    rest = {name: value for name, value in document.items() if name not in _APART}
    if rest.get("name") is None and isinstance(rest.get("type"), str):
        rest["name"] = str(rest["type"])[:200]
    created_by = job_definitions.creator(document, errors)
    due_at = _due_at(Fields(document, errors=errors), now)
    errors += [((name,), "belongs to a definition") for name in _NOT_FOR_ONE if rest.pop(name, None) is not None]
    payload = _payload(document, errors)
    job: Job | None = None
    try:
        job = Job.parse(rest, defaults=job_definitions.defaults_of(ctx))
    except InvalidInput as error:
        errors.extend(error.errors)
    if job is None or errors:
        location, message = errors[0]
        raise InvalidInput(f"submission: {'.'.join(map(str, location))}: {message}", errors)
    if job.kind != "python" and job.kind not in ctx.catalogue.kinds:
        raise InvalidInput.field("type", msg=f"no executor for {job.kind!r} in this version")
    if job.mode is ExecutionMode.CONTAINER and "container" not in ctx.catalogue.kinds:
        raise InvalidInput.field("executionMode", msg="no executor for 'container' in this version")
    if job.kind != "python" and payload is not None and not isinstance(payload, Mapping):
        raise InvalidInput.field("payload", msg=f"a JSON object: {job.kind} reads its parameters by name")
    return _execution(job, payload, due_at, created_by)


def _execution(job: Job, payload: Json, due_at: Instant | None, created_by: str | None) -> NewExecution:
    new = new_execution("", job, trigger=Trigger.SUBMISSION, due_at=due_at)
    new.job_id = None
    new.limits = job.limits("", payload)
    described = {name: job.document()[name] for name in _NOT_DESCRIBED if job.document()[name] is not None}
    if job.tags:
        described["tags"] = list(job.tags)
    if created_by is not None:
        described["createdBy"] = created_by
    new.metadata = described
    new.parameters = payload
    return new


def _payload(document: Mapping[str, object], errors: list[tuple[Location, str]]) -> Json:
    """What the execution is given, under either of its names: any JSON."""
    given = {name: document[name] for name in ("payload", "parameters") if document.get(name) is not None}
    for name, value in given.items():
        if (problem := problem_with(value)) is not None:
            errors.append(((name,), problem))
    if len(given) > 1 and given["payload"] != given["parameters"]:
        errors.append((("parameters",), "differs from payload, which means the same"))
    return cast(Json, next(iter(given.values()), None))


def _due_at(fields: Fields, now: Instant) -> Instant | None:
    run_at, delay = fields.instant("runAt"), fields.duration("delaySeconds")
    if run_at is not None and delay is not None:
        fields.refuse("delaySeconds", "give runAt or delaySeconds, not both")
    return run_at if delay is None else now + delay
