"""The scheduler's steps on a real store whose clock moves only when it is told to."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rota.config import LeaseConfig
from rota.domain.execution import Claim, State
from rota.domain.instant import SECOND, Instant
from rota.domain.job import Defaults, Job, JobState
from rota.domain.outcome import Outcome, Succeeded
from rota.domain.planning import next_after
from rota.domain.schedule import Schedule
from rota.domain.transition import decide
from rota.scheduler.rescuer import Rescuer
from rota.scheduler.ticker import Ticker
from rota.stores import events, executions, history, jobs, leases, occurrences, schedules, workers
from rota.stores.base import Offer
from rota.stores.database import Database
from rota.stores.history import ExecutionRecord
from rota.stores.identity import new_id
from rota.stores.schedules import ScheduleRecord, ScheduleState
from rota.stores.schema import migrate
from rota.telemetry import Telemetry
from rota.testing import ManualClock

WORKER = "00000000-0000-7000-8000-00000000000a"
LEASE = 30 * SECOND


class Clockwork:
    """A store with jobs and schedules, the ticker, the rescuer, and one worker's hands."""

    def __init__(self, database: Database, clock: ManualClock) -> None:
        self.database = database
        self.clock = clock
        self.telemetry = Telemetry()
        self.ticker = Ticker(database, "DEV", self.telemetry)
        lease = LeaseConfig(seconds=30, heartbeat_seconds=10, reaper_seconds=5, margin_seconds=3)
        self.rescuer = Rescuer(database, lease, self.telemetry, monotonic=lambda: 0.0)
        self.register()

    def register(self, id: str = WORKER) -> None:
        new = workers.NewWorker(id, "w", 10, "database")
        self.database.writing(lambda tx: workers.register(tx, new, LEASE))

    def job(self, state: JobState = JobState.ENABLED, note: str | None = None, **fields: Any) -> str:
        job = Job.parse({"name": "a job", "jobType": "echo", **fields}, defaults=Defaults())
        now = self.clock.now()
        id = new_id(now)
        record = jobs.JobRecord(id, job.to_json(), state, "api", None, 1, note, None, "ann", "ann", now, now)
        self.database.writing(lambda tx: jobs.add(tx, record))
        return id

    def schedule(self, document: dict[str, Any], job: str | None = None) -> str:
        """A schedule made now."""
        now = self.clock.now()
        id = new_id(now)
        rule = Schedule.parse(document, now=now, spread=id)
        record = ScheduleRecord(
            id=id, job_id=job or self.job(), key=None, name=None, state=ScheduleState.ENABLED,
            rule=json.dumps(rule.document()), revision=1, revised_at=now, cursor_at=now, next_at=next_after(rule, now), fires_at=next_after(rule, now), runs=0, note=None,
            created_by="ann", changed_by="ann", created_at=now, updated_at=now, probed=rule.is_probed,
        )  # fmt: skip
        self.database.writing(lambda tx: schedules.add(tx, record))
        return id

    def tick(self, *pauses: object) -> None:
        """Let time pass, each time followed by ticks until nothing is due."""
        for pause in pauses or (0,):
            self.clock.advance(pause)
            while self.ticker.run_once() <= 0:
                pass

    def get(self, schedule: str) -> ScheduleRecord:
        found = self.database.reading(lambda tx: schedules.get(tx, schedule))
        assert found is not None
        return found

    def change(self, schedule: str, **fields: Any) -> None:
        changed = replace(self.get(schedule), **fields)
        self.database.writing(lambda tx: schedules.save(tx, changed))

    def ledger(self, schedule: str) -> list[occurrences.OccurrenceRecord]:
        """The decided instants, oldest first."""
        return self.database.reading(lambda tx: occurrences.find(tx, schedule, limit=10_000))[::-1]

    def decisions(self, schedule: str) -> list[str]:
        return [one.decision.value for one in self.ledger(schedule)]

    def executions(self, schedule: str) -> list[ExecutionRecord]:
        """What it fired, oldest first."""
        wanted = history.Filter(schedule_id=schedule)
        return self.database.reading(lambda tx: history.page(tx, wanted, before=None, limit=10_000))[::-1]

    def states(self, schedule: str) -> list[str]:
        return [one.state.value for one in self.executions(schedule)]

    def enqueue(self, **fields: Any) -> str:
        new = executions.NewExecution("echo", **fields)
        return self.database.writing(lambda tx: executions.enqueue(tx, [new]))[0]

    def execution(self, id: str) -> ExecutionRecord:
        found = self.database.reading(lambda tx: history.get(tx, id))
        assert found is not None
        return found

    def claim(self, worker: str = WORKER) -> list[Claim]:
        def work(tx: Any) -> list[Claim]:
            tx.hot.promote(tx)
            return executions.claim(tx, Offer(worker, 100, LEASE))

        return self.database.writing(work)

    def settle(self, claim: Claim, outcome: Outcome) -> bool:
        def work(tx: Any) -> bool:
            held = leases.held(tx, claim.id, claim.token)
            cancelling = held is not None and held[1]
            return bool(executions.settle(tx, [decide(claim, outcome, tx.now, cancelling=cancelling)]))

        return self.database.writing(work)

    def work_off(self) -> None:
        """Run everything that is due to a good end."""
        for claim in self.claim():
            assert self.settle(claim, Succeeded())

    def attempts(self, id: str) -> list[str]:
        record = self.execution(id)
        return [one.state.value for one in self.database.reading(lambda tx: history.attempts_of(tx, record))]

    def state(self, id: str) -> State:
        return self.execution(id).state

    def told(self, pattern: str) -> list[tuple[str, str | None, Any]]:
        """The events of a kind, oldest first: kind, job and data."""
        found = self.database.reading(lambda tx: events.after(tx, 0, 10_000, kinds=[pattern])).events
        return [(event.kind, event.job_id, json.loads(event.data or "null")) for event in found]

    def at(self, schedule: str) -> list[Instant]:
        """The nominal instants of the ledger."""
        return [one.nominal_at for one in self.ledger(schedule)]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def database(tmp_path: Path, clock: ManualClock) -> Iterator[Database]:
    made = Database(f"sqlite:///{tmp_path}/rota.db", durable=False, clock=clock)
    migrate(made)
    yield made
    made.close()


@pytest.fixture
def works(database: Database, clock: ManualClock) -> Clockwork:
    return Clockwork(database, clock)
