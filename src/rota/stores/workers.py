"""Workers: who leases work, and until when each is trusted. A worker's id is its incarnation: new at every start."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Row, case, func, insert, literal, select, update

from rota.domain.instant import Duration, Instant
from rota.stores import bell, events
from rota.stores.database import Transaction
from rota.stores.tables import executions, workers

ALIVE, DRAINING, STOPPED, DEAD = "Alive", "Draining", "Stopped", "Dead"
_SERVING = (ALIVE, DRAINING)
_LEASED = executions.c.state.in_([literal(state, literal_execute=True) for state in ("Running", "Cancelling")])


@dataclass(frozen=True, slots=True)
class NewWorker:
    """A worker about to be registered. `types` are the job types that it can run; None = it does not say.

    `registered_by` is, over HTTP, the name of the principal that let it in: nobody else speaks for it.
    """

    id: str
    name: str
    capacity: int
    transport: str
    hostname: str | None = None
    pid: int | None = None
    queues: Sequence[str] | None = None
    types: Sequence[str] | None = None
    labels: dict[str, str] = field(default_factory=dict)
    version: str | None = None
    registered_by: str | None = None


@dataclass(frozen=True, slots=True)
class WorkerRecord:
    """A registered worker. `running` is how many executions it leases now."""

    id: str
    name: str
    hostname: str | None
    pid: int | None
    state: str
    capacity: int
    running: int
    queues: list[str] | None
    types: list[str] | None
    labels: dict[str, str]
    version: str | None
    transport: str
    registered_by: str | None
    registered_at: Instant
    heartbeat_at: Instant
    lease_expires_at: Instant
    ended_at: Instant | None


def register(tx: Transaction, new: NewWorker, lease: Duration) -> None:
    """Let a worker in; its lease begins now."""
    tx.execute(
        insert(workers).values(
            id=new.id,
            name=new.name,
            hostname=new.hostname,
            pid=new.pid,
            state=ALIVE,
            capacity=new.capacity,
            queues=None if not new.queues else json.dumps(list(new.queues)),
            types=None if new.types is None else json.dumps(sorted(new.types)),
            labels=json.dumps(new.labels),
            version=new.version,
            transport=new.transport,
            registered_by=new.registered_by,
            running=0,
            registered_at=tx.now,
            heartbeat_at=tx.now,
            lease_expires_at=tx.now + lease,
        )
    )
    events.write(tx, [("worker.registered", None, None, json.dumps({"workerId": new.id, "name": new.name}))])


def beat(tx: Transaction, worker_id: str, lease: Duration) -> Instant | None:
    """Prolong a worker's lease to now + `lease`. None when it was convicted or has ended."""
    until = tx.now + lease
    beating = update(workers).where(workers.c.id == worker_id, workers.c.state.in_(_SERVING))
    prolonged = tx.execute(beating.values(heartbeat_at=tx.now, lease_expires_at=until))
    return until if prolonged.rowcount else None


def advance(tx: Transaction, worker_id: str, sequence: int, lease: Duration) -> bool:
    """Take the exchange of this number, which counts as a beat. False when a later one was taken, or it does not serve.

    Until the end of the transaction no other exchange of this worker comes in between, nor its conviction.
    """
    taken = update(workers).where(
        workers.c.id == worker_id, workers.c.state.in_(_SERVING), workers.c.sequence < sequence
    )
    values = {"sequence": sequence, "heartbeat_at": tx.now, "lease_expires_at": tx.now + lease}
    return bool(tx.execute(taken.values(values)).rowcount)


def drain(tx: Transaction, worker_id: str) -> bool:
    """Let a worker take nothing new. False when it is not serving."""
    alive = update(workers).where(workers.c.id == worker_id, workers.c.state == ALIVE)
    if tx.execute(alive.values(state=DRAINING)).rowcount:
        events.write(tx, [("worker.draining", None, None, json.dumps({"workerId": worker_id}))])
        return True
    return tx.connection.scalar(select(workers.c.state).where(workers.c.id == worker_id)) == DRAINING


