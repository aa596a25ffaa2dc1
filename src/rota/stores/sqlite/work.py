"""Claiming and settling on SQLite: the statements on the path of every execution."""

import json
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any

from rota.domain.execution import TERMINAL
from rota.stores.base import CLAIM_COLUMNS, SETTLED_FIELDS, Look, Offer
from rota.stores.sqlite.connection import insert
from rota.stores.sqlite.standing import cancelling, governed, next_due


def claim(tx: Any, offer: Offer) -> str:
    """Lease due executions that are under no limit, by priority, then due time. Rows of CLAIM_COLUMNS.

    All that one claim leases shares one token, which no claim before has used; the rows come back as one JSON value,
    in one step. A worker that drains, or was convicted and has not heard of it yet, gets nothing.
    """
    if tx.driver.execute(_ANY_PENDING).fetchone() is None:
        return "[]"
    sql = _claim_sql(bool(offer.queues), offer.functions is not None, offer.oldest_first)
    given = {
        "slots": offer.slots,
        "queues": json.dumps(list(offer.queues)) if offer.queues else None,
        "kinds": json.dumps(list(offer.kinds)) if offer.kinds is not None else None,
        "functions": json.dumps(list(offer.functions)) if offer.functions is not None else None,
    }
    return _lease(tx, offer, sql, given)


def lease(tx: Any, offer: Offer, ids: Sequence[str]) -> str:
    """Lease those of these executions that are still pending, as `claim` does and with the same answer."""
    return _lease(tx, offer, _LEASE_THESE, {"ids": json.dumps(list(ids))}) if ids else "[]"


def _lease(tx: Any, offer: Offer, sql: str, given: Mapping[str, object]) -> str:
    taken = tx.driver.execute(_TAKE_TOKENS, (offer.worker_id,)).fetchone()
    if taken is None:
        return "[]"
    parameters = {
        **given,
        "token": taken[0],
        "worker": offer.worker_id,
        "now": tx.now,
        "lease": None if offer.lease is None else tx.now + offer.lease,
    }
    if tx.driver.execute(sql, parameters).rowcount == 0:
        return "[]"
    tx.driver.execute(_WRITE_STARTED, (tx.now, offer.worker_id, taken[0]))
    claimed: str = tx.driver.execute(_CLAIMED, (offer.worker_id, taken[0])).fetchone()[0]
    return claimed


_FREE = "state = 'Pending' AND limits IS NULL"
_ANY_PENDING = f"SELECT 1 FROM executions WHERE {_FREE} LIMIT 1"
_TAKE_TOKENS = """
    UPDATE counters SET value = value + 1
    WHERE name = 'token' AND NOT EXISTS (SELECT 1 FROM workers WHERE id = ? AND state <> 'Alive') RETURNING value"""
_CLAIMED = (
    f"SELECT json_group_array(json_array({', '.join(CLAIM_COLUMNS)})) FROM"
    f" (SELECT {', '.join(CLAIM_COLUMNS)} FROM executions"
    " WHERE state IN ('Running', 'Cancelling') AND worker_id = ? AND token = ? ORDER BY priority DESC, due_at, id)"
)
_WRITE_STARTED = """
    INSERT INTO events (at, kind, execution_id, job_id, data)
    SELECT ?, 'execution.started', id, job_id,
           json_object('type', type, 'attempt', attempt, 'token', token, 'state', state, 'workerId', worker_id)
    FROM executions WHERE state IN ('Running', 'Cancelling') AND worker_id = ? AND token = ?"""
_MAY_START = "state = 'Pending' AND (latest_start IS NULL OR latest_start >= :now OR started_at IS NOT NULL)"


_LEASED = """
    UPDATE executions SET state = 'Running', attempt = attempt + 1, token = :token, worker_id = :worker,
        started_at = :now, lease_expires_at = :lease, error = NULL
    WHERE id IN"""
_LEASE_THESE = f"{_LEASED} (SELECT value FROM json_each(:ids)) AND {_MAY_START}"


@lru_cache(maxsize=8)
def _claim_sql(by_queue: bool, by_type: bool, oldest_first: bool) -> str:
    """The claim, in the leanest form for the case."""
    fits = f"{_MAY_START} AND limits IS NULL"
    if by_queue:
        fits += " AND queue IN (SELECT value FROM json_each(:queues))"
    if by_type:
        fits += (
            " AND (CASE kind WHEN 'python' THEN type IN (SELECT value FROM json_each(:functions))"
            " ELSE kind IN (SELECT value FROM json_each(:kinds)) END)"
        )
    if oldest_first:
        return f"{_LEASED} ({_oldest(fits)})"
    return f"{_LEASED} (SELECT id FROM executions WHERE {fits} ORDER BY priority DESC, due_at, id LIMIT :slots)"


def _oldest(fits: str) -> str:
    """What is due longest, whatever its priority: the oldest of every priority, and of those the oldest.

    Each priority is one step on the index that all claims walk; an index over the due time alone would cost every
    execution more than it gives.
    """
    return f"""
        WITH RECURSIVE levels (priority) AS (
            SELECT (SELECT priority FROM executions WHERE {_FREE} ORDER BY priority DESC LIMIT 1)
            UNION ALL
            SELECT (SELECT priority FROM executions WHERE {_FREE} AND priority < levels.priority
                    ORDER BY priority DESC LIMIT 1)
            FROM levels WHERE levels.priority IS NOT NULL)
        SELECT oldest.id FROM levels JOIN executions AS oldest ON oldest.id IN (
            SELECT id FROM executions WHERE {fits} AND priority = levels.priority ORDER BY due_at, id LIMIT :slots)
        ORDER BY oldest.due_at, oldest.id LIMIT :slots"""


