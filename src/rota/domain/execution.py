"""An execution, its attempts, and the table of legal transitions."""

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from rota.domain.instant import SECOND, Duration, Instant
from rota.domain.limits import UNLIMITED, Limits
from rota.domain.retry import OnLost, RetryPolicy


class State(StrEnum):
    """Where an execution stands."""

    SCHEDULED = "Scheduled"
    PENDING = "Pending"
    WAITING = "Waiting"
    RUNNING = "Running"
    RETRYING = "Retrying"
    CANCELLING = "Cancelling"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    CANCELLED = "Cancelled"
    SKIPPED = "Skipped"
    EXPIRED = "Expired"


class AttemptState(StrEnum):
    """Where an attempt stands."""

    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    TIMED_OUT = "TimedOut"
    CANCELLED = "Cancelled"
    LOST = "Lost"


class Trigger(StrEnum):
    """What made an execution."""

    SCHEDULE = "schedule"
    MANUAL = "manual"
    SUBMISSION = "submission"
    REPLAY = "replay"
    BACKFILL = "backfill"


TERMINAL = frozenset({State.SUCCEEDED, State.FAILED, State.CANCELLED, State.SKIPPED, State.EXPIRED})
LEASED = frozenset({State.RUNNING, State.CANCELLING})
LIVE = frozenset(State) - TERMINAL

SYNONYMS = {"completed": State.SUCCEEDED, "success": State.SUCCEEDED, "queued": State.PENDING}
"""What the peers call our states; accepted in filters."""

_ENDED_UNRUN = frozenset({State.CANCELLED, State.SKIPPED, State.EXPIRED})

LEGAL: dict[State, frozenset[State]] = {
    State.WAITING: frozenset({State.PENDING, State.SCHEDULED}) | _ENDED_UNRUN,
    State.SCHEDULED: frozenset({State.PENDING, State.WAITING}) | _ENDED_UNRUN,
    State.PENDING: frozenset({State.RUNNING, State.SCHEDULED, State.WAITING, State.FAILED}) | _ENDED_UNRUN,
    State.RETRYING: frozenset({State.PENDING, State.WAITING}) | _ENDED_UNRUN,
    State.RUNNING: frozenset(
        {
            State.SUCCEEDED,
            State.FAILED,
            State.RETRYING,
            State.CANCELLING,
            State.CANCELLED,
            State.PENDING,
            State.SCHEDULED,
            State.WAITING,
        }
    ),
    State.CANCELLING: frozenset({State.CANCELLED, State.SUCCEEDED}),
    **{ended: frozenset() for ended in TERMINAL},
}
"""From each state, the states that may follow. A replay of an ended execution is a new execution."""

KINDS = frozenset({"http", "script", "container", "sql", "grpc", "rabbitmq", "kafka", "spark"})
"""The words that a job type may be besides a URL and the name of a python function."""


@lru_cache(maxsize=4096)
def kind_of(job_type: str) -> str:
    """The executor kind of a job type: a URL is `http`, a known word is itself, all else names a python function."""
    if job_type[:7].lower() == "http://" or job_type[:8].lower() == "https://":
        return "http"
    return job_type if job_type in KINDS else "python"


DEFAULT_TIMEOUT: Duration = 300 * SECOND
DEFAULT_RETRY = RetryPolicy()


@dataclass(slots=True)
class Claim:
    """An execution leased to a worker for one attempt: all that running it takes.

    `token` fences every write of the attempt. `handle` is what an earlier `Deferred` left. `parameters` is JSON text
    until the runner decodes it, so that a claim costs no parsing inside the transaction.
    """

    id: str
    job_id: str | None
    type: str
    parameters: str | None
    attempt: int
    token: int
    timeout: Duration = DEFAULT_TIMEOUT
    retry: RetryPolicy = DEFAULT_RETRY
    on_lost: OnLost = OnLost.RETRY
    isolation: str | None = None
    handle: str | None = None
    schedule_id: str | None = None
    nominal_at: Instant | None = None
    started_at: Instant = 0
    name: str | None = None
    trace: str | None = None

    @property
    def kind(self) -> str:
        """The executor kind that runs this claim."""
        return kind_of(self.type)


@dataclass(slots=True)
class Settlement:
    """What is written when an attempt ends: the decision, ready for the store. Made by `domain.transition.decide`."""

    execution_id: str
    token: int
    state: State
    attempt_state: AttemptState | None
    due_at: Instant | None = None
    """When it is tried again; None leaves it due when it was."""
    counts: bool = True
    result: object = None
    error: str | None = None
    stack: str | None = None
    handle: object = None
    reason: str | None = None
    cancelling: bool = False
    """Decided for an attempt whose cancellation was asked for. It is not written for one that it was not, or the
    other way round: what follows would be something else."""


@dataclass(slots=True)
class NewExecution:
    """An execution about to be accepted. The store gives it its id where none is given.

    `lane` is a cap of one as well: what is in the same lane does not overlap.
    """

    type: str
    parameters: dict[str, object] | list[object] | str | int | float | bool | None = None
    job_id: str | None = None
    name: str | None = None
    queue: str = "default"
    priority: int = 0
    due_at: Instant | None = None
    timeout: Duration = DEFAULT_TIMEOUT
    retry: RetryPolicy = DEFAULT_RETRY
    on_lost: OnLost = OnLost.RETRY
    isolation: str | None = None
    limits: Limits = UNLIMITED
    lane: str | None = None
    schedule_id: str | None = None
    nominal_at: Instant | None = None
    trigger: Trigger = Trigger.SUBMISSION
    actor: str | None = None
    latest_start: Instant | None = None
    metadata: dict[str, object] | None = None
    id: str | None = None
