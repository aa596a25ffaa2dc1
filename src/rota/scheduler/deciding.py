"""What time, the job and the condition say about the instants of a due schedule: the ticker writes it down."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from rota.domain.condition import holds
from rota.domain.errors import InvalidInput
from rota.domain.facts import Finished, facts_at, previous_facts
from rota.domain.freeze import Freeze
from rota.domain.instant import Instant
from rota.domain.occurrence import Decision, Occurrence
from rota.domain.planning import due
from rota.domain.recurrence import Once
from rota.domain.schedule import NO_SURROUNDINGS, Schedule, Surroundings
from rota.domain.start import permitted
from rota.stores import finished, freezes, surroundings
from rota.stores.database import Transaction
from rota.stores.schedules import DueSchedule

_INSTANTS_PER_SCHEDULE = 1000
UNREADABLE = Schedule(Once(0))
"""Stands for a schedule that is set aside: it names nothing that is still to come."""


@dataclass(slots=True)
class Decided:
    """A due schedule, with what time and its job say about its instants."""

    item: DueSchedule
    schedule: Schedule
    occurrences: list[Occurrence]
    cursor: Instant
    next_at: Instant | None
    fires_at: Instant | None = None
    around: Surroundings = NO_SURROUNDINGS
    caught_up: int = 0
    aside: str | None = None
    """Why the schedule is set aside, if it is."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What stands around due schedules: calendars and exceptions, the last executions that conditions see, freezes."""

    around: Mapping[str, Surroundings] = field(default_factory=dict)
    last: Mapping[str, Finished] = field(default_factory=dict)
    freezes: Sequence[Freeze] = ()


def look_around(tx: Transaction, found: Sequence[DueSchedule]) -> Seen:
    """Read what stands around due schedules. One whose calendar is not to be had is left out of `around`."""
    if not found:
        return Seen()
    readable = _readable(found)
    conditional = {item.job_id for item in found if item.id in readable and readable[item.id].condition is not None}
    return Seen(
        surroundings.of(tx, readable),
        finished.last_of_jobs(tx, conditional),
        [record.freeze for record in freezes.lasting(tx, min(item.next_at for item in found))],
    )


def decide(item: DueSchedule, seen: Seen, now: Instant, environment: str, caught_up: int) -> Decided:
    """What becomes of the instants up to now, but for the condition. Raises for what cannot be read or planned."""
    schedule, owner = item.schedule, item.owner
    around = seen.around.get(item.id)
    if around is None:
        raise InvalidInput(f"no calendar {' and '.join(schedule.calendar)}", [])
    answer = due(
        schedule,
        cursor=item.cursor_at,
        now=now,
        revised_at=item.revised_at,
        runs=item.runs,
        limit=_INSTANTS_PER_SCHEDULE,
        caught_up=caught_up,
        around=around,
    )
    holding = [freeze for freeze in seen.freezes if freeze.scope.covers(item.job_id, owner.job)]
    decisions = [
        permitted(
            occurrence, owner.job, owner.state, note=owner.note, environment=environment, freezes=holding, now=now
        )
        for occurrence in answer.decisions
    ]
    return Decided(item, schedule, decisions, answer.cursor, answer.next_at, answer.fires_at, around, answer.caught_up)


def under_condition(
    one: Decided,
    last: Finished | None,
    now: Instant,
    environment: str,
    probe: Mapping[str, object] | None = None,
) -> Decided:
    """The same with what would fire skipped where the condition of the schedule does not hold."""
    condition = one.schedule.condition
    if condition is None:
        return one
    previous = previous_facts(last, now)

    def judged(occurrence: Occurrence) -> Occurrence:
        if occurrence.decision is not Decision.FIRED:
            return occurrence
        facts = facts_at(
            one.schedule,
            occurrence.nominal,
            one.around,
            environment=environment,
            job_parameters=one.item.owner.job.parameters,
            previous=previous,
            probe=probe,
        )
        fires, why = holds(condition, facts)
        return occurrence if fires else replace(occurrence, decision=Decision.SKIPPED_CONDITION, reason=why)

    return replace(one, occurrences=[judged(occurrence) for occurrence in one.occurrences])


def _readable(found: Sequence[DueSchedule]) -> dict[str, Schedule]:
    """The schedules that this version can read; what is wrong with the others is told when they are decided."""
    readable = {}
    for item in found:
        with suppress(InvalidInput, ValueError):
            readable[item.id] = item.schedule
    return readable
