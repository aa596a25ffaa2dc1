"""One-off exceptions to a schedule: what somebody decided about single instants of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from rota.domain.access import Right
from rota.domain.errors import Conflict, NotFound
from rota.domain.exception_request import Action, ExceptionRequest, action_of
from rota.domain.instant import Instant, format_instant
from rota.service import schedule_changes
from rota.service import schedules as schedule_service
from rota.service.context import ServiceContext
from rota.stores import schedule_exceptions, schedules, surroundings
from rota.stores.database import Transaction
from rota.stores.plans import planned
from rota.stores.schedule_exceptions import ExceptionRecord
from rota.stores.schedules import ScheduleRecord

__all__ = ["Action", "ExceptionRecord", "Made", "action_of", "add", "find", "remove"]

_MOST = 1000
"""Of one schedule. The planner reads all of them whenever it is due."""


@dataclass(frozen=True, slots=True)
class Made:
    """An exception, and when the schedule fires next because of it."""

    record: ExceptionRecord
    next_at: Instant | None


def add(ctx: ServiceContext, schedule_id: str, document: Mapping[str, object]) -> Made:
    """Make an exception, whoever defined the schedule: it changes what happens once, not the definition.

    InvalidInput for an instant in the past or one at which the schedule does not fire.
    """
    ctx.require(Right.OPERATE)
    request = ExceptionRequest.parse(document)
    with ctx.write() as tx:
        schedule = schedule_service.held(tx, schedule_id)
        if schedule_exceptions.count(tx, schedule_id) >= _MOST:
            raise Conflict(f"the schedule has {_MOST} exceptions already; remove those that have passed")
        around = surroundings.of_one(tx, schedule.schedule, schedule_id)
        exception = request.exception(schedule.schedule, around, by=ctx.principal.name, now=tx.now)
        record = schedule_exceptions.add(tx, schedule_id, exception)
        changed = _planned_anew(tx, schedule)
        _tell(ctx, tx, "added", schedule, record)
        made = Made(record, changed.fires_at)
        ctx.remember(tx, made)
    return made


def find(ctx: ServiceContext, schedule_id: str, *, limit: int, before: str | None = None) -> list[ExceptionRecord]:
    """The exceptions of a schedule, the newest first; those that have passed among them."""
    ctx.require(Right.READ)
    with ctx.read() as tx:
        schedule_service.existing(tx, schedule_id)
        return schedule_exceptions.find(tx, schedule_id, limit=limit, before=before)


def remove(ctx: ServiceContext, schedule_id: str, id: str) -> None:
    """Take an exception back. What was decided because of it stays decided."""
    ctx.require(Right.OPERATE)
    with ctx.write() as tx:
        schedule = schedule_service.held(tx, schedule_id)
        record = schedule_exceptions.remove(tx, schedule_id, id)
        if record is None:
            raise NotFound("no such exception")
        _planned_anew(tx, schedule)
        _tell(ctx, tx, "removed", schedule, record)


def _planned_anew(tx: Transaction, record: ScheduleRecord) -> ScheduleRecord:
    """The schedule with its next instants as they are now, under a new revision: a tick under way begins anew."""
    around = surroundings.of_one(tx, record.schedule, record.id)
    changed = replace(planned(record, around, tx.now), revision=record.revision + 1)
    schedules.plan(tx, record, changed)
    return changed


def _tell(ctx: ServiceContext, tx: Transaction, what: str, schedule: ScheduleRecord, record: ExceptionRecord) -> None:
    exception = record.exception
    times = (("at", exception.at), ("until", exception.until), ("to", exception.to))
    detail: dict[str, object] = {"exceptionId": record.id, "action": action_of(exception).value}
    detail |= {name: format_instant(time) for name, time in times if time is not None}
    verb = "addException" if what == "added" else "removeException"
    ctx.audit(tx, verb, "schedule", schedule.id, {**detail, "jobId": schedule.job_id, "reason": exception.reason})
    schedule_changes.tell(tx, f"exception{what.capitalize()}", schedule, **detail)
