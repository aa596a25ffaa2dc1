"""What ran, runs, waits and will come, as bars over time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from rota.domain.access import Right
from rota.domain.errors import InvalidInput
from rota.domain.execution import LIVE, State
from rota.domain.instant import DAY, HOUR, Duration, Instant
from rota.service import reports
from rota.service.context import ServiceContext
from rota.stores import durations, jobs, views
from rota.stores.views import Run

GROUPS = ("job", "worker", "queue", "team")
MOST_DAYS = 31
_MOST_EXPECTED = 200


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
        live = [] if before is not None or until < now else views.live_runs(tx, LIVE, limit)
        ended = views.ended_runs(tx, since, until, limit, before)
        runs = [run for run in [*live, *ended] if _wanted(run, states, search)]
        coming = before is None and until > now and (states is None or State.SCHEDULED in states)
        expected = reports.upcoming(ctx, max(1, -(-(until - now) // HOUR)), _MOST_EXPECTED) if coming else []
        known = {run.job_id for run in runs if run.job_id} | {fire.job_id for fire in expected}
        owners = jobs.of_ids(tx, sorted(known))
        taking = durations.newest_of_jobs(tx, {fire.job_id for fire in expected})
    lane_of = _lanes(group, {id: (one.job.name, one.job.team_name, one.job.queue) for id, one in owners.items()})
    lanes: dict[str, str] = {}
    bars = []
    for run in runs:
        key, name = lane_of(run.job_id or run.id, run.name or "", run.queue, run.worker_id)
        lanes.setdefault(key, name)
        bars.append((key, run))
    fires = []
    for fire in expected:
        if fire.at <= until and (not search or search.casefold() in fire.job_name.casefold()):
            queue = owners[fire.job_id].job.queue if fire.job_id in owners else ""
            key, name = lane_of(fire.job_id, fire.job_name, queue, None)
            lanes.setdefault(key, name)
            lasting = taking[fire.job_id].median if fire.job_id in taking else 0
            fires.append(Expected(key, fire.schedule_id, fire.at, lasting))
    last = ended[-1] if len(ended) == limit else None
    return Timeline(since, until, now, lanes, bars, fires, None if last is None else (last.finished_at or 0, last.id))


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


def _wanted(run: Run, states: frozenset[State] | None, search: str | None) -> bool:
    return (states is None or run.state in states) and (
        not search or search.casefold() in (run.name or run.job_id or "").casefold()
    )


__all__ = ["GROUPS", "Expected", "Timeline", "timeline"]
