"""The last finished execution of jobs, for the conditions of their schedules."""

from collections.abc import Collection

from sqlalchemy import select

from rota.domain.facts import Finished
from rota.stores.database import Transaction
from rota.stores.tables import history, jobs


def last_of_jobs(tx: Transaction, job_ids: Collection[str]) -> dict[str, Finished]:
    """Of each job that has one, the execution made last among those that have ended."""
    if not job_ids:
        return {}
    others = history.alias()
    last = (
        select(others.c.id)
        .where(others.c.job_id == jobs.c.id, others.c.job_id.is_not(None))
        .order_by(others.c.id.desc())
        .limit(1)
        .correlate(jobs)
        .scalar_subquery()
    )
    statement = (
        select(jobs.c.id, history.c.state, history.c.finished_at, history.c.result, history.c.error)
        .select_from(jobs)
        .join(history, history.c.id == last)
        .where(jobs.c.id.in_(job_ids))
    )
    return {row.id: Finished(row.state, row.finished_at, row.result, row.error) for row in tx.all(statement)}
