"""Claiming on MariaDB and MySQL: there is no UPDATE ... RETURNING, so rows are locked, leased and told of in turn."""

import json
from collections.abc import Sequence
from typing import Any

from rota.domain.instant import Instant
from rota.stores.base import CLAIM_COLUMNS, Look, Offer
from rota.stores.mysql.rows import insert, insert_or, marks, rows, run
from rota.stores.mysql.settling import settle


def promote(tx: Any) -> None:
    """Make due `Scheduled` and `Retrying` executions `Pending`, those that no other worker is about to."""
    due = [id for (id,) in rows(tx, _DUE, (tx.now,))]
    if due:
        run(tx, f"UPDATE executions SET state = 'Pending' WHERE id IN ({marks(due)})", due)


_DUE = """
    SELECT id FROM executions FORCE INDEX (ix_executions_later)
    WHERE state IN ('Scheduled', 'Retrying') AND due_at <= %s LIMIT 5000 FOR UPDATE SKIP LOCKED"""


def next_due(tx: Any) -> Instant | None:
    """When the next of them becomes due."""
    found: Instant | None = rows(tx, _NEXT_DUE)[0][0]
    return found


_NEXT_DUE = f"""
    SELECT min(due_at) FROM ({
    " UNION ALL ".join(
        f"(SELECT due_at FROM executions WHERE state = '{state}' ORDER BY due_at LIMIT 1)"
        for state in ("Scheduled", "Retrying")
    )
}) AS following"""


def cancelling(tx: Any, worker_id: str) -> list[tuple[str, str | None]]:
    """The executions of this worker whose end was asked for, each with the cancellation as JSON."""
    return [(id, cancellation) for id, cancellation in rows(tx, _CANCELLING, (worker_id,))]


_CANCELLING = "SELECT id, cancellation FROM executions WHERE worker_id = %s AND state = 'Cancelling'"


def governed(tx: Any) -> bool:
    """Whether limits have a say in what may start."""
    return bool(rows(tx, f"SELECT {_GOVERNED}")[0][0])


_GOVERNED = """
    EXISTS (SELECT 1 FROM queues) OR EXISTS (SELECT 1 FROM executions WHERE state = 'Pending' AND governed = 1)"""


def look(tx: Any, worker_id: str, settled: Sequence[Sequence[object]]) -> Look:
    """Settle what is given and see how things stand."""
    if settled:
        settle(tx, settled)
    limited, pending, following = rows(tx, _LOOK)[0]
    return Look(
        tx.settled if settled else (), cancelling(tx, worker_id), bool(limited or pending), bool(limited), following
    )


_LOOK = f"""
    SELECT {_GOVERNED}, EXISTS (SELECT 1 FROM executions WHERE state = 'Pending'), ({_NEXT_DUE})"""


def claim(tx: Any, offer: Offer) -> str:
    """Lease due executions that stand under no limit, by priority, then due time. Rows of CLAIM_COLUMNS.

    All that one claim leases shares one token, which no claim before has used. What another claim is about to take is
    passed over.
    """
    fits, parameters = ["limits IS NULL"], [tx.now]
    if offer.queues:
        fits.append(f"queue IN ({marks(offer.queues)})")
        parameters += offer.queues
    if offer.functions is not None:
        kinds, functions = offer.kinds or (), offer.functions
        fits.append(f"CASE kind WHEN 'python' THEN {_is_in('type', functions)} ELSE {_is_in('kind', kinds)} END")
        parameters += [*functions, *kinds]
    index, order = _BY_DUE_TIME if offer.oldest_first else _BY_PRIORITY
    sql = f"""
        SELECT {_READ} FROM executions FORCE INDEX ({index}) WHERE {_MAY_START} AND {" AND ".join(fits)}
        ORDER BY {order} LIMIT %s FOR UPDATE SKIP LOCKED"""
    return _leased(tx, offer, rows(tx, sql, [*parameters, offer.slots]))


