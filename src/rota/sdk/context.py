"""What a job function may know about its attempt, and say while it runs."""

import json
import math
import time
from collections.abc import Callable
from datetime import datetime

from rota.domain.instant import Instant, to_datetime
from rota.domain.outcome import Deferred
from rota.sdk.failures import DurationLike, duration_of


def _nowhere(line: str) -> None:
    """Drop a log line: the sink of a context that no worker made."""


def _unseen(fraction: float, message: str) -> None:
    """Drop a progress report."""


def _never() -> bool:
    return False


class Log:
    """Structured log lines of one attempt: `ctx.log.info("loaded", rows=3)` becomes `loaded rows=3`."""

    __slots__ = ("_write",)

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write

    def info(self, message: str, **fields: object) -> None:
        """Say that something happened."""
        self._write(_line(message, fields))

    def debug(self, message: str, **fields: object) -> None:
        """Say something that only a developer wants to know."""
        self._write(_line(message, fields | {"level": "debug"}))

    def warning(self, message: str, **fields: object) -> None:
        """Say that something is not as it should be."""
        self._write(_line(message, fields | {"level": "warning"}))

    def error(self, message: str, **fields: object) -> None:
        """Say that something failed."""
        self._write(_line(message, fields | {"level": "error"}))


class Context:
    """One attempt, as its function sees it. Ask for it by annotation: `def job(region: str, *, ctx: Context)`.

    `deadline` is monotonic seconds (`time.monotonic`). `fencing_token` grows with every attempt: a target that keeps
    the largest one it saw can refuse work of an attempt that lost its lease. `idempotency_key` stays the same over all
    attempts. Every argument has a default, so that a test can call a job function with `Context()`.
    """

    __slots__ = (
        "_cancelled",
        "_handle",
        "_progress",
        "attempt",
        "deadline",
        "execution_id",
        "fencing_token",
        "job_id",
        "log",
        "max_attempts",
        "nominal_at",
        "schedule_id",
    )

    def __init__(
        self,
        *,
        execution_id: str = "",
        job_id: str | None = None,
        attempt: int = 1,
        max_attempts: int = 1,
        fencing_token: int = 0,
        deadline: float = math.inf,
        schedule_id: str | None = None,
        nominal_at: Instant | None = None,
        handle: str | None = None,
        log: Callable[[str], None] = _nowhere,
        progress: Callable[[float, str], None] = _unseen,
        cancelled: Callable[[], bool] = _never,
    ) -> None:
        self.execution_id = execution_id
        self.job_id = job_id
        self.attempt = attempt
        self.max_attempts = max_attempts
        self.fencing_token = fencing_token
        self.deadline = deadline
        self.schedule_id = schedule_id
        self.nominal_at: datetime | None = None if nominal_at is None else to_datetime(nominal_at)
        self.log = Log(log)
        self._handle = handle
        self._progress = progress
        self._cancelled = cancelled

    @property
    def idempotency_key(self) -> str:
        """The same for every attempt of this execution; hand it to targets that can recognise a repeat."""
        return self.execution_id

    @property
    def remaining(self) -> float:
        """Seconds left until the attempt is stopped; never negative."""
        return max(0.0, self.deadline - time.monotonic())

    @property
    def cancelled(self) -> bool:
        """Whether the attempt was asked to stop. Work that loops should look at it and return soon."""
        return self._cancelled()

    @property
    def handle(self) -> object:
        """What an earlier attempt left with `defer`, or None."""
        return None if self._handle is None else json.loads(self._handle)

    def progress(self, fraction: float, message: str = "") -> None:
        """Say how much is done, from 0 to 1. Values outside are clamped; a report of NaN is left out."""
        done = float(fraction)
        if not math.isnan(done):
            self._progress(min(1.0, max(0.0, done)), str(message))

    def defer(self, check_after: DurationLike, handle: object) -> Deferred:
        """Return this to free the worker while the work goes on elsewhere.

        The function runs again after `check_after` and finds `handle` (plain JSON) in `ctx.handle`.
        """
        return Deferred(duration_of(check_after), handle)


def _line(message: str, fields: dict[str, object]) -> str:
    words = [message, *(f"{name}={_word(value)}" for name, value in fields.items())]
    return " ".join(words).replace("\r", "\\r").replace("\n", "\\n")


def _word(value: object) -> str:
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if not text or any(c in text for c in ' "=\n\r\t') else text
