"""Claiming and settling on PostgreSQL: the statements on the path of every execution, one a batch."""

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from rota.domain.execution import TERMINAL
from rota.domain.instant import Instant
from rota.stores.base import CLAIM_COLUMNS, SETTLED_FIELDS, Look, Offer
from rota.stores.postgres.rows import array, id_array, text_array


def promote(tx: Any) -> None:
    """Make due `Scheduled` and `Retrying` executions `Pending`, those that no other worker is about to."""
    tx.driver.execute(_PROMOTE, (tx.now,))


_PROMOTE = """
    UPDATE executions SET state = 'Pending' WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM executions WHERE state IN ('Scheduled', 'Retrying') AND due_at <= %s
        ORDER BY due_at LIMIT 10000 FOR UPDATE SKIP LOCKED))"""


def next_due(tx: Any) -> Instant | None:
    """When the next of them becomes due."""
    row = tx.driver.execute(_NEXT_DUE).fetchone()
    return row[0] if row else None


_NEXT_DUE = "SELECT due_at FROM executions WHERE state IN ('Scheduled', 'Retrying') ORDER BY due_at LIMIT 1"


def cancelling(tx: Any, worker_id: str) -> list[tuple[str, str | None]]:
    """The executions of this worker whose end was asked for, each with the cancellation as JSON."""
    found: list[tuple[str, str | None]] = tx.driver.execute(_CANCELLING, (worker_id,)).fetchall()
    return found


_CANCELLING = "SELECT id::text, cancellation FROM executions WHERE state = 'Cancelling' AND worker_id = %s"


def governed(tx: Any) -> bool:
    """Whether limits have a say in what may start."""
    found: bool = tx.driver.execute(_GOVERNED).fetchone()[0]
    return found


_LIMITED = """
    EXISTS (SELECT 1 FROM queues) OR EXISTS (SELECT 1 FROM (
        SELECT id FROM executions WHERE state = 'Pending' AND limits IS NOT NULL
        ORDER BY priority DESC, due_at, id LIMIT 1) AS first)"""
_GOVERNED = f"SELECT {_LIMITED}"
"""The order keeps the planner on the index of what is governed: all that waits may be a million rows."""
_STANDING = f"""
    (SELECT json_agg(json_build_array(id, cancellation))::text FROM executions
     WHERE state = 'Cancelling' AND worker_id = %(worker)s),
    {_LIMITED},
    EXISTS (SELECT 1 FROM (SELECT id FROM executions WHERE state = 'Pending' AND limits IS NULL
            ORDER BY priority DESC, due_at, id LIMIT 1) AS first),
    (SELECT due_at FROM executions WHERE state IN ('Scheduled', 'Retrying') ORDER BY due_at LIMIT 1)"""
_LOOK = f"SELECT NULL::text, {_STANDING}"
_NO_WORKER = "00000000-0000-0000-0000-000000000000"


def claim(tx: Any, offer: Offer) -> str:
    """Lease due executions that stand under no limit, by priority, then due time. Rows of CLAIM_COLUMNS.

    All that one claim leases shares one token, which no claim before has used. What another claim is about to take is
    passed over. The rows are found by their place in the table (ctid): by id the planner joins the whole table.
    """
    sql = _claim_sql(bool(offer.queues), offer.functions is not None, offer.oldest_first)
    return _claimed(tx, sql, offer, None)


def lease(tx: Any, offer: Offer, ids: Sequence[str]) -> str:
    """Lease these executions, as far as they still wait. The answer is that of `claim`."""
    return _claimed(tx, _LEASE, offer, ids) if ids else "[]"


def _claimed(tx: Any, sql: str, offer: Offer, ids: Sequence[str] | None) -> str:
    parameters = {
        "worker": offer.worker_id,
        "now": tx.now,
        "lease": None if offer.lease is None else tx.now + offer.lease,
        "slots": offer.slots,
        "ids": None if ids is None else array(ids),
        "queues": list(offer.queues) if offer.queues else None,
        "kinds": list(offer.kinds or ()),
        "functions": list(offer.functions or ()),
    }
    claimed: str | None = tx.driver.execute(sql, parameters).fetchone()[0]
    return claimed or "[]"


