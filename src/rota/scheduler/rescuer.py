"""Takes work back from workers that are gone, and ends what was not begun, or not ended, in time.

It needs no knowledge of what the work is: a worker of another version or with other jobs rescues just as well.
"""

from rota.config import LeaseConfig
from rota.domain.execution import State
from rota.domain.outcome import Lost, TimedOut
from rota.domain.transition import decide
from rota.stores import control, executions, leases, workers
from rota.stores.database import Database, Transaction
from rota.telemetry import Telemetry

_BATCH = 500


class Rescuer:
    """Every R seconds: convicts workers whose lease ran out, and decides about what they held."""

    name = "rescuer"
    topic = None

    def __init__(self, database: Database, lease: LeaseConfig, telemetry: Telemetry) -> None:
        self._database = database
        self._interval = lease.reaper_seconds
        self._telemetry = telemetry

    def run_once(self) -> float:
        """Rescue one batch. 0 when there may be more."""
        with self._database.write() as tx:
            dead = workers.convict(tx)
            rescued = self._rescue(tx)
            overdue = self._time_out(tx)
            late = control.too_late(tx, _BATCH)
            if late:
                control.finish_unrun(tx, late, State.EXPIRED, "not begun before its latest start")
        self._telemetry.rescued(rescued, dead)
        return 0 if max(rescued, overdue, len(late)) == _BATCH else self._interval

    def _rescue(self, tx: Transaction) -> int:
        lost = leases.without_lease(tx, _BATCH)
        settled = [decide(claim, Lost(), tx.now, cancelling=cancelling) for claim, cancelling in lost]
        return len(executions.settle(tx, settled))

    def _time_out(self, tx: Transaction) -> int:
        found = leases.overdue(tx, _BATCH)
        settled = [decide(claim, TimedOut(claim.timeout), tx.now, cancelling=cancelling) for claim, cancelling in found]
        return len(executions.settle(tx, settled))
