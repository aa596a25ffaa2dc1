"""To be told when it is worth looking again. A hint only: whoever waits also looks every second."""

from collections.abc import Callable

from rota.stores import bell
from rota.stores.database import Database


def on_work(database: Database, listener: Callable[[], None]) -> Callable[[], None]:
    """Call `listener`, from any thread, when executions may be claimable. Returns what ends that."""
    return database.bell.listen(bell.WORK, listener)


def on_events(database: Database, listener: Callable[[], None]) -> Callable[[], None]:
    """Call `listener`, from any thread, when events were written. Returns what ends that."""
    return database.bell.listen(bell.EVENTS, listener)
