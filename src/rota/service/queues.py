"""Queues: what stands in them, and what an operator sets for them. The name `*` is the whole fleet."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from rota.domain.access import Right
from rota.domain.errors import NotFound, PreconditionFailed
from rota.domain.limits import FLEET
from rota.domain.queue import QueueSettings, require_queue
from rota.service.context import ServiceContext
from rota.stores import events, queues
from rota.stores.database import Transaction
from rota.stores.queues import Load, QueueRecord

__all__ = ["FLEET", "QueueView", "change", "find", "get", "pause", "remove", "resume"]


@dataclass(frozen=True, slots=True)
class QueueView:
    """A queue: its settings, who changed them last (nobody, where nothing is set), and what stands in it."""

    settings: QueueSettings
    record: QueueRecord | None
    load: Load

    @property
    def version(self) -> int:
        """Changes with what is set; 0 where nothing is."""
        return 0 if self.record is None else self.record.updated_at


def find(ctx: ServiceContext, *, after: str | None = None, limit: int = 50) -> list[QueueView]:
    """The queues that have settings or unfinished executions, by name; the fleet comes first."""
    ctx.require(Right.READ)
    with ctx.read() as tx:
        loads = queues.loads(tx)
        records = {record.settings.name: record for record in queues.all_set(tx)}
    loads[FLEET] = queues.total(loads.values())
    names = sorted({FLEET, *loads, *records}, key=_order)
    left = [name for name in names if after is None or _order(name) > _order(after)]
    return [_view(name, records.get(name), loads.get(name)) for name in left[:limit]]


def get(ctx: ServiceContext, name: str) -> QueueView:
    """One queue. A queue is there as soon as something is put into it or set for it; NotFound before that."""
    ctx.require(Right.READ)
    with ctx.read() as tx:
        found = _seen(tx, name)
    if found.record is None and found.load == Load() and name != FLEET:
        raise NotFound("no such queue: nothing is set for it, and nothing stands in it")
    return found


def change(ctx: ServiceContext, name: str, document: Mapping[str, object], *, expected: int | None = None) -> QueueView:
    """Set a queue to what the document says; what it leaves out is not set. InvalidInput lists every problem.

    `expected` is the version that the caller saw (`QueueView.version`).
    """
    ctx.require(Right.EDIT)
    settings = QueueSettings.parse(name, document)
    return _set(ctx, name, "set", lambda _: settings, expected)


def pause(ctx: ServiceContext, name: str, note: str | None = None) -> QueueView:
    """Let nothing of a queue start. What runs goes on."""
    ctx.require(Right.OPERATE)
    require_queue(name)
    return _set(ctx, name, "pause", lambda settings: replace(settings, paused=True, note=note or settings.note))


def resume(ctx: ServiceContext, name: str) -> QueueView:
    """Let a queue go on. Its note, which said why it rested, is gone with the pause."""
    ctx.require(Right.OPERATE)
    require_queue(name)
    return _set(ctx, name, "resume", lambda settings: replace(settings, paused=False, note=None))


def remove(ctx: ServiceContext, name: str) -> None:
    """Forget everything that is set for a queue. NotFound where nothing is."""
    ctx.require(Right.EDIT)
    with ctx.write() as tx:
        if not queues.remove(tx, name):
            raise NotFound("nothing is set for this queue")
        ctx.audit(tx, "reset", "queue", name)
        events.write(tx, [("queue.changed", None, None, json.dumps({"queue": name}))])


def _set(
    ctx: ServiceContext,
    name: str,
    verb: str,
    changed: Callable[[QueueSettings], QueueSettings],
    expected: int | None = None,
) -> QueueView:
    with ctx.write() as tx:
        seen = _seen(tx, name)
        if expected not in (None, seen.version):
            raise PreconditionFailed("what is set for this queue has been changed meanwhile")
        before = seen.settings
        after = changed(before)
        if after == QueueSettings(name):
            queues.remove(tx, name)
        elif after != before:
            queues.put(tx, after, changed_by=ctx.principal.name)
        if after != before:
            ctx.audit(tx, verb, "queue", name, _difference(before, after))
            events.write(tx, [("queue.changed", None, None, json.dumps({"queue": name}))])
        return _seen(tx, name)


def _difference(before: QueueSettings, after: QueueSettings) -> dict[str, object]:
    """What changed, each with what it was and what it is."""
    was, now = before.document(), after.document()
    return {field: [was[field], value] for field, value in now.items() if was[field] != value}


def _seen(tx: Transaction, name: str) -> QueueView:
    loads = queues.loads(tx, None if name == FLEET else name)
    load = queues.total(loads.values()) if name == FLEET else loads.get(name)
    return _view(name, queues.get(tx, name), load)


def _view(name: str, record: QueueRecord | None, load: Load | None) -> QueueView:
    return QueueView(QueueSettings(name) if record is None else record.settings, record, load or Load())


def _order(name: str) -> tuple[bool, str]:
    return name != FLEET, name
