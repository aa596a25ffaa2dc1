"""What ran, runs, waits and will come, as bars over time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rota.domain.access import Right
from rota.domain.errors import InvalidInput
from rota.domain.execution import LIVE, TERMINAL, State
from rota.domain.instant import DAY, HOUR, Duration, Instant
from rota.service import coming_fires
from rota.service.coming_fires import ComingFire
from rota.service.context import ServiceContext
from rota.stores import jobs, views
from rota.stores.database import Transaction
from rota.stores.views import Run

GROUPS = ("job", "worker", "queue", "team")
MOST_DAYS = 31
_MOST_EXPECTED = 200
_MOST_LOOKED_AT = 4000
"""So many bars are read for one page when a part of a name is looked for."""


@dataclass(frozen=True, slots=True)
class Expected:
    """A fire that is coming, and how long its run is expected to take."""

    lane: str
    schedule_id: str
    at: Instant
    duration: Duration


@dataclass(frozen=True, slots=True)
class Timeline:
    """The bars between two instants, each in a lane, and the names of the lanes by their keys."""

    since: Instant
    until: Instant
    now: Instant
    lanes: dict[str, str]
    bars: list[tuple[str, Run]]
    expected: list[Expected]
    next: tuple[Instant, str] | None


def timeline(
    ctx: ServiceContext,
    since: Instant | None,
    until: Instant | None,
    *,
    group: str = "job",
    states: frozenset[State] | None = None,
    search: str | None = None,
    limit: int,
    before: tuple[Instant, str] | None = None,
) -> Timeline:
    """The bars of a stretch of time: what lives first, then what ended last. `before` goes on behind a page."""
    ctx.require(Right.READ)
    with ctx.read() as tx:
        now = tx.now
        since, until = now - 6 * HOUR if since is None else since, now + HOUR if until is None else until
        if not since < until <= since + MOST_DAYS * DAY:
            raise InvalidInput.field("query", "to", msg=f"after `from`, and at most {MOST_DAYS} days later")
        wanted = frozenset(State) if states is None else states
        live = _live(tx, wanted, until, search, limit) if before is None and until >= now else []
        ended, following = _ended(tx, (since, until), wanted, search, limit - len(live), before)
    fires: list[ComingFire] = []
    if before is None and until > now and State.SCHEDULED in wanted:
        fires = coming_fires.between(ctx, max(since, now), until, _MOST_EXPECTED, search=search)
    runs = [*live, *ended]
    with ctx.read() as tx:
        owners = jobs.of_ids(tx, sorted({run.job_id for run in runs if run.job_id} | {fire.job_id for fire in fires}))
    lane_of = _lanes(group, {id: (one.job.name, one.job.team_name, one.job.queue) for id, one in owners.items()})
    lanes: dict[str, str] = {}
    bars, expected = [], []
    for run in runs:
        key, name = lane_of(run.job_id or run.id, run.name or "", run.queue, run.worker_id)
        lanes.setdefault(key, name)
        bars.append((key, run))
    for fire in fires:
        queue = owners[fire.job_id].job.queue if fire.job_id in owners else ""
        key, name = lane_of(fire.job_id, fire.job_name, queue, None)
        lanes.setdefault(key, name)
        expected.append(Expected(key, fire.schedule_id, fire.at, fire.duration or 0))
    return Timeline(since, until, now, lanes, bars, expected, following)


def _live(tx: Transaction, states: frozenset[State], until: Instant, search: str | None, limit: int) -> list[Run]:
    """What has not ended: at most half of a page, so that what has ended goes on behind it."""
    if not states & LIVE:
        return []
    found = views.live_runs(tx, states & LIVE, until, _MOST_LOOKED_AT if search else limit // 2)
    return [run for run in found if _is_named(run, search)][: limit // 2]


def _ended(
    tx: Transaction,
    span: tuple[Instant, Instant],
    states: frozenset[State],
    search: str | None,
    limit: int,
    before: tuple[Instant, str] | None,
) -> tuple[list[Run], tuple[Instant, str] | None]:
    """A page of what has ended, and where the next one begins."""
    if not states & TERMINAL:
        return [], None
    most = max(limit, _MOST_LOOKED_AT) if search else limit
    found = views.ended_runs(tx, *span, most, before, None if states >= TERMINAL else states & TERMINAL)
    named = [run for run in found if _is_named(run, search)]
    if len(named) > limit:
        last = named[limit - 1]
    elif len(found) == most:
        last = found[-1]
    else:
        return named, None
    return named[:limit], (last.finished_at or 0, last.id)


_Lane = Callable[[str, str, str, str | None], tuple[str, str]]


def _lanes(group: str, owners: Mapping[str, tuple[str, str | None, str]]) -> _Lane:
    def lane(job_id: str, name: str, queue: str, worker_id: str | None) -> tuple[str, str]:
        known = owners.get(job_id)
        if group == "worker":
            return (worker_id or "", f"worker {worker_id[-12:]}" if worker_id else "not started")
        if group == "queue":
            return queue, queue
        if group == "team":
            team = (known[1] if known else None) or ""
            return team, team or "no team"
        return job_id, known[0] if known else name

    return lane


def _is_named(run: Run, search: str | None) -> bool:
    return not search or search.casefold() in (run.name or run.job_id or "").casefold()


__all__ = ["GROUPS", "Expected", "Run", "Timeline", "timeline"]
