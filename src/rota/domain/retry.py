"""When a failed attempt is tried again."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from rota.domain.instant import HOUR, SECOND, Duration


class Strategy(StrEnum):
    """How the delay grows with the number of failed attempts."""

    FIXED = "fixed"
    LINEAR = "linear"
    EXPONENTIAL = "exponential"
    EXPONENTIAL_JITTER = "exponentialJitter"


class OnLost(StrEnum):
    """What follows when a lease ran out and the side effect is unknown."""

    RETRY = "retry"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and how late a job is tried again.

    `retries` counts the tries after the first. `permanent_statuses` are HTTP statuses that are never retried.
    """

    retries: int = 3
    strategy: Strategy = Strategy.EXPONENTIAL
    base_delay: Duration = SECOND
    max_delay: Duration = HOUR
    permanent_statuses: tuple[int, ...] = ()

    @property
    def max_attempts(self) -> int:
        """The tries in all."""
        return self.retries + 1

    def delay(self, attempt: int, key: str = "") -> Duration:
        """The wait after the failed attempt number `attempt` (from 1).

        Exponential is 2^(attempt-1) times the base delay. With jitter the wait is drawn from its upper half by a hash
        of `key` and the attempt, so that a replay of the same history waits the same time.
        """
        if self.strategy is Strategy.FIXED:
            wait = self.base_delay
        elif self.strategy is Strategy.LINEAR:
            wait = self.base_delay * attempt
        else:
            wait = self.base_delay * 2 ** min(attempt - 1, 40)
        wait = min(wait, self.max_delay)
        if self.strategy is Strategy.EXPONENTIAL_JITTER:
            draw = int.from_bytes(hashlib.blake2s(f"{key}:{attempt}".encode(), digest_size=4).digest())
            wait = wait // 2 + (wait - wait // 2) * draw // 0xFFFFFFFF
        return wait
