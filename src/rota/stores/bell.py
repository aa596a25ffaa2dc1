"""Wake-ups inside one process. A bell is a hint: whoever listens also polls, and the store stays the truth."""

import threading
from collections.abc import Callable, Iterable

WORK = "work"
"""Executions may be claimable."""
CANCELLATIONS = "cancellations"
"""Somebody asked to cancel a leased execution."""
SCHEDULES = "schedules"
"""A schedule was made or changed."""
LEASES = "leases"
"""A worker has ended, and its lease with it: what it held can be taken back."""
EVENTS = "events"
"""Events were written."""

CARRIED = frozenset({WORK, CANCELLATIONS, SCHEDULES, LEASES})
"""What is told to other processes too. Events are many, and who follows them looks every second."""


class Bell:
    """Calls its listeners after a commit. Listeners must be quick and may be called from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._listeners: dict[str, tuple[Callable[[], object], ...]] = {}

    def listen(self, topic: str, listener: Callable[[], object]) -> Callable[[], None]:
        """Call `listener` whenever `topic` rings. Returns what ends that."""
        with self._lock:
            self._listeners[topic] = (*self._listeners.get(topic, ()), listener)

        def end() -> None:
            with self._lock:
                self._listeners[topic] = tuple(other for other in self._listeners[topic] if other is not listener)

        return end

    def ring(self, topics: Iterable[str]) -> None:
        """Wake everybody who listens to one of the topics."""
        for topic in topics:
            for listener in self._listeners.get(topic, ()):
                listener()
