"""Why has this not run? Every gate between a job and its next start, in the order in which the scheduler asks them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rota.domain.access import Right
from rota.domain.errors import Conflict, NotFound
from rota.domain.execution import LEASED, State
from rota.domain.instant import MINUTE, Duration, Instant, format_instant
from rota.domain.job import Job, JobState
from rota.domain.schedule import Surroundings
from rota.service.context import ServiceContext
from rota.service.freeze_gates import fires_after, freeze_gate, freezing
from rota.service.gate import Gate
from rota.service.jobs import JobView, view
from rota.service.limit_gates import limit_gates, opening
from rota.service.time_gates import Times, time_gates
from rota.service.worker_gates import serving, worker_gates
from rota.stores import coordinators, history, jobs, occurrences, surroundings
from rota.stores.database import Transaction
from rota.stores.freezes import FreezeRecord
from rota.stores.history import ExecutionRecord, Filter
from rota.stores.jobs import JobRecord
from rota.stores.occurrences import OccurrenceRecord
from rota.stores.schedules import ScheduleRecord, ScheduleState
from rota.stores.standing import Standing, standing
from rota.stores.workers import WorkerRecord

_MOST_LIVE = 200
_SILENCE: Duration = MINUTE
"""A coordinator that was not heard of for longer is taken for gone."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Every gate in order. `headline` is the first that is shut, or that nothing is in the way.

    `execution_id` is the execution that was asked about, if it was not the job.
    """

    job_id: str | None
    name: str
    headline: str
    next_start: Instant | None
    gates: list[Gate]
    execution_id: str | None = None


@dataclass(frozen=True, slots=True)
class _Facts:
    """What the gates look at, all of one moment."""

    view: JobView
    live: list[ExecutionRecord]
    workers: list[WorkerRecord]
    latest: dict[str, OccurrenceRecord]
    standing: Standing
    environment: str
    now: Instant
    around: dict[str, Surroundings]
    coordinator_heard_at: Instant | None
    freeze: FreezeRecord | None
    fires_after_freeze: Instant | None

    @property
    def job(self) -> Job:
        return self.view.record.job

    @property
    def pending(self) -> list[ExecutionRecord]:
        """What could start at once if a worker took it."""
        return [one for one in self.live if one.state is State.PENDING or self._has_come(one)]

    @property
    def running(self) -> list[ExecutionRecord]:
        return [one for one in self.live if one.state in LEASED]

    def _has_come(self, one: ExecutionRecord) -> bool:
        return one.state in (State.SCHEDULED, State.RETRYING) and one.due_at <= self.now


def why(ctx: ServiceContext, job: str) -> Explanation:
    """Explain a job, named by its id or, where only one has it, by its name."""
    ctx.require(Right.READ)
    with ctx.read() as tx:
        record = _named(tx, job)
        facts = _gathered(tx, record, ctx.config.environment)
    gates = list(_gates(facts))
    shut = next((gate for gate in gates if not gate.ok), None)
    headline = shut.says if shut is not None else _nothing_in_the_way(facts)
    return Explanation(record.id, record.job.name, headline, _next_start(facts, gates), gates)


def _named(tx: Transaction, job: str) -> JobRecord:
    found = jobs.get(tx, job)
    if found is not None:
        return found
    named = jobs.by_name(tx, job, limit=5)
    if not named:
        raise NotFound("no such job")
    if len(named) > 1:
        raise Conflict(f"several jobs have this name; take an id: {', '.join(record.id for record in named)}")
    return named[0]


def _gathered(tx: Transaction, record: JobRecord, environment: str) -> _Facts:
    shown = view(tx, record)
    latest = {}
    for schedule in shown.schedules:
        for occurrence in occurrences.find(tx, schedule.id, limit=1):
            latest[schedule.id] = occurrence
    unfinished = frozenset(State) - _ENDED
    live = history.page(tx, Filter(states=unfinished, job_id=record.id), before=None, limit=_MOST_LIVE)
    around = surroundings.of(tx, {one.id: one.schedule for one in shown.schedules})
    heard = coordinators.last_heard_at(tx)
    freeze = freezing(tx, shown)
    thawed = None if freeze is None else fires_after(shown, around, freeze)
    return _Facts(
        shown,
        live,
        serving(tx),
        latest,
        _standing(tx, record, live),
        environment,
        tx.now,
        around,
        heard,
        freeze,
        thawed,
    )


def _standing(tx: Transaction, record: JobRecord, live: Sequence[ExecutionRecord]) -> Standing:
    """Where the execution stands that would start first; or one with the job's own parameters, where none waits."""
    waiting = [one for one in live if one.state in (State.PENDING, State.SCHEDULED, State.RETRYING)]
    first = min(waiting, key=lambda one: (one.due_at > tx.now, -one.priority, one.due_at, one.id), default=None)
    limits = record.job.limits(record.id, record.job.parameters)
    return standing(tx, record.job.queue, None if first is None else first.id, limits)


_ENDED = frozenset({State.SUCCEEDED, State.FAILED, State.CANCELLED, State.SKIPPED, State.EXPIRED})


def _gates(facts: _Facts) -> Iterator[Gate]:
    yield _enabled(facts)
    yield _paused(facts)
    yield freeze_gate(facts.freeze if not facts.pending else None)
    yield _environment(facts)
    yield from time_gates(_times(facts))
    yield _due(facts)
    job, due = facts.job, bool(facts.pending)
    yield from limit_gates(facts.standing, job.queue, facts.view.record.id, due=due)
    yield from worker_gates(facts.workers, type=job.type, kind=job.kind, queue=job.queue, due=due)
    yield _backoff(facts)
    yield _coordinator(facts)


