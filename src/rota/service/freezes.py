"""Freezes: times in which schedules start nothing, whom they concern, and who declared them."""

import json
from collections.abc import Mapping

from rota.domain.access import Right
from rota.domain.errors import NotFound
from rota.domain.freeze import Freeze
from rota.domain.instant import format_instant
from rota.service.context import ServiceContext
from rota.stores import events, freezes
from rota.stores.database import Transaction
from rota.stores.freezes import FreezeRecord

__all__ = ["Freeze", "FreezeRecord", "create", "delete", "find"]


def create(ctx: ServiceContext, document: Mapping[str, object]) -> FreezeRecord:
    """Declare a freeze. It decides about instants from now on; what was queued before still runs."""
    ctx.require(Right.EDIT)
    with ctx.write() as tx:
        record = freezes.add(tx, Freeze.parse(document, by=ctx.principal.name, now=tx.now))
        _tell(ctx, tx, "create", "created", record)
        ctx.remember(tx, record)
    return record


def find(ctx: ServiceContext, *, limit: int, before: str | None = None, past: bool = False) -> list[FreezeRecord]:
    """Freezes, newest first; those that are over only with `past`."""
    ctx.require(Right.READ)
    with ctx.read() as tx:
        ending_after = None if past else tx.now
        return freezes.find(tx, limit=limit, before=before, ending_after=ending_after)


def delete(ctx: ServiceContext, id: str) -> None:
    """Take a freeze back: what is due from now on fires. What it withheld stays withheld."""
    ctx.require(Right.EDIT)
    with ctx.write() as tx:
        record = freezes.remove(tx, id)
        if record is None:
            raise NotFound("no such freeze")
        _tell(ctx, tx, "delete", "deleted", record)


def _tell(ctx: ServiceContext, tx: Transaction, verb: str, event: str, record: FreezeRecord) -> None:
    freeze = record.freeze
    times = {"startsAt": format_instant(freeze.starts_at), "endsAt": format_instant(freeze.ends_at)}
    ctx.audit(tx, verb, "freeze", record.id, {**times, **freeze.scope.document(), "reason": freeze.reason})
    events.write(tx, [(f"freeze.{event}", None, None, json.dumps({"freezeId": record.id, **times}))])
