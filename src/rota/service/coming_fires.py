"""The fires that are coming: of every schedule whose job may start, in one order."""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from rota.domain.access import Right
from rota.domain.instant import HOUR, Duration, Instant
from rota.domain.planning import upcoming as fires_of
from rota.domain.schedule import Schedule, Surroundings
from rota.service.context import ServiceContext
from rota.stores import durations, reports, surroundings
from rota.stores.reports import Upcoming

_OF_ONE_SCHEDULE = 10
_MOST = 50_000
_MOST_SCHEDULES = 2000
_AT_ONCE = 8
_RUNS = 15
"""The median of so many of the newest runs is told of a fire."""


@dataclass(frozen=True, slots=True)
class ComingFire:
    """A fire that is coming, and how long its run is expected to take; None where that is not known."""

    schedule_id: str
    job_id: str
    job_name: str
    at: Instant
    describe: str
    duration: Duration | None = None


def upcoming(ctx: ServiceContext, hours: int, limit: int) -> list[ComingFire]:
    """What fires next, soonest first: of each schedule at most the next ten."""
    now = ctx.database.clock.now()
    return between(ctx, now, now + hours * HOUR, limit, of_each=_OF_ONE_SCHEDULE)


def between(
    ctx: ServiceContext, start: Instant, until: Instant, limit: int, *, search: str | None = None, of_each: int = _MOST
) -> list[ComingFire]:
    """The fires strictly after `start` and now, up to `until`, in order; at most `limit`, and `of_each` schedule.

    `search` is a part of the job's name.
    """
    ctx.require(Right.READ)
    wanted = (search or "").casefold()
    with ctx.read() as tx:
        # from now on, the first fires are of the first schedules; twice as many, because conditions may withhold some
        most = 2 * limit if start <= tx.now and not wanted else _MOST_SCHEDULES
        found = [one for one in reports.upcoming(tx, until, most) if wanted in one.job_name.casefold()]
        rules = {one.schedule_id: Schedule.from_json(one.rule) for one in found}
        around = surroundings.of(tx, rules)
        after = max(start, tx.now)
        each = [
            islice(_fires(ctx, one, rules[one.schedule_id], around[one.schedule_id], after, until), of_each)
            for one in found
            if one.schedule_id in around
        ]
        coming = list(islice(heapq.merge(*each, key=lambda fire: (fire.at, fire.schedule_id)), limit))
        lasting = durations.newest_of_jobs(tx, {fire.job_id for fire in coming}, _RUNS)
    return [replace(fire, duration=lasting[fire.job_id].median) if fire.job_id in lasting else fire for fire in coming]


def _fires(
    ctx: ServiceContext, one: Upcoming, schedule: Schedule, around: Surroundings, start: Instant, until: Instant
) -> Iterator[ComingFire]:
    """The fires of one schedule, a few at a time: of most schedules, only the first is ever looked at."""
    left = schedule.fires_left(one.runs, _MOST)
    text = schedule.describe()
    while left > 0:
        count = min(left, _AT_ONCE)
        page = fires_of(schedule, start, until, count, around, ctx.config.environment).items
        for fire in page:
            yield ComingFire(one.schedule_id, one.job_id, one.job_name, fire.at, text)
        if len(page) < count:
            return
        start, left = page[-1].at, left - count
