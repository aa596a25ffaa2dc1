"""Manifests: jobs, schedules and calendars as files say them, applied all together or not at all.

Everything goes through the functions that a single request goes through, in one transaction: the same checks, the same
audit, the same events. What an application would change is what it did change before it was rolled back.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import StrEnum

from rota.domain.access import Right
from rota.domain.difference import Planned, compare
from rota.domain.errors import Conflict, InvalidInput, Location, NotFound
from rota.domain.instant import Instant
from rota.domain.job_schedules import parse_schedules
from rota.domain.schedule import Schedule
from rota.service import calendars, jobs, schedules
from rota.service.context import ServiceContext
from rota.service.job_definitions import FILE, as_stored
from rota.service.schedule_revisions import with_key
from rota.stores import calendars as stored_calendars
from rota.stores import jobs as stored_jobs
from rota.stores import schedules as stored_schedules
from rota.stores import surroundings
from rota.stores.database import Transaction
from rota.stores.jobs import JobRecord
from rota.stores.schedules import ScheduleRecord, ScheduleState

MOST = 1000
"""So many objects of a manifest are applied in one transaction."""
MOST_COMPARED = 100
"""Of so many changed schedules it is told what that does to their fires."""

_NOUNS = ("calendars", "jobs", "schedules")


class Action(StrEnum):
    """What became of an object."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    DELETED = "deleted"


@dataclass(slots=True)
class FieldChange:
    """A field as it was and as it is. `fires` says in words what that does to the times at which something fires."""

    name: str
    before: object
    after: object
    fires: str | None = None


@dataclass(frozen=True, slots=True)
class Applied:
    """An object of a manifest, and what became of it."""

    noun: str
    name: str
    id: str
    action: Action
    changes: list[FieldChange] = field(default_factory=list)


class _TakenBack(Exception):
    """Rolls a transaction back that only tried."""


def apply(
    ctx: ServiceContext,
    manifest: Mapping[str, object],
    *,
    dry_run: bool = False,
    prune: bool = False,
    tag: str | None = None,
) -> list[Applied]:
    """Make jobs, schedules and calendars what the manifest says. What says it already is left alone.

    `prune` deletes the jobs that came from a manifest and are not in this one, with `tag` only those that have the tag.
    InvalidInput lists every problem by its place in the manifest; then nothing is stored.
    """
    ctx.require(Right.EDIT)
    found = _read(manifest)
    with suppress(_TakenBack), ctx.write() as tx:
        application = _Application(ctx.joined(tx), tx, found)
        done = application.run(prune, tag)
        now = tx.now
        if dry_run:
            raise _TakenBack
    for change, old, new in application.moved[:MOST_COMPARED]:  # takes a while, so not while everybody waits
        change.fires = _effect(old, new, now, ctx.config.environment)
    return done


def _read(manifest: Mapping[str, object]) -> dict[str, list[Mapping[str, object]]]:
    """The objects by their noun."""
    errors: list[tuple[Location, str]] = [
        ((name,), f"unknown; a manifest has {', '.join(_NOUNS)}") for name in manifest if name not in _NOUNS
    ]
    found: dict[str, list[Mapping[str, object]]] = {}
    for noun in _NOUNS:
        given = [] if manifest.get(noun) is None else manifest[noun]
        if not isinstance(given, list):
            errors.append(((noun,), "a list of objects"))
            continue
        errors += [((noun, n), "an object") for n, one in enumerate(given) if not isinstance(one, Mapping)]
        names = Counter(_name_in(noun, one) for one in given if isinstance(one, Mapping))
        errors += [((noun,), f"{name!r} is there {many} times") for name, many in names.items() if name and many > 1]
        found[noun] = [one for one in given if isinstance(one, Mapping)]
    if sum(len(objects) for objects in found.values()) > MOST:
        errors.append((("jobs",), f"at most {MOST} objects in one manifest; apply them in parts"))
    if errors:
        raise InvalidInput.several("manifest", errors)
    return found


def _name_in(noun: str, document: Mapping[str, object]) -> str:
    """By what an object is known; empty where that is not said."""
    parts = [document.get(name) for name in (("job", "key") if noun == "schedules" else ("name",))]
    texts = [part for part in parts if isinstance(part, str) and part]
    return "/".join(texts) if len(texts) == len(parts) else ""


