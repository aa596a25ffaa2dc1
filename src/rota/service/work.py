"""What a worker over HTTP does with executions, one request at a time: acquire, extend, log, complete.

Every write carries the token of an attempt. All of it in one request is `rota.service.exchange`.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rota.domain.access import Right
from rota.domain.errors import Conflict, InvalidInput, LeaseLost, NotFound
from rota.domain.execution import KINDS, Claim, State
from rota.domain.instant import SECOND, Duration, Instant
from rota.domain.outcome import Outcome, TimedOut
from rota.domain.text import LOG_IS_FULL
from rota.domain.transition import decide
from rota.service.context import ServiceContext
from rota.service.workers import WorkerRecord, own, prolong, require_serving
from rota.stores import executions, history, leases, workers
from rota.stores.base import OLDEST_FIRST_EVERY, Offer
from rota.stores.database import Transaction

_ACQUISITIONS = itertools.count(1)
"""Of this process: workers that ask here one request at a time have no count of their own."""

_LONGEST_LEASE: Duration = 3600 * SECOND
_SHORTEST_LEASE: Duration = SECOND


@dataclass(frozen=True, slots=True)
class Acquired:
    """Work leased to a worker: each claim, and until when the lease of all of them holds if nobody prolongs it."""

    claims: list[Claim]
    lease_expires_at: Instant


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
    length = _length(ctx, lease)
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
        prolong(ctx, tx, id)
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
    length = _length(ctx, lease)
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
            stream, text = (new.stream, new.text) if size <= budget else ("log", LOG_IS_FULL)
            rows.append((execution_id, token, last, tx.now if new.at is None else new.at, stream, text))
        tx.hot.append_logs(tx, rows)
        return len(rows)


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


def _length(ctx: ServiceContext, lease: Duration | None) -> Duration:
    """A lease as asked for; L if nothing was."""
    length = ctx.config.lease.duration if lease is None else lease
    if not _SHORTEST_LEASE <= length <= _LONGEST_LEASE:
        raise InvalidInput.field("leaseSeconds", msg="from 1 to 3600")
    return length


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
