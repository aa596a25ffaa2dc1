"""Coordinators, workers and queues."""

from dataclasses import dataclass

from rota.domain.access import Right
from rota.domain.instant import DAY, HOUR, Instant
from rota.service import queues
from rota.service.context import ServiceContext
from rota.service.queues import QueueView
from rota.stores import coordinators, workers
from rota.stores.coordinators import CoordinatorRecord
from rota.stores.workers import WorkerRecord

_MOST_WORKERS = 100
_MOST_QUEUES = 100


@dataclass(frozen=True, slots=True)
class Fleet:
    """Who runs and what waits for them."""

    now: Instant
    coordinators: list[CoordinatorRecord]
    workers: list[WorkerRecord]
    queues: list[QueueView]


def fleet(ctx: ServiceContext) -> Fleet:
    """The fleet now, with the workers that ended in the last hour."""
    ctx.require(Right.READ)
    with ctx.read() as tx:
        now = tx.now
        present = coordinators.serving(tx, now - DAY)
        serving = workers.page(tx, before=None, limit=_MOST_WORKERS, states=["Alive", "Draining"])
        lately = workers.ended_since(tx, now - HOUR, limit=_MOST_WORKERS - len(serving))
    return Fleet(now, present, [*serving, *lately], queues.find(ctx, limit=_MOST_QUEUES))