class _Application:
    """One application of a manifest, in a transaction that somebody else ends."""

    def __init__(self, ctx: ServiceContext, tx: Transaction, found: dict[str, list[Mapping[str, object]]]) -> None:
        self._ctx = ctx
        self._tx = tx
        self._found = found
        self._errors: list[tuple[Location, str]] = []
        self.moved: list[tuple[FieldChange, Planned | None, Planned | None]] = []
        """The changes of schedules, each with what was planned and what is."""

    def run(self, prune: bool, tag: str | None) -> list[Applied]:
        done = [
            *self._each("calendars", self._calendar, _parents_first(self._found["calendars"])),
            *self._each("jobs", self._job, enumerate(self._found["jobs"])),
            *self._each("schedules", self._schedule, enumerate(self._found["schedules"])),
        ]
        if self._errors:
            raise InvalidInput.several("manifest", self._errors)
        return [*done, *(self._prune(tag) if prune else ())]

    def _each(
        self,
        noun: str,
        work: Callable[[Mapping[str, object]], Applied],
        objects: Iterator[tuple[int, Mapping[str, object]]],
    ) -> Iterator[Applied]:
        for position, document in objects:
            try:
                yield work(document)
            except InvalidInput as error:
                self._errors += [
                    ((noun, position, *at), message) for at, message in error.errors or [((), error.detail)]
                ]
            except (Conflict, NotFound) as error:
                self._errors.append(((noun, position), error.detail))

    def _calendar(self, document: Mapping[str, object]) -> Applied:
        """Where the document says nothing of overrides they stay: they are decided from day to day."""
        name = _named(document)
        rest = {key: value for key, value in document.items() if key != "name"}
        known = stored_calendars.get(self._tx, name)
        if known is None:
            made = calendars.create(self._ctx, name, rest)
            return Applied("calendar", name, name, Action.CREATED, _differences({}, made.calendar.document()))
        before = known.calendar.document()
        if rest.get("overrides") is None:
            rest["overrides"] = before.get("overrides", [])
        changed = calendars.update(self._ctx, name, rest)
        if changed.record.version == known.version:
            return Applied("calendar", name, name, Action.UNCHANGED)
        changes = _differences(before, changed.record.calendar.document())
        if changed.moved:
            changes[0] = replace(changes[0], fires=f"next fires that move: {len(changed.moved)}")
        return Applied("calendar", name, name, Action.UPDATED, changes)

    def _job(self, document: Mapping[str, object]) -> Applied:
        name = _named(document)
        record = self._known_job(name)
        if record is None:
            made = jobs.create(self._ctx, document, source=FILE)
            changes = self._schedule_changes({}, self._keyed(made.record.id))
            return Applied("job", name, made.record.id, Action.CREATED, changes)
        id = record.id
        with suppress(InvalidInput):  # which the update tells, with everything else that is wrong
            self._adopt(id, parse_schedules(document, now=self._tx.now, spread=id))
        before = self._keyed(id)
        keep = self._keys_apart(name) | {key for key, one in before.items() if one.state is ScheduleState.ENDED}
        now = jobs.update(self._ctx, id, document, source=FILE, keep=keep).record
        changes = _differences(record.job.document(), now.job.document())
        for what, old, new in (("state", record.state, now.state), ("source", record.source, now.source)):
            if old != new:
                changes.append(FieldChange(what, str(old), str(new)))
        changes += self._schedule_changes(before, self._keyed(id))
        return Applied("job", name, id, Action.UPDATED if changes else Action.UNCHANGED, changes)

    def _schedule(self, document: Mapping[str, object]) -> Applied:
        """A schedule that stands apart from its job, known by the name of the job and its key."""
        name, key = document.get("job"), document.get("key")
        if not isinstance(name, str) or not isinstance(key, str):
            raise InvalidInput.field("job" if not isinstance(name, str) else "key", msg="required: a text")
        job = self._known_job(name)
        if job is None:
            raise NotFound(f"there is no job {name!r}")
        rest = {field: value for field, value in document.items() if field != "job"}
        known = self._keyed(job.id).get(key)
        label = f"{name}/{key}"
        if known is None:
            made = schedules.create(self._ctx, job.id, rest)
            changes = self._schedule_changes({}, {key: made})
            return Applied("schedule", label, made.id, Action.CREATED, changes)
        changed = schedules.update(self._ctx, known.id, rest)
        if changed.difference is None:
            return Applied("schedule", label, known.id, Action.UNCHANGED)
        was, now = known.schedule.document(), changed.record.schedule.document()
        changes = [FieldChange(f"schedules.{key}", was, now, changed.difference.summary)]
        return Applied("schedule", label, known.id, Action.UPDATED, changes)

    def _prune(self, tag: str | None) -> Iterator[Applied]:
        named = {document.get("name") for document in self._found["jobs"]}
        named |= {document.get("job") for document in self._found["schedules"]}
        for record in stored_jobs.of_source(self._tx, FILE):
            if record.job.name not in named and (tag is None or tag in record.job.tags):
                jobs.delete(self._ctx, record.id)
                yield Applied("job", record.job.name, record.id, Action.DELETED)

    def _known_job(self, name: str) -> JobRecord | None:
        """The only job of that name, if there is one."""
        found = stored_jobs.by_name(self._tx, name)
        if len(found) > 1:
            raise Conflict(f"several jobs are named {name!r}; rename or delete all but one")
        return found[0] if found else None

    def _keyed(self, job_id: str) -> dict[str, ScheduleRecord]:
        found = stored_schedules.of_jobs(self._tx, [job_id])[job_id]
        return {one.key: one for one in found if one.key is not None}

    def _keys_apart(self, name: str) -> set[str]:
        """The keys of the schedules of a job that the manifest has apart from it."""
        return {str(one.get("key")) for one in self._found["schedules"] if one.get("job") == name}

    def _adopt(self, job_id: str, wanted: Sequence[Schedule]) -> None:
        """Give a schedule without a key that of the one in the manifest that says the same, instead of a second one."""
        free = [one for one in stored_schedules.of_jobs(self._tx, [job_id])[job_id] if one.key is None]
        taken = self._keyed(job_id)
        for schedule in wanted:
            same = next((one for one in free if _says_the_same(one, schedule)), None)
            if schedule.key not in taken and same is not None:
                free.remove(same)
                stored_schedules.save(self._tx, with_key(same, schedule.key, created_by=FILE))

    def _schedule_changes(
        self, before: Mapping[str, ScheduleRecord], after: Mapping[str, ScheduleRecord]
    ) -> list[FieldChange]:
        changes = []
        for key in dict.fromkeys([*before, *after]):
            old, new = before.get(key), after.get(key)
            if old is None or new is None or old.schedule != new.schedule:
                was, now = (None if one is None else one.schedule.document() for one in (old, new))
                changes.append(FieldChange(f"schedules.{key}", was, now))
                self.moved.append((changes[-1], self._planned(old), self._planned(new)))
        return changes

    def _planned(self, record: ScheduleRecord | None) -> Planned | None:
        if record is None:
            return None
        return Planned(record.schedule, surroundings.of_one(self._tx, record.schedule, record.id), record.runs)


