"""The overview: is everything well, what runs, what fails, what was missed, what comes."""

from collections.abc import Mapping
from dataclasses import dataclass

from rota.domain.access import Right
from rota.domain.execution import LEASED
from rota.domain.instant import DAY, MINUTE, Instant
from rota.domain.occurrence import Decision
from rota.service import coming_fires, queues, reports
from rota.service.coming_fires import ComingFire
from rota.service.context import ServiceContext
from rota.service.reports import Day, Failing, Stats
from rota.stores import coordinators, views
from rota.stores.coordinators import CoordinatorRecord
from rota.stores.history import ExecutionRecord, Filter, page
from rota.stores.views import Overdue, Unmet

NOT_MET = (Decision.MISSED, Decision.EXPIRED, Decision.COALESCED, Decision.SKIPPED_OVERLAP)
"""The decisions that somebody should know of: the rest is as it was wanted."""

_FEW = 20
_FAILING = 8
_DAYS = 7
_HOURS = 24


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything that the first screen shows."""

    now: Instant
    dialect: str
    coordinators: list[CoordinatorRecord]
    stats: Stats
    paused: Mapping[str, bool]
    running: list[ExecutionRecord]
    failing: list[Failing]
    missed: list[Unmet]
    overdue: list[Overdue]
    upcoming: list[ComingFire]
    trends: list[Day]


def overview(ctx: ServiceContext) -> Overview:
    """The overview as the store has it now."""
    ctx.require(Right.READ)
    with ctx.read() as tx:
        now = tx.now
        present = coordinators.serving(tx, now - DAY)
        running = page(tx, Filter(states=LEASED), before=None, limit=_FEW)
        missed = views.unmet(tx, now - DAY, NOT_MET, _FEW)
        overdue = views.overdue(tx, now - MINUTE, _FEW)
    return Overview(
        now,
        ctx.database.url.get_backend_name(),
        present,
        reports.stats(ctx),
        {view.settings.name: view.settings.paused for view in queues.find(ctx, limit=500)},
        running,
        reports.failing(ctx, _DAYS, _FAILING),
        missed,
        overdue,
        coming_fires.upcoming(ctx, _HOURS, _FEW),
        reports.trends(ctx, _DAYS),
    )
