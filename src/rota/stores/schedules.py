"""Schedules in the store: what people see of them, and what the ticker takes and advances in batches."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, delete, func, insert, literal, select, update

from rota.domain.errors import Contended
from rota.domain.instant import Instant
from rota.domain.job import Job, JobState
from rota.domain.schedule import Schedule
from rota.stores import bell, events
from rota.stores.columns import compact
from rota.stores.database import Transaction
from rota.stores.schedule_tables import schedules
from rota.stores.tables import jobs


class ScheduleState(StrEnum):
    """Whether a schedule fires. `Ended` means that no instant is left."""

    ENABLED = "Enabled"
    PAUSED = "Paused"
    ENDED = "Ended"


@dataclass(frozen=True, slots=True)
class ScheduleRecord:
    """A stored schedule. `cursor_at` is the last nominal instant that is decided, `next_at` the next one to decide.

    `fires_at` is the next one that rule, calendar and exceptions let fire.
    """

    id: str
    job_id: str
    key: str | None
    name: str | None
    state: ScheduleState
    rule: str
    revision: int
    revised_at: Instant
    cursor_at: Instant
    next_at: Instant | None
    fires_at: Instant | None
    runs: int
    note: str | None
    created_by: str
    changed_by: str
    created_at: Instant
    updated_at: Instant
    job_name: str | None = None
    planned_with: str | None = None
    probed: bool = False

    @property
    def schedule(self) -> Schedule:
        """The rule and its policies."""
        return Schedule.from_json(self.rule)

    @property
    def decided_until(self) -> Instant:
        """Up to where its instants are decided; those before its last revision are none of its business."""
        return max(self.cursor_at, self.revised_at)


@dataclass(slots=True)
class DueJob:
    """The job of due schedules, as it stands now."""

    definition: str
    state: JobState
    note: str | None

    @property
    def job(self) -> Job:
        """What it runs."""
        return Job.from_json(self.definition)


@dataclass(slots=True)
class DueSchedule:
    """A schedule whose next instant has come, with the job that it runs."""

    owner: DueJob
    id: str
    job_id: str
    rule: str
    revision: int
    revised_at: Instant
    cursor_at: Instant
    next_at: Instant
    runs: int

    @property
    def schedule(self) -> Schedule:
        """The rule and its policies. InvalidInput if this version cannot read it."""
        return Schedule.from_json(self.rule)


Advanced = tuple[str, int, Instant, Instant, Instant | None, Instant | None, int, str]
"""id, revision and cursor that were read; cursor, next instant, next fire, runs and state to be written"""


def due(tx: Transaction, now: Instant, limit: int, *, probed: bool = False) -> list[DueSchedule]:
    """Enabled schedules whose next instant is not after `now`, the most overdue first, whatever their job's state.

    Those whose condition asks over HTTP if they are `probed`, else all the others.
    """
    rows = tx.hot.due_schedules(tx, now, limit, probed)
    owners = _owners(tx, {row[1] for row in rows})
    return [DueSchedule(owners[row[1]], *row) for row in rows]


def hold(tx: Transaction, found: Sequence[DueSchedule]) -> set[str]:
    """The due schedules that still are where they were read, kept for this transaction.

    Those that another coordinator has in hand are left to it.
    """
    return tx.hot.hold_schedules(tx, [(item.id, item.revision, item.cursor_at) for item in found])


def unchanged(tx: Transaction, found: Sequence[DueSchedule]) -> set[str]:
    """The due schedules whose jobs still are what was read; those stay so until the transaction ends.

    A job that somebody has in hand is not waited for: who changes a job locks it before its schedules.
    """
    now = _owners(tx, {item.job_id for item in found}, hold=True)
    return {item.id for item in found if now.get(item.job_id) == item.owner}


def _owners(tx: Transaction, job_ids: Collection[str], *, hold: bool = False) -> dict[str, DueJob]:
    if not job_ids:
        return {}
    wanted = select(jobs.c.id, jobs.c.definition, jobs.c.state, jobs.c.note).where(jobs.c.id.in_(job_ids))
    rows = tx.all(wanted.with_for_update(read=True, skip_locked=True) if hold else wanted)
    return {row.id: DueJob(row.definition, _job_state(row.state), row.note) for row in rows}


def _job_state(text: str) -> JobState:
    """A state that cannot be read stops that job, and no other."""
    try:
        return JobState(text)
    except ValueError:
        return JobState.DISABLED


def set_aside(tx: Transaction, schedule_id: str, note: str) -> None:
    """Say why a schedule was paused by Rota itself."""
    tx.execute(update(schedules).where(schedules.c.id == schedule_id).values(note=note[:500], changed_by="rota"))


def tell(tx: Transaction, rows: Sequence[tuple[str, str, str, Mapping[str, object]]]) -> None:
    """Write the events `schedule.<what>`: what, the schedule, its job, and what else is to be told."""
    told = [(f"schedule.{what}", None, job_id, compact({"scheduleId": id, **more})) for what, id, job_id, more in rows]
    if told:
        events.write(tx, told)


def advance(tx: Transaction, rows: Sequence[Advanced]) -> bool:
    """Move cursors, all in one step. False, to be rolled back, when one is no longer where it was read."""
    return not rows or tx.hot.advance_schedules(tx, rows) == len(rows)


def next_due_at(tx: Transaction, *, probed: bool | None = None) -> Instant | None:
    """When the next schedule becomes due, of those that are `probed` or not, or of all; None when none will."""
    statement = select(schedules.c.next_at).where(_FIRING).order_by(schedules.c.next_at).limit(1)
    if probed is not None:
        statement = statement.where(schedules.c.probed == literal(int(probed), literal_execute=True))
    found: Instant | None = tx.connection.scalar(statement)
    return found


def add(tx: Transaction, record: ScheduleRecord) -> None:
    """Store a new schedule."""
    tx.execute(insert(schedules).values(_values(record)))
    tx.ring(bell.SCHEDULES)


def save(tx: Transaction, record: ScheduleRecord) -> ScheduleRecord:
    """Replace a stored schedule by `record`, as changed now."""
    changed = replace(record, updated_at=tx.now)
    tx.execute(update(schedules).where(schedules.c.id == record.id).values(_values(changed)))
    tx.ring(bell.SCHEDULES)
    return changed


def plan(tx: Transaction, read: ScheduleRecord, planned: ScheduleRecord) -> None:
    """Store where a schedule stands next, and nothing else of it. Contended if it is no longer where it was read."""
    values = {name: getattr(planned, name) for name in ("cursor_at", "next_at", "fires_at", "planned_with", "revision")}
    if planned.state is not read.state:
        values["state"] = planned.state.value
        tell(tx, [("ended" if planned.state is ScheduleState.ENDED else "resumed", read.id, read.job_id, {})])
    still = (schedules.c.revision == read.revision, schedules.c.cursor_at == read.cursor_at)
    written = tx.execute(update(schedules).where(schedules.c.id == read.id, *still).values(**values, updated_at=tx.now))
    if not written.rowcount:
        raise Contended("a schedule has been changed while it was planned anew")
    tx.ring(bell.SCHEDULES)


def remove(tx: Transaction, ids: Collection[str]) -> None:
    """Take schedules away. Their ledger stays."""
    tx.execute(delete(schedules).where(schedules.c.id.in_(ids)))
    tx.ring(bell.SCHEDULES)


def get(tx: Transaction, schedule_id: str) -> ScheduleRecord | None:
    """One schedule, or None."""
    row = tx.first(_SCHEDULE.where(schedules.c.id == schedule_id))
    return None if row is None else _record(row)


def held(tx: Transaction, schedule_id: str) -> ScheduleRecord | None:
    """As `get`, kept for this transaction: no coordinator moves its cursor meanwhile, and `save` takes nothing back."""
    tx.first(select(schedules.c.id).where(schedules.c.id == schedule_id).with_for_update())
    return get(tx, schedule_id)


def held_of_ids(tx: Transaction, ids: Collection[str]) -> list[ScheduleRecord]:
    """As `of_ids`, oldest first, and kept for this transaction, as `held` does.

    Whoever keeps several takes them in this order, so that no two wait for each other.
    """
    tx.all(select(schedules.c.id).where(schedules.c.id.in_(ids)).order_by(schedules.c.id).with_for_update())
    return of_ids(tx, ids)[::-1]


def of_ids(tx: Transaction, ids: Collection[str]) -> list[ScheduleRecord]:
    """Those of the schedules that exist, newest first."""
    return [_record(row) for row in tx.all(_SCHEDULE.where(schedules.c.id.in_(ids)).order_by(schedules.c.id.desc()))]


def of_jobs(tx: Transaction, job_ids: Collection[str]) -> dict[str, list[ScheduleRecord]]:
    """The schedules of each job, oldest first; every job asked for has an entry."""
    found: dict[str, list[ScheduleRecord]] = defaultdict(list)
    for row in tx.all(_SCHEDULE.where(schedules.c.job_id.in_(job_ids)).order_by(schedules.c.id)):
        found[row.job_id].append(_record(row))
    return {job_id: found[job_id] for job_id in job_ids}


def held_of_job(tx: Transaction, job_id: str) -> list[ScheduleRecord]:
    """The schedules of a job, oldest first, kept for this transaction, as `held` does."""
    of_job = schedules.c.job_id == job_id
    tx.all(select(schedules.c.id).where(of_job).order_by(schedules.c.id).with_for_update())
    return of_jobs(tx, [job_id])[job_id]


def planned_otherwise(tx: Transaction, data: str, *, after: str, limit: int) -> list[ScheduleRecord]:
    """Schedules that have not ended and were planned with other data, by id, from behind the id `after` on.

    They stay as they are until the transaction ends.
    """
    other = schedules.c.planned_with.is_(None) | (schedules.c.planned_with != data)
    statement = (
        select(*(schedules.c[name] for name in _NAMES))
        .where(other, schedules.c.state != ScheduleState.ENDED.value)
        .order_by(schedules.c.id)
        .limit(limit)
    )
    if after:
        statement = statement.where(schedules.c.id > after)
    return [_record(row) for row in tx.all(statement.with_for_update())]


def find(
    tx: Transaction,
    *,
    limit: int,
    before: str | None = None,
    job_id: str | None = None,
    state: ScheduleState | None = None,
) -> list[ScheduleRecord]:
    """Schedules, newest first, from the one before the id `before` on."""
    statement = _SCHEDULE.order_by(schedules.c.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(schedules.c.id < before)
    if job_id is not None:
        statement = statement.where(schedules.c.job_id == job_id)
    if state is not None:
        statement = statement.where(schedules.c.state == state.value)
    return [_record(row) for row in tx.all(statement)]


def enabled(tx: Transaction, job_ids: Collection[str] | None, *, limit: int) -> list[ScheduleRecord]:
    """The enabled schedules of some jobs, or of all, oldest first."""
    statement = _SCHEDULE.where(_FIRING).order_by(schedules.c.id).limit(limit)
    if job_ids is not None:
        statement = statement.where(schedules.c.job_id.in_(job_ids))
    return [_record(row) for row in tx.all(statement)]


def count_enabled(tx: Transaction, job_ids: Collection[str] | None) -> int:
    """How many `enabled` would find without a limit."""
    statement = select(func.count()).select_from(schedules).where(_FIRING)
    if job_ids is not None:
        statement = statement.where(schedules.c.job_id.in_(job_ids))
    return tx.connection.scalar(statement) or 0


def _values(record: ScheduleRecord) -> dict[str, Any]:
    return {name: getattr(record, name) for name in _NAMES} | {
        "state": record.state.value,
        "probed": int(record.probed),
    }


_NAMES = (
    "id", "job_id", "key", "name", "state", "rule", "revision", "revised_at", "cursor_at", "next_at", "fires_at", "runs", "note",
    "created_by", "changed_by", "created_at", "updated_at", "planned_with", "probed",
)  # fmt: skip
_SCHEDULE = select(*(schedules.c[name] for name in _NAMES), jobs.c.name.label("job_name")).join(jobs)
_FIRING = (schedules.c.state == literal("Enabled", literal_execute=True)) & schedules.c.next_at.is_not(None)


def _record(row: Row[Any]) -> ScheduleRecord:
    values: dict[str, Any] = dict(row._mapping)
    values |= {"state": ScheduleState(row.state), "probed": bool(row.probed)}
    return ScheduleRecord(**values)