_IN_TIME = "(latest_start IS NULL OR latest_start >= %(now)s OR started_at IS NOT NULL)"


@lru_cache(maxsize=8)
def _claim_sql(by_queue: bool, by_type: bool, oldest_first: bool) -> str:
    """The claim, in the leanest form for the case."""
    fits = f"{_IN_TIME} AND limits IS NULL"
    if by_queue:
        fits += " AND queue = ANY(%(queues)s::text[])"
    if by_type:
        fits += (
            " AND CASE kind WHEN 'python' THEN type = ANY(%(functions)s::text[]) ELSE kind = ANY(%(kinds)s::text[]) END"
        )
    if oldest_first:
        return _leasing(f"ctid = ANY(ARRAY({_oldest(fits)}))")
    return _leasing(
        f"ctid = ANY(ARRAY(SELECT ctid FROM executions WHERE state = 'Pending' AND {fits}"
        " ORDER BY priority DESC, due_at, id LIMIT %(slots)s FOR UPDATE SKIP LOCKED))"
    )


def _oldest(fits: str) -> str:
    """What is due longest, locked: of the oldest of every priority, each one step on the index that all claims walk.

    They are looked at once more under their locks. LIKE keeps that from the index: nothing but their places finds them.
    """
    free = "state = 'Pending' AND limits IS NULL"
    return f"""
        WITH RECURSIVE levels (priority) AS (
            SELECT (SELECT priority FROM executions WHERE {free} ORDER BY priority DESC LIMIT 1)
            UNION ALL
            SELECT (SELECT priority FROM executions WHERE {free} AND priority < levels.priority
                    ORDER BY priority DESC LIMIT 1)
            FROM levels WHERE levels.priority IS NOT NULL)
        SELECT ctid FROM executions WHERE state LIKE 'Pending' AND {fits} AND ctid = ANY(ARRAY(
            SELECT oldest.place FROM levels CROSS JOIN LATERAL (
                SELECT ctid AS place, due_at, id FROM executions
                WHERE state = 'Pending' AND {fits} AND priority = levels.priority
                ORDER BY due_at, id LIMIT %(slots)s) AS oldest
            ORDER BY oldest.due_at, oldest.id LIMIT %(slots)s))
        FOR UPDATE SKIP LOCKED"""


def _told(state: str, **more: str) -> str:
    """The data of an event: JSON put together from texts, which costs the server a third of `json_build_object`."""
    texts = "".join(f", ',\"{name}\":', coalesce(to_json({value})::text, 'null')" for name, value in more.items())
    return (
        f"concat('{{\"type\":', to_json(type), ',\"attempt\":', attempt, ',\"token\":', token,"
        f" ',\"state\":\"', {state}, '\"'{texts}, '}}')"
    )


def _leasing(chosen: str) -> str:
    """The lease of what is chosen: the rows, an event for each, and the answer. A worker that does not serve gets none."""
    return f"""
        WITH taken AS MATERIALIZED (SELECT nextval('tokens') AS token), claimed AS (
            UPDATE executions SET state = 'Running', attempt = attempt + 1, token = (SELECT token FROM taken),
                worker_id = %(worker)s, started_at = %(now)s, lease_expires_at = %(lease)s, error = NULL
            WHERE {chosen}
              AND NOT EXISTS (SELECT 1 FROM workers WHERE workers.id = %(worker)s AND workers.state <> 'Alive')
            RETURNING {", ".join(CLAIM_COLUMNS)}, priority, due_at
        ), told AS (
            INSERT INTO events (at, kind, execution_id, job_id, data)
            SELECT %(now)s, 'execution.started', id, job_id, {_told("'Running'", workerId="%(worker)s::text")}
            FROM claimed
        )
        SELECT json_agg(json_build_array({", ".join(CLAIM_COLUMNS)}) ORDER BY priority DESC, due_at, id)::text
        FROM claimed"""


