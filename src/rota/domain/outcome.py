"""What an attempt can come to. An executor returns one of these; `domain.transition.decide` says what follows."""

from dataclasses import dataclass

from rota.domain.instant import Duration


@dataclass(frozen=True, slots=True)
class Succeeded:
    """The work is done. `result` is plain JSON."""

    result: object = None


@dataclass(frozen=True, slots=True)
class Failed:
    """The work failed.

    `retryable=False` marks an error that another try cannot mend. `retry_after` is the least wait the target asked
    for. `status` is the HTTP status, where there is one, so that a job can name those that must not be retried.
    """

    error: str
    stack: str | None = None
    retryable: bool = True
    retry_after: Duration | None = None
    status: int | None = None
    result: object = None


@dataclass(frozen=True, slots=True)
class TimedOut:
    """The work did not end within its timeout and was stopped."""

    timeout: Duration


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The work was stopped because somebody asked for it, and is confirmed gone."""

    reason: str = "cancelled"


@dataclass(frozen=True, slots=True)
class Lost:
    """The lease ran out: whether the side effect happened is unknown."""

    reason: str = "the lease ran out"


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The worker is stopping and hands the work back; the attempt does not count."""

    reason: str = "the worker stopped"


@dataclass(frozen=True, slots=True)
class Deferred:
    """The work goes on elsewhere: look again after `check_after` with `handle` (plain JSON) in the context."""

    check_after: Duration
    handle: object


Outcome = Succeeded | Failed | TimedOut | Cancelled | Lost | Interrupted | Deferred
