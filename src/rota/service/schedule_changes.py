"""What people do to schedules, each told as an event in its transaction. Where they stand next is `rota.stores.plans`."""

from collections.abc import Collection

from rota.stores import schedules
from rota.stores.database import Transaction
from rota.stores.schedules import ScheduleRecord, ScheduleState


def add(tx: Transaction, record: ScheduleRecord) -> ScheduleRecord:
    """Store a new schedule: `schedule.created`."""
    schedules.add(tx, record)
    tell(tx, "created", record)
    return record


def save(tx: Transaction, what: str, record: ScheduleRecord) -> ScheduleRecord:
    """Store what has become of a schedule: `schedule.updated`, `.paused` or `.resumed`, and `.ended` if it is over."""
    changed = schedules.save(tx, record)
    tell(tx, what, changed)
    if changed.state is ScheduleState.ENDED:
        tell(tx, "ended", changed)
    return changed


def remove(tx: Transaction, records: Collection[ScheduleRecord]) -> None:
    """Take schedules away, each a `schedule.deleted`. Their ledger stays."""
    schedules.remove(tx, [record.id for record in records])
    for record in records:
        tell(tx, "deleted", record)


def tell(tx: Transaction, what: str, record: ScheduleRecord, **more: object) -> None:
    """Write the event `schedule.<what>` of a schedule and its job."""
    schedules.tell(tx, [(what, record.id, record.job_id, more)])