_LEASE = _leasing(f"id = ANY(%(ids)s::uuid[]) AND state = 'Pending' AND {_IN_TIME}")


def look(tx: Any, worker_id: str, settled: Sequence[Sequence[object]]) -> Look:
    """Settle what is given and see how things stood when that began: one statement."""
    sql, parameters = _settlement(tx, settled) if settled else (_LOOK, {})
    row = tx.driver.execute(sql, {**parameters, "worker": worker_id}).fetchone()
    accepted, asked, limited, free, due = row
    tx.settled = set(json.loads(accepted)) if accepted else set()
    cancelled = [(id, note) for id, note in json.loads(asked)] if asked else []
    return Look(tx.settled, cancelled, limited or free, limited, due)


def settle(tx: Any, settled: Sequence[Sequence[object]]) -> int:
    """Write ended attempts whose token is current, each with its attempt row, event and history row: one statement.

    The fence comes first, under the lock of each row: everything else looks only at what it lets through. What would be
    tried again waits while its job is paused or disabled, and ends with a job that was deleted (docs/adr/0014).
    """
    return len(look(tx, _NO_WORKER, settled).accepted) if settled else 0


def _settlement(tx: Any, settled: Sequence[Sequence[object]]) -> tuple[str, dict[str, object]]:
    """The statement that settles, and what it takes."""
    goes_on = any(row[_STATE] not in TERMINAL for row in settled)
    columns = dict(zip(SETTLED_FIELDS, zip(*settled, strict=True), strict=True))
    parameters: dict[str, object] = {name: _array_of(name, columns[name]) for name in SETTLED_FIELDS}
    return _settle_sql(goes_on), {**parameters, "now": tx.now}


def settled_ids(tx: Any) -> set[str]:
    """The executions that the last `settle` of this transaction accepted."""
    found: set[str] = tx.settled
    return found


def _array_of(name: str, values: Sequence[Any]) -> str | None:
    if name in _NUMBERS:
        return None if values.count(None) == len(values) else array(values)
    return id_array(values) if name == "id" else text_array(values)


_NUMBERS = {"token": "bigint", "due_at": "bigint", "counts": "int"}
_STATE = SETTLED_FIELDS.index("state")
_FINAL = "('Succeeded', 'Failed', 'Cancelled')"
_TYPES = {name: "uuid" if name == "id" else _NUMBERS.get(name, "text") for name in SETTLED_FIELDS}
_KEPT = (
    "id", "job_id", "name", "type", "kind", "queue", "priority", "due_at", "created_at", "attempt", "parameters", "timeout",
    "retry", "max_attempts", "on_lost", "isolation", "schedule_id", "nominal_at", "trigger", "actor", "metadata", "token",
    "worker_id", "started_at", "cancellation",
)  # fmt: skip
_OF_EXECUTION = ", ".join(f"e.{name}" for name in _KEPT)
_OF_SETTLEMENT = (
    "g.attempt_state, g.due_at AS new_due_at, g.counts, g.result, g.error AS new_error, g.stack,"
    " g.handle AS new_handle, g.reason, g.event"
)
_CURRENT = "e.id = g.id AND e.token = g.token AND e.state = g.held_as AND e.state IN ('Running', 'Cancelling')"
"""The fence."""
_ENDED = f"""
        live AS MATERIALIZED (
            DELETE FROM executions AS e USING given AS g WHERE {_CURRENT} AND e.id = ANY(%(id)s::uuid[])
            RETURNING {_OF_EXECUTION}, g.state AS becomes, false AS orphaned, {_OF_SETTLEMENT}
        )"""
