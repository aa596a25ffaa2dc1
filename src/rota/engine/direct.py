"""Work straight from the store, for workers that have access to it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from rota.config import LeaseConfig
from rota.domain.errors import RotaError
from rota.domain.instant import Instant
from rota.domain.outcome import Failed
from rota.domain.transition import decide
from rota.engine.work_source import Ended, Exchange, NewWorker, Notes, Offer
from rota.stores import bell, exchange, executions, workers
from rota.stores.database import Database


class DirectWork:
    """See `rota.engine.work_source.WorkSource`."""

    transport = "database"

    def __init__(self, database: Database, lease: LeaseConfig) -> None:
        self._database = database
        self._lease = lease
        self.at_once = 1 if database.one_writer else 2

    def now(self) -> Instant:
        """The store's time."""
        return self._database.clock.now()

    def register(self, new: NewWorker) -> LeaseConfig:
        """Let the worker in."""
        self._database.writing(lambda tx: workers.register(tx, new, self._lease.duration))
        return self._lease

    def exchange(self, ended: Sequence[Ended], notes: Notes, offer: Offer, held: Collection[str] | None) -> Exchange:
        """Settle and claim in one transaction."""
        try:
            return self._exchange(ended, notes, offer, held)
        except RotaError:
            raise
        except Exception:
            if not ended:
                raise
            storable = [item if self._can_be_stored(item) else _refusal(item) for item in ended]
            return self._exchange(storable, Notes(), offer, held)

    def _exchange(self, ended: Sequence[Ended], notes: Notes, offer: Offer, held: Collection[str] | None) -> Exchange:
        prepared = exchange.prepare(ended, notes, self._database.clock.now())
        return exchange.read(self._database.writing(lambda tx: exchange.write(tx, prepared, offer, held)))

    def _can_be_stored(self, item: Ended) -> bool:
        """Try the settlement alone and take it back."""
        try:
            with self._database.write() as tx:
                executions.settle(tx, [decide(item.claim, item.outcome, tx.now)])
                raise _TakenBack
        except _TakenBack:
            return True
        except RotaError:
            raise
        except Exception:
            return False

    def say_goodbye(self, worker_id: str) -> None:
        """The worker has stopped in order."""
        self._database.writing(lambda tx: workers.end(tx, worker_id))

    def listen(self, worker_id: str, wake: Callable[[], object]) -> Callable[[], None]:
        """Call `wake` when the store's bell rings."""
        silences = [self._database.bell.listen(topic, wake) for topic in (bell.WORK, bell.CANCELLATIONS)]

        def silence() -> None:
            for end in silences:
                end()

        return silence

    def heart(self) -> Mapping[str, Any]:
        """The store's URL, with its password."""
        return {"url": self._database.driver_url}

    def close(self) -> None:
        """The store belongs to the process and stays open."""


def _refusal(item: Ended) -> Ended:
    return Ended(item.claim, Failed("the result cannot be stored: it is not plain JSON", retryable=False))


class _TakenBack(Exception):
    """Rolls a trial back."""
