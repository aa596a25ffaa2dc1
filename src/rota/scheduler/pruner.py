"""Forgets what is older than it needs to be, a little at a time."""

from collections.abc import Callable

from rota.config import HistoryConfig
from rota.domain.instant import DAY, HOUR
from rota.stores import pruning, rates
from rota.stores.database import Database, Transaction

_BATCH = 1000
_INTERVAL_SECONDS = 60.0


class Pruner:
    """Every minute: history, logs, occurrences, events and the like beyond their retention, in short transactions."""

    name = "pruner"
    topic = None

    def __init__(self, database: Database, history: HistoryConfig) -> None:
        self._database = database
        self._kept = round(history.days * DAY)
        self._most = history.executions
        self._events_kept = round(history.event_hours * HOUR)

    def run_once(self) -> float:
        """Delete one batch of each. 0 when there may be more."""
        full = [self._database.writing(delete) >= _BATCH for delete in self._deletions()]
        return 0 if any(full) else _INTERVAL_SECONDS

    def _deletions(self) -> list[Callable[[Transaction], int]]:
        return [
            lambda tx: pruning.executions_before(tx, tx.now - self._kept, _BATCH),
            lambda tx: pruning.executions_beyond(tx, self._most, _BATCH),
            lambda tx: pruning.occurrences_before(tx, tx.now - self._kept, _BATCH),
            lambda tx: pruning.events_before(tx, tx.now - self._events_kept, _BATCH),
            lambda tx: pruning.workers_before(tx, tx.now - DAY, _BATCH),
            lambda tx: pruning.coordinators_before(tx, tx.now - DAY, _BATCH),
            lambda tx: pruning.idempotency_before(tx, tx.now - DAY, _BATCH),
            lambda tx: pruning.sessions_before(tx, tx.now, _BATCH),
            lambda tx: rates.remove_over(tx, _BATCH),
        ]
