"""Manifests written out: jobs with their schedules, and calendars, as `rota.service.manifests` applies them."""

from collections import Counter
from collections.abc import Iterator, Sequence

from rota.domain.access import Right
from rota.domain.calendar import Calendar
from rota.domain.errors import Conflict
from rota.domain.job import Job, JobState
from rota.domain.job_schedules import DEFAULT_KEY
from rota.service import calendars, jobs
from rota.service.context import ServiceContext
from rota.service.job_definitions import defaults_of
from rota.stores import calendars as stored_calendars
from rota.stores.jobs import JobFilter
from rota.stores.schedules import ScheduleRecord, ScheduleState

_PAGE = 500


def export(ctx: ServiceContext, job_ids: Sequence[str] = ()) -> dict[str, list[dict[str, object]]]:
    """A manifest of these jobs and the calendars that they go by, or of everything that code does not define.

    Applied where it came from it changes nothing but who defines the jobs. Fields that say what they would say anyway
    are left out, and so are schedules that are over. Conflict when two jobs have one name.
    """
    ctx.require(Right.READ)
    with ctx.read() as tx:
        joined = ctx.joined(tx)
        if job_ids:
            views = [jobs.get(joined, id) for id in job_ids]
        else:
            views = [view for view in _all_jobs(joined) if view.record.source != "code"]
        documents = [_job_document(ctx, view) for view in views]
        twice = [name for name, many in Counter(view.record.job.name for view in views).items() if many > 1]
        if twice:
            raise Conflict(f"a manifest knows jobs by their names, and several are named {twice[0]!r}")
        named = {name for view in views for one in view.schedules for name in one.schedule.calendar}
        known = stored_calendars.known(tx, named) if job_ids else _all_calendars(joined)
        return {
            "calendars": [{"name": name, **known[name].document()} for name in sorted(known)],
            "jobs": sorted(documents, key=lambda document: str(document["name"])),
        }


def _all_jobs(ctx: ServiceContext) -> Iterator[jobs.JobView]:
    before: str | None = None
    while found := jobs.find(ctx, JobFilter(), limit=_PAGE, before=before):
        yield from found
        before = found[-1].record.id


def _all_calendars(ctx: ServiceContext) -> dict[str, Calendar]:
    known: dict[str, Calendar] = {}
    after: str | None = None
    while found := calendars.find(ctx, limit=_PAGE, after=after):
        known |= {record.name: record.calendar for record in found}
        after = found[-1].name
    return known


def _job_document(ctx: ServiceContext, view: jobs.JobView) -> dict[str, object]:
    job = view.record.job
    plain = Job.parse({"name": job.name, "jobType": job.type}, defaults=defaults_of(ctx)).document()
    whole = job.document()
    document = {name: whole[name] for name in whole if name in ("name", "jobType") or whole[name] != plain[name]}
    if view.record.state is JobState.DISABLED:
        document["state"] = JobState.DISABLED.value
    running = [one for one in view.schedules if one.state is not ScheduleState.ENDED]
    held = sorted(running, key=lambda one: (one.key is None, one.key != DEFAULT_KEY, one.created_at, one.id))
    written = [_schedule_document(place, one) for place, one in enumerate(held)]
    if len(written) == 1:
        document["schedule"] = written[0]
    elif written:
        document["schedules"] = written
    return document


def _schedule_document(place: int, record: ScheduleRecord) -> dict[str, object]:
    """The schedule with its key, unless it would get that anyway; one that has none gets a part of its id as one."""
    document = record.schedule.document()
    key = record.key or f"s-{record.id[-8:]}"
    if key == (DEFAULT_KEY if place == 0 else f"{DEFAULT_KEY}-{place + 1}"):
        document.pop("key", None)
    else:
        document["key"] = key
    return document
