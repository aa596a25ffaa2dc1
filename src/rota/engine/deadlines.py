"""One timer for the deadlines of all running attempts: most end long before theirs, and a timer each would cost them."""

import asyncio
from collections.abc import Callable, Mapping

from rota.engine.attempt import Attempt

_NEVER = float("inf")


class Deadlines:
    """Calls `expire` for each running attempt whose deadline has come. Lives on the event loop."""

    def __init__(self, running: Mapping[str, Attempt], expire: Callable[[Attempt], None]) -> None:
        self._running = running
        self._expire = expire
        self._next = _NEVER
        self._timer: asyncio.TimerHandle | None = None

    def watch(self, attempt: Attempt) -> None:
        """Mind the deadline of an attempt that begins to run."""
        if attempt.deadline < self._next:
            self._arm(attempt.deadline)

    def close(self) -> None:
        """Mind nothing any more."""
        self._arm(_NEVER)

    def _arm(self, at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._next = at
        self._timer = None if at == _NEVER else asyncio.get_running_loop().call_at(at, self._ring)

    def _ring(self) -> None:
        now = asyncio.get_running_loop().time()
        waiting = [attempt for attempt in self._running.values() if attempt.stop is None]
        for attempt in waiting:
            if attempt.deadline <= now:
                self._expire(attempt)
        self._timer = None
        self._arm(min((attempt.deadline for attempt in waiting if attempt.deadline > now), default=_NEVER))
