"""Business calendars in the store: what they are, every version they have had, and who names them."""

import json
from collections import Counter
from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import Row, delete, insert, select, update

from rota.domain.calendar import Calendar
from rota.domain.instant import Instant
from rota.stores import bell
from rota.stores.database import Transaction
from rota.stores.schedule_tables import calendar_versions, calendars, schedules
from rota.stores.tables import jobs


@dataclass(frozen=True, slots=True)
class CalendarRecord:
    """A stored calendar."""

    name: str
    definition: str
    version: int
    created_by: str
    changed_by: str
    created_at: Instant
    updated_at: Instant

    @property
    def calendar(self) -> Calendar:
        """The definition."""
        return Calendar.from_json(self.definition)


@dataclass(frozen=True, slots=True)
class CalendarVersion:
    """What a calendar was at one of its versions."""

    version: int
    definition: str
    changed_by: str
    changed_at: Instant

    @property
    def calendar(self) -> Calendar:
        """The definition."""
        return Calendar.from_json(self.definition)


@dataclass(frozen=True, slots=True)
class NamingSchedule:
    """A schedule whose rule names a calendar."""

    id: str
    name: str | None
    job_id: str
    job_name: str


def get(tx: Transaction, name: str) -> CalendarRecord | None:
    """One calendar, or None."""
    row = tx.first(select(calendars).where(calendars.c.name == name))
    return None if row is None else _record(row)


def find(tx: Transaction, *, limit: int, after: str | None = None) -> list[CalendarRecord]:
    """Calendars by name, from the one behind the name `after` on."""
    statement = select(calendars).order_by(calendars.c.name).limit(limit)
    if after is not None:
        statement = statement.where(calendars.c.name > after)
    return [_record(row) for row in tx.all(statement)]


def add(tx: Transaction, name: str, calendar: Calendar, *, created_by: str) -> CalendarRecord:
    """Store a new calendar and its first version."""
    record = CalendarRecord(name, calendar.to_json(), 1, created_by, created_by, tx.now, tx.now)
    tx.execute(insert(calendars).values(asdict(record)))
    _keep_version(tx, record)
    tx.ring(bell.SCHEDULES)
    return record


def save(tx: Transaction, record: CalendarRecord, calendar: Calendar, *, changed_by: str) -> CalendarRecord:
    """Replace the definition by a new version."""
    values: dict[str, Any] = {
        "definition": calendar.to_json(),
        "version": record.version + 1,
        "changed_by": changed_by,
        "updated_at": tx.now,
    }
    tx.execute(update(calendars).where(calendars.c.name == record.name).values(values))
    changed = replace(record, **values)
    _keep_version(tx, changed)
    tx.ring(bell.SCHEDULES)
    return changed


def remove(tx: Transaction, name: str) -> None:
    """Take a calendar away, with its versions."""
    tx.execute(delete(calendars).where(calendars.c.name == name))
    tx.ring(bell.SCHEDULES)


def known(tx: Transaction, names: Collection[str]) -> dict[str, Calendar]:
    """Those of the calendars that exist, with all their ancestors: one question for each generation."""
    found: dict[str, Calendar] = {}
    wanted = set(names)
    while wanted:
        rows = tx.all(select(calendars.c.name, calendars.c.definition).where(calendars.c.name.in_(sorted(wanted))))
        generation = {row.name: Calendar.from_json(row.definition) for row in rows}
        found |= generation
        wanted = {parent for calendar in generation.values() for parent in calendar.parents} - set(found)
    return found


def children(tx: Transaction, name: str) -> list[str]:
    """The calendars that have this one as a parent, by name."""
    naming = calendars.c.definition.contains(json.dumps(name), autoescape=True)
    rows = tx.all(select(calendars.c.name, calendars.c.definition).where(naming).order_by(calendars.c.name))
    return [row.name for row in rows if name in Calendar.from_json(row.definition).parents]


def family(tx: Transaction, name: str) -> list[str]:
    """A calendar and all that go by it as a parent, near ones first."""
    found = [name]
    for parent in found:
        found += [child for child in children(tx, parent) if child not in found]
    return found


def users(tx: Transaction, name: str, *, limit: int, before: str | None = None) -> list[NamingSchedule]:
    """The schedules that name a calendar, newest first, from the one before the id `before` on."""
    found: list[NamingSchedule] = []
    while True:
        rows = tx.all(_naming(name, limit, before))
        for row in rows:
            given = json.loads(row.rule).get("calendar")
            if name == given or (isinstance(given, list) and name in given):
                found.append(NamingSchedule(row.id, row.name, row.job_id, row.job_name))
                if len(found) == limit:
                    return found
        if len(rows) < limit:
            return found
        before = rows[-1].id


def user_counts(tx: Transaction) -> dict[str, int]:
    """How many schedules name each calendar; calendars that none names are left out."""
    found: Counter[str] = Counter()
    for rule in tx.connection.scalars(select(schedules.c.rule).where(schedules.c.rule.contains('"calendar"'))):
        given = json.loads(rule).get("calendar")
        found.update({given} if isinstance(given, str) else set(given or ()))
    return dict(found)


def versions(tx: Transaction, name: str, *, limit: int, before: int | None = None) -> list[CalendarVersion]:
    """The versions of a calendar, newest first, from the one before `before` on."""
    kept = calendar_versions.c
    statement = (
        select(kept.version, kept.definition, kept.changed_by, kept.changed_at)
        .where(kept.name == name)
        .order_by(kept.version.desc())
        .limit(limit)
    )
    if before is not None:
        statement = statement.where(kept.version < before)
    return [CalendarVersion(**row._mapping) for row in tx.all(statement)]


def _naming(name: str, limit: int, before: str | None) -> Any:
    """Schedules whose rule holds the words; whether it holds them as a calendar, only the rule itself can tell."""
    rule = schedules.c.rule
    statement = (
        select(schedules.c.id, schedules.c.name, schedules.c.job_id, rule, jobs.c.name.label("job_name"))
        .join(jobs)
        .where(rule.contains('"calendar"', autoescape=True), rule.contains(json.dumps(name), autoescape=True))
        .order_by(schedules.c.id.desc())
        .limit(limit)
    )
    return statement if before is None else statement.where(schedules.c.id < before)


def _keep_version(tx: Transaction, record: CalendarRecord) -> None:
    tx.execute(
        insert(calendar_versions).values(
            name=record.name,
            version=record.version,
            definition=record.definition,
            changed_by=record.changed_by,
            changed_at=record.updated_at,
        )
    )


def _record(row: Row[Any]) -> CalendarRecord:
    return CalendarRecord(**row._mapping)
