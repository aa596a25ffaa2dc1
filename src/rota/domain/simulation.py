"""What schedules will do: the scheduler's own decisions, made under a virtual clock.

Nothing is decided here. `rota.domain.planning` says which instants fire, `rota.domain.start` and `rota.domain.overlap`
what keeps them from it, `rota.domain.admission` what limits hold back; this module only lets time pass. Every run is
taken to succeed after the duration of its job, and a run that is cancelled to end at once.
"""

import heapq
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rota.domain.errors import InvalidInput
from rota.domain.execution import Trigger
from rota.domain.freeze import Freeze
from rota.domain.instant import HOUR, Duration, Instant
from rota.domain.job import Job, JobState, new_execution
from rota.domain.limits import FLEET, Limits
from rota.domain.occurrence import Decision, Occurrence
from rota.domain.overlap import Overlaps, lane_of_runs, overlaps_with
from rota.domain.planning import decided_next, due, going_on
from rota.domain.queue import QueueSettings
from rota.domain.schedule import NO_SURROUNDINGS, Schedule, Surroundings
from rota.domain.simulated_work import Run, Work
from rota.domain.start import permitted

MOST_INSTANTS = 200_000
_BATCH = 1000
_INSTANTS_PER_SCHEDULE = 1000


@dataclass(frozen=True, slots=True)
class SimulatedJob:
    """A job, how long a run of it takes, and whether it may start; a pause may end by itself at `resume_at`."""

    id: str
    job: Job
    duration: Duration = 0
    state: JobState = JobState.ENABLED
    note: str | None = None
    resume_at: Instant | None = None

    def standing(self, now: Instant) -> tuple[JobState, str | None]:
        """Its state at an instant, and why."""
        over = self.state is JobState.PAUSED and self.resume_at is not None and self.resume_at <= now
        return (JobState.ENABLED, None) if over else (self.state, self.note)


@dataclass(frozen=True, slots=True)
class SimulatedSchedule:
    """A schedule with what is around it, and how often it has fired before."""

    id: str
    job: SimulatedJob
    schedule: Schedule
    around: Surroundings = NO_SURROUNDINGS
    runs: int = 0


@dataclass(frozen=True, slots=True)
class Outage:
    """From `starts_at` up to, not including, `ends_at` nothing is decided and nothing starts; what runs goes on."""

    starts_at: Instant
    ends_at: Instant


@dataclass(frozen=True, slots=True)
class Setting:
    """In what world schedules are simulated. `slots` is how many runs the workers hold at once; None = no bound."""

    environment: str
    slots: int | None = None
    queues: Sequence[QueueSettings] = ()
    freezes: Sequence[Freeze] = ()
    outages: Sequence[Outage] = ()


@dataclass(frozen=True, slots=True)
class SimulatedOccurrence:
    """One instant, what will be decided about it and when, and the run that comes of it, if it fires."""

    schedule_id: str
    job_id: str
    nominal: Instant
    decision: Decision
    reason: str | None
    decided_at: Instant
    run: Run | None = None


@dataclass(frozen=True, slots=True)
class HourlyLoad:
    """One hour of one queue: what fires in it, how long its runs are busy in it, and the longest wait that begins then."""

    queue: str
    hour: Instant
    fires: int
    busy: Duration
    longest_wait: Duration


