"""Workers: let in, believed for as long as they beat, given work, and heard when it has ended.

Workers over HTTP hold no database credentials; every write of theirs carries the token of an attempt.
"""

import itertools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from rota.domain.access import Right, Role
from rota.domain.errors import Conflict, Forbidden, InvalidInput, LeaseLost, NotFound
from rota.domain.execution import KINDS, Claim, State
from rota.domain.instant import SECOND, Duration, Instant
from rota.domain.outcome import Lost, Outcome, TimedOut
from rota.domain.transition import decide
from rota.service.context import ServiceContext
from rota.stores import executions, history, leases, workers
from rota.stores.base import OLDEST_FIRST_EVERY, Offer
from rota.stores.database import Transaction
from rota.stores.identity import new_id
from rota.stores.workers import NewWorker, WorkerRecord

__all__ = [
    "Acquired",
    "Beat",
    "Extended",
    "NewLine",
    "NewWorker",
    "Outcome",
    "WorkerRecord",
    "acquire",
    "append_logs",
    "beat",
    "bury",
    "complete",
    "drain",
    "end",
    "extend",
    "get",
    "offer_to",
    "own",
    "page",
    "register",
    "require_serving",
]

_ACQUISITIONS = itertools.count(1)
"""Of this process: workers that ask here one request at a time have no count of their own."""

_LONGEST_LEASE: Duration = 3600 * SECOND
_SHORTEST_LEASE: Duration = SECOND
_FULL = "… the log is full; the rest is not kept"


@dataclass(frozen=True, slots=True)
class Acquired:
    """Work leased to a worker: each claim, and until when the lease of all of them holds if nobody prolongs it."""

    claims: list[Claim]
    lease_expires_at: Instant


@dataclass(frozen=True, slots=True)
class Beat:
    """What a heartbeat is answered with. `lost` are attempts that the worker named and does not hold any more."""

    state: str
    lease_expires_at: Instant
    cancel: list[str]
    lost: list[str]


@dataclass(frozen=True, slots=True)
class Extended:
    """A prolonged lease, and whether somebody asked for the end of the execution."""

    lease_expires_at: Instant
    cancel_requested: bool


@dataclass(frozen=True, slots=True)
class NewLine:
    """A log line that a worker sends. Without `line` it gets the next number; with it, a repetition is recognised."""

    text: str
    stream: str = "stdout"
    at: Instant | None = None
    line: int | None = None


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
        until = _beat(ctx, tx, id)
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


def acquire(
    ctx: ServiceContext,
    id: str,
    *,
    capacity: int,
    queues: Sequence[str] | None = None,
    types: Sequence[str] | None = None,
    lease: Duration | None = None,
) -> Acquired:
    """Lease due work to a worker: at most `capacity`, and no more than it can still hold. It counts as a heartbeat.

    With `lease`, heartbeats that do not name the work do not prolong it: it ends unless it is extended or completed.
    """
    ctx.require(Right.WORK)
    length = ctx.config.lease.duration if lease is None else lease
    if not _SHORTEST_LEASE <= length <= _LONGEST_LEASE:
        raise InvalidInput.field("leaseSeconds", msg="from 1 to 3600")
    with ctx.read() as tx:
        worker = own(ctx, tx, id)
        require_serving(worker)
        if worker.state == workers.DRAINING:
            raise Conflict("the worker is draining: it gets nothing new")
        idle = not executions.any_due(tx)
        rested = tx.now - worker.heartbeat_at < ctx.config.lease.heartbeat_seconds * SECOND
        if idle and rested:
            return Acquired([], tx.now + length)
    with ctx.write(serial=False) as tx:
        _beat(ctx, tx, id)
        tx.hot.promote(tx)
        slots = min(capacity, worker.capacity - workers.running_of(tx, id))
        offer = offer_to(ctx, worker, slots, queues, types, lease)
        if offer is not None:
            offer = replace(offer, oldest_first=next(_ACQUISITIONS) % OLDEST_FIRST_EVERY == 0)
        return Acquired([] if offer is None else executions.claim(tx, offer), tx.now + length)


def complete(ctx: ServiceContext, execution_id: str, worker_id: str, token: int, outcome: Outcome) -> State:
    """Say how an attempt ended. The same again changes nothing; a stale token is refused with LeaseLost.

    Returns where the execution stands now.
    """
    ctx.require(Right.WORK)
    with ctx.write(serial=False) as tx:
        found = _held(ctx, tx, execution_id, token, worker_id)
        if found is None:
            if leases.was_settled(tx, execution_id, token, timed_out=isinstance(outcome, TimedOut)):
                return _state(tx, execution_id)
            raise _not_held(tx, execution_id)
        claim, cancelling = found
        if isinstance(outcome, TimedOut):
            outcome = TimedOut(claim.timeout)
        executions.settle(tx, [decide(claim, outcome, tx.now, cancelling=cancelling)])
        return _state(tx, execution_id)


