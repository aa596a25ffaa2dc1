"""/api/views/fleet."""

from collections.abc import Sequence

from fastapi import APIRouter, Response
from pydantic import Field

from rota.api.models import Output, Time, reply
from rota.api.queues import QueueOutput, queue_shown
from rota.api.security import ReadContext
from rota.api.views.models import MOST_BYTES, CoordinatorOutput, fitting, size_of
from rota.api.workers import WorkerOutput
from rota.domain.instant import SECOND, Instant, format_instant
from rota.service.queues import QueueView
from rota.service.views import fleet as service
from rota.service.workers import WorkerRecord

router = APIRouter()

_TYPES_TOLD = (20, 5, 2)
"""Of a worker's job types so many are told: as many as fit, with all workers, into an answer."""
_LONGEST_TYPE = 200
_COORDINATORS_BYTES = 6000
_QUEUES_BYTES = 20_000


class QueueRow(QueueOutput):
    """A queue, and for how long its oldest execution waits."""

    oldest_seconds: float


class WorkerRow(WorkerOutput):
    """A worker, with the first of its job types."""

    type_count: int | None = Field(description="how many job types it can run; null = any")


class FleetOutput(Output):
    """Who runs, and what waits for them."""

    now: Time
    coordinators: list[CoordinatorOutput]
    workers: list[WorkerRow] = Field(description="those that serve first, then those that ended in the last hour")
    queues: list[QueueRow]


@router.get("", response_model=FleetOutput)
def fleet(ctx: ReadContext) -> Response:
    """Coordinators, workers and queues: no more of each than fit into 50 KB."""
    found = service.fleet(ctx)
    coordinators = [CoordinatorOutput.model_validate(one) for one in found.coordinators]
    answer = FleetOutput(
        now=format_instant(found.now),
        coordinators=fitting(coordinators, _COORDINATORS_BYTES),
        workers=[],
        queues=fitting([_queue(view, found.now) for view in found.queues], _QUEUES_BYTES),
    )
    answer.workers = _workers(found.workers, MOST_BYTES - size_of(answer))
    return reply(answer)


def _workers(found: list[WorkerRecord], room: int) -> list[WorkerRow]:
    rows: list[WorkerRow] = []
    for most in _TYPES_TOLD:
        told = [_worker(one, most) for one in found]
        rows = fitting(told, room)
        if len(rows) == len(told):
            break
    return rows


def _worker(one: WorkerRecord, most: int) -> WorkerRow:
    shown = WorkerOutput.model_validate(one).model_dump(by_alias=False)
    named = None if one.types is None else _without_targets(one.types)
    types = None if named is None else [type[:_LONGEST_TYPE] for type in named[:most]]
    return WorkerRow(**{**shown, "types": types}, type_count=None if named is None else len(named))


def _without_targets(types: Sequence[str]) -> list[str]:
    """The job types without the `module:callable` of functions whose names say the same."""
    known = set(types)
    parts = {type: type.rpartition(":") for type in types if ":" in type}
    same = {type for type, (module, _, name) in parts.items() if f"{module.rpartition('.')[2]}.{name}" in known}
    return [type for type in types if type not in same]


def _queue(view: QueueView, now: Instant) -> QueueRow:
    oldest = view.load.oldest_due_at
    waiting = 0.0 if oldest is None else max(0, now - oldest) / SECOND
    return QueueRow(**queue_shown(view).model_dump(by_alias=False), oldest_seconds=waiting)
