"""The store's clock: the only clock for leases and fires. SQLite's is the wall clock of its host, a server has its own."""

import time
from typing import Protocol

from rota.domain.instant import SECOND, Instant

_ASK_EVERY = SECOND


class Clock(Protocol):
    """Tells the store's time."""

    def now(self) -> Instant:
        """Microseconds since the epoch."""


class SystemClock:
    """The wall clock of this host."""

    def now(self) -> Instant:
        """Microseconds since the epoch."""
        return time.time_ns() // 1000


class ServerClock:
    """The clock of a database server: as it was last heard, carried on by the time since this host was started.

    It is asked again with the first transaction of every second, so that a step of the server's clock is followed
    within that second and the host's own wall clock plays no part. Suspended time counts (CLOCK_BOOTTIME).
    """

    def __init__(self) -> None:
        self._heard: tuple[Instant, Instant] | None = None
        """What the server said, and when by this host's time since it was started."""

    @property
    def wants_to_hear(self) -> bool:
        """Whether it is time to ask the server again."""
        return self._heard is None or _since_start() - self._heard[1] >= _ASK_EVERY

    def hear(self, now: Instant) -> None:
        """The server has just said that it is `now`."""
        self._heard = (now, _since_start())

    def now(self) -> Instant:
        """Microseconds since the epoch; by this host's wall clock until the server was heard for the first time."""
        if self._heard is None:
            return time.time_ns() // 1000
        said, at = self._heard
        return said + _since_start() - at


def _since_start() -> Instant:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME) // 1000
