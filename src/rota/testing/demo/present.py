"""What goes on in the demo right now: workers, a coordinator, and executions that have not ended."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from sqlalchemy import insert, update

from rota.config import Config
from rota.domain.execution import Trigger
from rota.domain.instant import DAY, HOUR, MINUTE, SECOND, Duration, Instant
from rota.domain.job import new_execution
from rota.stores import executions
from rota.stores.database import Transaction
from rota.stores.identity import new_id
from rota.stores.tables import coordinators, workers
from rota.stores.tables import executions as live
from rota.testing.demo.definitions import Defined
from rota.testing.demo.failures import usual_family
from rota.testing.demo.past import Past
from rota.testing.demo.shifts import NAMES, Shifts
from rota.version import __version__

LIVE = {"Running": 9, "Cancelling": 1, "Pending": 14, "Retrying": 4, "Scheduled": 8, "Waiting": 4}
"""How many executions stand in which state; of a small store a part of that."""
_CAPACITY = 10
_BATCH_RUNNING = 4
"""As many as may run at once in the queue `batch`: others of it are pending."""


def live_counts(wanted: int) -> dict[str, int]:
    """How many of all executions have not ended: at most one in twenty."""
    most = wanted // 20
    part = min(1.0, most / sum(LIVE.values()))
    return {state: int(count * part) for state, count in LIVE.items()}


@dataclass(slots=True)
class Present:
    """Puts executions into the store that are under way."""

    jobs: Sequence[Defined]
    past: Past
    shifts: Shifts
    random: Random
    now: Instant

    def write(self, tx: Transaction, counts: dict[str, int]) -> None:
        """Executions in every state, each of a job that fits."""
        awake = [one for one in self.jobs if one.rests is None]
        lengthy = [one for one in awake if one.blueprint.seconds > 60 and one.blueprint.family.queue != "webhooks"]
        cluster = [one for one in lengthy if one.blueprint.family.queue == "batch"]
        others = [one for one in lengthy if one.blueprint.family.queue != "batch"]
        resting = [one for one in self.jobs if one.why.startswith("the job is")]
        drained = [one for one in awake if one.blueprint.document["queue"] == "legacy"] or awake
        chosen: dict[str, tuple[Sequence[Defined], Duration]] = {
            "Running": ([*cluster[:_BATCH_RUNNING], *self.random.sample(others, len(others))] or awake, 0),
            "Cancelling": (lengthy or awake, 0),
            "Pending": ([*drained, *cluster[_BATCH_RUNNING:]], 0),
            "Retrying": (awake, 0),
            "Scheduled": (awake, DAY),
            "Waiting": (resting or awake, 0),
        }
        for state, count in counts.items():
            jobs, ahead = chosen[state]
            for number in range(count):
                one = jobs[number % len(jobs)] if state in ("Running", "Pending") else self.random.choice(jobs)
                id = self._accepted(tx, one, ahead)
                _STATES[state](self, tx, id, one)

    def _accepted(self, tx: Transaction, one: Defined, ahead: Duration) -> str:
        assert one.job is not None
        due_at = (
            self.now + self.random.randrange(HOUR, ahead) if ahead else self.now - self.random.randrange(9 * MINUTE)
        )
        schedule = one.schedules[0].id if one.schedules and not ahead else None
        new = new_execution(
            one.id,
            one.job,
            trigger=Trigger.MANUAL if schedule is None else Trigger.SCHEDULE,
            due_at=due_at,
            schedule_id=schedule,
            nominal_at=None if schedule is None else due_at,
            actor=one.blueprint.owner if schedule is None else None,
        )
        return executions.enqueue(tx, [new])[0]

    def _runs(self, tx: Transaction, id: str, one: Defined) -> None:
        """It is in the hands of a worker, some way through."""
        begun = self.now - self.random.randrange(20 * SECOND, 8 * MINUTE)
        done = round(self.random.uniform(0.05, 0.95), 2)
        self.past.token += 1
        _change(
            tx, id, state="Running", attempt=1, token=self.past.token, started_at=begun,
            worker_id=self.random.choice(self.shifts.present), lease_expires_at=None,
            progress=json.dumps({"fraction": done, "message": f"{int(done * 84_000)} rows"}, separators=(",", ":")),
        )  # fmt: skip

    def _is_cancelling(self, tx: Transaction, id: str, one: Defined) -> None:
        self._runs(tx, id, one)
        note = {"by": one.blueprint.owner, "at": self.now, "reason": "wrong parameters", "graceSeconds": None}
        _change(tx, id, state="Cancelling", cancellation=json.dumps(note))

    def _retries(self, tx: Transaction, id: str, one: Defined) -> None:
        """Its first attempt has failed; it is tried again in some minutes."""
        family = usual_family(one.blueprint, self.random)
        error = family.message(self.random)
        begun = self.now - self.random.randrange(MINUTE, 5 * MINUTE)
        self.past.token += 1
        worker = self.random.choice(self.shifts.present)
        stack = family.stack(self.random, error)
        failed = (id, self.past.token, 1, "Failed", worker, begun, begun + 9 * SECOND, error, stack)
        self.past.attempts.append(failed)
        later = self.now + self.random.randrange(2 * MINUTE, 15 * MINUTE)
        _change(tx, id, state="Retrying", attempt=1, due_at=later, started_at=begun, error=error)

    def _waits(self, tx: Transaction, id: str, one: Defined) -> None:
        _change(tx, id, state="Waiting")

    def _stands(self, tx: Transaction, id: str, one: Defined) -> None:
        """It is as it was accepted."""


_STATES: Mapping[str, Callable[[Present, Transaction, str, Defined], None]] = {
    "Running": Present._runs,
    "Cancelling": Present._is_cancelling,
    "Pending": Present._stands,
    "Retrying": Present._retries,
    "Scheduled": Present._stands,
    "Waiting": Present._waits,
}


def _change(tx: Transaction, id: str, **values: object) -> None:
    tx.execute(update(live).where(live.c.id == id).values(**values))


def write_fleet(tx: Transaction, shifts: Shifts, now: Instant, functions: Sequence[str], config: Config) -> None:
    """Two workers and a coordinator that were heard of just now, and workers that have gone."""
    lease = config.lease.duration
    fleet = [
        *(
            (id, name, "Alive", shifts.since, now, now + lease, None)
            for id, name in zip(shifts.present, NAMES, strict=True)
        ),
        *(
            (id, name, "Stopped", shifts.since - 7 * DAY, shifts.since, shifts.since, shifts.since)
            for id, name in zip(shifts.gone, NAMES, strict=True)
        ),
        (new_id(now), "worker-us-1:17", "Dead", now - DAY, now - 23 * MINUTE, now - 22 * MINUTE, now - 22 * MINUTE),
    ]
    for id, name, state, begun, beat, until, ended in fleet:
        host = name.partition(":")[0]
        tx.execute(
            insert(workers).values(
                id=id, name=name, hostname=host, pid=17, state=state, capacity=_CAPACITY, queues=None,
                types=json.dumps(sorted(functions)), labels=json.dumps({"region": host[7:9], "image": "rota-demo"}),
                version=__version__, transport="database", running=0, registered_at=begun, heartbeat_at=beat,
                lease_expires_at=until, ended_at=ended,
            )
        )  # fmt: skip
    tx.execute(
        insert(coordinators).values(
            id=new_id(now), name="coordinator-eu-1:9", hostname="coordinator-eu-1", pid=9, version=__version__,
            settings="{}",  # it agrees with whatever the next coordinator is told
            started_at=shifts.since, heartbeat_at=now,
        )
    )  # fmt: skip
