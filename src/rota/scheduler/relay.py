"""Passes on what happened: reads the events that transactions left behind and tells whoever listens.

Events are written in the transaction of what they tell, so none is missing and none is told before it is true.
"""

from rota.stores import events
from rota.stores.database import Database
from rota.telemetry import Telemetry

_INTERVAL_SECONDS = 1.0


class Relay:
    """Counts events by kind for the metrics; notifications will be told from here too."""

    name = "relay"
    topic = None

    def __init__(self, database: Database, telemetry: Telemetry) -> None:
        self._database = database
        self._telemetry = telemetry
        self._seen: int | None = None

    def run_once(self) -> float:
        """Tell of the events since the last step."""
        with self._database.read() as tx:
            until = events.newest(tx) if self._seen is None else events.settled(tx, self._seen)
            counts = {} if self._seen is None else events.count_by_kind(tx, self._seen, until)
        self._seen = until
        for kind, count in counts.items():
            self._telemetry.count(kind, count)
        return _INTERVAL_SECONDS
