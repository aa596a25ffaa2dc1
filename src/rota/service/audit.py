"""Who changed what."""

from rota.domain.access import Right
from rota.service.context import ServiceContext
from rota.stores import audit
from rota.stores.audit import AuditEntry

__all__ = ["AuditEntry", "page"]


def page(
    ctx: ServiceContext,
    *,
    before: int | None,
    limit: int,
    noun: str | None = None,
    subject_id: str | None = None,
    actor: str | None = None,
) -> list[AuditEntry]:
    """Entries, newest first, from below the sequence number `before`."""
    ctx.require(Right.AUDIT)
    with ctx.read() as tx:
        return audit.page(tx, before=before, limit=limit, noun=noun, subject_id=subject_id, actor=actor)
