"""Suspicions about the jobs that are stored, with what their history says."""

from dataclasses import dataclass

from rota.domain.access import Right
from rota.domain.errors import NotFound
from rota.domain.lint import Facts, Finding, Severity, crowd_of
from rota.domain.lint import lint as linted
from rota.service.context import ServiceContext
from rota.stores import durations, jobs, schedules, surroundings
from rota.stores.jobs import JobFilter, JobRecord
from rota.stores.schedules import ScheduleRecord, ScheduleState

__all__ = ["Finding", "JobFindings", "Severity", "lint"]

_MOST_SCHEDULES = 2000


@dataclass(frozen=True, slots=True)
class JobFindings:
    """What is suspicious about a job. `Finding.schedule` counts in `schedules`, without those that have done their work."""

    record: JobRecord
    schedules: list[ScheduleRecord]
    findings: list[Finding]


def lint(ctx: ServiceContext, job_id: str | None = None, *, before: str | None = None, limit: int) -> list[JobFindings]:
    """The findings of one job, or of a page of jobs, newest first. NotFound for a job that there is not."""
    ctx.require(Right.READ)
    with ctx.read() as tx:
        if job_id is None:
            records = jobs.find(tx, JobFilter(), limit=limit, before=before)
        elif (record := jobs.get(tx, job_id)) is not None:
            records = [record]
        else:
            raise NotFound("no such job")
        ids = [record.id for record in records]
        found = schedules.of_jobs(tx, ids)
        crowd = crowd_of([one.schedule for one in schedules.enabled(tx, None, limit=_MOST_SCHEDULES)], tx.now)
        around = surroundings.of(tx, {one.id: one.schedule for records in found.values() for one in records})
        lasting = durations.of_jobs(tx, ids, tx.now - durations.LATELY)
        now = tx.now
    answers = []
    for record in records:
        own = [one for one in found[record.id] if one.state is not ScheduleState.ENDED or not one.runs]
        p95 = lasting[record.id].p95 if record.id in lasting else None
        facts = Facts(now, p95, crowd, around=[around.get(one.id) for one in own], environment=ctx.config.environment)
        answers.append(JobFindings(record, own, linted(record.job, [one.schedule for one in own], facts)))
    return answers
