"""To be told when it is worth looking again. A hint only: whoever waits also looks every second."""

import secrets
from collections.abc import Callable

from rota.stores import bell
from rota.stores.database import Database


def on_work(database: Database, listener: Callable[[], None]) -> Callable[[], None]:
    """Call `listener`, from any thread, when executions may be claimable. Returns what ends that."""
    return database.bell.listen(bell.WORK, listener)


def on_events(database: Database, listener: Callable[[], None]) -> Callable[[], None]:
    """Call `listener`, from any thread, when events were written. Returns what ends that."""
    return database.bell.listen(bell.EVENTS, listener)


def for_workers(database: Database, listener: Callable[[], None]) -> Callable[[], None]:
    """Call `listener`, from any thread, when executions may be claimable or are to end. Returns what ends that."""
    ends = [database.bell.listen(topic, listener) for topic in (bell.WORK, bell.CANCELLATIONS)]

    def end() -> None:
        for one in ends:
            one()

    return end


class Rings:
    """Counts the rings for workers, so that one who comes back knows whether there was one meanwhile."""

    def __init__(self, database: Database) -> None:
        self._count = 0
        self._process = secrets.token_hex(4)
        self.close = for_workers(database, self._ring)
        """Count no more."""

    def _ring(self) -> None:
        self._count += 1

    def now(self) -> str:
        """What the bell stands at: another text after every ring, and in every process."""
        return f"{self._process}.{self._count}"
