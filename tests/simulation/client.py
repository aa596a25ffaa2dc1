"""Those who ask for work, and those who meddle with it: submissions, schedules, cancellations."""

import json
from random import Random
from typing import Any

from rota.domain.errors import Conflict, NotFound, Unavailable
from rota.domain.execution import NewExecution
from rota.domain.instant import SECOND, Duration, Instant, format_instant
from rota.domain.job import Defaults, Job, JobState
from rota.domain.limits import Limits
from rota.domain.planning import next_after
from rota.domain.retry import OnLost, RetryPolicy, Strategy
from rota.domain.schedule import Schedule
from rota.service import executions as service
from rota.service.context import ServiceContext
from rota.service.submission import StoreSubmitter
from rota.stores import executions, jobs, schedules
from rota.stores.database import Database
from rota.stores.identity import new_id
from rota.stores.schedules import ScheduleRecord, ScheduleState
from simulation.link import Link
from simulation.plan import LEASE, Plan
from simulation.record import Record
from simulation.work import FUNCTION
from simulation.world import Actor, Process, World

_RETRY = SECOND
_OVERLAPS = ("allow", "skip", "queueOne", "queueAll", "cancelPrevious", "killPrevious")
_MISSED = ("runLatest", "runEarliest", "runAll", "skip")


class Client(Process):
    """Submits, some of it under keys and again until it is answered."""

    def __init__(self, world: World, link: Link, ctx: ServiceContext, record: Record) -> None:
        super().__init__(world, "client")
        self.accepted: list[str] = []
        self._link, self._ctx, self._record = link, ctx, record

    def submit_all(self, actor: Actor, plan: Plan) -> None:
        """Ask for everything that the plan wants, at moments drawn, before the faults end."""
        for number in range(plan.submissions):
            at = self.world.draw.randint(0, plan.until * 3 // 4)
            if number % 3 == 0:
                actor.after(at, lambda n=number: self._submit_keyed(actor, n))  # type: ignore[misc]
            else:
                actor.after(at, lambda n=number: self._submit(n))  # type: ignore[misc]

    def _submit(self, number: int) -> None:
        """One transaction, asked for once."""
        new = _drawn(self.world.draw, number, self.world.clock.now())
        asked = self.world.clock.now()
        try:
            (id,) = self._link.writing(lambda tx: executions.enqueue(tx, [new]))
        except Unavailable:
            self._record.asked("submit", asked, self.world.clock.now(), "unknown")
            return
        self._take(asked, id, None)
        self._record.caps[id].update(new.limits.caps)

    def _submit_keyed(self, actor: Actor, number: int) -> None:
        """As application code does with a key: asked for until it is answered."""
        key, asked = f"key {number}", self.world.clock.now()
        try:
            id = StoreSubmitter(self._ctx).submit(FUNCTION, {"number": number}, key=key, retries=2)
        except Unavailable:
            self._record.asked("submit", asked, self.world.clock.now(), "unknown", key=key)
            actor.after(_RETRY, lambda: self._submit_keyed(actor, number))
            return
        self._take(asked, id, key)

    def _take(self, asked: Instant, id: str, key: str | None) -> None:
        self._record.asked("submit", asked, self.world.clock.now(), "ok", execution_id=id, key=key)
        self.accepted.append(id)

    def cancel_one(self) -> None:
        """Ask for the end of something, whatever has become of it."""
        if not self.accepted:
            return
        id, asked = self.world.draw.choice(self.accepted), self.world.clock.now()
        try:
            service.cancel(self._ctx, id, reason="a person asked")
            answer = "ok"
        except Unavailable:
            answer = "unknown"
        except (Conflict, NotFound):
            answer = "refused"
        self._record.asked("cancel", asked, self.world.clock.now(), answer, execution_id=id)


def _drawn(draw: Random, number: int, now: Instant) -> NewExecution:
    retries, strategy = draw.randint(0, 4), draw.choice(list(Strategy))
    caps = draw.choice([(), (), (), (("a", 1),), (("b", 2),), (("a", 1), ("b", 2))])
    return NewExecution(
        FUNCTION,
        {"number": number},
        priority=draw.choice([0, 0, 0, 5, -5]),
        due_at=now + draw.choice([0, 0, 0, draw.randint(0, 3 * SECOND)]),
        retry=RetryPolicy(retries, strategy, base_delay=SECOND // 2, max_delay=4 * SECOND),
        on_lost=OnLost.FAIL if draw.random() < 0.1 else OnLost.RETRY,
        limits=Limits(caps),
        latest_start=now + 4 * LEASE if draw.random() < 0.1 else None,
    )


def make_schedules(draw: Random, database: Database, plan: Plan, now: Instant) -> dict[str, Schedule]:
    """Store the schedules of a plan, each with a job of its own, before anything happens. They end with the faults."""
    made: dict[str, Schedule] = {}
    for number in range(plan.schedules):
        every: Duration = draw.randint(2, 9) * SECOND
        document: dict[str, Any] = {
            "every": f"{every // SECOND}s",
            "overlap": draw.choice(_OVERLAPS),
            "missed": draw.choice(_MISSED),
            "endsAt": format_instant(now + plan.until),
        }
        job = Job.parse({"name": f"job {number}", "jobType": FUNCTION, "maxRetries": 1}, defaults=Defaults())
        job_id, id = new_id(now), new_id(now)
        made[id] = rule = Schedule.parse(document, now=now, spread=id)
        kept = jobs.JobRecord(
            job_id, job.to_json(), JobState.ENABLED, "api", None, 1, None, None, "ann", "ann", now, now
        )
        record = ScheduleRecord(
            id=id, job_id=job_id, key=None, name=None, state=ScheduleState.ENABLED, rule=json.dumps(rule.document()),
            revision=1, revised_at=now, cursor_at=now, next_at=next_after(rule, now), fires_at=next_after(rule, now), runs=0, note=None,
            created_by="ann", changed_by="ann", created_at=now, updated_at=now,
        )  # fmt: skip
        database.writing(lambda tx, kept=kept, record=record: (jobs.add(tx, kept), schedules.add(tx, record)))  # type: ignore[misc]
    return made