def _times(facts: _Facts) -> Times:
    under_way = [one for one in facts.live if one.state is not State.SCHEDULED or one.due_at <= facts.now]
    allowed = facts.job.allowed_in(facts.environment)
    return Times(facts.view.schedules, facts.latest, facts.around, under_way, allowed, facts.now)


def _coordinator(facts: _Facts) -> Gate:
    heard = facts.coordinator_heard_at
    if heard is None or facts.now - heard <= _SILENCE or facts.pending:
        return Gate("noCoordinatorSince", True, "a coordinator decides what is due")
    says = f"no coordinator has been heard of since {format_instant(heard)}: nobody decides what is due"
    return Gate("noCoordinatorSince", False, says, since=heard, see="/health")


def _enabled(facts: _Facts) -> Gate:
    record = facts.view.record
    if record.state is not JobState.DISABLED:
        return Gate("jobDisabled", True, "the job is not disabled")
    says = f"disabled by {record.changed_by}{_note(record.note)}"
    return Gate("jobDisabled", False, says, since=record.updated_at, see=_job(record))


def _paused(facts: _Facts) -> Gate:
    record = facts.view.record
    if record.state is JobState.PAUSED:
        says = f"paused by {record.changed_by}{_note(record.note)}"
        return Gate("paused", False, says, since=record.updated_at, until=record.resume_at, see=_job(record))
    resting = [schedule for schedule in facts.view.schedules if schedule.state is ScheduleState.PAUSED]
    if resting and len(resting) == len(facts.view.schedules) and not facts.live:
        one = resting[0]
        says = f"its schedule ({one.schedule.describe()}) was paused by {one.changed_by}{_note(one.note)}"
        return Gate("paused", False, says, since=one.updated_at, see=_schedule(one))
    return Gate("paused", True, "not paused")


def _environment(facts: _Facts) -> Gate:
    allowed = ", ".join(facts.job.environments)
    if facts.job.allowed_in(facts.environment):
        return Gate("environmentNotAllowed", True, f"may run in {facts.environment}")
    says = f"may run in {allowed} only; this is {facts.environment}"
    return Gate("environmentNotAllowed", False, says, see=_job(facts.view.record))


def _due(facts: _Facts) -> Gate:
    if facts.pending or facts.running:
        return Gate("notDue", True, "an execution is due")
    later = min((one for one in facts.live if one.state is State.SCHEDULED), key=lambda one: one.due_at, default=None)
    coming = _next_of_schedules(facts)
    if later is not None and (coming is None or later.due_at <= (coming.fires_at or later.due_at)):
        says = f"an execution is scheduled for {format_instant(later.due_at)}"
        return Gate("notDue", False, says, until=later.due_at, see=_execution(later.id))
    if coming is not None and coming.fires_at is not None:
        if coming.fires_at <= facts.now:
            return Gate("notDue", True, "an instant is due and about to be decided", see=_schedule(coming))
        says = f"next at {coming.schedule.zone.text(coming.fires_at)} ({coming.schedule.describe()})"
        return Gate("notDue", False, says, until=coming.fires_at, see=_schedule(coming))
    if any(one.state in (State.RETRYING, State.WAITING) for one in facts.live):
        return Gate("notDue", True, "an execution waits")
    return Gate("notDue", False, _never(facts.view.schedules), see=_job(facts.view.record))


def _never(schedules: Sequence[ScheduleRecord]) -> str:
    if not schedules:
        return "it has no schedule: it runs when it is triggered"
    if all(schedule.state is ScheduleState.ENDED for schedule in schedules):
        return "its schedule has ended: no instant is left"
    return "no schedule of it will fire"


def _backoff(facts: _Facts) -> Gate:
    waiting = [one for one in facts.live if one.state is State.RETRYING and one.due_at > facts.now]
    if not waiting or facts.running or facts.pending:
        return Gate("backoffUntil", True, "no execution waits for its next attempt")
    first = min(waiting, key=lambda one: one.due_at)
    says = f"execution {first.id} tries again at {format_instant(first.due_at)}: {first.error or 'it failed'}"
    return Gate("backoffUntil", False, says, until=first.due_at, see=_execution(first.id))


def _next_start(facts: _Facts, gates: Sequence[Gate]) -> Instant | None:
    """When the job could start next as far as anybody knows; None while something without an end is in the way."""
    for gate in gates[:4]:
        if not gate.ok and gate.until is None:
            return None
    if facts.pending:
        return opening(facts.standing, facts.now)
    coming = _next_of_schedules(facts)
    times = [one.due_at for one in facts.live if one.state in (State.SCHEDULED, State.RETRYING)]
    fires_at = facts.fires_after_freeze
    if facts.freeze is None and coming is not None:
        fires_at = coming.fires_at
    times += [] if fires_at is None else [fires_at]
    earliest = min(times, default=None)
    resumed = facts.view.record.resume_at
    return earliest if earliest is None or resumed is None else max(earliest, resumed)


def _nothing_in_the_way(facts: _Facts) -> str:
    if facts.running:
        return f"it runs: execution {facts.running[-1].id}"
    return "nothing is in the way: a worker is about to take it"


def _next_of_schedules(facts: _Facts) -> ScheduleRecord | None:
    firing = [
        item for item in facts.view.schedules if item.state is ScheduleState.ENABLED and item.fires_at is not None
    ]
    return min(firing, key=lambda item: item.fires_at or 0, default=None)


def _note(note: str | None) -> str:
    return f": {note}" if note else ""


def _job(record: JobRecord) -> str:
    return f"/api/jobs/{record.id}"


def _schedule(schedule: ScheduleRecord) -> str:
    return f"/api/schedules/{schedule.id}"


def _execution(id: str) -> str:
    return f"/api/executions/{id}"
