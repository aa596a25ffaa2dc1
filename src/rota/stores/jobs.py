"""Jobs in the store: their definitions, their states and every version they have had."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, insert, select, update

from rota.domain.execution import State
from rota.domain.instant import Instant
from rota.domain.job import Job, JobState
from rota.stores import audit, events
from rota.stores.control import release
from rota.stores.database import Transaction
from rota.stores.tables import executions, history, job_versions, jobs


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A stored job. `source` is `api`, `code` or `file`; `source_key` the name that code or a file knows it by."""

    id: str
    definition: str
    state: JobState
    source: str
    source_key: str | None
    version: int
    note: str | None
    resume_at: Instant | None
    created_by: str
    changed_by: str
    created_at: Instant
    updated_at: Instant

    @property
    def job(self) -> Job:
        """The definition."""
        return Job.from_json(self.definition)


@dataclass(frozen=True, slots=True)
class JobVersion:
    """What a job was at one of its versions."""

    version: int
    definition: str
    changed_by: str
    changed_at: Instant


@dataclass(frozen=True, slots=True)
class LastExecution:
    """The newest execution of a job. `finished_at` is None while it is not finished."""

    id: str
    state: State
    finished_at: Instant | None


@dataclass(frozen=True, slots=True)
class JobFilter:
    """Which jobs a list holds. `search` looks for each of its words in name, type, owner, team and tags."""

    search: str | None = None
    state: JobState | None = None
    tag: str | None = None
    owner: str | None = None
    team: str | None = None
    type: str | None = None
    category: str | None = None


def add(tx: Transaction, record: JobRecord) -> None:
    """Store a new job and its first version."""
    job = record.job
    tx.execute(
        insert(jobs).values(
            id=record.id,
            state=record.state.value,
            source=record.source,
            source_key=record.source_key,
            version=record.version,
            note=record.note,
            resume_at=record.resume_at,
            created_by=record.created_by,
            changed_by=record.changed_by,
            created_at=record.created_at,
            updated_at=record.updated_at,
            **_columns_of(job, record.definition),
        )
    )
    _keep_version(tx, record.id, record.version, record.definition, record.changed_by)


def change(tx: Transaction, job_id: str, job: Job, *, version: int, changed_by: str) -> None:
    """Replace the definition; `version` is the new one."""
    definition = job.to_json()
    columns = _columns_of(job, definition)
    tx.execute(
        update(jobs)
        .where(jobs.c.id == job_id)
        .values(version=version, changed_by=changed_by, updated_at=tx.now, **columns)
    )
    _keep_version(tx, job_id, version, definition, changed_by)


def set_state(
    tx: Transaction, job_id: str, state: JobState, *, note: str | None, resume_at: Instant | None, changed_by: str
) -> None:
    """Enable, disable or pause a job. Its version stays: what it runs has not changed."""
    tx.execute(
        update(jobs)
        .where(jobs.c.id == job_id)
        .values(state=state.value, note=note, resume_at=resume_at, changed_by=changed_by, updated_at=tx.now)
    )


def remove(tx: Transaction, job_id: str, *, changed_by: str) -> None:
    """Take a job away. Its row stays for the history that names it; its source may define it anew."""
    gone = {"deleted_at": tx.now, "source_key": None, "changed_by": changed_by, "updated_at": tx.now}
    tx.execute(update(jobs).where(jobs.c.id == job_id).values(gone))


def get(tx: Transaction, job_id: str) -> JobRecord | None:
    """One job, or None."""
    row = tx.first(_JOB.where(jobs.c.id == job_id))
    return None if row is None else _record(row)


def of_ids(tx: Transaction, job_ids: Collection[str]) -> dict[str, JobRecord]:
    """Those of the jobs that exist, by id."""
    if not job_ids:
        return {}
    rows = tx.all(_JOB.where(jobs.c.id.in_(job_ids)))
    return {row.id: _record(row) for row in rows}


def by_name(tx: Transaction, name: str, limit: int = 2) -> list[JobRecord]:
    """The jobs of that very name; several may share one."""
    return [_record(row) for row in tx.all(_JOB.where(jobs.c.name == name).order_by(jobs.c.id).limit(limit))]


def by_source(tx: Transaction, source: str, keys: Collection[str], *, hold: bool = False) -> dict[str, JobRecord]:
    """The jobs that a source knows by these names. `hold` keeps them from being changed before this transaction ends."""
    found = _JOB.where(jobs.c.source == source, jobs.c.source_key.in_(keys))
    if hold:
        found = found.with_for_update(read=True, of=jobs)
    return {row.source_key: _record(row) for row in tx.all(found)}


def of_source(tx: Transaction, source: str) -> list[JobRecord]:
    """All jobs of a source."""
    return [_record(row) for row in tx.all(_JOB.where(jobs.c.source == source).order_by(jobs.c.id))]


def own(tx: Transaction, job_id: str, source: str) -> None:
    """Say by what a job is defined."""
    tx.execute(update(jobs).where(jobs.c.id == job_id).values(source=source))


