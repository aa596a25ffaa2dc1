"""Where one execution stands under its limits: what `rota why` reads, by the same counts that claims go by."""

from dataclasses import dataclass

from sqlalchemy import select

from rota.domain.admission import Admission
from rota.domain.execution import LEASED
from rota.domain.instant import Instant
from rota.domain.limits import FLEET, Limits
from rota.stores import governed, queues, rates
from rota.stores.database import Transaction
from rota.stores.queues import QueueRecord
from rota.stores.tables import executions

_MOST_HOLDERS = 1000


@dataclass(frozen=True, slots=True)
class Standing:
    """What limits a start from a queue: the settings of fleet and queue, and all limits with who uses them up.

    `running` counts what runs under each name, `opens` says when each rate that is used up opens, `holders` names an
    execution that runs under each cap of the execution's own that is reached.
    """

    settings: dict[str, QueueRecord]
    limits: Limits
    running: dict[str, int]
    opens: dict[str, Instant]
    holders: dict[str, str]


def standing(tx: Transaction, queue: str, execution_id: str | None, limits: Limits) -> Standing:
    """Of an execution; or of one that would be under `limits`, where there is none."""
    if execution_id is not None:
        stored = tx.connection.scalar(select(executions.c.limits).where(executions.c.id == execution_id))
        limits = Limits.from_json(stored)
    settings = {name: found for name in (FLEET, queue) if (found := queues.get(tx, name)) is not None}
    own = {name for name, _ in limits.caps}
    for record in settings.values():
        limits = record.settings.limits + limits
    counted = governed.running(tx) if limits.caps else {}
    admission = Admission(tx.now, counted, rates.read(tx, {name for name, _ in limits.rates}))
    opens = {
        name: admission.starts[name].opens_at(rate, tx.now)
        for name, rate in limits.rates
        if name in admission.shut(limits)
    }
    full = set(admission.full(limits)) & own
    return Standing(settings, limits, counted, opens, _holders(tx, full) if full else {})


def _holders(tx: Transaction, names: set[str]) -> dict[str, str]:
    """An execution that runs under each of these names: the one that has run for the longest."""
    running = (
        select(executions.c.id, executions.c.limits)
        .where(executions.c.state.in_(sorted(LEASED)), executions.c.limits.is_not(None))
        .order_by(executions.c.started_at, executions.c.id)
        .limit(_MOST_HOLDERS)
    )
    found: dict[str, str] = {}
    for row in tx.all(running):
        for name, _ in Limits.from_json(row.limits).caps:
            if name in names:
                found.setdefault(name, row.id)
    return found
