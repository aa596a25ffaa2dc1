"""Plans schedules anew whose next instants were computed with other data of zones and holidays than this process has."""

from rota.domain.instant import Instant, format_instant
from rota.stores import audit, plans, schedules
from rota.stores.database import Database, Transaction
from rota.stores.plans import Moved
from rota.time_data import data_versions

_BATCH = 500
_IDLE_SECONDS = 30.0


class Replanner:
    """At the start of a coordinator; a schedule that moves is told as `schedule.moved`, and in the audit.

    Coordinators side by side do the same work, and the second to come finds it done.
    """

    name = "replanner"
    topic = None

    def __init__(self, database: Database, data: str | None = None) -> None:
        """`data` names the versions; by default those of this process."""
        self._database = database
        self._data = data_versions() if data is None else data
        self._after: str | None = ""

    def run_once(self) -> float:
        """Look at one batch. Once it has been through all schedules there is nothing left to do."""
        if self._after is None:
            return _IDLE_SECONDS
        after = self._after
        self._after = self._database.writing(lambda tx: self._plan(tx, after), serial=True)
        return _IDLE_SECONDS if self._after is None else 0.0

    def _plan(self, tx: Transaction, after: str) -> str | None:
        found = schedules.planned_otherwise(tx, self._data, after=after, limit=_BATCH)
        before = {record.id: record.planned_with for record in found}
        for moved in plans.plan_anew(tx, found, self._data):
            self._tell(tx, moved, before[moved.record.id])
        return found[-1].id if len(found) == _BATCH else None

    def _tell(self, tx: Transaction, moved: Moved, planned_with: str | None) -> None:
        told: dict[str, object] = {
            "before": _text(moved.before),
            "after": _text(moved.after),
            "dataBefore": planned_with,
            "dataAfter": self._data,
        }
        id, job_id = moved.record.id, moved.record.job_id
        audit.write(tx, "rota", "move", "schedule", id, {"jobId": job_id, **told})
        schedules.tell(tx, [("moved", id, job_id, told)])


def _text(instant: Instant | None) -> str | None:
    return None if instant is None else format_instant(instant)
