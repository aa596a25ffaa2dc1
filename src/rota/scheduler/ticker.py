"""Fires schedules: decides every due instant, and writes the executions, the ledger and the cursor in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from rota.domain.execution import LEASED, NewExecution, State, Trigger
from rota.domain.instant import SECOND
from rota.domain.job import JobState, new_execution
from rota.domain.schedule import Decision, Due, Occurrence, Overlap, due
from rota.stores import bell, control, executions, jobs, occurrences, schedules
from rota.stores.database import Database, Transaction
from rota.stores.schedules import DueSchedule, ScheduleState
from rota.telemetry import Telemetry

_BATCH = 500
_INSTANTS_PER_SCHEDULE = 1000
_IDLE_SECONDS = 30.0
_SERIAL = frozenset({Overlap.QUEUE_ONE, Overlap.QUEUE_ALL, Overlap.CANCEL_PREVIOUS, Overlap.KILL_PREVIOUS})
_CANCELLING = {Overlap.CANCEL_PREVIOUS: None, Overlap.KILL_PREVIOUS: 0}
"""The overlap policies that end what runs, with the grace they give (seconds; None = the worker's own)."""


@dataclass(slots=True)
class _Plan:
    """What one batch will write."""

    fires: list[tuple[str, Occurrence, NewExecution]] = field(default_factory=list)
    skips: list[occurrences.Decided] = field(default_factory=list)
    cursors: list[schedules.Advanced] = field(default_factory=list)
    ends: list[tuple[str, int | None]] = field(default_factory=list)
    """Executions to cancel, each with its grace."""


class Ticker:
    """Wakes for the next due instant rather than at a fixed poll."""

    name = "ticker"
    topic = bell.SCHEDULES

    def __init__(self, database: Database, environment: str, telemetry: Telemetry) -> None:
        self._database = database
        self._environment = environment
        self._telemetry = telemetry
        self._caught_up: dict[str, int] = {}

    def run_once(self) -> float:
        """Decide one batch of due schedules. Returns the seconds until the next is due."""
        with self._database.write() as tx:
            jobs.end_pauses(tx)
            found = schedules.due(tx, tx.now, _BATCH)
            plan = self._plan(tx, found)
            self._write(tx, plan)
            wakes = [at for at in (schedules.next_due_at(tx), jobs.next_pause_end(tx)) if at is not None]
        self._telemetry.fired(len(plan.fires), len(plan.skips))
        return max(0.0, (min(wakes) - self._database.clock.now()) / SECOND) if wakes else _IDLE_SECONDS

    def _plan(self, tx: Transaction, found: Sequence[DueSchedule]) -> _Plan:
        plan = _Plan()
        live = _Live(tx, found)
        for item in found:
            try:
                decided = self._decide(item, tx)
                decisions = [self._gate(item, occurrence) for occurrence in decided.decisions]
                for occurrence in decisions:
                    _add(plan, item, live.overlap(item, occurrence, plan))
            except Exception as error:
                self._telemetry.loop_failed(f"schedule {item.id}", error)
                plan.cursors.append((item.id, item.revision, item.cursor_at, None, item.runs, ScheduleState.PAUSED))
                continue
            self._move(plan, item, decided, decisions)
        return plan

    def _decide(self, item: DueSchedule, tx: Transaction) -> Due:
        return due(
            item.schedule,
            cursor=item.cursor_at,
            now=tx.now,
            revised_at=item.revised_at,
            runs=item.runs,
            limit=_INSTANTS_PER_SCHEDULE,
            caught_up=self._caught_up.pop(item.id, 0),
        )

    def _gate(self, item: DueSchedule, occurrence: Occurrence) -> Occurrence:
        """An instant that would fire does not while its job may not start."""
        if occurrence.decision is not Decision.FIRED:
            return occurrence
        owner = item.owner
        if owner.state is not JobState.ENABLED:
            why = f"the job is {owner.state.value.lower()}{f': {owner.note}' if owner.note else ''}"
            return replace(occurrence, decision=Decision.SKIPPED_PAUSED, reason=why)
        if not owner.job.allowed_in(self._environment):
            why = f"the job may not run in {self._environment}"
            return replace(occurrence, decision=Decision.SKIPPED_CONDITION, reason=why)
        return occurrence

    def _move(self, plan: _Plan, item: DueSchedule, decided: Due, decisions: Sequence[Occurrence]) -> None:
        fired = sum(1 for occurrence in decisions if occurrence.decision is Decision.FIRED)
        if decided.more:
            self._caught_up[item.id] = decided.caught_up
        over = decided.next_at is None
        state = ScheduleState.ENDED if over else ScheduleState.ENABLED
        plan.cursors.append((item.id, item.revision, decided.cursor, decided.next_at, item.runs + fired, state))

    def _write(self, tx: Transaction, plan: _Plan) -> None:
        """Everything of a batch or nothing of it."""
        for execution_id, grace in plan.ends:
            note = {"by": "rota", "reason": "the next occurrence replaces it", "graceSeconds": grace}
            control.request_cancellation(tx, [execution_id], note)
        ids = executions.enqueue(tx, [new for _, _, new in plan.fires])
        fired: list[occurrences.Decided] = [
            (schedule_id, occurrence.nominal, Decision.FIRED, occurrence.reason, id)
            for (schedule_id, occurrence, _), id in zip(plan.fires, ids, strict=True)
        ]
        occurrences.record(tx, fired + plan.skips)
        schedules.advance(tx, plan.cursors)


class _Live:
    """The unfinished executions of the schedules of a batch, read once."""

    def __init__(self, tx: Transaction, found: Sequence[DueSchedule]) -> None:
        asking = [item for item in found if item.schedule.overlap is not Overlap.ALLOW]
        shared = {_lane(item) for item in asking if item.schedule.overlap_key is not None}
        self._by_key = control.live_by_overlap(tx, [item.id for item in asking], shared) if asking else {}

    def overlap(self, item: DueSchedule, occurrence: Occurrence, plan: _Plan) -> Occurrence:
        """The occurrence after the overlap policy has spoken. Notes what is to end."""
        policy = item.schedule.overlap
        if occurrence.decision is not Decision.FIRED or policy is Overlap.ALLOW:
            return occurrence
        live = self._by_key.setdefault(_asked(item), [])
        waiting = [id for id, state in live if state not in LEASED]
        if (policy is Overlap.SKIP and live) or (policy is Overlap.QUEUE_ONE and waiting):
            what = "still runs" if policy is Overlap.SKIP else "already waits"
            holder = live[0][0] or "the occurrence before it"
            return replace(occurrence, decision=Decision.SKIPPED_OVERLAP, reason=f"{holder} {what}")
        if policy in _CANCELLING:
            plan.ends += [(id, _CANCELLING[policy]) for id, state in live if id and state is not State.CANCELLING]
        live.append(("", State.PENDING))
        return occurrence


def _lane(item: DueSchedule) -> str:
    """The concurrency key of what must not overlap: the schedule, unless it shares a key with others."""
    return f"overlap:{item.schedule.overlap_key or item.id}"


def _asked(item: DueSchedule) -> str:
    """Under which name `control.live_by_overlap` tells what is live."""
    return item.id if item.schedule.overlap_key is None else _lane(item)


def _add(plan: _Plan, item: DueSchedule, occurrence: Occurrence) -> None:
    if occurrence.decision is not Decision.FIRED:
        plan.skips.append((item.id, occurrence.nominal, occurrence.decision, occurrence.reason, None))
        return
    schedule = item.schedule
    lateness = schedule.max_lateness
    new = new_execution(
        item.job_id,
        item.owner.job,
        trigger=Trigger.SCHEDULE,
        parameters=schedule.parameters,
        due_at=occurrence.due_at,
        latest_start=None if lateness is None else max(occurrence.due_at, occurrence.nominal + lateness),
        schedule_id=item.id,
        nominal_at=occurrence.nominal,
    )
    if schedule.overlap in _SERIAL or schedule.overlap_key is not None:
        new.concurrency_key, new.concurrency_limit = _lane(item), 1
    plan.fires.append((item.id, occurrence, new))
