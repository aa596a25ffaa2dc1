"""What became of the last instant of a job's schedules, and what its calendar and window say of the next.

These gates are asked before `notDue`: who wonders why a job has not run means the instant that did not fire, not the one
that is to come. They are in the way only while nothing of the job waits or runs.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rota.domain.instant import Instant
from rota.domain.missed import Overlap
from rota.domain.occurrence import Decision
from rota.domain.schedule import Surroundings
from rota.domain.zone import Note
from rota.service.gate import Gate
from rota.stores.history import ExecutionRecord
from rota.stores.occurrences import OccurrenceRecord
from rota.stores.schedules import ScheduleRecord, ScheduleState

_SKIPPED = (
    ("calendarSkipped", frozenset({Decision.SKIPPED_CALENDAR}), "no calendar withheld the last instant"),
    ("exceptionSkipped", frozenset({Decision.SKIPPED_EXCEPTION}), "no exception withheld the last instant"),
    ("missedSkipped", frozenset({Decision.MISSED, Decision.EXPIRED}), "no instant was missed"),
    ("conditionFalse", frozenset({Decision.SKIPPED_CONDITION}), "no condition was false"),
)


@dataclass(frozen=True, slots=True)
class Times:
    """What these gates look at: schedules, the last decision about each, what is around them, and what is under way."""

    schedules: Sequence[ScheduleRecord]
    latest: Mapping[str, OccurrenceRecord]
    around: Mapping[str, Surroundings]
    live: Sequence[ExecutionRecord]
    allowed_here: bool
    now: Instant


def time_gates(times: Times) -> Iterator[Gate]:
    """Every gate, in order."""
    for code, decisions, passes in _SKIPPED:
        yield _last(times, code, decisions) or Gate(code, True, passes)
    yield _shifted(times)
    yield _window(times)
    yield _overlap(times)


def _last(times: Times, code: str, decisions: frozenset[Decision]) -> Gate | None:
    """The gate of a last instant with one of these decisions, if there is one."""
    if times.live or (code == "conditionFalse" and not times.allowed_here):
        return None
    for schedule in times.schedules:
        latest = times.latest.get(schedule.id)
        if latest is not None and latest.decision in decisions:
            at = schedule.schedule.zone.text(latest.nominal_at)
            missed = f"{latest.decision.value}, " if code == "missedSkipped" else ""
            says = f"{at} was not run: {missed}{latest.reason}"
            see = f"/api/schedules/{schedule.id}/occurrences"
            return Gate(code, False, says, since=latest.decided_at, until=schedule.fires_at, see=see)
    return None


def _shifted(times: Times) -> Gate:
    for schedule in _coming(times):
        moment = schedule.schedule.timeline(times.around[schedule.id]).next_fire(times.now)
        if moment is not None and moment.note is Note.ROLLED:
            at = schedule.schedule.zone.text(moment.instant)
            says = f"its time falls on a day that is not worked; the calendar moved it to {at}"
            return Gate("calendarShifted", False, says, until=moment.instant, see=f"/api/schedules/{schedule.id}")
    return Gate("calendarShifted", True, "no calendar moves the next instant")


def _window(times: Times) -> Gate:
    for schedule in _coming(times):
        window, zone = schedule.schedule.window, schedule.schedule.zone
        if window is not None and not window.is_open(zone.local(times.now)):
            opens = zone.text(zone.earliest(window.next_opening(zone.local(times.now).replace(tzinfo=None))))
            says = f"outside of its window ({window.describe()}), which opens at {opens}"
            return Gate("outsideWindow", False, says, until=schedule.fires_at, see=f"/api/schedules/{schedule.id}")
    return Gate("outsideWindow", True, "no window is closed")


def _coming(times: Times) -> list[ScheduleRecord]:
    """The schedules that fire next, soonest first, while nothing else of the job is under way."""
    if times.live:
        return []
    firing = [
        one
        for one in times.schedules
        if one.state is ScheduleState.ENABLED and one.fires_at is not None and one.id in times.around
    ]
    return sorted(firing, key=lambda one: one.fires_at or 0)[:1]


def _overlap(times: Times) -> Gate:
    skipping = {item.id for item in times.schedules if item.schedule.overlap is Overlap.SKIP}
    if not times.live or not skipping:
        return Gate("overlap", True, "nothing overlaps")
    oldest = min(times.live, key=lambda one: one.id)
    skipped = any(times.latest[id].decision is Decision.SKIPPED_OVERLAP for id in skipping & times.latest.keys())
    says = f"execution {oldest.id} has not ended ({oldest.state}); the schedule does not overlap"
    return Gate("overlap", not skipped, says, since=oldest.created_at, see=f"/api/executions/{oldest.id}")
