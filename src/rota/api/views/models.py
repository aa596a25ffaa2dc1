"""The shapes that several screens share."""

from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, Field

from rota.api.models import Output, Seconds, Time, from_json
from rota.domain.execution import State
from rota.domain.occurrence import Decision
from rota.service.executions import ExecutionRecord

Item = TypeVar("Item", bound=BaseModel)

MOST_BYTES = 48_000
"""So large is an answer at most, with room for what stands around its lists: one of 50 KB is there in an instant."""
LONGEST_ERROR = 160
LONGEST_NAME = 200


class ExecutionRow(Output):
    """An execution in short."""

    id: str
    job_id: str = Field(description="of a submission: its own id")
    name: str | None
    type: str = Field(description="the first 200 characters")
    queue: str
    state: State
    trigger: str
    actor: str | None
    due_at: Time
    created_at: Time
    started_at: Time | None
    finished_at: Time | None
    duration_seconds: Seconds | None
    attempt: int
    max_attempts: int
    worker_id: str | None
    schedule_id: str | None
    progress: dict[str, Any] | None
    error: str | None = Field(description="the first 160 characters")


class CoordinatorOutput(Output):
    """A coordinator that has not stopped in order."""

    id: str
    name: str
    hostname: str
    pid: int
    version: str
    started_at: Time
    heartbeat_at: Time


class UnmetOutput(Output):
    """An instant that did not fire as it should have."""

    schedule_id: str
    job_id: str | None
    job_name: str | None
    nominal_at: Time
    decision: Decision
    reason: str | None


def row(record: ExecutionRecord) -> ExecutionRow:
    """An execution in short."""
    return ExecutionRow.model_validate(
        {
            "id": record.id,
            "job_id": record.job_id or record.id,
            "name": record.name,
            "type": record.type[:LONGEST_NAME],
            "queue": record.queue,
            "state": record.state,
            "trigger": record.trigger,
            "actor": record.actor,
            "due_at": record.due_at,
            "created_at": record.created_at,
            "started_at": record.started_at,
            "finished_at": record.finished_at,
            "duration_seconds": record.duration,
            "attempt": record.attempt,
            "max_attempts": record.max_attempts,
            "worker_id": record.worker_id,
            "schedule_id": record.schedule_id,
            "progress": from_json(record.progress),
            "error": short(record.error or record.reason),
        }
    )


def short(text: str | None) -> str | None:
    """The beginning of an error: what fits into a line."""
    return None if text is None else text[:LONGEST_ERROR]


def fitting(items: Sequence[Item], most: int = MOST_BYTES) -> list[Item]:
    """As many of the first items as are not larger together than `most` bytes; the first one in any case."""
    left = most
    for number, item in enumerate(items):
        left -= size_of(item)
        if left < 0 and number:
            return list(items[:number])
    return list(items)


def size_of(item: BaseModel) -> int:
    """How many bytes an item takes in an answer, with the comma behind it."""
    return len(item.model_dump_json(by_alias=True).encode()) + 1
