"""Who holds what, until when, and under which token: between the claim of an execution and its end."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import Select, and_, case, func, literal, or_, select, update

from rota.domain.execution import AttemptState, Claim, State
from rota.domain.instant import SECOND, Duration, Instant
from rota.stores.base import CLAIM_COLUMNS
from rota.stores.database import Transaction
from rota.stores.executions import claim_of
from rota.stores.tables import attempts, executions, workers

HTTP = "http"
"""The transport of workers that have no access to the store."""

OVERDUE_GRACE: Duration = 60 * SECOND
"""How long after its timeout the end of an attempt over HTTP may still be told."""


def was_settled(tx: Transaction, execution_id: str, token: int, *, timed_out: bool = False) -> bool:
    """Whether this very attempt has been settled before: then a repeated completion changes nothing and is no error.

    An attempt that was given up as lost was settled by others: for its worker the token is stale. So it is for an
    attempt that timed out, unless its worker says that it did.
    """
    by_others = {AttemptState.LOST} if timed_out else {AttemptState.LOST, AttemptState.TIMED_OUT}
    settled = select(attempts.c.state).where(attempts.c.execution_id == execution_id, attempts.c.token == token)
    found = tx.first(settled)
    return found is not None and found.state not in by_others


def extend(tx: Transaction, execution_id: str, token: int, lease: Duration) -> Instant | None:
    """Prolong the lease of one attempt to now + `lease`. None if the token is stale."""
    until = tx.now + lease
    renewed = tx.execute(update(executions).where(_held_under(execution_id, token)).values(lease_expires_at=until))
    return until if renewed.rowcount else None


def held(tx: Transaction, execution_id: str, token: int) -> tuple[Claim, bool] | None:
    """The claim under this token and whether its cancellation was asked for; None if the token is stale.

    Neither changes before this transaction ends.
    """
    row = tx.first(_CLAIMED.where(_held_under(execution_id, token)).with_for_update())
    return None if row is None else (claim_of(row[:-1]), row[-1] == State.CANCELLING)


def holder(tx: Transaction, execution_id: str, token: int) -> str | None:
    """The worker that holds the execution under this token; None if the token is stale."""
    found: str | None = tx.connection.scalar(select(executions.c.worker_id).where(_held_under(execution_id, token)))
    return found


def cancelling(tx: Transaction, worker_id: str) -> dict[str, dict[str, Any]]:
    """The executions that this worker holds and should stop, each with who asked, why and the grace."""
    return asked(tx.hot.cancelling(tx, worker_id))


def asked(found: Sequence[tuple[str, str | None]]) -> dict[str, dict[str, Any]]:
    """The notes of cancellations, by execution."""
    return {id: json.loads(note) if note else {} for id, note in found}


def holdings(tx: Transaction, worker_id: str) -> dict[str, int]:
    """The executions leased to this worker, each with its token."""
    leased = select(executions.c.id, executions.c.token).where(executions.c.worker_id == worker_id, _LEASED)
    return {row.id: row.token for row in tx.all(leased)}


def held_among(tx: Transaction, worker_id: str, ids: Collection[str]) -> dict[str, Claim]:
    """The claims of this worker among these executions."""
    found = tx.all(_CLAIMED.where(executions.c.worker_id == worker_id, _LEASED, executions.c.id.in_(ids)))
    return {row.id: claim_of(row[:-1]) for row in found}


def settled_among(
    tx: Transaction, worker_id: str, given: Collection[tuple[str, int]]
) -> dict[tuple[str, int], AttemptState]:
    """Those of these attempts (execution, token) of this worker that have been settled, and as what."""
    ended = select(attempts.c.execution_id, attempts.c.token, attempts.c.state).where(
        attempts.c.execution_id.in_({id for id, _ in given}), attempts.c.worker_id == worker_id
    )
    found = {(row.execution_id, row.token): AttemptState(row.state) for row in tx.all(ended)} if given else {}
    return {key: found[key] for key in given if key in found}


def unheard_of(tx: Transaction, worker_id: str, known: Mapping[str, int], lease: Duration) -> list[tuple[Claim, bool]]:
    """Claims of this worker that it does not know, execution by token, with whether they were being cancelled.

    Its answer may be on the way to it still: an attempt counts once its own lease ran out or, without one, `lease`
    after it was claimed.
    """
    until = func.coalesce(executions.c.lease_expires_at, executions.c.started_at + lease)
    held = tx.all(_CLAIMED.where(executions.c.worker_id == worker_id, _LEASED, until < tx.now))
    found = [(claim_of(row[:-1]), row[-1] == State.CANCELLING) for row in held]
    return [(claim, cancelling) for claim, cancelling in found if known.get(claim.id) != claim.token]


def confirm(tx: Transaction, worker_id: str, known: Mapping[str, int], lease: Duration) -> None:
    """A worker names what it holds: no own lease of these attempts ends before now + `lease`.

    One without gets one, so that a message which left before the claim and arrives late cannot deny the attempt.
    """
    until = tx.now + lease
    shorter = select(executions.c.id, executions.c.token).where(
        executions.c.worker_id == worker_id,
        _LEASED,
        or_(executions.c.lease_expires_at.is_(None), executions.c.lease_expires_at < until),
    )
    named = [row.id for row in tx.all(shorter) if known.get(row.id) == row.token]
    if named:
        tx.execute(update(executions).where(executions.c.id.in_(named)).values(lease_expires_at=until))


def without_lease(tx: Transaction, limit: int, *, silence_counts: bool = True) -> list[tuple[Claim, bool]]:
    """Claims whose lease ran out by the store's clock, with whether they were being cancelled.

    What a worker of the store holds is its own until it has ended: whether it is silent is decided by `convict`, under
    the lock that a beat takes too. Over HTTP a lease holds until its own time or, without one, that of its worker
    (docs/adr/0016). Unless `silence_counts`, only the work of workers that are known to have ended is given.
    """
    ended = workers.c.state.in_(("Dead", "Stopped"))
    own = executions.c.lease_expires_at
    until = case((workers.c.transport == HTTP, func.coalesce(own, workers.c.lease_expires_at)))
    nobodys = and_(workers.c.id.is_(None), or_(own.is_(None), own < tx.now))
    silent = or_(until < tx.now, nobodys)
    statement = _CLAIMED_OF_WORKERS.where(or_(ended, silent) if silence_counts else ended).limit(limit)
    return [(claim_of(row[:-1]), row[-1] == State.CANCELLING) for row in tx.all(_kept(statement))]


def overdue(tx: Transaction, limit: int) -> list[tuple[Claim, bool]]:
    """Claims of workers over HTTP past their timeout and a grace, with whether they were being cancelled.

    Workers of the store end such work themselves.
    """
    last = executions.c.started_at + executions.c.timeout + OVERDUE_GRACE
    statement = _CLAIMED_OF_WORKERS.where(workers.c.transport == HTTP, last < tx.now).limit(limit)
    return [(claim_of(row[:-1]), row[-1] == State.CANCELLING) for row in tx.all(_kept(statement))]


def _kept(statement: Select[Any]) -> Select[Any]:
    """Rows that nobody else settles or extends until this transaction ends; those in other hands are left out."""
    return statement.with_for_update(of=executions, skip_locked=True)


def progress(tx: Transaction, execution_id: str, token: int, fraction: float, message: str) -> bool:
    """Record how far an attempt is. False if the token is stale."""
    noted = (
        update(executions)
        .where(_held_under(execution_id, token))
        .values(progress=json.dumps({"fraction": fraction, "message": message}, separators=(",", ":")))
    )
    return bool(tx.execute(noted).rowcount)


def _held_under(execution_id: str, token: int) -> Any:
    return and_(executions.c.id == execution_id, executions.c.token == token, _LEASED)


_LEASED = executions.c.state.in_(
    (literal("Running", literal_execute=True), literal("Cancelling", literal_execute=True))
)
_CLAIMED = select(*(executions.c[name] for name in CLAIM_COLUMNS), executions.c.state)
_CLAIMED_OF_WORKERS = _CLAIMED.select_from(executions.outerjoin(workers, workers.c.id == executions.c.worker_id)).where(
    _LEASED
)