@dataclass(frozen=True, slots=True)
class Simulation:
    """What will happen from `start` to `until`. `stopped_at` is the instant behind which there was too much to tell."""

    start: Instant
    until: Instant
    occurrences: list[SimulatedOccurrence]
    stopped_at: Instant | None = None

    @property
    def decisions(self) -> Mapping[Decision, int]:
        """How many instants come to each decision."""
        return Counter(one.decision for one in self.occurrences)

    def load(self) -> list[HourlyLoad]:
        """The load of each queue, hour by hour (UTC), without hours in which nothing happens."""
        found: dict[tuple[str, Instant], list[int]] = {}
        for one in self.occurrences:
            run = one.run
            if run is None:
                continue
            at = found.setdefault((run.queue, run.due_at // HOUR * HOUR), [0, 0, 0])
            at[0] += 1
            at[2] = max(at[2], run.wait or 0)
            for hour, busy in _hours(run, self.until):
                found.setdefault((run.queue, hour), [0, 0, 0])[1] += busy
        return [HourlyLoad(queue, hour, *figures) for (queue, hour), figures in sorted(found.items())]


def simulate(
    schedules: Sequence[SimulatedSchedule],
    setting: Setting,
    *,
    start: Instant,
    until: Instant,
    most: int = MOST_INSTANTS,
) -> Simulation:
    """Decide every instant strictly after `start` and up to `until`, at most about `most` of them.

    Deterministic: of schedules that are due at once the one that is named first is decided first. At one instant runs
    end before schedules fire, and schedules fire before runs start.
    """
    if until < start:
        raise InvalidInput.field("to", msg="before `from`")
    return _Course(schedules, setting, start, until, most).run()


@dataclass(slots=True)
class _Standing:
    """Where a schedule stands under the virtual clock."""

    cursor: Instant
    runs: int
    caught_up: int = 0


@dataclass(slots=True)
class _Course:
    """The virtual clock, and everything that it moves."""

    schedules: Sequence[SimulatedSchedule]
    setting: Setting
    start: Instant
    until: Instant
    most: int
    found: list[SimulatedOccurrence] = field(default_factory=list)
    standing: list[_Standing] = field(init=False)
    coming: list[tuple[Instant, int]] = field(init=False)
    freezes: list[list[Freeze]] = field(init=False)
    work: Work = field(init=False)

    def __post_init__(self) -> None:
        self.standing = [_Standing(self.start, one.runs) for one in self.schedules]
        first = (decided_next(one.schedule, self.start, one.around) for one in self.schedules)
        over = [one.schedule.has_run_out(one.runs) for one in self.schedules]
        self.coming = [(at, place) for place, at in enumerate(first) if at is not None and not over[place]]
        heapq.heapify(self.coming)
        self.freezes = [
            [freeze for freeze in self.setting.freezes if freeze.scope.covers(one.job.id, one.job.job)]
            for one in self.schedules
        ]
        self.work = Work(self.setting.slots, {queue.name: queue for queue in self.setting.queues})

    def run(self) -> Simulation:
        now = self.start
        stopped: Instant | None = None
        while (coming := self._next(now)) is not None and coming <= self.until:
            now = coming
            self.work.end(now)
            if self._outage_ends(now):
                continue
            while self.coming and self.coming[0][0] <= now and stopped is None:
                self._decide_batch(now)
                stopped = now if len(self.found) >= self.most else None
            if stopped is not None:
                break
            self.work.begin(now)
        return Simulation(self.start, self.until, self.found, stopped)

    def _next(self, now: Instant) -> Instant | None:
        """The next instant at which anything happens; what is overdue after an outage happens at its end."""
        if ends := self._outage_ends(now):
            running = self.work.next_end()
            return min(ends if running is None else [*ends, running])
        times = (self.coming[0][0] if self.coming else None, self.work.next_at())
        return min((max(at, now) for at in times if at is not None), default=None)

    def _outage_ends(self, now: Instant) -> list[Instant]:
        """The ends of the outages that last at an instant."""
        return [outage.ends_at for outage in self.setting.outages if outage.starts_at <= now < outage.ends_at]

    def _decide_batch(self, now: Instant) -> None:
        """As the ticker does it: every due schedule is asked what is due, then overlap is decided in their order."""
        answers: list[tuple[int, list[Occurrence], Instant | None]] = []
        left = self.most - len(self.found)
        while self.coming and self.coming[0][0] <= now and len(answers) < _BATCH and left > 0:
            place = heapq.heappop(self.coming)[1]
            answers.append((place, *self._due(place, now)))
            left -= len(answers[-1][1])
        asking = [self.schedules[place] for place, *_ in answers]
        names = {overlaps_with(one.schedule, one.id) for one in asking}
        overlaps = Overlaps({name: self.work.live(name) for name in names})
        fired: list[Run] = []
        for place, occurrences, next_at in answers:
            one = self.schedules[place]
            final = [overlaps.decide(one.schedule, one.id, occurrence) for occurrence in occurrences]
            fired += [run for occurrence in final if (run := self._note(one, occurrence, now)) is not None]
            standing = self.standing[place]
            standing.runs += sum(1 for occurrence in final if occurrence.decision is Decision.FIRED)
            next_at, _ = going_on(one.schedule, standing.cursor, next_at, None, standing.runs, one.around)
            if next_at is not None:
                heapq.heappush(self.coming, (next_at, place))
        self.work.cancel((id for id, _ in overlaps.ends), now)
        for run in fired:
            self.work.add(run, now)

    def _due(self, place: int, now: Instant) -> tuple[list[Occurrence], Instant | None]:
        one, standing = self.schedules[place], self.standing[place]
        answer = due(
            one.schedule,
            cursor=standing.cursor,
            now=now,
            revised_at=self.start,
            runs=standing.runs,
            limit=_INSTANTS_PER_SCHEDULE,
            caught_up=standing.caught_up,
            around=one.around,
        )
        standing.cursor, standing.caught_up = answer.cursor, answer.caught_up
        state, note = one.job.standing(now)
        decided = [
            permitted(
                occurrence,
                one.job.job,
                state,
                note=note,
                environment=self.setting.environment,
                freezes=self.freezes[place],
                now=now,
            )
            for occurrence in answer.decisions
        ]
        return decided, answer.next_at

    def _note(self, one: SimulatedSchedule, occurrence: Occurrence, now: Instant) -> Run | None:
        run = _run(one, occurrence, self.work.queues) if occurrence.decision is Decision.FIRED else None
        self.found.append(
            SimulatedOccurrence(
                one.id, one.job.id, occurrence.nominal, occurrence.decision, occurrence.reason, now, run
            )
        )
        return run


def _run(one: SimulatedSchedule, occurrence: Occurrence, queues: Mapping[str, QueueSettings]) -> Run:
    """The execution of an instant, under the limits that the store would put it under."""
    schedule = one.schedule
    new = new_execution(one.job.id, one.job.job, trigger=Trigger.SCHEDULE, parameters=schedule.parameters)
    lane = lane_of_runs(schedule, one.id)
    limits = new.limits if lane is None else Limits(((lane, 1),)) + new.limits
    for name in (new.queue, FLEET):
        if name in queues:
            limits = queues[name].limits + limits
    added = queues[new.queue].priority if new.queue in queues else 0
    return Run(
        schedule_id=one.id,
        nominal=occurrence.nominal,
        queue=new.queue,
        priority=new.priority + added,
        due_at=occurrence.due_at,
        latest_start=schedule.latest_start(occurrence.nominal),
        duration=one.job.duration,
        limits=limits,
        overlap_names=frozenset({one.id} if lane is None else {one.id, lane}),
    )


def _hours(run: Run, until: Instant) -> list[tuple[Instant, Duration]]:
    """How long a run is busy in each hour that it touches, up to the end of the simulation."""
    if run.starts_at is None:
        return []
    ends_at = until if run.ends_at is None else min(run.ends_at, until)
    return [
        (hour, min(ends_at, hour + HOUR) - max(run.starts_at, hour))
        for hour in range(run.starts_at // HOUR * HOUR, ends_at, HOUR)
    ]
