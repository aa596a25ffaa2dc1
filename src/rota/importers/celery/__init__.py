"""Periodic tasks of Celery's beat, as jobs of a python function with the name of the task.

Beat sends a task whether or not the last one has ended and does not try again, and makes up for the latest run that it
missed; so do the jobs. A crontab of Celery fires in the first pass of a repeated hour only.
"""

from collections.abc import Sequence
from typing import ClassVar

from rota.domain.errors import InvalidInput
from rota.domain.zone import Zone
from rota.importers.base import Document, Found, Importer, Options, Source, job_name, told_apart
from rota.importers.celery.crontab import Crontab, celery_fires
from rota.importers.celery.entries import Entry, dump_entries, python_entries

_DEFAULT_ZONE = "UTC"
_HIGHEST_PRIORITY = 1000


class CeleryImporter:
    """Reads beat schedules."""

    kind: ClassVar[str] = "celery"

    def beside(self, source: Source) -> Sequence[str]:
        """A schedule refers to no other file that is read."""
        return ()

    def read(self, source: Source, options: Options) -> list[Found]:
        """The entries of a python file, or of a dump of django-celery-beat."""
        is_dump = source.name.endswith(".json") or source.text.lstrip().startswith(("[{", "[\n"))
        entries = dump_entries(source) if is_dump else python_entries(source)
        in_order = sorted(entries, key=lambda entry: entry.line)
        return told_apart([_found(source, entry, options) for entry in in_order])


def build() -> Importer:
    """The importer."""
    return CeleryImporter()


def _found(source: Source, entry: Entry, options: Options) -> Found:
    name = job_name(entry.key)
    if entry.problem is not None or entry.when is None:
        return Found(
            source.path, entry.line, entry.key, name, entry.rule, problem=entry.problem or "it has no schedule"
        )
    default = options.time_zone if options.zone_given else _DEFAULT_ZONE
    try:
        zone = Zone.named(entry.zone or default)
        schedule = _schedule(entry.when, zone)
    except InvalidInput as error:
        return Found(source.path, entry.line, entry.key, name, entry.rule, problem=error.errors[0][1])
    notes: list[str] = []
    job = _job(source, entry, name, notes)
    schedule |= {"overlap": "allow"} | _policies(entry, notes)
    crontab = entry.when if isinstance(entry.when, Crontab) else None
    fires = None if crontab is None else celery_fires(crontab, zone)
    return Found(
        file=source.path,
        line=entry.line,
        key=entry.key,
        name=name,
        rule=entry.rule,
        job=job | {"schedule": schedule},
        notes=tuple(notes),
        fires=fires,
        not_compared="beat counts from its last run, Rota by the clock"
        if crontab is None
        else "Celery is not installed",
    )


def _schedule(when: Crontab | float, zone: Zone) -> Document:
    if isinstance(when, Crontab):
        cron = when.sets.cron(stars=False)
        gap = "skip" if len(when.sets.hours) == 24 else "shift"
        return {"cron": cron, "timeZone": zone.name, "dstGap": gap}
    if when <= 0:
        raise InvalidInput.field("entry", msg="an interval is more than nothing")
    return {"every": when}


def _job(source: Source, entry: Entry, name: str, notes: list[str]) -> Document:
    job: Document = {
        "name": name,
        "description": entry.description or source.description,
        "jobType": entry.task,
        "parameters": dict(entry.parameters),
        "retryCount": 0,
    }
    if "args" in entry.parameters:
        notes.append(
            "positional arguments came as the parameter `args`; the names of the function are not in this file"
        )
    queue, priority = entry.options.get("queue"), entry.options.get("priority")
    if isinstance(queue, str):
        job["queue"] = queue
    if isinstance(priority, int) and abs(priority) <= _HIGHEST_PRIORITY:
        job["priority"] = priority
    if left := [option for option in entry.options if option not in ("queue", "priority", "expires")]:
        notes.append(f"options without a counterpart: {', '.join(left)}")
    return job


def _policies(entry: Entry, notes: list[str]) -> Document:
    policies: Document = {}
    expires = entry.options.get("expires")
    if isinstance(expires, int | float) and not isinstance(expires, bool) and expires > 0:
        policies["maxLateness"] = expires
        notes.append("expires becomes maxLateness: how late a run may start")
    elif expires is not None:
        notes.append("expires is no number of seconds and was left out")
    if not entry.enabled:
        policies["enabled"] = False
        notes.append("it is not enabled; its schedule is paused")
    if entry.once:
        policies["maxRuns"] = 1
    if not isinstance(entry.when, Crontab):
        notes.append("the interval counts by the clock, from 1970, not from the last run")
    return policies
