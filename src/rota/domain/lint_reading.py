"""Linting what is not stored yet: a job definition, or a schedule alone, as it stands in a file."""

from collections.abc import Mapping

from rota.domain.instant import Instant
from rota.domain.job import Defaults, Job
from rota.domain.job_schedules import parse_schedules
from rota.domain.lint import Facts, Finding, crowd_of, lint
from rota.domain.schedule import Schedule

_NAMES_OF_JOBS = ("name", "jobType", "type", "executionTypeName")
_APART = ("createdBy", "state", "status")


def lint_documents(documents: list[Mapping[str, object]], now: Instant) -> list[list[Finding]]:
    """The findings of each document; together they may be a crowd. Calendars are not known, and not asked for.

    InvalidInput for one that is no job and no schedule.
    """
    read = [_read(document, now) for document in documents]
    crowd = crowd_of([one for _, schedules, _ in read for one in schedules], now)
    found = []
    for job, schedules, given in read:
        findings = lint(job or _NOBODY, schedules, Facts(now, crowd=crowd, given=given))
        found.append([one for one in findings if job is not None or one.schedule is not None])
    return found


def _read(document: Mapping[str, object], now: Instant) -> tuple[Job | None, list[Schedule], frozenset[str]]:
    if not any(name in document for name in _NAMES_OF_JOBS):
        return None, [Schedule.parse(document, now=now, spread="")], frozenset()
    spread = str(document.get("name", ""))
    rest = {name: value for name, value in document.items() if name not in _APART}
    return Job.parse(rest, defaults=Defaults()), parse_schedules(rest, now=now, spread=spread), frozenset(document)


_NOBODY = Job("nobody", "echo")
