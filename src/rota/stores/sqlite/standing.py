"""How things stand for a worker on SQLite, and what running attempts say meanwhile."""

import json
from collections.abc import Sequence
from typing import Any

from rota.domain.instant import Instant


def promote(tx: Any) -> None:
    """Make due `Scheduled` and `Retrying` executions `Pending`."""
    tx.driver.execute(_PROMOTE, (tx.now,))


_PROMOTE = "UPDATE executions SET state = 'Pending' WHERE state IN ('Scheduled', 'Retrying') AND due_at <= ?"


def next_due(tx: Any) -> Instant | None:
    """When the next of them becomes due."""
    row = tx.driver.execute(_NEXT_DUE).fetchone()
    return row[0] if row else None


_NEXT_DUE = "SELECT due_at FROM executions WHERE state IN ('Scheduled', 'Retrying') ORDER BY due_at LIMIT 1"


def cancelling(tx: Any, worker_id: str) -> list[tuple[str, str | None]]:
    """The executions of this worker whose end was asked for, each with the cancellation as JSON."""
    found: list[tuple[str, str | None]] = tx.driver.execute(_CANCELLING, (worker_id,)).fetchall()
    return found


_CANCELLING = "SELECT id, cancellation FROM executions WHERE state = 'Cancelling' AND worker_id = ?"


def governed(tx: Any) -> bool:
    """Whether limits have a say in what may start."""
    return bool(tx.driver.execute(_GOVERNED).fetchone()[0])


_GOVERNED = """
    SELECT EXISTS (SELECT 1 FROM queues)
        OR EXISTS (SELECT 1 FROM executions WHERE state = 'Pending' AND limits IS NOT NULL)"""


def append_logs(tx: Any, rows: Sequence[Sequence[object]]) -> None:
    """Append log lines of attempts whose token is current."""
    if rows:
        tx.driver.execute(_APPEND_LOGS, (json.dumps(rows, ensure_ascii=False),))


_APPEND_LOGS = """
    INSERT OR IGNORE INTO logs (execution_id, token, line, at, stream, text)
    SELECT value->>0, value->>1, value->>2, value->>3, value->>4, value->>5 FROM json_each(?)
    WHERE EXISTS (SELECT 1 FROM executions WHERE id = value->>0 AND token = value->>1
                  AND state IN ('Running', 'Cancelling'))"""
