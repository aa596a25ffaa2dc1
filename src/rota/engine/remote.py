"""Work from a coordinator over HTTP, for workers that have no access to the store.

One request is one turn of the worker's loop. A request whose answer was lost may be made again: what was settled stays
settled, and what was claimed and never arrived is handed back, because the next one says what is held.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rota.client.coordinators import Coordinators
from rota.config import LeaseConfig
from rota.domain.errors import ConfigurationInvalid, InvalidInput, LeaseLost, NotFound, TooLarge
from rota.domain.instant import Instant, parse_instant
from rota.engine.wire import Parcel, exchange_of, parcels, refusal
from rota.engine.work_source import Ended, Exchange, LeaseLostForGood, NewWorker, Notes, Offer


class RemoteWork:
    """See `rota.engine.work_source.WorkSource`."""

    transport = "http"
    at_once = 1

    def __init__(self, coordinators: Coordinators) -> None:
        self._coordinators = coordinators
        self._ahead = time.time_ns() // 1000 - _monotonic()
        """How far the store's clock is ahead of the monotonic one; a guess until the first answer."""
        self._sequence = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._hungry = asyncio.Event()

    def now(self) -> Instant:
        """The store's time, by its last answer."""
        return _monotonic() + self._ahead

    def register(self, new: NewWorker) -> LeaseConfig:
        """Let the worker in. It brings its id, so that the same may be said twice."""
        body = {
            "id": new.id,
            "name": new.name,
            "hostname": new.hostname,
            "capacity": new.capacity,
            "queues": None if new.queues is None else list(new.queues),
            "types": None if new.types is None else list(new.types),
            "version": new.version,
        }
        asked = _monotonic()
        try:
            document = self._coordinators.ask(lambda client: client.post("workers", "register", body=body))
        except NotFound:
            url = self._coordinators.url
            raise ConfigurationInvalid(f"{url} answers, but it has no Rota API there; give its address alone") from None
        with _reading():
            terms = LeaseConfig(
                seconds=document["lease"]["seconds"],
                heartbeat_seconds=document["lease"]["heartbeatSeconds"],
                margin_seconds=document["lease"]["marginSeconds"],
            )
            self._hear_time(parse_instant(document["heartbeatAt"]), asked)
        self._coordinators.be_patient((terms.seconds - terms.margin_seconds) / 3)
        return terms

    def exchange(self, ended: Sequence[Ended], notes: Notes, offer: Offer, held: Collection[str] | None) -> Exchange:
        """Settle and claim in one request; in several where there is more to say than one takes."""
        *first, last = parcels(ended, notes)
        answers = [answer for parcel in first for answer in self._tell(offer.worker_id, parcel, 0, None)]
        answers += self._tell(offer.worker_id, last, offer.slots, held)
        answer = _merged(answers)
        self._say_whether_hungry(len(answer.claims) < offer.slots)
        return answer

    def _tell(self, worker_id: str, parcel: Parcel, slots: int, held: Collection[str] | None) -> list[Exchange]:
        """Send a parcel. One that is refused goes in halves, until what nobody takes is alone and fails."""
        try:
            return [self._send(worker_id, parcel, slots, held)]
        except (InvalidInput, TooLarge) as refused:
            if len(parcel.ended) > 1:
                half = len(parcel.ended) // 2
                first = Parcel(parcel.ended[:half], parcel.texts[:half], parcel.notes)
                second = Parcel(parcel.ended[half:], parcel.texts[half:])
                return self._tell(worker_id, first, 0, None) + self._tell(worker_id, second, slots, held)
            if parcel.notes.lines or parcel.notes.progress:  # they are not worth an outcome
                return self._tell(worker_id, Parcel(parcel.ended, parcel.texts), slots, held)
            (alone,) = parcels([refusal(item, refused.detail) for item in parcel.ended], Notes())
            return [self._send(worker_id, alone, slots, held)]

    def _send(self, worker_id: str, parcel: Parcel, slots: int, held: Collection[str] | None) -> Exchange:
        asked = _monotonic()
        try:
            document = self._coordinators.ask(
                lambda client: client.post("workers", worker_id, "exchange", body=self._body(parcel, slots, held))
            )
        except (LeaseLost, NotFound) as lost:
            raise LeaseLostForGood(worker_id) from lost
        with _reading():
            answer = exchange_of(document, parcel.ended)
        self._hear_time(answer.now, asked)
        return answer

    def _body(self, parcel: Parcel, slots: int, held: Collection[str] | None) -> bytes:
        """Every request has a number of its own: one that comes late, behind a later one, is refused."""
        self._sequence += 1
        return parcel.body(self._sequence, slots, None if held is None else list(held))

    def say_goodbye(self, worker_id: str) -> None:
        """The worker has stopped in order."""
        self._coordinators.ask(lambda client: client.delete("workers", worker_id))

    def listen(self, worker_id: str, wake: Callable[[], object]) -> Callable[[], None]:
        """Call `wake` when the coordinator's bell rings: one request waits there for it."""
        self._loop = asyncio.get_running_loop()
        hearing = self._loop.create_task(self._coordinators.hear(worker_id, self._hungry, wake))

        def silence() -> None:
            self._loop = None
            hearing.cancel()

        return silence

    def _say_whether_hungry(self, hungry: bool) -> None:
        loop = self._loop
        if loop is not None:
            loop.call_soon_threadsafe(self._hungry.set if hungry else self._hungry.clear)

    def heart(self) -> Mapping[str, Any]:
        """Where the coordinators are, and the token."""
        return {"coordinators": self._coordinators.urls, "token": self._coordinators.token}

    def close(self) -> None:
        """Give the connections back."""
        self._coordinators.close()

    def _hear_time(self, now: Instant, asked: int) -> None:
        """The answer was made between the question and now, and it is taken to be in the middle."""
        self._ahead = now - (asked + _monotonic()) // 2


def _merged(answers: Sequence[Exchange]) -> Exchange:
    """Answers to parts of one turn, as the answer to all of it. Only the last part asked for claims."""
    last = answers[-1]
    for earlier in answers[:-1]:
        last.settled += earlier.settled
        last.refused += earlier.refused
    return last


@contextmanager
def _reading() -> Iterator[None]:
    try:
        yield
    except (KeyError, TypeError, ValueError):
        raise ConfigurationInvalid("the coordinator's answer cannot be read: is it of another version?") from None


def _monotonic() -> int:
    return time.monotonic_ns() // 1000
