"""Where a schedule stands next, computed with what is around it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rota.domain.instant import MINUTE, Instant
from rota.domain.planning import coming
from rota.domain.schedule import Surroundings
from rota.stores import schedules, surroundings
from rota.stores.database import Transaction
from rota.stores.schedules import ScheduleRecord, ScheduleState

_AT_HAND = MINUTE
"""A tick that begins while a plan is under way may see an instant as due that the plan still sees as coming."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A schedule whose next fire is another one than before, because what is around it has changed."""

    record: ScheduleRecord
    before: Instant | None
    after: Instant | None


def plan_anew(tx: Transaction, records: Sequence[ScheduleRecord], data: str) -> list[Moved]:
    """Compute where schedules stand with what is around them now, and store it. Returns those whose next fire moved.

    `records` are kept for this transaction, or else Contended when a tick has moved one of them since it was read.
    A schedule whose calendar is gone stays as it is; the ticker sets it aside. What is due already is left to it too,
    under a new revision: a tick that has read it with what was around it before begins anew.
    """
    around = surroundings.of(tx, {record.id: record.schedule for record in records})
    moved = []
    for record in records:
        found = around.get(record.id)
        if found is None:
            continue
        changed = record if _is_due(record, tx.now) else replace(planned(record, found, tx.now), planned_with=data)
        if record.state is changed.state is ScheduleState.ENDED:
            continue
        if (changed.next_at, changed.fires_at) != (record.next_at, record.fires_at) or _is_due(
            record, tx.now + _AT_HAND
        ):
            changed = replace(changed, revision=record.revision + 1)
        if changed == record:
            continue
        schedules.plan(tx, record, changed)
        if changed.fires_at != record.fires_at:
            moved.append(Moved(changed, record.fires_at, changed.fires_at))
    return moved


def planned(record: ScheduleRecord, around: Surroundings, now: Instant) -> ScheduleRecord:
    """Where a schedule stands with what is around it, not stored yet. One that had ended goes on where it may fire again.

    That one has decided all that it will decide about the past. A pause is left to whoever resumes it.
    """
    ended = record.state is ScheduleState.ENDED
    cursor = now if ended else record.cursor_at
    next_at, fires_at = coming(record.schedule, max(cursor, record.revised_at), around, record.runs)
    if ended and next_at is None:
        return record
    state = record.state
    if state is not ScheduleState.PAUSED:
        state = ScheduleState.ENDED if next_at is None else ScheduleState.ENABLED
    return replace(record, state=state, cursor_at=cursor, next_at=next_at, fires_at=fires_at)


def _is_due(record: ScheduleRecord, now: Instant) -> bool:
    return record.state is ScheduleState.ENABLED and record.next_at is not None and record.next_at <= now
