"""Coordinators, workers and queues."""

from dataclasses import dataclass

from rota.domain.access import Right
from rota.domain.instant import HOUR, Instant
from rota.service import queues
from rota.service.context import ServiceContext
from rota.service.queues import QueueView
from rota.stores import views, workers
from rota.stores.views import CoordinatorLine
from rota.stores.workers import WorkerRecord

_MOST_WORKERS = 100
_MOST_QUEUES = 100


@dataclass(frozen=True, slots=True)
class Fleet:
    """Who runs and what waits for them."""

    now: Instant
    coordinators: list[CoordinatorLine]
    workers: list[WorkerRecord]
    queues: list[QueueView]


def fleet(ctx: ServiceContext) -> Fleet:
    """The fleet now, with the workers that ended in the last hour."""
    ctx.require(Right.READ)
    with ctx.read() as tx:
        now = tx.now
        coordinators = views.coordinator_lines(tx)
        serving = workers.page(tx, before=None, limit=_MOST_WORKERS, states=["Alive", "Draining"])
        lately = workers.ended_since(tx, now - HOUR, limit=_MOST_WORKERS - len(serving))
    return Fleet(now, coordinators, [*serving, *lately], queues.find(ctx, limit=_MOST_QUEUES))