def _effect(old: Planned | None, new: Planned | None, start: Instant, environment: str) -> str:
    """What a change of a schedule does to its fires, in words."""
    if new is None:
        return "fires no more"
    if old is None:
        first = compare(None, new, start=start, most=1, environment=environment).told_first
        return "fires no more" if first is None else f"fires first {first}"
    return compare(old, new, start=start, environment=environment).summary


def _named(document: Mapping[str, object]) -> str:
    name = document.get("name")
    if not isinstance(name, str) or not name:
        raise InvalidInput.field("name", msg="required: a text")
    return name


def _parents_first(documents: Sequence[Mapping[str, object]]) -> Iterator[tuple[int, Mapping[str, object]]]:
    """Calendars with their positions, each behind its parents; a circle is left as it is, to be refused."""
    left = dict(enumerate(documents))
    while left:
        names = {_name_in("calendars", one) for one in left.values()}
        free = [n for n, one in left.items() if names.isdisjoint(_parents(one))] or list(left)
        for number in free:
            yield number, left.pop(number)


def _parents(document: Mapping[str, object]) -> set[str]:
    given = document.get("parents")
    return {one for one in (given if isinstance(given, list) else [given]) if isinstance(one, str)}


def _says_the_same(record: ScheduleRecord, schedule: Schedule) -> bool:
    """Whether nothing but the key tells the two apart."""
    return replace(as_stored(record, schedule), key=None) == replace(record.schedule, key=None)


def _differences(before: Mapping[str, object], after: Mapping[str, object]) -> list[FieldChange]:
    names = dict.fromkeys([*before, *after])
    return [
        FieldChange(name, before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)
    ]