def find(tx: Transaction, wanted: JobFilter, *, limit: int, before: str | None = None) -> list[JobRecord]:
    """Jobs, newest first, from the one before the id `before` on."""
    statement = _JOB.where(*_conditions(wanted)).order_by(jobs.c.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(jobs.c.id < before)
    return [_record(row) for row in tx.all(statement)]


def versions(tx: Transaction, job_id: str, *, limit: int, before: int | None = None) -> list[JobVersion]:
    """The versions of a job, newest first, from the one before `before` on."""
    statement = (
        select(job_versions.c.version, job_versions.c.definition, job_versions.c.changed_by, job_versions.c.changed_at)
        .where(job_versions.c.job_id == job_id)
        .order_by(job_versions.c.version.desc())
        .limit(limit)
    )
    if before is not None:
        statement = statement.where(job_versions.c.version < before)
    return [JobVersion(row.version, row.definition, row.changed_by, row.changed_at) for row in tx.all(statement)]


def end_pauses(tx: Transaction) -> list[str]:
    """Enable the jobs whose pause is over, and let their queues go on. Returns them."""
    over = select(jobs.c.id).where(jobs.c.resume_at <= tx.now, jobs.c.state == JobState.PAUSED.value, _PRESENT)
    found = list(tx.connection.scalars(over))
    for job_id in found:
        set_state(tx, job_id, JobState.ENABLED, note=None, resume_at=None, changed_by="rota")
        release(tx, job_id)
        audit.write(tx, "rota", "enable", "job", job_id, {"was": JobState.PAUSED.value, "reason": "the pause is over"})
        events.write(tx, [("job.enabled", None, job_id, None)])
    return found


def next_pause_end(tx: Transaction) -> Instant | None:
    """When the next pause ends by itself; None when none does."""
    ending = select(jobs.c.resume_at).where(
        jobs.c.resume_at.is_not(None), jobs.c.state == JobState.PAUSED.value, _PRESENT
    )
    found: Instant | None = tx.connection.scalar(ending.order_by(jobs.c.resume_at).limit(1))
    return found


def last_executions(tx: Transaction, job_ids: Sequence[str]) -> dict[str, LastExecution]:
    """The newest execution of each job that has any."""
    found: dict[str, LastExecution] = {}
    for table, finished_at in ((history, history.c.finished_at), (executions, None)):
        newest = (
            select(table.c.id)
            .where(table.c.job_id == jobs.c.id)
            .order_by(table.c.id.desc())
            .limit(1)
            .correlate(jobs)
            .scalar_subquery()
        )
        columns = [table.c.id, table.c.job_id, table.c.state, *([] if finished_at is None else [finished_at])]
        statement = select(*columns).join(jobs, table.c.id == newest).where(jobs.c.id.in_(job_ids))
        for row in tx.all(statement):
            known = found.get(row.job_id)
            if known is None or known.id < row.id:
                ended = None if finished_at is None else row.finished_at
                found[row.job_id] = LastExecution(row.id, State(row.state), ended)
    return found


def _keep_version(tx: Transaction, job_id: str, version: int, definition: str, changed_by: str) -> None:
    tx.execute(
        insert(job_versions).values(
            job_id=job_id, version=version, definition=definition, changed_by=changed_by, changed_at=tx.now
        )
    )


def _columns_of(job: Job, definition: str) -> dict[str, object]:
    words = [job.name, job.type, job.owner_name, job.team_name, *(f"#{tag}" for tag in job.tags)]
    return {
        "name": job.name,
        "type": job.type,
        "category": job.category,
        "owner": job.owner_name,
        "team": job.team_name,
        "definition": definition,
        "search": "\n" + "\n".join(word for word in words if word is not None).casefold() + "\n",
    }


def _conditions(wanted: JobFilter) -> list[ColumnElement[bool]]:
    words = (wanted.search or "").casefold().split()
    conditions: list[ColumnElement[bool]] = [jobs.c.search.contains(word, autoescape=True) for word in words]
    if wanted.tag is not None:
        conditions.append(jobs.c.search.contains(f"\n#{wanted.tag.casefold()}\n", autoescape=True))
    for column, value in (
        (jobs.c.state, wanted.state),
        (jobs.c.owner, wanted.owner),
        (jobs.c.team, wanted.team),
        (jobs.c.type, wanted.type),
        (jobs.c.category, wanted.category),
    ):
        if value is not None:
            conditions.append(column == str(value))
    return conditions


_PRESENT = jobs.c.deleted_at.is_(None)
_JOB = select(
    jobs.c.id, jobs.c.definition, jobs.c.state, jobs.c.source, jobs.c.source_key, jobs.c.version, jobs.c.note,
    jobs.c.resume_at, jobs.c.created_by, jobs.c.changed_by, jobs.c.created_at, jobs.c.updated_at,
).where(_PRESENT)  # fmt: skip


def _record(row: Row[Any]) -> JobRecord:
    values: dict[str, Any] = dict(row._mapping)
    values["state"] = JobState(row.state)
    return JobRecord(**values)