def extend(
    ctx: ServiceContext, execution_id: str, token: int, lease: Duration | None = None, worker_id: str | None = None
) -> Extended:
    """Set the lease of one attempt to now + `lease`. It is binding from here on, as one given to `acquire` is."""
    ctx.require(Right.WORK)
    length = ctx.config.lease.duration if lease is None else lease
    if not _SHORTEST_LEASE <= length <= _LONGEST_LEASE:
        raise InvalidInput.field("leaseSeconds", msg="from 1 to 3600")
    with ctx.write(serial=False) as tx:
        found = _held(ctx, tx, execution_id, token, worker_id)
        until = None if found is None else leases.extend(tx, execution_id, token, length)
        if found is None or until is None:
            raise _not_held(tx, execution_id)
        return Extended(until, found[1])


def append_logs(
    ctx: ServiceContext, execution_id: str, token: int, lines: Sequence[NewLine], worker_id: str | None = None
) -> int:
    """Keep log lines of an attempt, up to the limit of its log. Returns how many were taken."""
    ctx.require(Right.WORK)
    with ctx.write(serial=False) as tx:
        if _held(ctx, tx, execution_id, token, worker_id) is None:
            raise _not_held(tx, execution_id)
        last, size = history.size_of_log(tx, execution_id, token)
        budget = ctx.config.engine.log_bytes
        rows: list[executions.LogLine] = []
        for new in lines:
            if size > budget:
                break
            last = last + 1 if new.line is None else new.line
            size += len(new.text) + 1
            stream, text = (new.stream, new.text) if size <= budget else ("log", _FULL)
            rows.append((execution_id, token, last, tx.now if new.at is None else new.at, stream, text))
        tx.hot.append_logs(tx, rows)
        return len(rows)


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
    if worker.state not in (workers.ALIVE, workers.DRAINING):
        raise LeaseLost(f"the worker is {worker.state}: its leases are gone and it must register again")


def _beat(ctx: ServiceContext, tx: Transaction, id: str) -> Instant:
    until = workers.beat(tx, id, ctx.config.lease.duration)
    if until is None:
        require_serving(_existing(tx, id))
        raise LeaseLost("the worker must register again")
    return until


def offer_to(
    ctx: ServiceContext,
    worker: WorkerRecord,
    slots: int,
    queues: Sequence[str] | None = None,
    types: Sequence[str] | None = None,
    lease: Duration | None = None,
) -> Offer | None:
    """What a worker can take into `slots`, of the queues of its key; None when that is nothing."""
    served = _common(_common(worker.queues or None, queues), ctx.principal.queues)
    runs = _common(worker.types or None, types)
    if slots <= 0 or served == [] or runs == []:
        return None
    if runs is None:
        return Offer(worker.id, slots, lease, served)
    kinds = [name for name in runs if name in KINDS]
    return Offer(worker.id, slots, lease, served, kinds, [name for name in runs if name not in KINDS])


def _common(one: Sequence[str] | None, other: Sequence[str] | None) -> list[str] | None:
    """What is in both; None, as an empty `other`, stands for everything. Nothing in common is []."""
    if one is None:
        return list(other) if other else None
    return [name for name in other if name in one] if other else list(one)


def _held(
    ctx: ServiceContext, tx: Transaction, execution_id: str, token: int, worker_id: str | None
) -> tuple[Claim, bool] | None:
    """The claim under this token, if this worker holds it. Tokens are no secrets: who asks must be the worker's own."""
    holder = leases.holder(tx, execution_id, token)
    if holder is None or worker_id not in (None, holder):
        return None
    own(ctx, tx, holder)
    return leases.held(tx, execution_id, token)


def _not_held(tx: Transaction, execution_id: str) -> NotFound | LeaseLost:
    if history.get(tx, execution_id) is None:
        return NotFound("no such execution")
    return LeaseLost("the token is stale: another attempt owns the execution, or it has ended; nothing was written")


def _state(tx: Transaction, execution_id: str) -> State:
    found = history.get(tx, execution_id)
    if found is None:
        raise NotFound("no such execution")
    return found.state
