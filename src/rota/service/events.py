"""What happens, for those who follow it."""

from collections.abc import Collection

from rota.domain.access import Right
from rota.service.context import ServiceContext
from rota.stores import events
from rota.stores.events import EventRecord, Told

__all__ = ["EventRecord", "Told", "after", "newest"]


def after(ctx: ServiceContext, seq: int, limit: int, *, kinds: Collection[str] = (), job_id: str | None = None) -> Told:
    """Events behind the number `seq`, oldest first. A kind may end in `*`."""
    ctx.require(Right.READ)
    with ctx.read() as tx:
        return events.after(tx, seq, limit, kinds=kinds, job_id=job_id)


def newest(ctx: ServiceContext) -> int:
    """The number of the newest event."""
    ctx.require(Right.READ)
    with ctx.read() as tx:
        return events.newest(tx)
