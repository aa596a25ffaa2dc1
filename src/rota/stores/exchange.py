"""The worker's transaction: ended attempts are settled and free slots are filled, together and in batches.

Only here do workers write about executions, and all of it is fenced by the token of the attempt. What can be made ready
before the transaction is, and what can be read after it is too: some stores have one writer.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from rota.domain.execution import TERMINAL, Claim, Settlement
from rota.domain.instant import Instant
from rota.domain.outcome import Interrupted, Outcome
from rota.domain.transition import decide
from rota.stores import bell, executions, leases
from rota.stores.base import Look, Offer
from rota.stores.database import Transaction


@dataclass(slots=True)
class Ended:
    """An attempt that came to its outcome, and the lines it has not told yet."""

    claim: Claim
    outcome: Outcome
    lines: Sequence[executions.LogLine] = ()


@dataclass(slots=True)
class Notes:
    """What running attempts said since the last exchange."""

    lines: list[executions.LogLine] = field(default_factory=list)
    progress: list[tuple[str, int, float, str]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.lines or self.progress)


@dataclass(slots=True)
class Exchange:
    """What the store answered. `next_due` is when the next waiting execution becomes due."""

    now: Instant
    settled: list[Settlement]
    refused: list[Settlement]
    claims: list[Claim]
    cancelling: dict[str, dict[str, Any]]
    next_due: Instant | None


@dataclass(slots=True)
class Prepared:
    """What has ended, decided and written out as if nobody had asked for its cancellation meanwhile."""

    now: Instant
    ended: Sequence[Ended]
    settling: executions.Settling
    lines: Sequence[executions.LogLine]
    progress: Sequence[tuple[str, int, float, str]]


@dataclass(slots=True)
class Written:
    """What the transaction came to, still as the store gave it."""

    now: Instant
    settling: executions.Settling
    accepted: set[str]
    leased: str
    cancelling: dict[str, dict[str, Any]]
    next_due: Instant | None


def prepare(ended: Sequence[Ended], notes: Notes, now: Instant) -> Prepared:
    """Before the transaction: decide what follows from what has ended, and write it out."""
    ready = executions.settling([decide(item.claim, item.outcome, now) for item in ended])
    lines = [*notes.lines, *(line for item in ended for line in item.lines)]
    return Prepared(now, ended, ready, lines, notes.progress)


def write(tx: Transaction, given: Prepared, offer: Offer, held: Collection[str] | None) -> Written:
    """The transaction: settle what has ended, then claim what fits into the free slots.

    `held` is what the worker has in hand: whatever else the store has leased to it never reached it (the answer was
    lost) and is handed back.
    """
    tx.hot.append_logs(tx, given.lines)
    for note in given.progress:
        leases.progress(tx, *note)
    settling = given.settling
    found = tx.hot.look(tx, offer.worker_id, settling.rows)
    accepted = set(found.accepted)
    if len(accepted) < len(settling.settlements):
        settling = _settle_cancelled(tx, given, offer.worker_id, accepted)
    if held is not None:
        _hand_back_unheld(tx, offer.worker_id, held)
    goes_on = any(item.state not in TERMINAL for item in settling.settlements)
    if goes_on or held is not None:
        found = tx.hot.look(tx, offer.worker_id, ())
    if found.next_due is not None and found.next_due <= tx.now:
        tx.hot.promote(tx)
        found = tx.hot.look(tx, offer.worker_id, ())
    leased = executions.lease(tx, offer, limited=found.governed) if found.pending else "[]"
    if accepted:
        tx.ring(bell.EVENTS)
    if goes_on or (accepted and found.governed):  # what ended may have made room for what waits elsewhere
        tx.ring(bell.WORK)
    return Written(given.now, settling, accepted, leased, leases.asked(found.cancelling), _next_due(tx, found))


def _settle_cancelled(tx: Transaction, given: Prepared, worker_id: str, accepted: set[str]) -> executions.Settling:
    """Decide anew about what was not accepted because somebody asked for its cancellation meanwhile."""
    cancelling = leases.cancelling(tx, worker_id)
    again = {
        item.claim.id: decide(item.claim, item.outcome, given.now, cancelling=True)
        for item in given.ended
        if item.claim.id in cancelling and item.claim.id not in accepted
    }
    accepted |= executions.settle(tx, list(again.values()))
    settlements = [again.get(item.execution_id, item) for item in given.settling.settlements]
    return executions.Settling(settlements, ())


def _next_due(tx: Transaction, found: Look) -> Instant | None:
    """When it is worth to ask again: something becomes due, or a rate opens that held something back here."""
    return min((at for at in (found.next_due, tx.opens_at) if at is not None), default=None)


def read(written: Written) -> Exchange:
    """After the transaction: what it came to."""
    settlements, accepted = written.settling.settlements, written.accepted
    settled = [item for item in settlements if item.execution_id in accepted]
    refused = [item for item in settlements if item.execution_id not in accepted]
    claims = executions.claims(written.leased)
    return Exchange(written.now, settled, refused, claims, written.cancelling, written.next_due)


def _hand_back_unheld(tx: Transaction, worker_id: str, held: Collection[str]) -> None:
    outcome = Interrupted("the claim never reached its worker")
    leased = leases.holdings(tx, worker_id).items()
    unheld = [found for id, token in leased if id not in held and (found := leases.held(tx, id, token)) is not None]
    executions.settle(tx, [decide(claim, outcome, tx.now, cancelling=cancelling) for claim, cancelling in unheld])
