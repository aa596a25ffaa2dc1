"""What a change of a calendar does to the schedules that go by it, through parents too."""

from collections.abc import Sequence
from dataclasses import dataclass

from rota.domain.calendar import Calendar
from rota.domain.difference import Difference, Planned, compare
from rota.stores import calendars, schedules, surroundings
from rota.stores.database import Transaction
from rota.stores.plans import Moved, plan_anew
from rota.stores.schedules import ScheduleRecord
from rota.time_data import data_versions

__all__ = ["MOST_COMPARED", "Effect", "Effects", "Moved", "effects", "moved_document", "plan_users_anew"]

MOST_COMPARED = 100
"""So many schedules are compared fire by fire in one answer."""
_FIRES_EACH = 400
_PAGE = 500
_MOST_NAMED = 100


@dataclass(frozen=True, slots=True)
class Effect:
    """A schedule, and what a change of its calendar does to its next fires."""

    record: ScheduleRecord
    difference: Difference


@dataclass(frozen=True, slots=True)
class Effects:
    """The schedules whose fires would change, newest first. `users` counts all that go by the calendar.

    `compared` of them, the newest, have been looked at.
    """

    users: int
    compared: int
    changed: list[Effect]


def effects(tx: Transaction, name: str, changed: Calendar, environment: str) -> Effects:
    """How the next fires of the schedules would move that go by a calendar; each by its next 400 fires at most.

    Conditions are judged in this `environment`, as `compare` does it.
    """
    users = _users(tx, name)
    looked_at = schedules.of_ids(tx, users[:MOST_COMPARED])
    rules = {record.id: record.schedule for record in looked_at}
    before = surroundings.of(tx, rules)
    after = surroundings.of(tx, rules, {name: changed})
    found = []
    for record in looked_at:
        old, new = (
            Planned(record.schedule, around[record.id], record.runs) if record.id in around else None
            for around in (before, after)
        )
        difference = compare(old, new, start=tx.now, most=_FIRES_EACH, environment=environment)
        if difference.first is not None:
            found.append(Effect(record, difference))
    return Effects(len(users), len(looked_at), found)


def plan_users_anew(tx: Transaction, name: str) -> list[Moved]:
    """Compute anew where the schedules stand that go by a calendar. Those whose next fire moved, newest first."""
    ids = _users(tx, name)[::-1]
    moved: list[Moved] = []
    for start in range(0, len(ids), _PAGE):
        moved += plan_anew(tx, schedules.held_of_ids(tx, ids[start : start + _PAGE]), data_versions())
    return moved[::-1]


def moved_document(moved: Sequence[Moved]) -> dict[str, object]:
    """The schedules whose next fire moved, as an audit entry keeps them: how many, and the first 100."""
    named = [{"scheduleId": one.record.id, "before": one.before, "after": one.after} for one in moved[:_MOST_NAMED]]
    return {"count": len(moved), "schedules": named}


def _users(tx: Transaction, name: str) -> list[str]:
    """All schedules that name a calendar or one that goes by it, newest first."""
    ids: set[str] = set()
    for calendar in calendars.family(tx, name):
        before: str | None = None
        while page := calendars.users(tx, calendar, limit=_PAGE, before=before):
            ids |= {one.id for one in page}
            before = page[-1].id
            if len(page) < _PAGE:
                break
    return sorted(ids, reverse=True)
