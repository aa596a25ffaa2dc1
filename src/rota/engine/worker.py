"""The worker: one loop that settles what has ended, fills its free slots, and starts what it claimed."""

import asyncio
import itertools
import math
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import TypeVar

from rota.config import Config
from rota.domain.errors import ConfigurationInvalid, RotaError, Unavailable
from rota.domain.instant import SECOND, Instant
from rota.domain.outcome import Interrupted, Lost
from rota.engine.attempts import Attempts
from rota.engine.heartbeat import Heartbeat
from rota.engine.identity import Identity
from rota.engine.runner import Runner
from rota.engine.second import Second
from rota.engine.work_source import (
    OLDEST_FIRST_EVERY,
    Ended,
    Exchange,
    LeaseLostForGood,
    Notes,
    Offer,
    WorkSource,
)
from rota.executors.base import Executor
from rota.telemetry import Telemetry

T = TypeVar("T")

_NOTE_SECONDS = 0.5
_RETRY_SECONDS = 0.25
_BATCH = 500
"""What one exchange takes at most, so that no transaction grows with the slots of its worker."""


class Worker:
    """Leases executions and runs them on the event loop that `run` is awaited on."""

    def __init__(
        self,
        source: WorkSource,
        executors: Mapping[str, Executor],
        functions: Callable[[], Sequence[str]],
        config: Config,
        identity: Identity,
        telemetry: Telemetry,
    ) -> None:
        """`functions` names the python functions that this worker has."""
        self._source = source
        self._executors = executors
        self._functions = functions
        self._config = config
        self._telemetry = telemetry
        self.identity = identity
        self._wake = asyncio.Event()
        self._attempts = Attempts(
            Runner(executors, identity.id), source.now, config, identity.id, telemetry, self._attempt_ended
        )
        self._lease = config.lease
        self._slots = config.engine.max_concurrent_jobs
        self._next_due: Instant | None = None
        self._claims = itertools.count(1)
        self._draining = False
        self._more = True
        self._reconciled_at = time.monotonic()
        self._registered = False
        self._hands_back = False
        self._trusts: Callable[[], bool] = lambda: True
        self._begun: Callable[[], None] = lambda: None
        self._under_way = 0
        self._offered = 0
        self._second = Second(self._exchange, self._leaves_room, self._wake.set)
        self._thread = ThreadPoolExecutor(source.at_once, thread_name_prefix="rota-store")

    @property
    def running(self) -> int:
        """How many attempts run here now."""
        return len(self._attempts)

    @property
    def next_due(self) -> Instant | None:
        """When the store said that there may be work again, if it did."""
        return self._next_due

    async def run(self, *, ready: Callable[[], None] = lambda: None) -> None:
        """Work until `stop`, then drain: let running work end, hand the rest back, and leave nothing behind."""
        heartbeat: Heartbeat | None = None
        silence: Callable[[], None] | None = None
        try:
            registered = time.monotonic()
            await self.register()
            wake = partial(asyncio.get_running_loop().call_soon_threadsafe, self._wake.set)
            silence = self._source.listen(self.identity.id, wake)
            heartbeat = self._heartbeat()
            heartbeat.start(registered)
            self._trusts, self._begun = heartbeat.trusts, heartbeat.begun
            ready()
            if self._source.at_once > 1:
                self._second.start()
            while self._under_way or not self._draining or self._attempts or self._attempts.ended:
                await self._turn(heartbeat)
        finally:
            if silence is not None:
                silence()
            await self._second.stop()
            await self._attempts.end_all(Lost(), self._lease.margin_seconds / 2)
            await self.close()
            if heartbeat is not None:
                heartbeat.stop()

    def _heartbeat(self) -> Heartbeat:
        return Heartbeat(
            self._source.heart(),
            self.identity.id,
            self._lease,
            self._attempts.longest,
            self._wake.set,
            self._trust_is_over,
        )

    async def register(self) -> None:
        """Make this worker known."""
        types = [*(kind for kind in self._executors if kind != "python"), *self._functions()]
        new = self.identity.introduced(self._source.transport, self._config.engine, types)
        self._lease = await self._in_thread(lambda: self._source.register(new))
        self._registered = True

    async def close(self) -> None:
        """Give back what the executors hold, and say goodbye."""
        self._attempts.close()
        for executor in self._executors.values():
            await executor.close()
        await self._say_goodbye()
        self._source.close()
        self._thread.shutdown()

    def stop(self, *, now: bool = False) -> None:
        """Take nothing new. What runs may end within the drain time; with `now`, it is handed back at once.

        Called on the event loop.
        """
        loop = asyncio.get_running_loop()
        if now:
            self._hand_back()
        elif not self._draining:
            loop.call_later(self._config.engine.drain_seconds, self._hand_back)
        self._draining = True
        self._wake.set()

    def _hand_back(self) -> None:
        self._hands_back = True  # what is still on its way here too
        self._attempts.stop_all(Interrupted(), min(1.0, self._config.engine.cancel_grace_seconds))

    def _trust_is_over(self) -> None:
        """The lease may be somebody else's soon: end all work before that, whatever this worker waits for."""
        self._telemetry.lease_lost(self.identity.id, len(self._attempts))
        self._attempts.stop_all(Lost(), self._lease.margin_seconds / 2)
        self._wake.set()

    async def _turn(self, heartbeat: Heartbeat) -> None:
        """One exchange, then wait for the next reason to have one."""
        if not heartbeat.trusts():
            await self._lose_everything()
        self._second.raise_mistake()
        try:
            await self.exchange()
        except (Unavailable, ConfigurationInvalid) as error:
            self._telemetry.store_unavailable(error)
            await asyncio.sleep(_RETRY_SECONDS)
            return
        await self._rest(heartbeat)

    async def exchange(self) -> Exchange:
        """Settle what has ended, claim what fits, start it. Nothing is forgotten if the store does not answer."""
        self._wake.clear()
        notes = self._attempts.take_notes()
        if not notes and not self._reconciles:
            return await self._exchange()
        async with self._second.alone:
            return await self._exchange(self._to_reconcile(), notes)

    async def _exchange(self, held: set[str] | None = None, notes: Notes | None = None) -> Exchange:
        attempts, notes = self._attempts, notes or Notes()
        ended, attempts.ended = attempts.ended[:_BATCH], attempts.ended[_BATCH:]
        offer = self._offer()
        self._under_way += 1
        self._offered += offer.slots
        self._call_second()
        try:
            answer = await self._in_thread(lambda: self._source.exchange(ended, notes, offer, held))
        except BaseException:
            attempts.ended = ended + attempts.ended
            attempts.put_back(notes)
            self._reconciled_at = -math.inf  # an answer may have been lost, and with it claims
            raise
        finally:
            self._under_way -= 1
            self._offered -= offer.slots
        if self._trusts():  # an answer that was long on its way may bring what is somebody else's by now
            attempts.begin(answer.claims)
            self._begun()  # before any of it has its first step, which may block the loop
        if self._hands_back and answer.claims:
            self._hand_back()
        attempts.cancel(answer.cancelling)
        self._next_due = answer.next_due
        self._more = len(answer.claims) == offer.slots > 0 or (offer.oldest_first and bool(answer.claims))
        self._tell(answer, ended)
        return answer

    def _attempt_ended(self) -> None:
        self._wake.set()
        self._call_second()

    def _call_second(self) -> None:
        """Another exchange is worth while once a whole batch has ended beside this one, or may be claimed."""
        if len(self._attempts.ended) >= _BATCH or (self._more and self._free >= _BATCH and not self._draining):
            self._second.call()

    def _leaves_room(self) -> bool:
        """Whether an exchange is under way, and no notes wait that must be told before anything else ends."""
        return bool(self._under_way and not self._attempts.untold)

    @property
    def _reconciles(self) -> bool:
        return time.monotonic() - self._reconciled_at >= self._lease.heartbeat_seconds

    def _to_reconcile(self) -> set[str] | None:
        """Once a heartbeat: what is in hand, so that the store can take back what it leased and never got here."""
        if not self._reconciles:
            return None
        self._reconciled_at = time.monotonic()
        return self._attempts.held()

    async def work_off(self) -> int:
        """Run all that is due until nothing is left, and return how many attempts ended. For the testing kit."""
        count = 0
        while True:
            answer = await self.exchange()
            count += len(answer.settled)
            if self._attempts:
                await self._wake.wait()
            elif not answer.claims and not self._attempts.ended:
                return count

    def _tell(self, answer: Exchange, ended: Sequence[Ended]) -> None:
        claims = {item.claim.id: item.claim for item in ended}
        self._telemetry.settled([(item, claims[item.execution_id]) for item in answer.settled], answer.now)
        if answer.refused:
            self._telemetry.refused(answer.refused)

    def _offer(self) -> Offer:
        slots = 0 if self._draining else min(self._free, _BATCH)
        return Offer(
            self.identity.id,
            slots,
            None,  # what it takes is leased for as long as it is itself: one more lease would only be waited for
            self._config.engine.queues or None,
            list(self._executors),
            self._functions(),
            oldest_first=slots > 0 and next(self._claims) % OLDEST_FIRST_EVERY == 0,
        )

    @property
    def _free(self) -> int:
        """The slots that nothing runs in and that no exchange under way has offered."""
        return self._slots - len(self._attempts) - self._offered

    async def _rest(self, heartbeat: Heartbeat) -> None:
        """Sleep until an attempt ends, a bell rings, something becomes due, or the poll is over."""
        if self._attempts.ended or (self._more and self._free > 0 and not self._draining):
            await asyncio.sleep(0)
            return
        wait = min(self._config.engine.poll_seconds, max(heartbeat.trusted_until - time.monotonic(), 0.0))
        if self._attempts:
            wait = min(wait, _NOTE_SECONDS if self._attempts.has_notes() else 1.0)
        if self._next_due is not None:
            wait = min(wait, max(0.0, (self._next_due - self._source.now()) / SECOND))
        if wait > 0:
            try:
                await asyncio.wait_for(self._wake.wait(), wait)
            except TimeoutError:
                return

    async def _lose_everything(self) -> None:
        """The lease is gone: end all work, tell what had ended before (the token decides), and come back as new."""
        await self._attempts.end_all(Lost(), self._lease.margin_seconds / 2)
        self._draining = True
        with suppress(Unavailable, ConfigurationInvalid):
            while self._attempts.ended:
                await self.exchange()
        raise LeaseLostForGood(self.identity.id)

    async def _say_goodbye(self) -> None:
        if not self._registered:
            return
        try:
            await self._in_thread(lambda: self._source.say_goodbye(self.identity.id))
        except Unavailable as error:
            self._telemetry.store_unavailable(error)
        except RotaError:
            return  # it is not known any more: there is nobody to say goodbye to

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
