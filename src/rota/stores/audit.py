"""The audit: who changed what, written in the transaction of the change. Rows are only ever added."""

import json
from dataclasses import dataclass

from sqlalchemy import select

from rota.domain.instant import Instant
from rota.stores.database import Transaction
from rota.stores.tables import audit


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One change. `detail` says what changed; it never holds a secret."""

    seq: int
    at: Instant
    actor: str
    action: str
    noun: str
    subject_id: str | None
    detail: dict[str, object]


def write(
    tx: Transaction, actor: str, action: str, noun: str, subject_id: str | None, detail: dict[str, object]
) -> None:
    """Add one entry."""
    text = json.dumps(detail, separators=(",", ":"), ensure_ascii=False) if detail else None
    tx.hot.insert(tx, "audit", _COLUMNS, [(tx.now, actor, action, noun, subject_id, text)])


_COLUMNS = ("at", "actor", "action", "noun", "subject_id", "detail")


def page(
    tx: Transaction,
    *,
    before: int | None,
    limit: int,
    noun: str | None = None,
    subject_id: str | None = None,
    actor: str | None = None,
) -> list[AuditEntry]:
    """Entries, newest first, from below the sequence number `before`."""
    statement = select(audit).order_by(audit.c.seq.desc()).limit(limit)
    if before is not None:
        statement = statement.where(audit.c.seq < before)
    for column, wanted in ((audit.c.noun, noun), (audit.c.subject_id, subject_id), (audit.c.actor, actor)):
        if wanted is not None:
            statement = statement.where(column == wanted)
    return [
        AuditEntry(row.seq, row.at, row.actor, row.action, row.noun, row.subject_id, json.loads(row.detail or "{}"))
        for row in tx.all(statement)
    ]