def look(tx: Any, worker_id: str, settled: Sequence[Sequence[object]]) -> Look:
    """Settle what is given and see how things stand; here a statement each costs next to nothing."""
    accepted: Collection[str] = ()
    if settled:
        all_of_it = settle(tx, settled) == len(settled)
        accepted = {str(row[0]) for row in settled} if all_of_it else settled_ids(tx)
    limited = governed(tx)
    pending = limited or tx.driver.execute(_ANY_PENDING).fetchone() is not None
    return Look(accepted, cancelling(tx, worker_id), pending, limited, next_due(tx))


def settle(tx: Any, settled: Sequence[Sequence[object]]) -> int:
    """Write ended attempts whose token is current, each with its attempt row, event and history row.

    The fence comes first: only what it leaves in `settled` is looked at by the others. What would be tried again waits
    while its job is paused or disabled, and ends with a job that was deleted (docs/adr/0014).
    """
    run = tx.driver.execute
    run("DELETE FROM settled")
    insert(tx, "settled", SETTLED_FIELDS, settled)
    accepted: int = len(settled) - run(_FENCE).rowcount
    if accepted:
        goes_on = any(row[_STATE] not in TERMINAL for row in settled)
        if goes_on:
            run(_HOLD_SETTLED)
        run(_WRITE_ATTEMPTS, (tx.now,))
        run(_WRITE_EVENTS, (tx.now,))
        if run(_MOVE_TO_HISTORY, (tx.now,)).rowcount:
            run(_DELETE_FINISHED)
        if goes_on:
            run(_REQUEUE)
    return accepted


def settled_ids(tx: Any) -> set[str]:
    """The executions that the last `settle` of this transaction accepted."""
    return set(json.loads(tx.driver.execute("SELECT json_group_array(id) FROM settled").fetchone()[0]))


_STATE = SETTLED_FIELDS.index("state")
_TERMINAL = "('Succeeded', 'Failed', 'Cancelled')"
_FENCE = """
    DELETE FROM settled WHERE NOT EXISTS (
        SELECT 1 FROM executions AS live WHERE live.id = settled.id AND live.token = settled.token
        AND live.state = settled.held_as AND live.state IN ('Running', 'Cancelling'))"""
_HOLD_SETTLED = f"""
    UPDATE settled SET state = CASE WHEN job.deleted_at IS NULL THEN 'Waiting' ELSE 'Cancelled' END,
        event = CASE WHEN job.deleted_at IS NULL THEN event ELSE 'execution.cancelled' END,
        reason = CASE WHEN job.deleted_at IS NULL THEN reason ELSE 'its job was deleted' END
    FROM executions AS live JOIN jobs AS job ON job.id = live.job_id
    WHERE live.id = settled.id AND settled.state NOT IN {_TERMINAL}
      AND (job.deleted_at IS NOT NULL OR job.state = 'Disabled'
           OR (job.state = 'Paused' AND live.trigger <> 'manual'))"""
_WRITE_ATTEMPTS = """
    INSERT INTO attempts (execution_id, token, number, state, worker_id, started_at, finished_at, error, stack)
    SELECT e.id, e.token, e.attempt, s.attempt_state, e.worker_id, e.started_at, ?, coalesce(s.error, s.reason), s.stack
    FROM settled AS s JOIN executions AS e ON e.id = s.id WHERE s.attempt_state IS NOT NULL"""
_WRITE_EVENTS = """
    INSERT INTO events (at, kind, execution_id, job_id, data)
    SELECT ?, s.event, e.id, e.job_id,
           json_object('type', e.type, 'attempt', e.attempt, 'token', e.token, 'state', s.state, 'error', s.error)
    FROM settled AS s JOIN executions AS e ON e.id = s.id"""
_KEPT = (
    "id, job_id, name, type, kind, queue, priority, due_at, created_at, attempt, parameters, timeout, retry, max_attempts,"
    " on_lost, isolation, schedule_id, nominal_at, trigger, actor, metadata, token, worker_id, started_at, cancellation"
)
_MOVE_TO_HISTORY = f"""
    INSERT INTO history ({_KEPT}, state, finished_at, result, error, stack, reason)
    SELECT {", ".join(f"e.{name.strip()}" for name in _KEPT.split(","))},
           s.state, ?, s.result, s.error, s.stack, s.reason
    FROM settled AS s JOIN executions AS e ON e.id = s.id WHERE s.state IN {_TERMINAL}"""
_DELETE_FINISHED = f"DELETE FROM executions WHERE id IN (SELECT id FROM settled WHERE state IN {_TERMINAL})"
_REQUEUE = f"""
    UPDATE executions SET state = s.state, due_at = coalesce(s.due_at, executions.due_at),
        attempt = executions.attempt - (1 - s.counts), token = NULL, worker_id = NULL, lease_expires_at = NULL,
        handle = s.handle, error = s.error, progress = NULL
    FROM settled AS s WHERE executions.id = s.id AND s.state NOT IN {_TERMINAL}"""
