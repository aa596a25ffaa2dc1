"""Whether an imported schedule fires when its source did: the source's own rule beside Rota's."""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, zip_longest

from rota.domain.errors import InvalidInput
from rota.domain.instant import DAY, Instant
from rota.domain.planning import MOST_UPCOMING, upcoming
from rota.domain.schedule import Schedule
from rota.domain.zone import clock_changes
from rota.importers.base import Fires, Found

DAYS = 400
"""A year with every change of its clock, and a month."""
MOST_COMPARED = 20_000
"""Fires that are compared one by one over the whole time; of more frequent entries, the days of `_telling_spans`."""

Span = tuple[Instant, Instant]


@dataclass(frozen=True, slots=True)
class Comparison:
    """`same` is None where nothing could be compared; `words` say what was found."""

    same: bool | None
    words: str


def compare(found: Found, start: Instant) -> Comparison:
    """Compare every fire of an entry in the 400 days after `start`. InvalidInput if Rota refuses its schedule."""
    schedules = [Schedule.parse(document, now=start, spread=found.key) for document in found.schedules]
    if found.fires is None:
        return Comparison(None, f"not compared: {found.not_compared or 'the source has no rule to ask'}")
    try:
        return _compared(found.fires, schedules, start)
    except InvalidInput as error:
        return Comparison(None, f"not compared: {error.errors[0][1]}")


def _compared(fires: Fires, schedules: list[Schedule], start: Instant) -> Comparison:
    end = start + DAYS * DAY
    theirs = list(islice(fires(start, end), MOST_COMPARED + 1))
    if len(theirs) <= MOST_COMPARED:
        difference = _first_difference(theirs, schedules, start, end)
        return Comparison(difference is None, difference or f"same fire times for {DAYS} days")
    spans = _telling_spans(schedules, start, end)
    for after, until in spans:
        difference = _first_difference(fires(after, until), schedules, after, until)
        if difference is not None:
            return Comparison(False, difference)
    days = round(sum(until - after for after, until in spans) / DAY)
    return Comparison(True, f"same fire times on {days} of {DAYS} days, those around each clock change among them")


def _telling_spans(schedules: list[Schedule], start: Instant, end: Instant) -> list[Span]:
    """The first two days, and a day before and after each change of the clock, in order and without overlap."""
    spans = [(start, start + 2 * DAY)]
    zones = {schedule.time_zone: schedule.zone for schedule in schedules}.values()
    for change in sorted({change for zone in zones for change in clock_changes(zone, start, end)}):
        spans.append((max(change - DAY, spans[-1][1]), change + DAY))
    return [(after, until) for after, until in spans if after < until]


def _first_difference(
    theirs: Iterable[Instant], schedules: list[Schedule], after: Instant, until: Instant
) -> str | None:
    ours = heapq.merge(*(_fires(schedule, after, until) for schedule in schedules))
    zone = schedules[0].zone
    for at, rota in islice(zip_longest(theirs, ours), MOST_COMPARED):
        if at == rota:
            continue
        if rota is None or (at is not None and at < rota):
            return f"first difference: the source fires at {zone.text(at)}, Rota does not"
        return f"first difference: Rota fires at {zone.text(rota)}, the source does not"
    return None


def _fires(schedule: Schedule, after: Instant, until: Instant) -> Iterator[Instant]:
    while True:
        page = upcoming(schedule, after, until, MOST_UPCOMING).items
        yield from (fire.at for fire in page)
        if len(page) < MOST_UPCOMING:
            return
        after = page[-1].at
