"""Jobs that are defined in code come into the store when a process that has the code starts."""

from collections.abc import Iterable, Mapping

from rota.domain.access import Right
from rota.domain.job import JobState
from rota.service import job_definitions
from rota.service.context import ServiceContext
from rota.service.schedules import CODE
from rota.stores import control, events, jobs
from rota.stores.database import Transaction
from rota.stores.identity import new_id
from rota.stores.jobs import JobRecord


def synchronise(ctx: ServiceContext, definitions: Iterable[Mapping[str, object]]) -> list[str]:
    """Bring the jobs of this process's code into the store, known by their names. Returns the ids that changed.

    What is the same is left alone: no new version, no moved cursor, so that a restart catches up what it missed. A
    pause, or a job that somebody disabled, stays. Jobs whose code is not here stay too: another process may have it,
    and `why` tells when no worker does.
    """
    ctx.require(Right.EDIT)
    documents = {str(document.get("name")): document for document in definitions}
    if not documents:
        return []
    with ctx.write() as tx:
        known = jobs.by_source(tx, CODE, list(documents))
        return [
            id
            for key, document in documents.items()
            if (id := _bring(ctx, tx, key, document, known.get(key))) is not None
        ]


def _bring(
    ctx: ServiceContext, tx: Transaction, key: str, document: Mapping[str, object], record: JobRecord | None
) -> str | None:
    """One definition. Returns the job's id if the definition is new or has changed."""
    id = new_id(tx.now) if record is None else record.id
    definition = job_definitions.read(ctx, document, now=tx.now, job_id=id)
    job = definition.job
    if record is None:
        jobs.add(
            tx,
            JobRecord(
                id=id,
                definition=job.to_json(),
                state=JobState.ENABLED,
                source=CODE,
                source_key=key,
                version=1,
                note=None,
                resume_at=None,
                created_by=CODE,
                changed_by=CODE,
                created_at=tx.now,
                updated_at=tx.now,
            ),
        )
        events.write(tx, [("job.created", None, id, None)])
    elif job != record.job:
        jobs.change(tx, id, job, version=record.version + 1, changed_by=CODE)
        control.limit_anew(tx, id, record.job, job)
        events.write(tx, [("job.updated", None, id, None)])
    moved = job_definitions.told(job_definitions.write_schedules(ctx, tx, id, definition.schedules, owned_by=CODE))
    if record is None:
        ctx.audit(tx, "create", "job", id, {"source": CODE, "definition": job.document(), **moved})
    elif job != record.job or moved:
        version = record.version + (1 if job != record.job else 0)
        ctx.audit(tx, "update", "job", id, {"source": CODE, "version": version, **moved})
    return None if record is not None and job == record.job else id
