"""How work runs: the protocol of an executor and what it is given.

An executor is one module or package in this room (its name is the kind), or an entry point `rota.executors` of
another package. It runs one attempt and returns its `Outcome`; it never touches the store.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Protocol

from rota.domain.execution import Claim
from rota.domain.instant import Duration
from rota.domain.outcome import Outcome

if TYPE_CHECKING:  # warm processes import this module and must stay small
    from rota.config import Config
    from rota.sdk.functions import Functions


@dataclass(frozen=True, slots=True)
class Setting:
    """What an executor is built from: `build(setting)` in its module."""

    config: "Config"
    functions: "Functions"
    worker_id: str


class RunningAttempt(Protocol):
    """What the engine keeps of an attempt while it runs."""

    @property
    def grace(self) -> float:
        """Seconds; set before the work is told to stop."""

    def log(self, line: str, stream: str) -> None:
        """Keep one line of `stdout`, `stderr` or `log`."""

    def progressed(self, fraction: float, message: str) -> None:
        """Note how far the work is, from 0 to 1."""


class Context:
    """What one attempt may know and say.

    `parameters` are decoded JSON. `deadline` is monotonic seconds (`time.monotonic`). `log` may be called from any
    thread. An executor hears of a cancellation, a timeout or a lost lease as `asyncio.CancelledError` inside `run`;
    by the time `run` returns or raises, nothing of the work may be left.
    """

    __slots__ = ("_attempt", "claim", "deadline", "log", "parameters", "progress", "worker_id")

    def __init__(
        self, claim: Claim, parameters: object, *, worker_id: str, deadline: float, attempt: "RunningAttempt"
    ) -> None:
        self.claim = claim
        self.parameters = parameters
        self.worker_id = worker_id
        self.deadline = deadline
        self.log = attempt.log
        self.progress = attempt.progressed
        self._attempt = attempt

    @property
    def grace(self) -> float:
        """How long the work may take to stop by itself once it was told to (seconds)."""
        return self._attempt.grace

    @property
    def idempotency_key(self) -> str:
        """Stays the same over all attempts of an execution, for targets that can recognise a repeat."""
        return self.claim.id

    @property
    def timeout(self) -> Duration:
        """How long the attempt may take, in microseconds."""
        return self.claim.timeout

    def environment(self) -> dict[str, str]:
        """The identity of the attempt as environment variables for a process that does the work."""
        return {
            "ROTA_EXECUTION_ID": self.claim.id,
            "ROTA_JOB_ID": self.claim.job_id or "",
            "ROTA_ATTEMPT": str(self.claim.attempt),
            "ROTA_FENCING_TOKEN": str(self.claim.token),
            "ROTA_IDEMPOTENCY_KEY": self.idempotency_key,
            "ROTA_WORKER": self.worker_id,
        }


class Executor(Protocol):
    """One way of doing work."""

    kind: ClassVar[str]

    def check(self, job_type: str, parameters: Mapping[str, object]) -> None:
        """Refuse, with `InvalidInput`, a type or parameters that can never run. Called when a job is saved."""

    async def run(self, context: Context) -> Outcome:
        """Do the work of one attempt. An exception counts as a failure that may be retried."""

    async def close(self) -> None:
        """Give back what the executor holds. Called once, when the worker stops."""
