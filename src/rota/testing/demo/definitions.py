"""The jobs of the demo, defined through the service at the times at which people would have: so that they are valid."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from random import Random

from rota.domain.access import Principal, Role
from rota.domain.instant import DAY, HOUR, MINUTE, Instant
from rota.domain.job import Job
from rota.service import job_control, jobs, schedule_exceptions, schedules
from rota.service.context import ServiceContext
from rota.stores.schedules import ScheduleRecord
from rota.testing.clock import ManualClock
from rota.testing.demo import company
from rota.testing.demo.blueprints import DISABLED, PAUSED, Blueprint
from rota.testing.demo.size import Size

BEFORE = 20 * DAY
"""How long before the first execution the company began to set things up."""
_YOUNG = 8
_CHANGED = 60

Act = tuple[Instant, Callable[[], None]]


@dataclass(slots=True)
class Defined:
    """A job as it stands in the store, with when it began and when it came to rest."""

    blueprint: Blueprint
    id: str = ""
    job: Job | None = None
    schedules: list[ScheduleRecord] = field(default_factory=list)
    begins: Instant = 0
    rests: Instant | None = None
    why: str = ""
    """Why it rests."""


def define(ctx: ServiceContext, clock: ManualClock, size: Size, found: list[Blueprint], now: Instant) -> list[Defined]:
    """Everything that people did to the store, in the order of time."""
    defined = [Defined(blueprint) for blueprint in found]
    random = size.random("acts")
    acts: list[Act] = list(_acts(ctx, size, defined, random, now))
    for at, act in sorted(acts, key=lambda one: one[0]):
        clock.set(max(at, clock.now()))
        act()
    clock.set(now)
    for one in defined:
        view = jobs.get(ctx, one.id)
        one.job, one.schedules = view.record.job, view.schedules
    return defined


def _acts(ctx: ServiceContext, size: Size, defined: list[Defined], random: Random, now: Instant) -> Iterator[Act]:
    start = now - size.span
    ann = replace(ctx, principal=company.ANN)
    yield start - BEFORE, lambda: company.make_calendars(ann, now)
    yield start - BEFORE + HOUR, lambda: company.make_queues(ann)
    yield start - BEFORE + DAY, lambda: company.make_keys(ann, now)
    yield now - 3 * DAY, lambda: company.make_freeze(ann, now)
    young = set(random.sample(range(len(defined)), _YOUNG))
    for number, one in enumerate(defined):
        one.begins = (
            start + random.randrange(size.span // 2) if number in young else start - random.randrange(BEFORE // 2)
        )
        yield one.begins, _creation(ctx, one)
    yield from _changes(ctx, size, defined, random, now)
    yield from _rests(ctx, defined, random, now)
    yield from _exceptions(ctx, defined, random, now)


def _as(ctx: ServiceContext, person: str) -> ServiceContext:
    return replace(ctx, principal=Principal(person, Role.EDITOR))


def _creation(ctx: ServiceContext, one: Defined) -> Callable[[], None]:
    def create() -> None:
        one.id = jobs.create(_as(ctx, one.blueprint.owner), one.blueprint.document).record.id

    return create


def _changes(ctx: ServiceContext, size: Size, defined: list[Defined], random: Random, now: Instant) -> Iterator[Act]:
    """Timeouts, texts and retries that were changed over time: the versions of the jobs."""
    for _ in range(_CHANGED):
        one = random.choice(defined)
        possible: tuple[dict[str, object], ...] = (
            {"timeoutSeconds": random.choice((120, 300, 900, 7200))},
            {"retryCount": random.choice((0, 1, 4, 5))},
            {"description": f"{one.blueprint.document['description']} See the runbook."},
            {"priority": random.choice((-5, 5, 20))},
        )
        changes = random.choice(possible)
        person = random.choice(one.blueprint.team.people)
        at = one.begins + random.randrange(HOUR, max(2 * HOUR, now - one.begins))
        yield min(at, now - 5 * MINUTE), _update(_as(ctx, person), one, changes)


def _update(ctx: ServiceContext, one: Defined, changes: dict[str, object]) -> Callable[[], None]:
    return lambda: void(jobs.update(ctx, one.id, changes))


def _rests(ctx: ServiceContext, defined: list[Defined], random: Random, now: Instant) -> Iterator[Act]:
    """A few jobs are paused, a few disabled, and of two the schedule alone."""
    scheduled = [one for one in defined if one.blueprint.rhythm not in ("none", "monthly", "business")]
    chosen = random.sample(scheduled, len(PAUSED) + len(DISABLED) + 2)
    for note in PAUSED:
        one = _resting(chosen, now - random.randrange(HOUR, 6 * DAY), f"the job is paused: {note}")
        until = now + 2 * DAY if "Monday" in note else None
        yield one.rests or now, _pause(_as(ctx, one.blueprint.owner), one, note, until)
    for note in DISABLED:
        one = _resting(chosen, now - random.randrange(2 * DAY, 7 * DAY), f"the job is disabled: {note}")
        yield one.rests or now, _disable(_as(ctx, one.blueprint.owner), one, note)
    for note in ("runs by hand during the audit", "collides with the backup; to be moved"):
        one = _resting(chosen, now - random.randrange(HOUR, 5 * DAY), f"the schedule was paused: {note}")
        yield one.rests or now, _pause_schedule(_as(ctx, one.blueprint.owner), one, note)


def _resting(chosen: list[Defined], at: Instant, why: str) -> Defined:
    one = chosen.pop()
    one.rests, one.why = max(at, one.begins + HOUR), why
    return one


def _pause(ctx: ServiceContext, one: Defined, note: str, until: Instant | None) -> Callable[[], None]:
    return lambda: void(job_control.pause(ctx, one.id, note=note, until=until))


def _disable(ctx: ServiceContext, one: Defined, note: str) -> Callable[[], None]:
    return lambda: void(job_control.disable(ctx, one.id, note=note))


def _pause_schedule(ctx: ServiceContext, one: Defined, note: str) -> Callable[[], None]:
    return lambda: void(schedules.pause(ctx, jobs.get(ctx, one.id).schedules[0].id, note=note))


def _exceptions(ctx: ServiceContext, defined: list[Defined], random: Random, now: Instant) -> Iterator[Act]:
    """Coming instants that somebody has skipped."""
    daily = [one for one in defined if one.blueprint.rhythm == "daily" and one.rests is None]
    for one in random.sample(daily, 3):
        yield now - 2 * MINUTE, _skip(_as(ctx, one.blueprint.owner), one)


def _skip(ctx: ServiceContext, one: Defined) -> Callable[[], None]:
    document = {"action": "skip", "at": "next", "reason": "the source delivers late tonight"}
    return lambda: void(schedule_exceptions.add(ctx, jobs.get(ctx, one.id).schedules[0].id, document))


def void(_result: object) -> None:
    """Nobody asks for what an act gives back."""
