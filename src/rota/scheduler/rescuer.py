"""Takes work back from workers that are gone, and ends what was not begun, or not ended, in time.

It needs no knowledge of what the work is: a worker of another version or with other jobs rescues just as well.
"""

import time
from collections.abc import Callable

from rota.config import LeaseConfig
from rota.domain.errors import Unavailable
from rota.domain.execution import State
from rota.domain.outcome import Lost, TimedOut
from rota.domain.transition import decide
from rota.stores import bell, control, executions, leases, workers
from rota.stores.database import Database, Transaction
from rota.telemetry import Telemetry

_BATCH = 500


class Rescuer:
    """Every R seconds, and when a worker has ended: convicts those whose lease ran out, and decides about what they held.

    A store that was away kept every worker from beating, so after an outage nobody is convicted for silence before
    this rescuer has itself watched H + M of it.
    """

    name = "rescuer"
    topic = bell.LEASES

    def __init__(
        self,
        database: Database,
        lease: LeaseConfig,
        telemetry: Telemetry,
        *,
        watches_first: bool = False,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """With `watches_first`, the time before the first step counts as an outage. `monotonic` tells seconds."""
        self._database = database
        self._interval = lease.reaper_seconds
        self._telemetry = telemetry
        self._monotonic = monotonic
        self._watch = lease.heartbeat_seconds + lease.margin_seconds
        self._watching_since: float | None = None if watches_first else float("-inf")

    def run_once(self) -> float:
        """Rescue one batch. 0 when there may be more.

        Steps begin R apart, so that the time that one takes is not added to R; after a long one a tenth of R is rest.
        """
        began = self._monotonic()
        try:
            dead, rescued, overdue, late = self._database.writing(self._step)
        except Unavailable:
            self._watching_since = None
            raise
        if self._watching_since is None:
            self._watching_since = self._monotonic()
        self._telemetry.rescued(rescued, dead)
        if max(rescued, overdue, late) == _BATCH:
            return 0
        return max(began + self._interval - self._monotonic(), self._interval / 10)

    def _step(self, tx: Transaction) -> tuple[list[str], int, int, int]:
        silence_counts = self._watching_since is not None and self._monotonic() - self._watching_since >= self._watch
        dead = workers.convict(tx) if silence_counts else []
        rescued = self._rescue(tx, silence_counts)
        overdue = self._time_out(tx)
        late = control.too_late(tx, _BATCH)
        if late:
            control.finish_unrun(tx, late, State.EXPIRED, "not begun before its latest start")
        return dead, rescued, overdue, len(late)

    def _rescue(self, tx: Transaction, silence_counts: bool) -> int:
        lost = leases.without_lease(tx, _BATCH, silence_counts=silence_counts)
        settled = [decide(claim, Lost(), tx.now, cancelling=cancelling) for claim, cancelling in lost]
        return len(executions.settle(tx, settled))

    def _time_out(self, tx: Transaction) -> int:
        found = leases.overdue(tx, _BATCH)
        settled = [decide(claim, TimedOut(claim.timeout), tx.now, cancelling=cancelling) for claim, cancelling in found]
        return len(executions.settle(tx, settled))
