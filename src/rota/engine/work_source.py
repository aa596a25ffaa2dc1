"""Where a worker's work comes from: the store itself, or a coordinator that stands before it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol

from rota.config import LeaseConfig
from rota.domain.instant import Instant
from rota.stores.base import OLDEST_FIRST_EVERY, Offer
from rota.stores.exchange import Ended, Exchange, Notes
from rota.stores.workers import NewWorker

__all__ = ["OLDEST_FIRST_EVERY", "Ended", "Exchange", "LeaseLostForGood", "NewWorker", "Notes", "Offer", "WorkSource"]


class WorkSource(Protocol):
    """What a worker asks for, and whom it tells. One worker uses it, from `at_once` threads at most.

    Every method may raise `Unavailable`: then nothing is known, and the same may be asked again.
    """

    transport: str
    """How the worker comes by its work: `database` or `http`."""
    at_once: int
    """How many exchanges may be under way at the same time, each from a thread of its own."""

    def now(self) -> Instant:
        """The store's time, as well as it is known here. Never waits, and may be called from any thread."""

    def register(self, new: NewWorker) -> LeaseConfig:
        """Let the worker in. Returns the terms of its lease, which begins now."""

    def exchange(self, ended: Sequence[Ended], notes: Notes, offer: Offer, held: Collection[str] | None) -> Exchange:
        """Settle what has ended, then claim what fits into the free slots, as one step.

        `held` is what the worker has in hand: whatever else is leased to it never reached it (the answer was lost) and
        is handed back. One outcome that cannot be stored fails alone; the others are settled without it.
        LeaseLostForGood when this incarnation is not known any more.
        """

    def say_goodbye(self, worker_id: str) -> None:
        """The worker has stopped in order: whatever it may still hold is free at once."""

    def listen(self, worker_id: str, wake: Callable[[], object]) -> Callable[[], None]:
        """Call `wake`, from any thread, when an exchange may be worth while. Returns what ends that.

        A hint only: whoever listens also polls. Called on the event loop.
        """

    def heart(self) -> Mapping[str, Any]:
        """What the guard must know to beat for the worker: orders for `rota.engine.guard`."""

    def close(self) -> None:
        """Give the connection back."""


class LeaseLostForGood(Exception):
    """This incarnation was convicted or could not beat: it must be replaced by a new one."""
