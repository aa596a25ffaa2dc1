"""Stores that are broken on purpose, each in a way that real schedulers have been: the checker must see what comes of it.

A variant is made of the real store and one wrong idea in front of it.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select, update

from rota.domain.instant import SECOND
from rota.domain.outcome import Lost
from rota.domain.transition import decide
from rota.stores import leases
from rota.stores.base import Offer
from rota.stores.database import Database, Transaction
from rota.stores.executions import settle
from rota.stores.tables import attempts, events, executions, workers
from simulation.coordinator import RESCUER
from simulation.link import Link, Weather
from simulation.plan import LEASE, Plan


class _InFront:
    """The real hot statements, but for what a subclass does itself."""

    def __init__(self, real: Any) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


class CompletesById(_InFront):
    """A completion needs the execution only, not the token: whoever says that it has ended is believed."""

    def settle(self, tx: Any, settled: Sequence[Sequence[object]]) -> int:
        """Settle, whoever holds it."""
        accepted: int = self._real.settle(tx, _believed(tx, settled))
        return accepted

    def look(self, tx: Any, worker_id: str, settled: Sequence[Sequence[object]]) -> Any:
        """The same in the exchange of a worker."""
        return self._real.look(tx, worker_id, _believed(tx, settled))


def _believed(tx: Any, settled: Sequence[Sequence[object]]) -> list[Sequence[object]]:
    """Each under the token that holds the execution, whatever its own; what nobody holds is given to it again."""
    ids = [str(row[0]) for row in settled]
    live = select(executions.c.id, executions.c.token).where(executions.c.id.in_(ids))
    current = {row.id: row.token for row in tx.all(live)} if ids else {}
    for id, token, *_ in settled:
        if str(id) in current and current[str(id)] is None:
            tx.execute(delete(attempts).where(attempts.c.execution_id == id, attempts.c.token == token))
            given = update(executions).where(executions.c.id == id)
            tx.execute(given.values(state="Running", token=token, started_at=tx.now))
    return [(row[0], current.get(str(row[0])) or row[1], *row[2:]) for row in settled]


class CountsNoAttempt(_InFront):
    """An attempt counts when it has ended in order, so one that crashes its worker never counts."""

    def claim(self, tx: Any, offer: Offer) -> str:
        """Claim, and take the attempt back."""
        return _take_attempt_back(tx, self._real.claim(tx, offer))

    def lease(self, tx: Any, offer: Offer, ids: Sequence[str]) -> str:
        """The same under limits."""
        return _take_attempt_back(tx, self._real.lease(tx, offer, ids))


def _take_attempt_back(tx: Any, claimed: str) -> str:
    ids = [row[0] for row in json.loads(claimed)]
    if ids:
        tx.execute(update(executions).where(executions.c.id.in_(ids)).values(attempt=executions.c.attempt - 1))
    return claimed


class ProcessClock(Link):
    """A coordinator judges leases by the clock of its own host, which runs ahead; the store stamps what is written."""

    @contextmanager
    def write(self, **choices: Any) -> Iterator[Transaction]:
        """Judge as if it were later."""
        with super().write(**choices) as tx:
            now = tx.now
            if self.target == RESCUER:
                tx.now += 4 * SECOND
            yield tx
            if self.target == RESCUER:
                tx.execute(update(events).where(events.c.at > now).values(at=now))
                tx.execute(update(workers).where(workers.c.ended_at > now).values(ended_at=now))


class TakesBackByAge(Link):
    """Work is taken back some time after its claim, however well its worker is: there is no lease to prolong."""

    @contextmanager
    def write(self, **choices: Any) -> Iterator[Transaction]:
        """Take back what began a lease ago, too."""
        with super().write(**choices) as tx:
            if self.target == RESCUER:
                began = select(executions.c.id, executions.c.token).where(executions.c.state == "Running")
                old = tx.all(began.where(executions.c.started_at < tx.now - LEASE))
                found = [claim for row in old if (claim := leases.held(tx, row.id, row.token)) is not None]
                settle(tx, [decide(claim, Lost(), tx.now) for claim, _ in found])
            yield tx


@dataclass(frozen=True)
class Variant:
    """How one broken store differs from the real one."""

    says: str
    hot: Callable[[Any], Any] | None = None
    link: type[Link] = Link
    tells_before_commit: bool = False

    def install(self, plan: Plan, database: Database) -> Weather:
        """Break a store, and give the ways to it."""
        if self.hot is not None:
            database.hot = self.hot(database.hot)
        weather = Weather(plan, database, self.link)
        weather.tells_before_commit = self.tells_before_commit
        return weather


SOUND = Variant("as it is")
BROKEN = {
    "completesById": Variant("a completion needs no token", CompletesById),
    "processClock": Variant("leases are judged by the clock of a coordinator's host", link=ProcessClock),
    "takesBackByAge": Variant("work is taken back by its age, not by its lease", link=TakesBackByAge),
    "countsNoAttempt": Variant("attempts are not counted at the claim", CountsNoAttempt),
    "tellsBeforeCommit": Variant("it is answered before the commit", tells_before_commit=True),
}
