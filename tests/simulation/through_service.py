"""What a worker over HTTP says to its coordinator: the real functions of `rota.service`, without the wire between them."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from rota.config import LeaseConfig
from rota.domain.errors import Conflict, LeaseLost, NotFound, Unavailable
from rota.domain.instant import Instant
from rota.domain.transition import decide
from rota.engine.work_source import Ended, Exchange, LeaseLostForGood, NewWorker, Notes, Offer
from rota.service import exchange as service
from rota.service import workers
from rota.service.context import ServiceContext
from simulation.link import Link
from simulation.plan import LEASE
from simulation.world import Actor

Contexts = Callable[[Link], ServiceContext]


class ServiceWork:
    """See `rota.engine.work_source.WorkSource`: what `RemoteWork` does, with a network that repeats."""

    transport = "http"

    def __init__(self, link: Link, again: Link, network: Actor, contexts: Contexts, repeated: float) -> None:
        """`again` is the way of messages that arrive twice, `repeated` how often they do."""
        self._ctx, self._late = contexts(link), contexts(again)
        self._network = network
        self._repeated = repeated
        self._sequence = 0

    def now(self) -> Instant:
        """The store's time."""
        return self._network.world.clock.now()

    def register(self, new: NewWorker) -> LeaseConfig:
        """Let the worker in."""
        workers.register(self._ctx, new)
        return self._ctx.config.lease

    def exchange(self, ended: Sequence[Ended], notes: Notes, offer: Offer, held: Collection[str] | None) -> Exchange:
        """One numbered turn. A copy of it may arrive later, whether this one arrives or not."""
        self._sequence += 1
        told = [service.Told(item.claim.id, item.claim.token, item.outcome) for item in ended]
        said = service.Said(self._sequence, offer.slots, told, notes.lines, notes.progress, held)
        draw = self._network.world.draw
        if draw.random() < self._repeated:
            self._network.after(draw.randint(0, 2 * LEASE), lambda: self._arrive_late(offer.worker_id, said))
        try:
            answer = service.exchange(self._ctx, offer.worker_id, said)
        except (LeaseLost, NotFound) as lost:
            raise LeaseLostForGood(offer.worker_id) from lost
        except Conflict:
            raise Unavailable("a later turn was taken") from None
        decided = [decide(item.claim, item.outcome, answer.now) for item in ended]
        return Exchange(
            answer.now,
            [item for item in decided if item.execution_id in answer.settled],
            [item for item in decided if item.execution_id in answer.refused],
            list(answer.claims),
            {id: dict(note) for id, note in answer.cancelling.items()},
            answer.next_due,
        )

    def _arrive_late(self, worker_id: str, said: service.Said) -> None:
        try:
            service.exchange(self._late, worker_id, said)
        except (Unavailable, Conflict, NotFound):
            return

    def say_goodbye(self, worker_id: str) -> None:
        """The worker has stopped in order."""
        workers.end(self._ctx, worker_id)

    def listen(self, worker_id: str, wake: Callable[[], object]) -> Callable[[], None]:
        """Nobody rings: it polls."""
        return lambda: None

    def heart(self) -> Mapping[str, Any]:
        """The guard is simulated too."""
        return {}

    def close(self) -> None:
        """There is nothing to give back."""


def beat(ctx: ServiceContext, worker_id: str) -> Instant | None:
    """A plain heartbeat of the guard. None when the worker was convicted."""
    try:
        return workers.beat(ctx, worker_id).lease_expires_at
    except (LeaseLost, NotFound):
        return None
