"""What will happen: schedules under a virtual clock with the durations of history, and the load that is coming."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rota.domain.access import Right
from rota.domain.errors import InvalidInput, NotFound
from rota.domain.forecast import Forecast, ForecastHour, ForecastSchedule
from rota.domain.forecast import forecast as counted
from rota.domain.instant import DAY, Duration, Instant
from rota.domain.job import Defaults, Job, JobState
from rota.domain.schedule import Surroundings
from rota.domain.simulation import (
    HourlyLoad,
    Outage,
    Setting,
    SimulatedJob,
    SimulatedOccurrence,
    SimulatedSchedule,
    Simulation,
)
from rota.domain.simulation import simulate as simulated
from rota.service import schedules as schedule_service
from rota.service.context import ServiceContext
from rota.stores import durations, freezes, jobs, queues, schedules, surroundings, workers
from rota.stores.database import Transaction
from rota.stores.durations import Durations
from rota.stores.jobs import JobRecord
from rota.stores.schedules import ScheduleRecord

__all__ = [
    "Forecast",
    "ForecastHour",
    "HourlyLoad",
    "LeftOut",
    "Outage",
    "Prediction",
    "Question",
    "SimulatedOccurrence",
    "Simulation",
    "forecast",
    "simulate",
]

MOST_DAYS = 400
MOST_INSTANTS = 50_000
"""So many are decided in one answer: a few seconds of computing."""
MOST_SCHEDULES = 2000
UNSAVED = "unsaved"
"""The id of a schedule that is not stored, and of its job where it has none."""
_MOST_WORKERS = 500


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be simulated.

    `job_ids` None = all jobs. `schedule` is one that is not stored: of the job, if exactly one is named. `durations`
    (by job) take the place of the median of the last 30 days, `slots` that of the slots of the workers that are alive.
    """

    start: Instant | None = None
    until: Instant | None = None
    days: int = 7
    job_ids: Sequence[str] | None = None
    schedule: Mapping[str, object] | None = None
    durations: Mapping[str, Duration] = field(default_factory=dict)
    slots: int | None = None
    outages: Sequence[Outage] = ()


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A schedule that is not part of the answer, and why. Of many that are too many, the first stands for all."""

    schedule_id: str
    why: str
    schedules: int = 1


@dataclass(frozen=True, slots=True)
class Prediction:
    """The simulation with what it rests on. `unknown` are jobs without a duration: theirs is taken for zero."""

    simulation: Simulation
    slots: int | None
    job_names: dict[str, str]
    unknown: list[str]
    left_out: list[LeftOut]


def simulate(ctx: ServiceContext, question: Question) -> Prediction:
    """Run the schedules under a virtual clock. Nothing is stored.

    NotFound for a job that there is not; InvalidInput for a time that is too long or a schedule that is wrong.
    """
    ctx.require(Right.READ)
    with ctx.read() as tx:
        start = tx.now if question.start is None else question.start
        until = start + question.days * DAY if question.until is None else question.until
        if not start <= until <= start + MOST_DAYS * DAY:
            raise InvalidInput.field("to", msg=f"not before `from`, and at most {MOST_DAYS} days after it")
        found, left_out = _stored(tx, question)
        known = _jobs(tx, [record.job_id for record, _ in found] + list(question.job_ids or ()))
        if any(id not in known for id in question.job_ids or ()):
            raise NotFound("no such job")
        lasting = durations.of_jobs(tx, list(known), tx.now - durations.LATELY)
        records = [queue.settings for queue in queues.all_set(tx)]
        frozen = [record.freeze for record in freezes.lasting(tx, start)]
        slots = _slots(tx) if question.slots is None else question.slots
        as_jobs = {id: _simulated(record, question, lasting.get(id)) for id, record in known.items()}
        chosen = [
            SimulatedSchedule(record.id, as_jobs[record.job_id], record.schedule, around, record.runs)
            for record, around in found
            if record.job_id in as_jobs
        ]
        if question.schedule is not None:
            chosen.append(_unsaved(tx, question, as_jobs, start))
    setting = Setting(ctx.config.environment, slots, records, frozen, question.outages)
    done = simulated(chosen, setting, start=start, until=until, most=MOST_INSTANTS)
    unknown = sorted({one.job.id for one in chosen} - lasting.keys() - question.durations.keys())
    return Prediction(done, slots, {one.job.id: one.job.job.name for one in chosen}, unknown, left_out)


def forecast(ctx: ServiceContext, days: int) -> tuple[Forecast, list[LeftOut]]:
    """The fires of the next days by queue and hour, and how long they will be busy by the median of the newest runs.

    With it the schedules that are not counted.
    """
    ctx.require(Right.READ)
    with ctx.read() as tx:
        found, left_out = _stored(tx, Question())
        known = _jobs(tx, [record.job_id for record, _ in found])
        lasting = durations.newest_of_jobs(tx, known)
        now = tx.now
    chosen = []
    for record, around in found:
        owner = known.get(record.job_id)
        if owner is None or owner.state is not JobState.ENABLED:
            continue
        most = record.schedule.max_runs
        taking = lasting[record.job_id].median if record.job_id in lasting else 0
        left = None if most is None else most - record.runs
        chosen.append(ForecastSchedule(owner.job.queue, record.schedule, taking, around, left))
    return counted(chosen, start=now, until=now + days * DAY), left_out


def _stored(tx: Transaction, question: Question) -> tuple[list[tuple[ScheduleRecord, Surroundings]], list[LeftOut]]:
    """The enabled schedules with what is around them, and those that cannot take part."""
    wanted = None if question.job_ids is None else list(question.job_ids)
    records = schedules.enabled(tx, wanted, limit=MOST_SCHEDULES + 1)
    left_out = []
    if len(records) > MOST_SCHEDULES:
        beyond = schedules.count_enabled(tx, wanted) - MOST_SCHEDULES
        left_out.append(LeftOut(records.pop().id, f"at most {MOST_SCHEDULES} schedules take part, the oldest", beyond))
    around = surroundings.of(tx, {record.id: record.schedule for record in records})
    left_out += [
        LeftOut(record.id, f"no calendar {' and '.join(record.schedule.calendar)}")
        for record in records
        if record.id not in around
    ]
    return [(record, around[record.id]) for record in records if record.id in around], left_out


def _jobs(tx: Transaction, ids: Sequence[str]) -> dict[str, JobRecord]:
    return jobs.of_ids(tx, sorted(set(ids)))


def _simulated(record: JobRecord, question: Question, lasting: Durations | None) -> SimulatedJob:
    duration = question.durations.get(record.id, 0 if lasting is None else lasting.median)
    return SimulatedJob(record.id, record.job, duration, record.state, record.note, record.resume_at)


def _unsaved(
    tx: Transaction, question: Question, known: Mapping[str, SimulatedJob], start: Instant
) -> SimulatedSchedule:
    """The schedule that is not stored, with the one job that is named, or with a job of no limits."""
    ids = list(question.job_ids or ())
    job = known[ids[0]] if len(ids) == 1 else None
    spread = UNSAVED if job is None else job.id
    schedule, around = schedule_service.unsaved(tx, question.schedule or {}, now=start, spread=spread)
    if job is None:
        plain = Job.parse({"name": UNSAVED, "jobType": UNSAVED}, defaults=Defaults())
        job = SimulatedJob(UNSAVED, plain, question.durations.get(UNSAVED, 0))
    return SimulatedSchedule(UNSAVED, job, schedule, around)


def _slots(tx: Transaction) -> int | None:
    """The slots of the workers that are alive; no bound where there is none."""
    alive = workers.page(tx, before=None, limit=_MOST_WORKERS, states=["Alive"])
    return sum(worker.capacity for worker in alive) or None
