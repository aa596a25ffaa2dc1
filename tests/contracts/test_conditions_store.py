"""In every store: what conditions ask it for, who decides which schedules, and what is to be planned anew."""

import json
from dataclasses import replace

from rota.domain.execution import NewExecution, State
from rota.domain.instant import HOUR, MINUTE, Instant
from rota.domain.job import Defaults, Job, JobState
from rota.domain.schedule import Schedule
from rota.scheduler.replanner import Replanner
from rota.stores import control, executions, finished, jobs, schedules
from rota.stores.database import Database, Transaction
from rota.stores.identity import new_id
from rota.stores.jobs import JobRecord
from rota.stores.schedules import ScheduleRecord, ScheduleState


def add_job(tx: Transaction) -> str:
    job = Job.parse({"name": "a job", "jobType": "echo"}, defaults=Defaults())
    id = new_id(tx.now)
    record = JobRecord(id, job.to_json(), JobState.ENABLED, "api", None, 1, None, None, "ann", "ann", tx.now, tx.now)
    jobs.add(tx, record)
    return id


def add_schedule(tx: Transaction, job: str, due: Instant, *, probed: bool = False) -> str:
    rule = Schedule.parse({"every": "1h", "anchor": "2026-01-01T00:00:00Z"}, now=tx.now, spread="")
    id = new_id(tx.now)
    record = ScheduleRecord(
        id=id, job_id=job, key=None, name=None, state=ScheduleState.ENABLED, rule=json.dumps(rule.document()),
        revision=1, revised_at=tx.now, cursor_at=tx.now, next_at=due, fires_at=due, runs=0, note=None,
        created_by="ann", changed_by="ann", created_at=tx.now, updated_at=tx.now, planned_with="old", probed=probed,
    )  # fmt: skip
    schedules.add(tx, record)
    return id


def end_one(tx: Transaction, job: str, state: State, reason: str) -> None:
    (id,) = executions.enqueue(tx, [NewExecution("echo", job_id=job)])
    control.finish_unrun(tx, [id], state, reason)


def test_the_last_finished_execution_of_each_job_is_found(each_store: Database) -> None:
    with each_store.write() as tx:
        first, second, none = (add_job(tx) for _ in range(3))
        end_one(tx, second, State.EXPIRED, "too late")
        end_one(tx, first, State.EXPIRED, "too late")
        end_one(tx, first, State.CANCELLED, "not wanted")
        executions.enqueue(tx, [NewExecution("echo", job_id=first)])
        end_one(tx, none, State.CANCELLED, "another job of another question")
    with each_store.read() as tx:
        found = finished.last_of_jobs(tx, {first, second})
        assert {id: one.state for id, one in found.items()} == {first: "Cancelled", second: "Expired"}
        assert finished.last_of_jobs(tx, set()) == {}
        assert all(one.finished_at <= tx.now for one in found.values())


def test_probed_schedules_are_due_apart_from_the_others(each_store: Database) -> None:
    with each_store.write() as tx:
        job, now = add_job(tx), tx.now
        plain = add_schedule(tx, job, now + 2 * MINUTE)
        probed = add_schedule(tx, job, now + MINUTE, probed=True)
    with each_store.read() as tx:
        later = now + HOUR
        assert [item.id for item in schedules.due(tx, later, 10)] == [plain]
        assert [item.id for item in schedules.due(tx, later, 10, probed=True)] == [probed]
        assert schedules.next_due_at(tx) == schedules.next_due_at(tx, probed=True) == now + MINUTE
        assert schedules.next_due_at(tx, probed=False) == now + 2 * MINUTE
        record = schedules.get(tx, probed)
        assert record is not None
        assert record.probed is True


def test_schedules_planned_otherwise_are_planned_anew_once(each_store: Database) -> None:
    with each_store.write() as tx:
        job = add_job(tx)
        far = tx.now + 1000 * HOUR
        moved, ended, never = (add_schedule(tx, job, far) for _ in range(3))
        for id, changes in ((ended, {"state": ScheduleState.ENDED}), (never, {"planned_with": None})):
            record = schedules.get(tx, id)
            assert record is not None
            schedules.save(tx, replace(record, **changes))
    with each_store.write() as tx:
        assert [one.id for one in schedules.planned_otherwise(tx, "new", after="", limit=10)] == [moved, never]
        assert [one.id for one in schedules.planned_otherwise(tx, "new", after=moved, limit=10)] == [never]
        assert [one.id for one in schedules.planned_otherwise(tx, "old", after="", limit=10)] == [never]
    assert [Replanner(each_store, "new").run_once() for _ in range(2)] == [30, 30]
    with each_store.write() as tx:
        assert schedules.planned_otherwise(tx, "new", after="", limit=10) == []
        record = schedules.get(tx, moved)
        assert record is not None
        assert record.next_at is not None
        assert tx.now < record.next_at <= tx.now + HOUR
