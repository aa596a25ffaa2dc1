"""A store with rows in every state, to look at plans with."""

import json
from dataclasses import replace

from sqlalchemy import insert, update

from rota.domain.execution import NewExecution
from rota.domain.instant import HOUR, SECOND
from rota.domain.job import Defaults, Job, JobState
from rota.domain.outcome import Failed, Lost, Succeeded
from rota.domain.schedule import Schedule
from rota.domain.transition import decide
from rota.stores import executions, jobs, workers
from rota.stores.base import Offer
from rota.stores.database import Database, Transaction
from rota.stores.identity import new_id, new_ids
from rota.stores.schedule_tables import schedules as schedules_table
from rota.stores.schedules import ScheduleRecord, ScheduleState
from rota.stores.tables import executions as live
from rota.stores.tables import history as finished

WORKER = "00000000-0000-7000-8000-00000000000a"


def fill(database: Database, rows: int) -> None:
    """That many executions in every state, and as many schedules and finished executions."""
    with database.write() as tx:
        workers.register(tx, workers.NewWorker(WORKER, "w", 10, "database"), HOUR)
        new = NewExecution("echo", priority=1)
        later = replace(new, due_at=tx.now + HOUR)
        ids = executions.enqueue(tx, [new, later] * (rows // 2))
        for state, offset in (("Retrying", 1), ("Waiting", 2), ("Running", 4), ("Cancelling", 6)):
            some = ids[offset :: max(10, rows // 50)]
            tx.execute(update(live).where(live.c.id.in_(some)).values(state=state, worker_id=WORKER, token=0))
        job = Job.parse({"name": "a", "jobType": "echo"}, defaults=Defaults())
        job_id = new_id(tx.now)
        record = jobs.JobRecord(
            job_id, job.to_json(), JobState.ENABLED, "api", None, 1, None, None, "ann", "ann", tx.now, tx.now
        )
        jobs.add(tx, record)
        rule = Schedule.parse({"every": "1h"}, now=tx.now, spread="")
        scheduled = ScheduleRecord(
            "", job_id, None, None, ScheduleState.ENABLED, json.dumps(rule.document()), 1, tx.now, tx.now, None, None, 0, None, "a", "a",
            tx.now, tx.now,
        )  # fmt: skip
        values = [
            {
                name: getattr(scheduled, name)
                for name in ScheduleRecord.__dataclass_fields__
                if name not in ("id", "next_at", "fires_at", "state", "probed")
            }
            | {"id": id, "state": "Enabled" if number % 2 else "Paused", "probed": 0}
            | {"next_at": tx.now + number * SECOND, "fires_at": tx.now + number * SECOND}
            for number, id in enumerate(new_ids(tx.now, rows))
        ]
        tx.execute(insert(schedules_table), values)
        past = {
            "type": "echo", "kind": "python", "queue": "default", "priority": 0, "state": "Succeeded", "due_at": 1,
            "created_at": 1, "attempt": 1, "timeout": 1, "max_attempts": 1, "trigger": "manual",
        }  # fmt: skip
        ended = [past | {"id": id, "finished_at": n} for n, id in enumerate(new_ids(tx.now, rows))]
        tx.execute(insert(finished), ended)


def claim_under_limits(tx: Transaction) -> None:
    """A claim where limits have a say."""
    executions.enqueue(tx, [NewExecution("echo", lane="k")] * 5)
    executions.claim(tx, Offer(WORKER, 10, HOUR))


def settle_three(tx: Transaction) -> None:
    """Claim three, and settle each in another way, with a line of its log."""
    claims = executions.claim(tx, Offer(WORKER, 3, HOUR))
    outcomes = (Succeeded(1), Failed("x"), Lost())
    settled = [decide(claim, outcome, tx.now) for claim, outcome in zip(claims, outcomes, strict=True)]
    tx.hot.append_logs(tx, [(claim.id, claim.token, 1, tx.now, "log", "x") for claim in claims])
    assert len(executions.settle(tx, settled)) == 3
