"""Reads the journal and the final tables of a store, on any database."""

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Select, literal, null, select, union_all

from checker.journal import Change, Decided, History, Member, Stored, Tried
from rota.stores.database import Database, Transaction
from rota.stores.schedule_tables import occurrences
from rota.stores.tables import attempts, events, executions, history, workers


def read_store(database: Database) -> History:
    """What a store says of itself, from one snapshot. The caller adds what was seen outside."""
    with database.read() as tx:
        return History(
            journal=list(_journal(tx)),
            stored=[Stored(*row) for row in tx.all(_stored())],
            tried=[Tried(*row) for row in tx.all(_TRIED)],
            decided=[Decided(*row) for row in tx.all(_DECIDED)],
            members=[Member(*row) for row in tx.all(_MEMBERS)],
        )


def _journal(tx: Transaction) -> Iterator[Change]:
    for seq, at, kind, execution_id, text in tx.all(_JOURNAL):
        data: dict[str, Any] = json.loads(text) if text else {}
        yield Change(
            seq,
            at,
            kind,
            execution_id,
            data.get("attempt"),
            data.get("token"),
            data.get("state"),
            data.get("workerId"),
            data.get("trigger"),
        )


def _stored() -> Any:
    names = ("state", "attempt", "max_attempts", "token", "trigger", "schedule_id", "nominal_at", "created_at")

    def half(table: Any, live: int, finished_at: Any) -> Select[Any]:
        return select(table.c.id, literal(live), *(table.c[name] for name in names), finished_at)

    return union_all(half(executions, 1, null()), half(history, 0, history.c.finished_at))


_JOURNAL = select(events.c.seq, events.c.at, events.c.kind, events.c.execution_id, events.c.data).order_by(events.c.seq)
_TRIED = select(
    *(
        attempts.c[name]
        for name in ("execution_id", "token", "number", "state", "worker_id", "started_at", "finished_at")
    )
).order_by(attempts.c.execution_id, attempts.c.token)
_DECIDED = select(*(occurrences.c[name] for name in ("schedule_id", "nominal_at", "decision", "execution_id")))
_MEMBERS = select(
    *(
        workers.c[name]
        for name in ("id", "state", "transport", "registered_at", "heartbeat_at", "lease_expires_at", "ended_at")
    )
)
