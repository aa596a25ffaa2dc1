"""Business calendars: what is worked and what is not, who said so, and which schedules go by it."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from rota.domain.access import Right
from rota.domain.calendar import Calendar, require_calendar
from rota.domain.calendar_reading import LONGEST_REASON, MOST_OVERRIDES
from rota.domain.dated_rules import DatedRule, Override
from rota.domain.errors import Conflict, InvalidInput, NotFound
from rota.domain.instant import Instant
from rota.domain.job_reading import is_plain
from rota.domain.working_days import Day, Reason, WorkingDays
from rota.service.calendar_effects import Effect, Effects, Moved, effects, moved_document, plan_users_anew
from rota.service.context import ServiceContext
from rota.service.schedules import require_version
from rota.stores import calendars, events
from rota.stores.calendars import CalendarRecord, CalendarVersion, NamingSchedule
from rota.stores.database import Transaction

__all__ = [
    "Calendar",
    "CalendarRecord",
    "CalendarVersion",
    "Change",
    "Day",
    "Days",
    "Effect",
    "Effects",
    "Moved",
    "NamingSchedule",
    "Reason",
    "Usage",
    "change",
    "create",
    "days",
    "delete",
    "existing",
    "find",
    "get",
    "override",
    "remove_override",
    "try_override",
    "try_update",
    "update",
    "usage",
    "versions",
]

MOST_DAYS = 3 * 366
_FEW = 5


@dataclass(frozen=True, slots=True)
class Days:
    """Days one after the other, and the data behind them, such as `holidays 0.109`; empty where there is none."""

    days: list[Day]
    data: str


@dataclass(frozen=True, slots=True)
class Usage:
    """Who goes by a calendar: the calendars that have it as a parent, and a page of the schedules that name it."""

    calendars: list[str]
    schedules: list[NamingSchedule]


def create(ctx: ServiceContext, name: str, document: Mapping[str, object]) -> CalendarRecord:
    """Define a calendar. Conflict when there is one of that name."""
    ctx.require(Right.EDIT)
    require_calendar(name)
    calendar = Calendar.parse(document)
    with ctx.write() as tx:
        if calendars.get(tx, name) is not None:
            raise Conflict(f"there is a calendar {name!r} already")
        signed = _signed(calendar, Calendar(), ctx.principal.name, tx.now)
        _require_whole(tx, name, signed)
        record = calendars.add(tx, name, signed, created_by=ctx.principal.name)
        ctx.audit(tx, "create", "calendar", name, {"definition": signed.document()})
        _tell(tx, "created", name)
        ctx.remember(tx, record)
    return record


def get(ctx: ServiceContext, name: str) -> CalendarRecord:
    """One calendar."""
    ctx.require(Right.READ)
    with ctx.read() as tx:
        return existing(tx, name)


def find(ctx: ServiceContext, *, limit: int, after: str | None = None) -> list[CalendarRecord]:
    """Calendars, by name."""
    ctx.require(Right.READ)
    with ctx.read() as tx:
        return calendars.find(tx, limit=limit, after=after)


def versions(ctx: ServiceContext, name: str, *, limit: int, before: int | None = None) -> list[CalendarVersion]:
    """What a calendar was at each version, newest first."""
    ctx.require(Right.READ)
    with ctx.read() as tx:
        existing(tx, name)
        return calendars.versions(tx, name, limit=limit, before=before)


@dataclass(frozen=True, slots=True)
class Change:
    """A calendar after a change, and the schedules whose next fire moved because of it."""

    record: CalendarRecord
    moved: list[Moved]


Trial = Callable[[Calendar], Calendar]
"""From what a calendar is, what it is to be."""


def update(ctx: ServiceContext, name: str, document: Mapping[str, object], *, expected: int | None = None) -> Change:
    """Replace a calendar. What it says already is no change and no new version.

    An override that is new or says something else is the caller's own; the others keep their author. `expected` is
    the version that the caller saw.
    """
    ctx.require(Right.EDIT)
    calendar = Calendar.parse(document)
    return change(ctx, name, "update", lambda _: calendar, expected=expected)


def try_update(
    ctx: ServiceContext, name: str, document: Mapping[str, object], *, expected: int | None = None
) -> Effects:
    """What `update` would do to the schedules, and what it would refuse. Nothing is stored."""
    ctx.require(Right.EDIT)
    calendar = Calendar.parse(document)
    return _tried(ctx, name, lambda _: calendar, expected=expected)


def delete(ctx: ServiceContext, name: str, *, expected: int | None = None) -> None:
    """Take a calendar away. Conflict while a schedule or another calendar goes by it."""
    ctx.require(Right.EDIT)
    with ctx.write() as tx:
        record = existing(tx, name)
        require_version(record.version, expected)
        children = calendars.children(tx, name)
        if children:
            raise Conflict(f"it is a parent of {_enumerated(children)}")
        naming = calendars.users(tx, name, limit=_FEW + 1)
        if naming:
            raise Conflict(f"schedules go by it: {_enumerated([f'{one.id} of {one.job_name!r}' for one in naming])}")
        calendars.remove(tx, name)
        ctx.audit(tx, "delete", "calendar", name, {"definition": record.calendar.document()})
        _tell(tx, "deleted", name)


def days(ctx: ServiceContext, name: str, first: date, last: date) -> Days:
    """Every day from `first` to `last`, both included, with what is said of it. At most three years."""
    ctx.require(Right.READ)
    if last < first:
        raise InvalidInput.field("query", "to", msg="before `from`")
    if (last - first).days >= MOST_DAYS:
        raise InvalidInput.field("query", "to", msg="at most three years at once")
    with ctx.read() as tx:
        existing(tx, name)
        known = calendars.known(tx, [name])
    worked = WorkingDays.of([name], known)
    length = (last - first).days + 1
    return Days([worked.explain(first + timedelta(days=distance)) for distance in range(length)], worked.data)


def override(
    ctx: ServiceContext,
    name: str,
    day: date,
    *,
    working: bool,
    reason: str | None = None,
    expected: int | None = None,
) -> Change:
    """Say of one day that it is worked, or that it is not. It takes the place of what was said of it before.

    `expected` is the version that the caller saw.
    """
    ctx.require(Right.EDIT)
    said = {"date": day.isoformat()}
    return change(ctx, name, "override", _overriding(day, working, reason), expected=expected, detail=said)


def try_override(
    ctx: ServiceContext,
    name: str,
    day: date,
    *,
    working: bool,
    reason: str | None = None,
    expected: int | None = None,
) -> Effects:
    """What `override` would do to the schedules, and what it would refuse. Nothing is stored."""
    ctx.require(Right.EDIT)
    return _tried(ctx, name, _overriding(day, working, reason), expected=expected)


def _overriding(day: date, working: bool, reason: str | None) -> Trial:
    if reason is not None and not (reason.strip() and len(reason) <= LONGEST_REASON and is_plain(reason)):
        raise InvalidInput.field("reason", msg=f"a text of 1 to {LONGEST_REASON} characters")

    def overridden(calendar: Calendar) -> Calendar:
        others = [other for other in calendar.overrides if other.day != day]
        if len(others) >= MOST_OVERRIDES:
            raise InvalidInput.field("date", msg=f"the calendar has {MOST_OVERRIDES} overrides already")
        said = sorted([*others, Override(day, working, reason)], key=lambda one: one.day)
        return replace(calendar, overrides=tuple(said))

    return overridden


def remove_override(ctx: ServiceContext, name: str, day: date) -> Change:
    """Take back what was said of one day. NotFound where nothing was."""
    ctx.require(Right.EDIT)

    def without(calendar: Calendar) -> Calendar:
        others = tuple(other for other in calendar.overrides if other.day != day)
        if len(others) == len(calendar.overrides):
            raise NotFound(f"no override of {day}")
        return replace(calendar, overrides=others)

    return change(ctx, name, "removeOverride", without, detail={"date": day.isoformat()})


def usage(ctx: ServiceContext, name: str, *, limit: int, before: str | None = None) -> Usage:
    """Who goes by a calendar; the schedules newest first."""
    ctx.require(Right.READ)
    with ctx.read() as tx:
        existing(tx, name)
        return Usage(calendars.children(tx, name), calendars.users(tx, name, limit=limit, before=before))


def change(
    ctx: ServiceContext,
    name: str,
    verb: str,
    changed: Trial,
    *,
    expected: int | None = None,
    detail: Mapping[str, object] | None = None,
) -> Change:
    """Give a calendar another definition, with its audit entry; `changed` says which. No change is no new version.

    The schedules that go by it are planned anew in the same transaction.
    """
    with ctx.write() as tx:
        record = existing(tx, name)
        require_version(record.version, expected)
        before = record.calendar
        after = _signed(changed(before), before, ctx.principal.name, tx.now)
        if after == before:
            return Change(record, [])
        _require_whole(tx, name, after)
        saved = calendars.save(tx, record, after, changed_by=ctx.principal.name)
        moved = plan_users_anew(tx, name)
        difference: dict[str, object] = {"version": saved.version, "changed": _difference(before, after)}
        if moved:
            difference["moved"] = moved_document(moved)
        ctx.audit(tx, verb, "calendar", name, {**(detail or {}), **difference})
        _tell(tx, "updated", name)
        return Change(saved, moved)


def _tried(ctx: ServiceContext, name: str, changed: Trial, *, expected: int | None = None) -> Effects:
    with ctx.read() as tx:
        record = existing(tx, name)
        require_version(record.version, expected)
        after = changed(record.calendar)
        _require_whole(tx, name, after)
        return effects(tx, name, after, ctx.config.environment)


def existing(tx: Transaction, name: str) -> CalendarRecord:
    """A calendar that is there; NotFound else."""
    record = calendars.get(tx, name)
    if record is None:
        raise NotFound("no such calendar")
    return record


def _require_whole(tx: Transaction, name: str, calendar: Calendar) -> None:
    """InvalidInput unless the parents are there, and the calendar is not its own ancestor."""
    WorkingDays.of([name], calendars.known(tx, calendar.parents) | {name: calendar})


def _signed(calendar: Calendar, before: Calendar, by: str, now: Instant) -> Calendar:
    """The calendar with the authors of its overrides: nobody signs for another."""
    known = {(one.day, one.working, one.reason): one for one in before.overrides}
    signed = (
        known.get((one.day, one.working, one.reason)) or replace(one, by=by, at=now) for one in calendar.overrides
    )
    return replace(calendar, overrides=tuple(signed))


def _difference(before: Calendar, after: Calendar) -> dict[str, object]:
    """What changed: of a list what went and what came, of anything else what it was and what it is."""
    was, now = before.document(), after.document()
    found: dict[str, object] = {
        name: [was.get(name), now.get(name)]
        for name in sorted(was.keys() | now.keys())
        if was.get(name) != now.get(name)
    }
    for name, old, new in (("rules", before.rules, after.rules), ("overrides", before.overrides, after.overrides)):
        if name in found:
            found[name] = [_left(old, new), _left(new, old)]
    return found


def _left(items: Sequence[DatedRule | Override], others: Sequence[DatedRule | Override]) -> list[dict[str, object]]:
    known = set(others)
    return [item.document() for item in items if item not in known]


def _tell(tx: Transaction, what: str, name: str) -> None:
    events.write(tx, [(f"calendar.{what}", None, None, json.dumps({"calendar": name}))])


def _enumerated(names: Sequence[str]) -> str:
    return ", ".join(names[:_FEW]) + (" …" if len(names) > _FEW else "")
