"""How much comes: fires and expected busy time, by queue and hour. Overlap and limits are left to the simulation."""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rota.domain.instant import HOUR, Duration, Instant
from rota.domain.schedule import NO_SURROUNDINGS, Schedule, Surroundings

MOST_FIRES = 100_000


@dataclass(frozen=True, slots=True)
class ForecastSchedule:
    """A schedule, the queue of its job, how long a run is expected to take, and how often it may still fire."""

    queue: str
    schedule: Schedule
    duration: Duration
    around: Surroundings = NO_SURROUNDINGS
    runs_left: int | None = None


@dataclass(frozen=True, slots=True)
class ForecastHour:
    """One hour (UTC) of one queue: its fires, and how long all of them will be busy together."""

    queue: str
    hour: Instant
    fires: int
    busy: Duration


@dataclass(frozen=True, slots=True)
class Forecast:
    """The hours in which something fires, by queue. `stopped_at` is the instant behind which there was too much to count."""

    start: Instant
    until: Instant
    hours: list[ForecastHour]
    stopped_at: Instant | None = None


def forecast(
    schedules: Iterable[ForecastSchedule], *, start: Instant, until: Instant, most: int = MOST_FIRES
) -> Forecast:
    """Count what fires strictly after `start` and up to `until`; at most `most` fires, the earliest ones."""
    counts: dict[tuple[str, Instant], list[int]] = {}
    stopped: Instant | None = None
    for number, (at, queue, duration) in enumerate(heapq.merge(*(_fires(one, start, until) for one in schedules))):
        if number == most:
            stopped = at
            break
        figures = counts.setdefault((queue, at // HOUR * HOUR), [0, 0])
        figures[0] += 1
        figures[1] += duration
    return Forecast(start, until, [ForecastHour(*key, *figures) for key, figures in sorted(counts.items())], stopped)


def _fires(one: ForecastSchedule, start: Instant, until: Instant) -> Iterator[tuple[Instant, str, Duration]]:
    timeline = one.schedule.timeline(one.around)
    left, after = one.runs_left, start
    while (left is None or left > 0) and (fire := timeline.next_fire(after)) is not None and fire.instant <= until:
        yield fire.instant, one.queue, one.duration
        after = fire.instant
        left = None if left is None else left - 1
