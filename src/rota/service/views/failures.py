"""What failed for good, grouped by what is the same, and the instants that were not met."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rota.domain.access import Right
from rota.domain.errors import NotFound
from rota.domain.fingerprint import fingerprint, normalised
from rota.domain.instant import Instant
from rota.service.context import ServiceContext
from rota.service.executions import MOST_RETRIED
from rota.service.views.overview import NOT_MET
from rota.stores import history, views
from rota.stores.history import ExecutionRecord
from rota.stores.views import Failure, Unmet

MOST_FAILURES = 5000
"""The newest so many of the time are looked at."""
_MOST_GROUPS = 50
_MOST_JOBS = 5
_MOST_ROWS = 50
_MOST_UNMET = 2000


@dataclass(frozen=True, slots=True)
class Group:
    """Failures of the same kind. `example` is the newest of them."""

    fingerprint: str
    error: str
    count: int
    jobs: list[tuple[str, str, int]]
    first_at: Instant
    last_at: Instant
    example: str


@dataclass(frozen=True, slots=True)
class Failures:
    """The groups, the largest first. `truncated` = there were more failures than are looked at."""

    since: Instant
    truncated: bool
    groups: list[Group]
    missed: list[Unmet]


@dataclass(frozen=True, slots=True)
class GroupPage:
    """The executions of a group: the ids of the newest thousand, and the newest fifty whole."""

    ids: list[str]
    rows: list[ExecutionRecord]


def failures(ctx: ServiceContext, since: Instant, search: str | None = None) -> Failures:
    """What failed among the executions created since then."""
    ctx.require(Right.READ)
    with ctx.read() as tx:
        found = views.failures(tx, since, MOST_FAILURES + 1)
        unmet = views.unmet(tx, since, NOT_MET, _MOST_UNMET)
    wanted = (search or "").casefold()
    kinds: dict[str, list[Failure]] = defaultdict(list)
    for one in found[:MOST_FAILURES]:
        if not wanted or wanted in f"{one.name} {one.error}".casefold():
            kinds[fingerprint(one.error, one.stack)].append(one)
    groups = sorted(
        (_group(name, members) for name, members in kinds.items()), key=lambda one: (-one.count, -one.last_at)
    )
    return Failures(since, len(found) > MOST_FAILURES, groups[:_MOST_GROUPS], _counted(unmet, wanted))


def group(ctx: ServiceContext, name: str, since: Instant) -> GroupPage:
    """The executions of one group. NotFound when there is none of that fingerprint any more."""
    ctx.require(Right.READ)
    with ctx.read() as tx:
        found = views.failures(tx, since, MOST_FAILURES)
        ids = [one.id for one in found if fingerprint(one.error, one.stack) == name][:MOST_RETRIED]
        rows = [record for id in ids[:_MOST_ROWS] if (record := history.get(tx, id)) is not None]
    if not ids:
        raise NotFound("no failure of this kind in that time")
    return GroupPage(ids, rows)


def _group(name: str, members: Sequence[Failure]) -> Group:
    by_job = Counter((one.job_id or one.id, one.name or "") for one in members)
    jobs = [(id, job, count) for (id, job), count in by_job.most_common(_MOST_JOBS)]
    ends = [one.finished_at for one in members]
    return Group(name, normalised(members[0].error), len(members), jobs, min(ends), max(ends), members[0].id)


def _counted(unmet: Sequence[Unmet], wanted: str) -> list[Unmet]:
    """One line for each schedule and decision: its newest, and how many there were."""
    counts = Counter((one.schedule_id, one.decision) for one in unmet)
    newest: dict[tuple[str, object], Unmet] = {}
    for one in unmet:
        if not wanted or wanted in f"{one.job_name} {one.reason}".casefold():
            newest.setdefault((one.schedule_id, one.decision), one)
    lines = [replace(one, count=counts[one.schedule_id, one.decision]) for one in newest.values()]
    return sorted(lines, key=lambda one: -one.nominal_at)[:_MOST_GROUPS]