"""All that is settled is over: the fence is what deletes."""
_GOING_ON = f"""
        fenced AS MATERIALIZED (
            SELECT {_OF_EXECUTION}, g.state AS wanted, g.state IN {_FINAL} AS ended, {_OF_SETTLEMENT}
            FROM executions AS e JOIN given AS g ON {_CURRENT} WHERE e.id = ANY(%(id)s::uuid[])
            FOR UPDATE OF e
        ), live AS MATERIALIZED (
            SELECT f.*, CASE WHEN f.ended OR job.id IS NULL THEN f.wanted WHEN job.deleted_at IS NOT NULL THEN 'Cancelled'
                             WHEN job.state = 'Disabled' OR (job.state = 'Paused' AND f.trigger <> 'manual') THEN 'Waiting'
                             ELSE f.wanted END AS becomes,
                   NOT f.ended AND job.deleted_at IS NOT NULL AS orphaned
            FROM fenced AS f LEFT JOIN LATERAL (
                SELECT id, state, deleted_at FROM jobs WHERE jobs.id = f.job_id AND NOT f.ended FOR SHARE) AS job ON true
        ), gone AS (
            DELETE FROM executions WHERE id = ANY(ARRAY(SELECT id FROM live WHERE becomes IN {_FINAL}))
        ), requeued AS (
            UPDATE executions SET state = l.becomes, due_at = coalesce(l.new_due_at, executions.due_at),
                attempt = executions.attempt - (1 - l.counts), token = NULL, worker_id = NULL, lease_expires_at = NULL,
                handle = l.new_handle, error = l.new_error, progress = NULL
            FROM live AS l
            WHERE executions.id = l.id AND l.becomes NOT IN {_FINAL} AND executions.id = ANY(%(id)s::uuid[])
        )"""
"""Rows are found again by id, not by ctid: one that was changed between snapshot and lock moved. The ids are said twice, or
a planner that takes the table for empty reads all of it."""


@lru_cache(maxsize=2)
def _settle_sql(goes_on: bool) -> str:
    """All of `settle`."""
    given = ", ".join(f"%({name})s::{_TYPES[name]}[]" for name in SETTLED_FIELDS)
    return f"""
        WITH given AS MATERIALIZED (
            SELECT * FROM unnest({given}) AS g({", ".join(SETTLED_FIELDS)})
        ), {_GOING_ON if goes_on else _ENDED}, tried AS (
            INSERT INTO attempts (execution_id, token, number, state, worker_id, started_at, finished_at, error, stack)
            SELECT id, token, attempt, attempt_state, worker_id, started_at, %(now)s, coalesce(new_error, reason), stack
            FROM live WHERE attempt_state IS NOT NULL
        ), told AS (
            INSERT INTO events (at, kind, execution_id, job_id, data)
            SELECT %(now)s, CASE WHEN orphaned THEN 'execution.cancelled' ELSE event END, id, job_id,
                   {_told("becomes", error="new_error")}
            FROM live
        ), kept AS (
            INSERT INTO history ({", ".join(_KEPT)}, state, finished_at, result, error, stack, reason)
            SELECT {", ".join(_KEPT)}, becomes, %(now)s, result, new_error, stack,
                   CASE WHEN orphaned THEN 'its job was deleted' ELSE reason END
            FROM live WHERE becomes IN {_FINAL}
        )
        SELECT (SELECT json_agg(id)::text FROM live), {_STANDING}"""


def append_logs(tx: Any, rows: Sequence[Sequence[object]]) -> None:
    """Append log lines of attempts whose token is current."""
    if rows:
        ids, tokens, numbers, at, streams, texts = zip(*rows, strict=True)
        tx.driver.execute(
            _APPEND_LOGS,
            (id_array(ids), array(tokens), array(numbers), array(at), text_array(streams), text_array(texts)),
        )


_APPEND_LOGS = """
    INSERT INTO logs (execution_id, token, line, at, stream, text)
    SELECT g.* FROM unnest(%s::uuid[], %s::bigint[], %s::int[], %s::bigint[], %s::text[], %s::text[])
        AS g(id, token, line, at, stream, text)
    WHERE EXISTS (SELECT 1 FROM executions AS e WHERE e.id = g.id AND e.token = g.token
                  AND e.state IN ('Running', 'Cancelling'))
    ON CONFLICT DO NOTHING"""
