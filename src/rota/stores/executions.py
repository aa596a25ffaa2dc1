"""The life of an execution in the store: accepted, claimed, settled. What holds meanwhile is in `leases`."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import literal, select

from rota.domain.execution import (
    DEFAULT_RETRY,
    AttemptState,
    Claim,
    NewExecution,
    Settlement,
    State,
)  # fmt: skip
from rota.domain.instant import Instant
from rota.domain.retry import OnLost
from rota.domain.text import storable
from rota.stores import bell, events, governed
from rota.stores.accepted import accepted_events, columns_of
from rota.stores.base import Offer
from rota.stores.columns import compact
from rota.stores.database import Transaction
from rota.stores.identity import new_ids
from rota.stores.policies import retry_from_json
from rota.stores.tables import executions

LogLine = tuple[str, int, int, Instant, str, str]
"""execution, token, line number, at, stream, text"""


def enqueue(tx: Transaction, batch: Sequence[NewExecution], *, held: bool = False) -> list[str]:
    """Accept executions; they are durable when the transaction is. Returns their ids in order.

    `held` lets them wait (for a paused job) instead of becoming due.
    """
    if not batch:
        return []
    now = tx.now
    ids = [new.id or id for new, id in zip(batch, new_ids(now, len(batch)), strict=True)]
    tx.hot.insert_columns(tx, "executions", columns_of(batch, ids, now, held))
    events.write(tx, accepted_events(batch, ids))
    tx.ring(bell.WORK)
    return ids


def claim(tx: Transaction, offer: Offer) -> list[Claim]:
    """Lease at most `offer.slots` due executions to a worker. Each counts as an attempt from here on."""
    return claims(lease(tx, offer, limited=tx.hot.governed(tx)))


def lease(tx: Transaction, offer: Offer, *, limited: bool) -> str:
    """What `claim` does, with the answer left to `claims`, to be read after the transaction.

    `limited`: limits have a say in what may start. Where the oldest are all in other hands, what comes by priority is
    taken: more may wait than those.
    """
    if offer.slots <= 0:
        return "[]"
    claim = governed.lease if limited else tx.hot.claim
    leased: str = claim(tx, offer)
    if leased == "[]" and offer.oldest_first:
        leased = claim(tx, replace(offer, oldest_first=False))
    return leased


def claims(leased: str) -> list[Claim]:
    """Read the answer of `lease`."""
    return [claim_of(row) for row in json.loads(leased)]


def claim_of(row: Sequence[Any]) -> Claim:
    """A row of CLAIM_COLUMNS as a claim. What cannot be read of its policies is the default, so that it spoils no batch."""
    id, job_id, type, parameters, attempt, token, timeout, retry, on_lost, *rest = row
    policy = DEFAULT_RETRY if retry is None else retry_from_json(retry)
    lost = OnLost.FAIL if on_lost == OnLost.FAIL.value else OnLost.RETRY
    return Claim(id, job_id, type, parameters, attempt, token, timeout, policy, lost, *rest)


@dataclass(frozen=True, slots=True)
class Settling:
    """Decided outcomes, written out before the transaction begins, so that nobody waits for that."""

    settlements: Sequence[Settlement]
    rows: Sequence[Sequence[object]]


def settling(settlements: Sequence[Settlement]) -> Settling:
    """Write decided outcomes out for `settle`. Of two for one attempt the first counts."""
    rows = {(item.execution_id, item.token): _settled(item) for item in reversed(settlements)}
    return Settling(settlements, list(reversed(rows.values())))


def settle(tx: Transaction, given: Settling | Sequence[Settlement]) -> set[str]:
    """Write decided outcomes. Returns the executions whose token was current; nothing is written for the others."""
    ready = given if isinstance(given, Settling) else settling(given)
    if not ready.settlements:
        return set()
    accepted = tx.hot.settle(tx, ready.rows)
    tx.ring(bell.EVENTS)
    tx.ring(bell.WORK)
    if accepted == len(ready.settlements):
        return {item.execution_id for item in ready.settlements}
    return tx.hot.settled_ids(tx)


def _settled(item: Settlement) -> tuple[object, ...]:
    return (
        item.execution_id, item.token, _CANCELLING if item.cancelling else _RUNNING, item.state.value, item.attempt_state.value if item.attempt_state else None,
        item.due_at, 1 if item.counts else 0,
        None if item.result is None else compact(item.result), _text(item.error), _text(item.stack),
        None if item.handle is None else compact(item.handle), _text(item.reason), _event(item),
    )  # fmt: skip


def _text(text: str | None) -> str | None:
    return None if text is None else storable(text)


def _event(item: Settlement) -> str:
    if item.attempt_state is AttemptState.LOST:
        return "execution.lost"
    if item.attempt_state is AttemptState.TIMED_OUT and item.state is State.FAILED:
        return "execution.timedOut"
    return _EVENTS[item.state]


_RUNNING, _CANCELLING = State.RUNNING.value, State.CANCELLING.value
_EVENTS = {
    State.SUCCEEDED: "execution.succeeded",
    State.FAILED: "execution.failed",
    State.CANCELLED: "execution.cancelled",
    State.RETRYING: "execution.retrying",
    State.PENDING: "execution.handedBack",
    State.SCHEDULED: "execution.deferred",
}


def any_due(tx: Transaction) -> bool:
    """Whether something could be claimed now."""
    pending = select(literal(1)).where(executions.c.state == literal("Pending", literal_execute=True)).limit(1)
    limits = executions.c.limits
    if any(tx.first(pending.where(which)) is not None for which in (limits.is_(None), limits.is_not(None))):
        return True
    due = tx.hot.next_due(tx)
    return due is not None and due <= tx.now