def lease(tx: Any, offer: Offer, ids: Sequence[str]) -> str:
    """Lease these executions, as far as they still wait. The answer is that of `claim`."""
    if not ids:
        return "[]"
    sql = f"""
        SELECT {_READ} FROM executions FORCE INDEX (PRIMARY) WHERE {_MAY_START} AND id IN ({marks(ids)})
        ORDER BY priority DESC, due_at, id FOR UPDATE"""
    return _leased(tx, offer, rows(tx, sql, [tx.now, *ids]))


def _is_in(column: str, names: Sequence[str]) -> str:
    return f"{column} IN ({marks(names)})" if names else "FALSE"


_READ = ", ".join(CLAIM_COLUMNS)
_MAY_START = "state = 'Pending' AND (latest_start IS NULL OR latest_start >= %s OR started_at IS NOT NULL)"
_BY_PRIORITY = ("ix_executions_claimable", "priority DESC, due_at, id")
_BY_DUE_TIME = ("ix_executions_later", "due_at, id")


def _leased(tx: Any, offer: Offer, found: Sequence[tuple[Any, ...]]) -> str:
    """Lease locked rows: the rows, an event for each, and the answer. A worker that does not serve gets none.

    The token is drawn under the locks, so that it is greater than every one that these rows have borne.
    """
    if not found:
        return "[]"
    token, state = rows(tx, _NEXT, (offer.worker_id,))[0]
    if state not in (None, "Alive"):
        return "[]"
    until = None if offer.lease is None else tx.now + offer.lease
    ids = [row[_ID] for row in found]
    run(tx, _lease_sql(len(ids)), (token, offer.worker_id, tx.now, until, *ids))
    claimed = [_as_leased(row, token, tx.now) for row in found]
    insert(
        tx,
        "events",
        ("at", "kind", "execution_id", "job_id", "data"),
        [_started(row, offer, tx.now) for row in claimed],
    )
    return json.dumps(claimed, ensure_ascii=False)


_NEXT = "SELECT NEXTVAL(tokens), (SELECT state FROM workers WHERE id = %s)"
_ID, _JOB, _TYPE, _ATTEMPT, _AT_TOKEN, _STARTED = map(
    CLAIM_COLUMNS.index, ("id", "job_id", "type", "attempt", "token", "started_at")
)


def _lease_sql(count: int) -> str:
    return f"""
        UPDATE executions SET state = 'Running', attempt = attempt + 1, token = %s, worker_id = %s, started_at = %s,
            lease_expires_at = %s, error = NULL
        WHERE id IN ({", ".join(["%s"] * count)})"""


def _as_leased(row: tuple[Any, ...], token: int, now: Instant) -> list[Any]:
    leased = list(row)
    leased[_ATTEMPT] += 1
    leased[_AT_TOKEN] = token
    leased[_STARTED] = now
    return leased


def _started(row: Sequence[Any], offer: Offer, now: Instant) -> tuple[object, ...]:
    data = {
        "type": row[_TYPE], "attempt": row[_ATTEMPT], "token": row[_AT_TOKEN], "state": "Running",
        "workerId": offer.worker_id,
    }  # fmt: skip
    return (now, "execution.started", row[_ID], row[_JOB], json.dumps(data, ensure_ascii=False))


def append_logs(tx: Any, lines: Sequence[Sequence[object]]) -> None:
    """Append log lines of attempts whose token is current."""
    if not lines:
        return
    ids = list({line[0] for line in lines})
    sql = f"SELECT id, token FROM executions WHERE id IN ({marks(ids)}) AND state IN ('Running', 'Cancelling')"
    current = set(rows(tx, sql, ids))
    accepted = [line for line in lines if (line[0], line[1]) in current]
    insert_or(tx, "logs", _LOG_COLUMNS, accepted, "ON DUPLICATE KEY UPDATE line = logs.line")


_LOG_COLUMNS = ("execution_id", "token", "line", "at", "stream", "text")