def end(tx: Transaction, worker_id: str) -> None:
    """A worker has stopped in order; whatever it may still hold is free at once. A lease that ran out stays as it was."""
    serving = update(workers).where(workers.c.id == worker_id, workers.c.state.in_(_SERVING))
    until = case((workers.c.lease_expires_at < tx.now, workers.c.lease_expires_at), else_=tx.now)
    if tx.execute(serving.values(state=STOPPED, lease_expires_at=until, ended_at=tx.now)).rowcount:
        if running_of(tx, worker_id):
            tx.ring(bell.LEASES)
        events.write(tx, [("worker.stopped", None, None, json.dumps({"workerId": worker_id}))])


def bury(tx: Transaction, worker_id: str) -> None:
    """A worker is known to be dead, and nothing of its work is left: its lease ends at once."""
    serving = update(workers).where(workers.c.id == worker_id, workers.c.state.in_(_SERVING))
    if tx.execute(serving.values(state=DEAD, lease_expires_at=tx.now, ended_at=tx.now)).rowcount:
        tx.ring(bell.LEASES)
        events.write(tx, [("worker.dead", None, None, json.dumps({"workerId": worker_id}))])


def convict(tx: Transaction) -> list[str]:
    """Declare dead every worker whose lease ran out, and with it the lease of all that it held. Returns them.

    A worker that prolonged the lease of one execution lives at least as long as that lease.
    """
    trusted = select(executions.c.id).where(
        executions.c.worker_id == workers.c.id, _LEASED, executions.c.lease_expires_at >= tx.now
    )
    silent = select(workers.c.id).where(
        workers.c.state.in_(_SERVING), workers.c.lease_expires_at < tx.now, ~trusted.exists()
    )
    # a beat that comes now waits, and is refused; a worker that a transaction under way is about has its turn later
    found = list(tx.connection.scalars(silent.with_for_update(skip_locked=True)))
    if found:
        tx.execute(update(workers).where(workers.c.id.in_(found)).values(state=DEAD, ended_at=tx.now))
        events.write(tx, [("worker.dead", None, None, json.dumps({"workerId": id})) for id in found])
    return found


def get(tx: Transaction, worker_id: str) -> WorkerRecord | None:
    """One worker, or None."""
    row = tx.first(select(workers).where(workers.c.id == worker_id))
    return None if row is None else record(row)


def record(row: Row[Any]) -> WorkerRecord:
    """A row as a record."""
    return WorkerRecord(
        row.id,
        row.name,
        row.hostname,
        row.pid,
        row.state,
        row.capacity,
        row.running,
        None if row.queues is None else json.loads(row.queues),
        None if row.types is None else json.loads(row.types),
        json.loads(row.labels or "{}"),
        row.version,
        row.transport,
        row.registered_by,
        row.registered_at,
        row.heartbeat_at,
        row.lease_expires_at,
        row.ended_at,
    )


def any_serving(tx: Transaction) -> bool:
    """Whether a worker is connected."""
    return tx.first(select(workers.c.id).where(workers.c.state.in_(_SERVING)).limit(1)) is not None


def running_of(tx: Transaction, worker_id: str) -> int:
    """How many executions a worker leases now."""
    return tx.connection.scalar(select(func.count()).where(executions.c.worker_id == worker_id, _LEASED)) or 0


def ended_since(tx: Transaction, since: Instant, *, limit: int) -> list[WorkerRecord]:
    """Workers that ended since then, the last one first. They lease nothing any more."""
    statement = select(workers).where(workers.c.ended_at >= since).order_by(workers.c.ended_at.desc()).limit(limit)
    return [replace(record(row), running=0) for row in tx.all(statement)]


def page(
    tx: Transaction, *, before: str | None, limit: int, states: Collection[str] | None = None
) -> list[WorkerRecord]:
    """Workers, newest first, each with how many executions it leases now."""
    statement = select(workers).order_by(workers.c.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(workers.c.id < before)
    if states is not None:
        statement = statement.where(workers.c.state.in_(states))
    return [replace(record(row), running=running_of(tx, row.id)) for row in tx.all(statement)]
