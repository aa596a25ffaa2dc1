"""What may be forgotten."""

from rota.domain.access import Right
from rota.domain.errors import InvalidInput
from rota.domain.instant import DAY
from rota.service.context import ServiceContext
from rota.stores import pruning

_BATCH = 1000


def clean_up(ctx: ServiceContext, *, days: float) -> int:
    """Delete finished executions, with their attempts and logs, that ended more than `days` ago. Returns how many."""
    ctx.require(Right.ADMIN)
    if days < 0:
        raise InvalidInput.field("days", msg="it cannot be negative")
    total = 0
    while True:
        with ctx.write() as tx:
            deleted = pruning.executions_before(tx, tx.now - round(days * DAY), _BATCH)
            total += deleted
            if deleted < _BATCH:
                ctx.audit(tx, "cleanUp", "execution", None, {"days": days, "deleted": total})
                return total
