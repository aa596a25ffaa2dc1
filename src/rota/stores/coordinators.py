"""Coordinators: who runs the scheduler's loops on this store, and with which settings. An id is new at every start."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, insert, select, update

from rota.domain.instant import Instant
from rota.stores.database import Transaction
from rota.stores.tables import coordinators

Settings = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CoordinatorRecord:
    """A coordinator that has not stopped in order. `settings` are those that all coordinators of a store must share."""

    id: str
    name: str
    hostname: str
    pid: int
    version: str
    settings: Settings
    started_at: Instant
    heartbeat_at: Instant


def join(tx: Transaction, id: str, *, name: str, hostname: str, pid: int, version: str, settings: Settings) -> None:
    """Enter a coordinator; it counts as alive from now on."""
    tx.execute(
        insert(coordinators).values(
            id=id,
            name=name,
            hostname=hostname,
            pid=pid,
            version=version,
            settings=json.dumps(dict(settings)),
            started_at=tx.now,
            heartbeat_at=tx.now,
        )
    )


def beat(tx: Transaction, id: str) -> bool:
    """Say that a coordinator is alive. False when it is not entered (any more)."""
    return bool(tx.execute(update(coordinators).where(coordinators.c.id == id).values(heartbeat_at=tx.now)).rowcount)


def leave(tx: Transaction, id: str) -> None:
    """A coordinator has stopped in order."""
    tx.execute(update(coordinators).where(coordinators.c.id == id).values(ended_at=tx.now))


def last_heard_at(tx: Transaction) -> Instant | None:
    """When any coordinator was heard of last; None when there has never been one."""
    found: Instant | None = tx.connection.scalar(select(func.max(coordinators.c.heartbeat_at)))
    return found


def serving(tx: Transaction, since: Instant) -> list[CoordinatorRecord]:
    """Those that have been heard of since then, oldest first."""
    alive = select(coordinators).where(coordinators.c.ended_at.is_(None), coordinators.c.heartbeat_at >= since)
    return [
        CoordinatorRecord(
            row.id,
            row.name,
            row.hostname,
            row.pid,
            row.version,
            json.loads(row.settings),
            row.started_at,
            row.heartbeat_at,
        )
        for row in tx.all(alive.order_by(coordinators.c.id))
    ]
