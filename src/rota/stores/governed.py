"""Claiming under limits, alike on every database: count what runs, admit what fits, lease it (docs/adr/0020).

Nothing is counted ahead or kept: what runs is read from the live table itself, so the place of a holder that dies is
free as soon as its work is taken back.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Row, select

from rota.domain.admission import Admission, Starts
from rota.domain.limits import FLEET, UNLIMITED, Limits, Rate, job_name, queue_name
from rota.domain.queue import QueueSettings
from rota.stores import candidates, queues, rates
from rota.stores.base import Offer
from rota.stores.candidates import Shut
from rota.stores.database import Transaction
from rota.stores.tables import counters

_FEWEST_READ = 64
_MOST_READ = 4096
_GROWTH = 4


def lease(tx: Transaction, offer: Offer) -> str:
    """Lease what no limit forbids. Claims under limits wait for each other until they are committed.

    Where a rate held something back, the transaction's `opens_at` says until when.
    """
    tx.execute(_LOCK)
    choice = _Choice(tx, offer, {record.settings.name: record.settings for record in queues.all_set(tx)})
    choice.choose()
    leased = tx.hot.lease(tx, offer, list(choice.admitted))
    choice.note_starts(leased)
    tx.opens_at = choice.admission.opens_at
    return leased


_LOCK = select(counters.c.value).where(counters.c.name == "limits").with_for_update()


def running(tx: Transaction) -> dict[str, int]:
    """How many run under the name of every limit, of every queue and of every job."""
    counted: Counter[str] = Counter()
    for row in candidates.running(tx):
        names = {queue_name(FLEET), queue_name(row.queue)} | {name for name, _ in Limits.from_json(row.limits).caps}
        if row.job_id is not None:
            names.add(job_name(row.job_id))
        for name in names:
            counted[name] += row.running
    return dict(counted)


@dataclass(slots=True)
class _Choice:
    """The executions of one claim: read on until the slots are filled, so that nothing hides behind what waits."""

    tx: Transaction
    offer: Offer
    settings: dict[str, QueueSettings]
    admitted: dict[str, Limits] = field(default_factory=dict)
    known: dict[str, Starts] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)
    admission: Admission = field(init=False)

    def __post_init__(self) -> None:
        self.admission = Admission(self.tx.now, running(self.tx))

    def choose(self) -> None:
        """Fill `admitted`."""
        shut = Shut({name for name, settings in self.settings.items() if settings.paused})
        groups = candidates.groups(self.tx, self.offer, self.settings.values())
        after, size = None, max(_FEWEST_READ, 2 * self.offer.slots)
        while FLEET not in shut.queues:
            rows = candidates.window(self.tx, self.offer, groups, shut, after, size) if groups else ()
            self._read_rates(rows)
            for row in rows:
                if len(self.admitted) == self.offer.slots:
                    return
                if not shut.covers(row):
                    self._admit(row, shut)
            if len(rows) < size:
                return
            after, size = rows[-1], min(size * _GROWTH, _MOST_READ)

    def note_starts(self, leased: str) -> None:
        """Count what was leased against its rates; what another claim or a cancellation took first does not count."""
        if not any(limits.rates for limits in self.admitted.values()):
            return
        started: Counter[str] = Counter()
        longest: dict[str, Rate] = {}
        for id, *_ in json.loads(leased):
            for name, rate in self.admitted[id].rates:
                started[name] += 1
                longest[name] = max(rate, longest.get(name, rate), key=lambda one: one.per)
        after = {
            name: (self.known.get(name, Starts()).after(longest[name], self.tx.now, count), longest[name].per)
            for name, count in started.items()
        }
        rates.write(self.tx, after, self.known)

    def _admit(self, row: Row[Any], shut: Shut) -> None:
        limits = self._over(row)
        refusing = self.admission.admit(limits)
        if not refusing:
            self.admitted[row.id] = limits
            return
        for name in refusing:
            if name in (queue_name(FLEET), queue_name(row.queue)):
                shut.queues.add(FLEET if name == queue_name(FLEET) else row.queue)
            elif row.job_id is not None and name == job_name(row.job_id):
                shut.jobs.add(row.job_id)
            else:
                shut.limits[row.limits] += 1

    def _over(self, row: Row[Any]) -> Limits:
        """All that the execution is under: the fleet, its queue, and what is its own."""
        own = Limits.from_json(row.limits)
        set_for = [self.settings[name] for name in (FLEET, row.queue) if name in self.settings]
        return sum((one.limits for one in set_for), UNLIMITED) + own if set_for else own

    def _read_rates(self, rows: Sequence[Row[Any]]) -> None:
        names = {name for row in rows for name, _ in self._over(row).rates} - self.asked
        found = rates.read(self.tx, names)
        self.asked |= names
        self.known |= found
        self.admission.starts |= found
