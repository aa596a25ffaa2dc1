"""One turn of a worker over HTTP: what has ended is settled and free slots are filled, in one transaction.

The transaction is that of workers of the store (`rota.stores.exchange`). What is checked here, before it, is that the
worker speaks of its own attempts only, in order, and within the limits of its log and its queues.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from rota.domain.access import Right
from rota.domain.errors import Conflict
from rota.domain.execution import AttemptState, Claim, State
from rota.domain.instant import Instant
from rota.domain.outcome import Outcome, TimedOut
from rota.domain.text import LOG_IS_FULL
from rota.domain.transition import depends_on_policy
from rota.service import workers
from rota.service.context import ServiceContext
from rota.service.work import offer_to
from rota.service.workers import WorkerRecord
from rota.stores import exchange as store
from rota.stores import executions, history, leases
from rota.stores import workers as worker_rows
from rota.stores.base import OLDEST_FIRST_EVERY, Offer
from rota.stores.database import Transaction
from rota.stores.exchange import Ended, Exchange, Notes
from rota.stores.executions import LogLine

__all__ = ["Answer", "LogLine", "Said", "Told", "exchange", "is_worth_while"]

_BY_OTHERS = frozenset({AttemptState.LOST, AttemptState.TIMED_OUT})


@dataclass(frozen=True, slots=True)
class Told:
    """An attempt that ended, as its worker tells it."""

    execution_id: str
    token: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Said:
    """All that a worker says in one turn.

    `sequence` numbers its turns: one that arrives behind a later one is refused, because what it says of `held` is out
    of date. `held` are the executions in hand, those in `ended` too; None = it does not say.
    """

    sequence: int
    slots: int
    ended: Sequence[Told] = ()
    lines: Sequence[LogLine] = ()
    progress: Sequence[tuple[str, int, float, str]] = ()
    held: Collection[str] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a worker is told: `settled` is where each execution stands now, `refused` are those whose token is stale."""

    state: str
    now: Instant
    settled: Mapping[str, State]
    refused: Sequence[str]
    claims: Sequence[Claim]
    cancelling: Mapping[str, Mapping[str, object]]
    next_due: Instant | None


@dataclass(slots=True)
class _Sorted:
    """What was told, by what it means: still held, told before, or stale."""

    current: list[Told] = field(default_factory=list)
    repeated: list[Told] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)


def exchange(ctx: ServiceContext, id: str, said: Said) -> Answer:
    """Settle what has ended, then claim what fits into the free slots. It counts as a heartbeat.

    What was settled before under the same token is accepted again and changes nothing. LeaseLost when the worker was
    declared dead; Conflict when a later exchange of its was taken.
    """
    ctx.require(Right.WORK)

    def turn(tx: Transaction) -> tuple[WorkerRecord, store.Written, _Sorted, dict[str, State | None]]:
        worker = _in_turn(ctx, tx, id, said.sequence)
        holdings = leases.holdings(tx, id)
        told = _sorted(tx, id, said.ended, holdings)
        ended = _with_claims(tx, id, told.current)
        notes = Notes(
            _within_budget(ctx, tx, said.lines, holdings),
            [note for note in said.progress if holdings.get(note[0]) == note[1]],
        )
        offer = _offer(ctx, worker, said, len(holdings) - len(told.current))
        written = store.write(tx, store.prepare(ended, notes, tx.now), offer, said.held)
        return worker, written, told, {item.execution_id: _state(tx, item.execution_id) for item in told.repeated}

    worker, written, told, before = ctx.database.writing(turn)
    return _answer(worker, store.read(written), told, before)


def is_worth_while(ctx: ServiceContext, id: str) -> bool:
    """Whether an exchange may bring this worker something: due work, of whatever queue, or the end of an execution."""
    ctx.require(Right.WORK)
    with ctx.read() as tx:
        workers.require_serving(workers.own(ctx, tx, id))
        return bool(leases.cancelling(tx, id)) or executions.any_due(tx)


def _in_turn(ctx: ServiceContext, tx: Transaction, id: str, sequence: int) -> WorkerRecord:
    """The worker, if it may speak and nothing later of its has been heard."""
    taken = worker_rows.advance(tx, id, sequence, ctx.config.lease.duration)
    worker = workers.own(ctx, tx, id)
    workers.require_serving(worker)
    if not taken:
        raise Conflict(f"a later exchange of this worker was taken: {sequence} is not more than the last sequence")
    return worker


def _offer(ctx: ServiceContext, worker: WorkerRecord, said: Said, running: int) -> Offer:
    """Every sixteenth turn takes what has been due the longest, so that nothing starves."""
    slots = 0 if worker.state == worker_rows.DRAINING else min(said.slots, worker.capacity - running)
    offer = offer_to(ctx, worker, slots) or Offer(worker.id, 0, None)
    return replace(offer, oldest_first=said.sequence % OLDEST_FIRST_EVERY == 0)


def _sorted(tx: Transaction, id: str, ended: Sequence[Told], holdings: Mapping[str, int]) -> _Sorted:
    found = _Sorted()
    others = []
    for item in {item.execution_id: item for item in ended}.values():
        if holdings.get(item.execution_id) == item.token:
            found.current.append(item)
        else:
            others.append(item)
    settled = leases.settled_among(tx, id, {(item.execution_id, item.token) for item in others})
    for item in others:
        as_what = settled.get((item.execution_id, item.token))
        by_others = as_what in _BY_OTHERS and not (as_what is AttemptState.TIMED_OUT and _timed_out(item))
        if as_what is None or by_others:
            found.stale.append(item.execution_id)
        else:
            found.repeated.append(item)
    return found


def _timed_out(item: Told) -> bool:
    return isinstance(item.outcome, TimedOut)


def _with_claims(tx: Transaction, id: str, current: Sequence[Told]) -> list[Ended]:
    """Their claims are read only where what follows depends on more than the token."""
    wanted = [item.execution_id for item in current if depends_on_policy(item.outcome)]
    claims = leases.held_among(tx, id, wanted) if wanted else {}
    ended = []
    for item in current:
        claim = claims.get(item.execution_id) or Claim(item.execution_id, None, "", None, 0, item.token)
        outcome = TimedOut(claim.timeout) if _timed_out(item) else item.outcome
        ended.append(Ended(claim, outcome))
    return ended


def _within_budget(
    ctx: ServiceContext, tx: Transaction, lines: Sequence[LogLine], holdings: Mapping[str, int]
) -> list[LogLine]:
    """The lines of attempts that the worker holds, up to the limit of each log."""
    own = [line for line in lines if holdings.get(line[0]) == line[1]]
    sizes = history.sizes_of_logs(tx, {(line[0], line[1]) for line in own})
    budget = ctx.config.engine.log_bytes
    kept = []
    for execution_id, token, number, at, stream, text in own:
        size = sizes.get((execution_id, token), 0)
        if size > budget:
            continue
        sizes[execution_id, token] = size = size + len(text) + 1
        full = size > budget
        kept.append((execution_id, token, number, at, "log" if full else stream, LOG_IS_FULL if full else text))
    return kept


def _state(tx: Transaction, execution_id: str) -> State | None:
    found = history.get(tx, execution_id)
    return None if found is None else found.state


def _answer(worker: WorkerRecord, found: Exchange, told: _Sorted, before: Mapping[str, State | None]) -> Answer:
    settled = {item.execution_id: item.state for item in found.settled}
    settled |= {id: state for id, state in before.items() if state is not None}
    refused = [*told.stale, *(item.execution_id for item in found.refused)]
    return Answer(worker.state, found.now, settled, refused, found.claims, found.cancelling, found.next_due)
