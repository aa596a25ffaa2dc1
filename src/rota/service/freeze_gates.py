"""Whether a freeze is in the way of a job's schedules, as `rota why` tells it."""

from collections.abc import Mapping

from rota.domain.instant import Instant
from rota.domain.planning import next_after
from rota.domain.schedule import Surroundings
from rota.service.gate import Gate
from rota.service.jobs import JobView
from rota.stores import freezes
from rota.stores.database import Transaction
from rota.stores.freezes import FreezeRecord
from rota.stores.schedules import ScheduleState


def freezing(tx: Transaction, view: JobView) -> FreezeRecord | None:
    """The freeze that holds the job's schedules now, or will hold their next instant; of several the longest."""
    record = view.record
    firing = [one for one in view.schedules if one.state is ScheduleState.ENABLED and one.fires_at is not None]
    if not firing:
        return None
    coming = min(one.fires_at for one in firing if one.fires_at is not None)
    holding = [
        one
        for one in freezes.lasting(tx, tx.now)
        if one.freeze.holds(tx.now, coming) and one.freeze.scope.covers(record.id, record.job)
    ]
    return max(holding, key=lambda one: one.freeze.ends_at, default=None)


def fires_after(view: JobView, around: Mapping[str, Surroundings], freeze: FreezeRecord) -> Instant | None:
    """The first instant of the job's schedules that comes after a freeze."""
    times = [
        next_after(one.schedule, max(freeze.freeze.ends_at - 1, one.cursor_at), around[one.id])
        for one in view.schedules
        if one.state is ScheduleState.ENABLED and one.fires_at is not None and one.id in around
    ]
    return min((time for time in times if time is not None), default=None)


def freeze_gate(freeze: FreezeRecord | None) -> Gate:
    """Whether schedules may start something. A trigger by hand passes a freeze."""
    if freeze is None:
        return Gate("frozen", True, "no freeze is in the way of its schedules")
    held = freeze.freeze
    return Gate("frozen", False, held.says, since=held.starts_at, until=held.ends_at, see="/api/freezes")
