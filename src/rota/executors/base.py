"""How work runs: the protocol of an executor and what it is given.

An executor is one module or package in this room (its name is the kind), or an entry point `rota.executors` of
another package. It runs one attempt and returns its `Outcome`; it never touches the store.
"""

from collections.abc import Callable, Mapping
from typing import ClassVar, Protocol

from rota.domain.execution import Claim
from rota.domain.instant import Duration
from rota.domain.outcome import Outcome

LogSink = Callable[[str, str], None]
"""Takes one line and the name of its stream: `stdout`, `stderr` or `log`."""


class Context:
    """What one attempt may know and say.

    `parameters` are decoded JSON. `deadline` is monotonic seconds (`time.monotonic`). `log` may be called from any
    thread. An executor hears of a cancellation, a timeout or a lost lease as `asyncio.CancelledError` inside `run`;
    by the time `run` returns or raises, nothing of the work may be left. `grace` is how long the work may take to
    stop by itself (seconds).
    """

    __slots__ = ("claim", "deadline", "grace", "log", "parameters", "progress", "worker_id")

    def __init__(
        self,
        claim: Claim,
        parameters: object,
        *,
        worker_id: str,
        deadline: float,
        grace: float,
        log: LogSink,
        progress: Callable[[float, str], None],
    ) -> None:
        self.claim = claim
        self.parameters = parameters
        self.worker_id = worker_id
        self.deadline = deadline
        self.grace = grace
        self.log = log
        self.progress = progress

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
