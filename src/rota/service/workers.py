"""Workers: let in, believed for as long as they beat, drained, and heard when they end.

Workers over HTTP hold no database credentials; what they do with executions is in `rota.service.work`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from rota.domain.access import Right, Role
from rota.domain.errors import Conflict, Forbidden, LeaseLost, NotFound
from rota.domain.instant import Instant
from rota.domain.outcome import Lost
from rota.domain.transition import decide
from rota.service.context import ServiceContext
from rota.stores import executions, leases, workers
from rota.stores.database import Transaction
from rota.stores.identity import new_id
from rota.stores.workers import NewWorker, WorkerRecord

__all__ = [
    "Beat",
    "NewWorker",
    "WorkerRecord",
    "beat",
    "bury",
    "drain",
    "end",
    "get",
    "own",
    "page",
    "prolong",
    "register",
    "require_serving",
]


@dataclass(frozen=True, slots=True)
class Beat:
    """What a heartbeat is answered with. `lost` are attempts that the worker named and does not hold any more."""

    state: str
    lease_expires_at: Instant
    cancel: list[str]
    lost: list[str]


def register(ctx: ServiceContext, new: NewWorker) -> WorkerRecord:
    """Let a worker in. Its id is new at every start, and its lease begins now.

    A worker that makes its own id may say the same again, because the answer was lost.
    """
    ctx.require(Right.WORK)
    queues = _confined(ctx, new.queues)
    with ctx.write() as tx:
        if new.id and workers.get(tx, new.id) is not None:
            return _known(ctx, tx, new.id)
        new = replace(new, id=new.id or new_id(tx.now), registered_by=ctx.principal.name, queues=queues)
        workers.register(tx, new, ctx.config.lease.duration)
        ctx.audit(tx, "register", "worker", new.id, {"name": new.name, "capacity": new.capacity})
        made = _existing(tx, new.id)
        ctx.remember(tx, made)
    return made


def _known(ctx: ServiceContext, tx: Transaction, id: str) -> WorkerRecord:
    found = _existing(tx, id)
    if found.transport != leases.HTTP or found.registered_by != ctx.principal.name:
        raise Conflict("this id belongs to another worker; every start takes a new one")
    require_serving(found)
    return found


def _confined(ctx: ServiceContext, queues: Sequence[str] | None) -> list[str] | None:
    """The queues that a worker of this principal may serve. Forbidden when it asks for others."""
    bound = ctx.principal.queues
    outside = sorted(set(queues or ()) - set(bound)) if bound is not None else []
    if outside:
        raise Forbidden(f"this key is bound to the queues {', '.join(bound or ())}; it may not serve {outside[0]!r}")
    return list(queues or bound or ()) or None


def get(ctx: ServiceContext, id: str) -> WorkerRecord:
    """One worker."""
    ctx.require(Right.READ)
    with ctx.read() as tx:
        return _existing(tx, id)


def page(
    ctx: ServiceContext, *, before: str | None, limit: int, states: Collection[str] | None = None
) -> list[WorkerRecord]:
    """Workers, newest first."""
    ctx.require(Right.READ)
    with ctx.read() as tx:
        return workers.page(tx, before=before, limit=limit, states=states)


def drain(ctx: ServiceContext, id: str) -> WorkerRecord:
    """Let a worker finish what it has and take nothing new."""
    ctx.require(Right.OPERATE)
    with ctx.write() as tx:
        found = _existing(tx, id)
        if not workers.drain(tx, id):
            raise Conflict(f"the worker has ended: it is {found.state}")
        ctx.audit(tx, "drain", "worker", id, {"name": found.name})
        return _existing(tx, id)


def end(ctx: ServiceContext, id: str) -> WorkerRecord:
    """A worker over HTTP has stopped in order: what it still holds is free at once.

    Conflict for a worker of the store: its work would start a second time beside it.
    """
    ctx.require(Right.WORK)
    with ctx.write() as tx:
        found = own(ctx, tx, id)
        if found.state in (workers.ALIVE, workers.DRAINING):
            workers.end(tx, id)
            ctx.audit(tx, "stop", "worker", id, {"name": found.name})
        return _existing(tx, id)


def bury(ctx: ServiceContext, id: str) -> WorkerRecord:
    """A worker over HTTP has died, and nothing of its work is left: what it held is lost at once.

    Its guard says so, which outlives it.
    """
    ctx.require(Right.WORK)
    with ctx.write() as tx:
        found = own(ctx, tx, id)
        if found.state in (workers.ALIVE, workers.DRAINING):
            workers.bury(tx, id)
            ctx.audit(tx, "bury", "worker", id, {"name": found.name})
        return _existing(tx, id)


def beat(ctx: ServiceContext, id: str, held: Mapping[str, int] | None = None) -> Beat:
    """Prolong the lease of a worker, and so of what it holds without a lease of its own. LeaseLost when it was convicted.

    `held` are the attempts that the worker knows, execution by token: their own leases are prolonged too. What it holds
    and does not know of (its answer to `acquire` was lost on the way) is taken back.
    """
    ctx.require(Right.WORK)
    with ctx.write(serial=False) as tx:
        own(ctx, tx, id)
        until = prolong(ctx, tx, id)
        held_here = leases.holdings(tx, id)
        if held is not None:
            leases.confirm(tx, id, held, ctx.config.lease.duration)
            lost = leases.unheard_of(tx, id, held, ctx.config.lease.duration)
            executions.settle(
                tx, [decide(claim, Lost("the worker does not know of it"), tx.now, cancelling=c) for claim, c in lost]
            )
        return Beat(
            _existing(tx, id).state,
            until,
            sorted(leases.cancelling(tx, id)),
            [execution for execution, token in (held or {}).items() if held_here.get(execution) != token],
        )


def _existing(tx: Transaction, id: str) -> WorkerRecord:
    found = workers.get(tx, id)
    if found is None:
        raise NotFound("no such worker")
    return replace(found, running=workers.running_of(tx, id))


def own(ctx: ServiceContext, tx: Transaction, id: str) -> WorkerRecord:
    """A worker over HTTP that the principal may speak for: the one that registered it, or an admin."""
    found = workers.get(tx, id)
    if found is None:
        raise NotFound("no such worker")
    if found.transport != leases.HTTP:
        raise Conflict("this worker is not one over HTTP: it speaks for itself in the store; to stop it, drain it")
    if ctx.principal.role is not Role.ADMIN and found.registered_by != ctx.principal.name:
        raise Forbidden("another key registered this worker; only that key or an admin speaks for it")
    return found


def require_serving(worker: WorkerRecord) -> None:
    """LeaseLost for a worker that has ended or was convicted."""
    if worker.state not in (workers.ALIVE, workers.DRAINING):
        raise LeaseLost(f"the worker is {worker.state}: its leases are gone and it must register again")


def prolong(ctx: ServiceContext, tx: Transaction, id: str) -> Instant:
    """Believe a worker for L more. LeaseLost when it was convicted."""
    until = workers.beat(tx, id, ctx.config.lease.duration)
    if until is None:
        require_serving(_existing(tx, id))
        raise LeaseLost("the worker must register again")
    return until
