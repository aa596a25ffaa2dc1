"""Timers of systemd with the services that they start, as script jobs (systemd.timer(5)).

A timer starts no service that still runs, so an overlapping run is skipped; with Persistent= the latest missed run is
made up for. Delays become a jitter. Drop-in files are not looked for.
"""

import heapq
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import ClassVar

from rota.domain.errors import InvalidInput
from rota.domain.instant import Instant, format_duration
from rota.domain.zone import Zone
from rota.importers.base import Document, Fires, Found, Importer, Options, Source, job_name, require_text
from rota.importers.systemd.calendar import calendar_fires, read_calendar
from rota.importers.systemd.service import Started, read_service, unit_description
from rota.importers.systemd.timer import Timer, read_timer
from rota.importers.systemd.units import Unit, read_unit

_PLACES = ("/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")


class SystemdImporter:
    """Reads timers."""

    kind: ClassVar[str] = "systemd"

    def beside(self, source: Source) -> Sequence[str]:
        """The service of a timer: in its folder, and for a timer of the system where systemd looks."""
        if not _is_timer(source):
            return ()
        folder = str(PurePath(source.path).parent)
        folders = [folder, *(place for place in _PLACES if folder in _PLACES and place != folder)]
        names = _service_names(source, read_unit(source.text))
        return [f"{place}/{name}" for name in names for place in folders]

    def read(self, source: Source, options: Options) -> list[Found]:
        """The timer of a file; a service alone has no schedule, and none is found."""
        require_text(source)
        if not _is_timer(source):
            if not source.name.endswith(".service"):
                raise InvalidInput.field(source.path, msg="neither a .timer nor a .service file")
            return []
        return [_found(source, options)]


def build() -> Importer:
    """The importer."""
    return SystemdImporter()


def _is_timer(source: Source) -> bool:
    return source.name.endswith(".timer")


def _service_names(source: Source, unit: Unit) -> list[str]:
    """The file of the unit that a timer starts, and that of its template."""
    named = unit.last("Timer", "Unit") or f"{PurePath(source.path).stem}.service"
    prefix, at, _ = named.partition("@")
    return [named, f"{prefix}@.service"] if at and named != f"{prefix}@.service" else [named]


def _found(source: Source, options: Options) -> Found:
    stem = PurePath(source.path).stem
    unit = read_unit(source.text)
    timer = read_timer(unit)
    rule = "; ".join(timer.told) or "-"
    try:
        started, description = _service(source, unit, options)
        schedules, fires = _schedules(timer, options)
    except InvalidInput as error:
        return Found(source.path, timer.line, source.name, job_name(stem), rule, problem=error.errors[0][1])
    job: Document = {"name": job_name(stem), "description": description, **started.fields}
    job |= {"schedule": schedules[0]} if len(schedules) == 1 else {"schedules": schedules}
    return Found(
        file=source.path,
        line=timer.line,
        key=source.name,
        name=job_name(stem),
        rule=rule,
        job=job,
        notes=(*timer.notes, *started.notes),
        fires=fires,
        not_compared=None if fires else "systemd counts from the last run, Rota by the clock",
    )


def _service(source: Source, timer: Unit, options: Options) -> tuple[Started, str]:
    if source.name.endswith("@.timer"):
        raise InvalidInput.field("timer", msg="a template has no instance; give a copy that is named after one")
    names = _service_names(source, timer)
    texts = {PurePath(path).name: text for path, text in reversed([*options.beside.items()])}
    text = next((texts[name] for name in names if name in texts), None)
    if text is None:
        raise InvalidInput.field("timer", msg=f"its service {names[0]} is not beside it; give that file too")
    unit = read_unit(text)
    described = unit_description(unit) or unit_description(timer)
    started = read_service(unit, names[0])
    return started, (described or source.description).replace("%i", PurePath(names[0]).stem.partition("@")[2])


def _schedules(timer: Timer, options: Options) -> tuple[list[Document], Fires | None]:
    if timer.problem is not None:
        raise InvalidInput.field("timer", msg=timer.problem)
    policies: Document = {"missed": "runLatest" if timer.persistent else "skip", "overlap": "skip"}
    if timer.jitter:
        policies["jitter"] = format_duration(timer.jitter)
    rules: list[Document] = []
    events: list[Fires] = []
    for text in timer.calendars:
        event = read_calendar(text)
        zone = Zone.named(event.zone or options.time_zone)
        events.append(calendar_fires(event, zone))
        rules += [rule for rule in event.schedules(zone, options.now) if rule not in rules]
    rules += [{"every": format_duration(interval)} for interval in timer.intervals]
    return [rule | policies for rule in rules], None if timer.intervals else _together(events)


def _together(events: Sequence[Fires]) -> Fires:
    """Several events of one timer; at an instant that they share it elapses once."""
    if len(events) == 1:
        return events[0]

    def fires(after: Instant, until: Instant) -> Iterator[Instant]:
        last: Instant | None = None
        for instant in heapq.merge(*(event(after, until) for event in events)):
            if instant != last:
                yield instant
            last = instant

    return fires
