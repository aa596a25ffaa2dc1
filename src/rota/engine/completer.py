"""The worker's transaction: ended attempts are settled and free slots are filled, together and in batches.

This is the only place where the engine writes about executions, and all of it is fenced by the token of the attempt.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from rota.domain.errors import RotaError
from rota.domain.execution import Claim, Settlement
from rota.domain.instant import Instant
from rota.domain.outcome import Failed, Interrupted, Outcome
from rota.domain.transition import decide
from rota.stores import executions, leases
from rota.stores.base import Offer
from rota.stores.database import Database, Transaction


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


@dataclass(slots=True)
class Exchange:
    """What the store answered. `next_due` is when the next waiting execution becomes due."""

    now: Instant
    settled: list[Settlement]
    refused: list[Settlement]
    claims: list[Claim]
    cancelling: dict[str, dict[str, Any]]
    next_due: Instant | None


def exchange(
    database: Database, ended: Sequence[Ended], notes: Notes, offer: Offer, held: Collection[str] | None = None
) -> Exchange:
    """Settle what has ended, then claim what fits into the free slots, in one transaction.

    What can be made ready before the transaction is, and what can be read after it is too: the store has one writer.
    `held` is what the worker has in hand: whatever else the store has leased to it never reached it (the answer was
    lost) and is handed back. One outcome that cannot be stored fails alone; the others are settled without it.
    """
    try:
        return _exchange(database, ended, notes, offer, held)
    except RotaError:
        raise
    except Exception:
        if not ended:
            raise
        storable = [item if _can_be_stored(database, item) else _refusal(item) for item in ended]
        return _exchange(database, storable, Notes(), offer, held)


def _exchange(
    database: Database, ended: Sequence[Ended], notes: Notes, offer: Offer, held: Collection[str] | None
) -> Exchange:
    now = database.clock.now()
    ready = executions.settling([decide(item.claim, item.outcome, now) for item in ended])
    lines = [*notes.lines, *(line for item in ended for line in item.lines)]
    with database.write() as tx:
        tx.hot.append_logs(tx, lines)
        for note in notes.progress:
            leases.progress(tx, *note)
        cancelling = leases.cancelling(tx, offer.worker_id)
        if cancelling and any(item.claim.id in cancelling for item in ended):
            decided = [decide(item.claim, item.outcome, now, cancelling=item.claim.id in cancelling) for item in ended]
            ready = executions.settling(decided)
        accepted = executions.settle(tx, ready)
        if held is not None:
            _hand_back_unheld(tx, offer.worker_id, held)
        tx.hot.promote(tx)
        leased = executions.lease(tx, offer)
        next_due = tx.hot.next_due(tx)
    settled = [item for item in ready.settlements if item.execution_id in accepted]
    refused = [item for item in ready.settlements if item.execution_id not in accepted]
    return Exchange(now, settled, refused, executions.claims(leased), cancelling, next_due)


def _hand_back_unheld(tx: Transaction, worker_id: str, held: Collection[str]) -> None:
    outcome = Interrupted("the claim never reached its worker")
    leased = leases.holdings(tx, worker_id).items()
    unheld = [found for id, token in leased if id not in held and (found := leases.held(tx, id, token)) is not None]
    executions.settle(tx, [decide(claim, outcome, tx.now, cancelling=cancelling) for claim, cancelling in unheld])


def _can_be_stored(database: Database, item: Ended) -> bool:
    """Try the settlement alone and take it back."""
    try:
        with database.write() as tx:
            executions.settle(tx, [decide(item.claim, item.outcome, tx.now)])
            raise _TakenBack
    except _TakenBack:
        return True
    except RotaError:
        raise
    except Exception:
        return False


def _refusal(item: Ended) -> Ended:
    return Ended(item.claim, Failed("the result cannot be stored: it is not plain JSON", retryable=False))


class _TakenBack(Exception):
    """Rolls a trial back."""
