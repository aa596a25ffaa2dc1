"""The store's clock: the only clock for leases and fires. SQLite's is the wall clock of its host."""

import time
from typing import Protocol

from rota.domain.instant import Instant


class Clock(Protocol):
    """Tells the store's time."""

    def now(self) -> Instant:
        """Microseconds since the epoch."""


class SystemClock:
    """The wall clock of this host."""

    def now(self) -> Instant:
        """Microseconds since the epoch."""
        return time.time_ns() // 1000
