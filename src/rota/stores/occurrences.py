"""The ledger: one row for each nominal instant of a schedule, with what was decided about it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select

from rota.domain.instant import Instant
from rota.domain.occurrence import Decision
from rota.stores.database import Transaction
from rota.stores.schedule_tables import occurrences

Decided = tuple[str, Instant, Decision, str | None, str | None]
"""schedule, nominal instant, decision, reason, execution"""

_BATCH = 1000
_COLUMNS = ("schedule_id", "nominal_at", "decision", "reason", "execution_id", "decided_at")


@dataclass(frozen=True, slots=True)
class OccurrenceRecord:
    """One decided instant."""

    nominal_at: Instant
    decision: Decision
    reason: str | None
    execution_id: str | None
    decided_at: Instant


def record(tx: Transaction, rows: Sequence[Decided]) -> None:
    """Write decisions, all in one step. An instant that is decided already makes the whole transaction fail."""
    if rows:
        decided = [(id, at, str(decision), reason, execution, tx.now) for id, at, decision, reason, execution in rows]
        tx.hot.insert(tx, "occurrences", _COLUMNS, decided)


def find(
    tx: Transaction,
    schedule_id: str,
    *,
    limit: int,
    before: Instant | None = None,
    decision: Decision | None = None,
    since: Instant | None = None,
    until: Instant | None = None,
) -> list[OccurrenceRecord]:
    """The decided instants of a schedule from `since` to `until`, latest first, from the one before `before` on."""
    columns = occurrences.c
    statement = (
        select(columns.nominal_at, columns.decision, columns.reason, columns.execution_id, columns.decided_at)
        .where(columns.schedule_id == schedule_id)
        .order_by(columns.nominal_at.desc())
        .limit(limit)
    )
    if before is not None:
        statement = statement.where(columns.nominal_at < before)
    if since is not None:
        statement = statement.where(columns.nominal_at >= since)
    if until is not None:
        statement = statement.where(columns.nominal_at <= until)
    if decision is not None:
        statement = statement.where(columns.decision == decision.value)
    return [
        OccurrenceRecord(row.nominal_at, Decision(row.decision), row.reason, row.execution_id, row.decided_at)
        for row in tx.all(statement)
    ]


def decided(
    tx: Transaction, schedule_id: str, since: Instant, until: Instant, limit: int
) -> dict[Instant, tuple[Decision, str | None]]:
    """What was decided about the instants from `since` to `until` and why, the oldest `limit` of them in order."""
    columns = occurrences.c
    wanted = (
        select(columns.nominal_at, columns.decision, columns.reason)
        .where(columns.schedule_id == schedule_id, columns.nominal_at.between(since, until))
        .order_by(columns.nominal_at)
        .limit(limit)
    )
    return {row.nominal_at: (Decision(row.decision), row.reason) for row in tx.all(wanted)}


def among(tx: Transaction, schedule_id: str, instants: Collection[Instant]) -> set[Instant]:
    """Those of the instants that are decided."""
    asked = sorted(instants)
    columns = occurrences.c
    found: set[Instant] = set()
    for start in range(0, len(asked), _BATCH):
        these = columns.nominal_at.in_(asked[start : start + _BATCH])
        found |= set(tx.connection.scalars(select(columns.nominal_at).where(columns.schedule_id == schedule_id, these)))
    return found


def replace(tx: Transaction, rows: Sequence[Decided]) -> None:
    """Write decisions in the place of those that are there."""
    keys: dict[str, list[Instant]] = {}
    for schedule_id, nominal, *_ in rows:
        keys.setdefault(schedule_id, []).append(nominal)
    columns = occurrences.c
    for schedule_id, instants in keys.items():
        for start in range(0, len(instants), _BATCH):
            these = columns.nominal_at.in_(instants[start : start + _BATCH])
            tx.execute(delete(occurrences).where(columns.schedule_id == schedule_id, these))
    record(tx, rows)
