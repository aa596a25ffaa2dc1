"""Fires schedules: decides every due instant, and writes the executions, the ledger and the cursor in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from rota.domain.errors import Unavailable
from rota.domain.execution import NewExecution, Trigger
from rota.domain.facts import Finished
from rota.domain.instant import SECOND, Instant
from rota.domain.job import new_execution
from rota.domain.missed import Overlap
from rota.domain.occurrence import Decision, Occurrence
from rota.domain.overlap import Overlaps, lane_of_runs
from rota.domain.planning import going_on
from rota.scheduler.deciding import UNREADABLE, Decided, Seen, decide, look_around, under_condition
from rota.stores import bell, control, executions, jobs, occurrences, schedules
from rota.stores.database import Database, Transaction
from rota.stores.schedules import DueSchedule, ScheduleState
from rota.telemetry import Telemetry

_IDLE_SECONDS = 30.0
_BESIDE_ANOTHER_SECONDS = 0.02


class _Outdated(Exception):
    """What was read has changed: nothing is written, and the batch is read anew."""


@dataclass(slots=True)
class _Plan:
    """What one batch will write."""

    fires: list[tuple[str, Occurrence, NewExecution]] = field(default_factory=list)
    skips: list[occurrences.Decided] = field(default_factory=list)
    cursors: list[schedules.Advanced] = field(default_factory=list)


class Ticker:
    """Wakes for the next due instant rather than at a fixed poll.

    What time says about a batch is computed on a snapshot, before the write begins; the write goes through only for
    schedules that are, with their jobs, still what was read; the others are read anew.
    """

    name: ClassVar[str] = "ticker"
    topic = bell.SCHEDULES
    batch: ClassVar[int] = 1000
    """Schedules that are decided in one turn."""
    probed: ClassVar[bool] = False
    """Whether it decides the schedules whose condition asks over HTTP, or all the others."""

    def __init__(self, database: Database, environment: str, telemetry: Telemetry) -> None:
        self._database = database
        self._environment = environment
        self._telemetry = telemetry
        self._caught_up: dict[str, int] = {}

    def run_once(self) -> float:
        """Decide one batch of due schedules. Returns the seconds until the next is due."""
        with self._database.read() as tx:
            now = tx.now
            found = self._due(tx, now, self.batch)
            seen = look_around(tx, found)
            pause_end = jobs.next_pause_end(tx)
            wakes = [at for at in (schedules.next_due_at(tx, probed=self.probed), pause_end) if at is not None]
        if not wakes:
            return _IDLE_SECONDS
        if min(wakes) > now:
            return max(0.0, (min(wakes) - self._database.clock.now()) / SECOND)
        if pause_end is not None and pause_end <= now:
            self._database.writing(jobs.end_pauses)
            return 0.0
        decided = [self._decide(item, seen, now) for item in found]
        return self._conclude(decided, seen.last, now)

    def _due(self, tx: Transaction, now: Instant, limit: int) -> list[DueSchedule]:
        return schedules.due(tx, now, limit, probed=self.probed)

    def _conclude(self, decided: Sequence[Decided], last: Mapping[str, Finished], now: Instant) -> float:
        met = [self._judged(one, last.get(one.item.job_id), now) for one in decided]
        return 0.0 if self._settle(met) else _BESIDE_ANOTHER_SECONDS

    def _settle(self, decided: Sequence[Decided]) -> bool:
        """Write a batch. One schedule that cannot be written is set aside; the others are written without it.

        False when all of it has changed or is in the hands of another coordinator.
        """
        try:
            decided, plan = self._database.writing(lambda tx: self._write(tx, decided))
        except _Outdated:
            return False
        except Unavailable:
            raise
        except Exception as error:
            if len(decided) == 1 and decided[0].aside:
                raise
            if len(decided) == 1:
                left = self._undecided(decided[0])
                return self._settle([self._aside(decided[0].item, error) if left is None else left])
            for one in decided if len(decided) > 1 else ():
                self._settle([one])
            return True
        for one in decided:
            if one.caught_up:
                self._caught_up[one.item.id] = one.caught_up
            else:
                self._caught_up.pop(one.item.id, None)
        self._telemetry.fired(len(plan.fires), len(plan.skips))
        return True

    def _undecided(self, one: Decided) -> Decided | None:
        """The schedule without the instants that the ledger has already; None where it has none of them.

        What has a row stands, and the cursor goes on behind it: a second answer would be refused for ever.
        """
        instants = [occurrence.nominal for occurrence in one.occurrences]
        known = self._database.reading(lambda tx: occurrences.among(tx, one.item.id, instants))
        left = [occurrence for occurrence in one.occurrences if occurrence.nominal not in known]
        return replace(one, occurrences=left) if known else None

    def _decide(self, item: DueSchedule, seen: Seen, now: Instant) -> Decided:
        """One schedule that cannot be read, or whose calendar is gone, is set aside; the others go on."""
        try:
            return decide(item, seen, now, self._environment, self._caught_up.get(item.id, 0))
        except Exception as error:
            return self._aside(item, error)

    def _aside(self, item: DueSchedule, error: Exception) -> Decided:
        """The schedule paused where it is: a mistake of one is told, and costs no other."""
        self._telemetry.loop_failed(f"schedule {item.id}", error)
        note = f"set aside by Rota: {type(error).__name__}: {error}"
        return Decided(item, UNREADABLE, [], item.cursor_at, None, aside=note)

    def _judged(
        self, one: Decided, last: Finished | None, now: Instant, probe: Mapping[str, object] | None = None
    ) -> Decided:
        """One schedule whose condition cannot be judged at all is set aside; the others go on."""
        try:
            return under_condition(one, last, now, self._environment, probe)
        except Exception as error:
            return self._aside(one.item, error)

    def _write(self, tx: Transaction, decided: Sequence[Decided]) -> tuple[Sequence[Decided], _Plan]:
        """Everything of what nobody else has in hand, and whose jobs still are what was read."""
        held = schedules.hold(tx, [one.item for one in decided])
        held &= schedules.unchanged(tx, [one.item for one in decided if one.item.id in held])
        decided = [one for one in decided if one.item.id in held]
        if not decided:
            raise _Outdated
        plan = _Plan()
        overlaps = _overlaps(tx, decided)
        for one in decided:
            final = [overlaps.decide(one.schedule, one.item.id, occurrence) for occurrence in one.occurrences]
            plan.cursors.append(_moved(one, final))
            for occurrence in final:
                _add(plan, one, occurrence)
        if not schedules.advance(tx, plan.cursors):
            raise _Outdated
        _tell_rest(tx, decided, plan.cursors)
        for execution_id, grace in overlaps.ends:
            note = {"by": "rota", "reason": "the next occurrence replaces it", "graceSeconds": grace}
            control.request_cancellation(tx, [execution_id], note)
        ids = executions.enqueue(tx, [new for _, _, new in plan.fires])
        fired: list[occurrences.Decided] = [
            (schedule_id, occurrence.nominal, Decision.FIRED, occurrence.reason, id)
            for (schedule_id, occurrence, _), id in zip(plan.fires, ids, strict=True)
        ]
        occurrences.record(tx, fired + plan.skips)
        return decided, plan


def _overlaps(tx: Transaction, decided: Sequence[Decided]) -> Overlaps:
    """What is live of the schedules of a batch, read once."""
    asking = [one for one in decided if one.schedule.overlap is not Overlap.ALLOW]
    shared = {one.schedule.lane(one.item.id) for one in asking if one.schedule.overlap_key is not None}
    return Overlaps(control.live_by_overlap(tx, [one.item.id for one in asking], shared) if asking else {})


def _moved(one: Decided, final: Sequence[Occurrence]) -> schedules.Advanced:
    """Where the schedule stands after its instants."""
    item = one.item
    runs = item.runs + sum(1 for occurrence in final if occurrence.decision is Decision.FIRED)
    next_at, fires_at = going_on(one.schedule, one.cursor, one.next_at, one.fires_at, runs, one.around)
    state = ScheduleState.PAUSED if one.aside else ScheduleState.ENDED if next_at is None else ScheduleState.ENABLED
    return (item.id, item.revision, item.cursor_at, one.cursor, next_at, fires_at, runs, state)


def _tell_rest(tx: Transaction, decided: Sequence[Decided], moved: Sequence[schedules.Advanced]) -> None:
    """Say which schedules fire no more: those that were set aside, and those that have come to their end."""
    for one in decided:
        if one.aside:
            schedules.set_aside(tx, one.item.id, one.aside)
    schedules.tell(
        tx,
        [
            (state.lower(), one.item.id, one.item.job_id, {"note": one.aside} if one.aside else {})
            for one, (*_, state) in zip(decided, moved, strict=True)
            if state != ScheduleState.ENABLED
        ],
    )


def _add(plan: _Plan, one: Decided, occurrence: Occurrence) -> None:
    item, schedule = one.item, one.schedule
    if occurrence.decision is not Decision.FIRED:
        plan.skips.append((item.id, occurrence.nominal, occurrence.decision, occurrence.reason, None))
        return
    new = new_execution(
        item.job_id,
        item.owner.job,
        trigger=Trigger.SCHEDULE,
        parameters=schedule.parameters,
        due_at=occurrence.due_at,
        latest_start=schedule.latest_start(occurrence.nominal),
        schedule_id=item.id,
        nominal_at=occurrence.nominal,
    )
    new.lane = lane_of_runs(schedule, item.id)
    plan.fires.append((item.id, occurrence, new))
