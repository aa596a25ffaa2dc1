"""/api/views/fleet."""

from fastapi import APIRouter, Response

from rota.api.models import Output, Time, reply
from rota.api.queues import QueueOutput, queue_shown
from rota.api.security import ReadContext
from rota.api.views.models import CoordinatorOutput
from rota.api.workers import WorkerOutput
from rota.domain.instant import SECOND
from rota.service.views import fleet as service

router = APIRouter()

_MOST_TYPES = 20


class QueueRow(QueueOutput):
    """A queue, and for how long its oldest execution waits."""

    oldest_seconds: float


class FleetOutput(Output):
    """Who runs, and what waits for them."""

    now: Time
    coordinators: list[CoordinatorOutput]
    workers: list[WorkerOutput]
    queues: list[QueueRow]


@router.get("", response_model=FleetOutput)
def fleet(ctx: ReadContext) -> Response:
    """Coordinators, workers and queues. Of a worker's job types the first twenty are told."""
    found = service.fleet(ctx)
    workers = [WorkerOutput.model_validate(one) for one in found.workers]
    queues = []
    for view in found.queues:
        oldest = view.load.oldest_due_at
        waiting = 0.0 if oldest is None else max(0, found.now - oldest) / SECOND
        queues.append({**queue_shown(view).model_dump(by_alias=False), "oldest_seconds": waiting})
    return reply(
        FleetOutput.model_validate(
            {
                "now": found.now,
                "coordinators": found.coordinators,
                "workers": [
                    one.model_copy(update={"types": None if one.types is None else one.types[:_MOST_TYPES]})
                    for one in workers
                ],
                "queues": queues,
            }
        )
    )
