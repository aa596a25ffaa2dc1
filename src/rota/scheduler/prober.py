"""Decides the schedules whose condition asks somebody over HTTP, so that a slow answer delays no other schedule."""

from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import ClassVar, Protocol

from rota.domain.condition import Probe
from rota.domain.facts import Finished
from rota.domain.instant import Instant
from rota.domain.occurrence import Decision
from rota.scheduler.deciding import Decided
from rota.scheduler.ticker import Ticker
from rota.stores.database import Database, Transaction
from rota.stores.schedules import DueSchedule
from rota.telemetry import Telemetry

_LOOK_AGAIN_SECONDS = 0.1
"""How long it waits for an answer before it looks for what has become due meanwhile."""


class Probes(Protocol):
    """Asks over HTTP."""

    def ask(self, probe: Probe) -> "Future[Mapping[str, object]]":
        """The answer to come, as conditions see it (`ok`, `status`, `body`, `error`). It comes in time, whatever happens."""


class Prober(Ticker):
    """A ticker that asks between its read and its write.

    What time said about an instant stands while the question is out, so that a slow answer makes nothing late or
    missed. The write finds out whether the schedule is still what was read, as ever.
    """

    name: ClassVar[str] = "prober"
    probed: ClassVar[bool] = True

    def __init__(self, database: Database, environment: str, telemetry: Telemetry, probes: Probes) -> None:
        super().__init__(database, environment, telemetry)
        self._probes = probes
        self._asked: dict[str, tuple[Decided, Finished | None, Instant, Future[Mapping[str, object]]]] = {}

    def run_once(self) -> float:
        """Ask for what is due, and write what is answered. Returns the seconds until there is more to do."""
        seconds = super().run_once()
        if not self._asked:
            return seconds
        wait([question for *_, question in self._asked.values()], min(seconds, _LOOK_AGAIN_SECONDS), FIRST_COMPLETED)
        self._write_answers([id for id, (*_, question) in self._asked.items() if question.done()])
        return 0.0

    def _write_answers(self, answered: Sequence[str]) -> None:
        """What is answered is kept until it is written, so that a store that is away loses no answer."""
        met = []
        for id in answered:
            one, last, now, question = self._asked[id]
            if question.cancelled():
                continue
            error = question.exception()
            met.append(
                self._judged(one, last, now, question.result())
                if error is None
                else self._aside(one.item, RuntimeError(f"its probe failed: {error}"))
            )
        if met:
            self._settle(met)
        for id in answered:
            del self._asked[id]

    def _due(self, tx: Transaction, now: Instant, limit: int) -> list[DueSchedule]:
        """Those that are asked already stay due until they are answered, and leave the others their room."""
        found = super()._due(tx, now, limit + len(self._asked))
        return [item for item in found if item.id not in self._asked][:limit]

    def _conclude(self, decided: Sequence[Decided], last: Mapping[str, Finished], now: Instant) -> float:
        settled = []
        for one in decided:
            probe = None if one.schedule.condition is None else one.schedule.condition.probe
            if probe is None or not any(occurrence.decision is Decision.FIRED for occurrence in one.occurrences):
                settled.append(one)
            else:
                question = self._probes.ask(probe)
                self._asked[one.item.id] = (one, last.get(one.item.job_id), now, question)
        if settled:
            return super()._conclude(settled, last, now)
        return _LOOK_AGAIN_SECONDS
