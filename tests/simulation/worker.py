"""A worker with access to the store, and its guard: the real exchange and beats, driven as `rota.engine` drives them."""

from collections.abc import Callable
from contextlib import suppress

from rota.config import LeaseConfig
from rota.domain.errors import Conflict, NotFound, Unavailable
from rota.domain.instant import SECOND, Duration, Instant
from rota.domain.outcome import Cancelled, Interrupted, Lost, Outcome
from rota.engine.direct import DirectWork
from rota.engine.work_source import Ended, Exchange, LeaseLostForGood, NewWorker, Notes, Offer, WorkSource
from rota.service import workers as service_workers
from rota.stores import workers
from rota.stores.identity import new_id
from simulation import through_service
from simulation.link import Weather
from simulation.plan import HEARTBEAT, LEASE, MARGIN
from simulation.record import Record
from simulation.through_service import Contexts, ServiceWork
from simulation.work import FUNCTION, Running
from simulation.world import Actor, Killed, Process, World

_POLL = SECOND
_RETRY = SECOND // 4
_LEAST_RETRY = SECOND // 4


class Worker(Process):
    """Claims, runs and settles. Its store calls are made by a thread of their own, as the real worker's are."""

    def __init__(
        self, world: World, name: str, weather: Weather, record: Record, slots: int,
        lease: LeaseConfig,
        over_http: tuple[Actor, Contexts] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(world, name)
        self.id = new_id(world.clock.now())
        self.guard: Guard | None = None
        self.draining = False
        self.over: Callable[[Worker], None] = lambda worker: None
        """Called when this incarnation has ended by itself: another takes its place."""
        self._weather, self._record, self._slots = weather, record, slots
        self._loop = Actor(self)
        self._thread = Actor(self)
        self._link = weather.link(self._thread, self.id)
        self._over_http = over_http
        self._source: WorkSource = DirectWork(self._link, lease)  # type: ignore[arg-type]
        if over_http is not None:
            network, contexts = over_http
            again = weather.link(network, self.id)
            self._source = ServiceWork(self._link, again, network, contexts, weather.rates.get("repeated", 0.0))
        self._running: dict[str, Running] = {}
        self._ended: list[Ended] = []
        self._busy = False
        self._turns = 0
        self._trusted_until: Instant = 0
        self._convicted = False
        self._lost = False
        self._reconciled_at = world.clock.now()
        self._thread.after(0, self._register)

    @property
    def calm(self) -> bool:
        """Whether the faults are over."""
        return not self._weather.rates

    def _now(self) -> Instant:
        return self.world.clock.now()

    def _register(self) -> None:
        asked = self._now()
        try:
            self._source.register(NewWorker(self.id, self.name, self._slots, self._source.transport))
        except Unavailable:
            self.kill()
            self.over(self)
            return
        self.heard(asked, self._link.wrote_at + LEASE, convicted=False)
        self.guard = Guard(self, self._weather, self._record, None if self._over_http is None else self._over_http[1])
        self._loop.after(0, self._turn)

    def heard(self, asked: Instant, until: Instant, *, convicted: bool) -> None:
        """The guard tells of a beat."""
        self._convicted = self._convicted or convicted
        if not convicted:
            self._record.asked("beat", asked, self._now(), "ok", worker_id=self.id, until=until)
            self._trusted_until = max(self._trusted_until, asked + LEASE - MARGIN)
            self.world.at(self._trusted_until, self._loop, self._mind_trust)

    def trusts(self) -> bool:
        """River's rule: until the asking for the last good beat plus L minus M."""
        return not self._convicted and self._now() < self._trusted_until

    def _mind_trust(self) -> None:
        if not self.trusts() and not self._lost:
            self._lose()
            self._wake()

    def _lose(self) -> None:
        """The trust is over: end all work, take nothing new, and let the guard beat no more."""
        self._lost = self.draining = True
        if self.guard is not None:
            self.guard.over = True
        for running in list(self._running.values()):
            running.stop(self.world.draw.randint(0, MARGIN // 2), Lost(), self._has_ended)

    def _wake(self) -> None:
        if not self._busy:
            self._turn()

    def _has_ended(self, running: Running, outcome: Outcome) -> None:
        if self._running.get(running.claim.id) is running:
            del self._running[running.claim.id]
        now = self._now()
        lines = [(running.claim.id, running.claim.token, number, now, "stdout", "a line") for number in (1, 2)]
        self._ended.append(Ended(running.claim, outcome, lines))
        self._wake()

    def _turn(self) -> None:
        """One exchange, made by the thread; its answer comes back to the loop."""
        if self._busy:
            return
        if not self.trusts() and not self._lost:
            self._lose()
        self._busy = True
        self._turns += 1
        self._thread.after(0, self._exchange)

    def _exchange(self) -> None:
        ended, self._ended = self._ended, []
        held = self._to_reconcile()
        slots = 0 if self.draining else self._slots - len(self._running)
        offer = Offer(self.id, slots, None, None, ["python"], [FUNCTION])
        asked = self._now()
        self._announce(ended, asked)
        try:
            answer = self._source.exchange(ended, Notes(), offer, held)
        except LeaseLostForGood:
            self._convicted = True
            self._tell(ended, asked, {item.claim.token: "refused" for item in ended})
            self._loop.after(0, lambda: self._unanswered([]))
            return
        except Unavailable:
            self._note_heartbeat(asked)
            self._tell(ended, asked, {item.claim.token: "unknown" for item in ended})
            self._loop.after(0, lambda: self._unanswered(ended))
            return
        except Killed:
            self._note_heartbeat(asked)
            raise
        self._note_heartbeat(asked)
        told = {(item.execution_id, item.token): "ok" for item in answer.settled}
        self._tell(
            ended, asked, {item.claim.token: told.get((item.claim.id, item.claim.token), "refused") for item in ended}
        )
        self._loop.after(0, lambda: self._answered(answer))

    def _note_heartbeat(self, asked: Instant) -> None:
        """Over HTTP a turn counts as a heartbeat for the store, though the worker trusts itself by its guard's alone."""
        if self._over_http is not None and self._link.committed:
            until = self._link.wrote_at + LEASE
            self._record.asked("beat", asked, self._now(), "unknown", worker_id=self.id, until=until)

    def _announce(self, ended: list[Ended], asked: Instant) -> None:
        """What it gives up is on record before the message goes out: a worker that is killed meanwhile hears no answer."""
        gives_up = [item for item in ended if isinstance(item.outcome, Lost | Interrupted)]
        self._tell(gives_up, asked, {item.claim.token: "unknown" for item in gives_up})

    def _tell(self, ended: list[Ended], asked: Instant, answers: dict[int, str]) -> None:
        for item in ended:
            gives_up = isinstance(item.outcome, Lost | Interrupted)
            self._record.asked(
                "release" if gives_up else "complete", asked, self._now(), answers[item.claim.token],
                execution_id=item.claim.id, token=item.claim.token, worker_id=self.id,
            )  # fmt: skip

    def _to_reconcile(self) -> set[str] | None:
        if self._now() - self._reconciled_at < HEARTBEAT:
            return None
        self._reconciled_at = self._now()
        return {*self._running, *(item.claim.id for item in self._ended)}

    def _unanswered(self, ended: list[Ended]) -> None:
        self._ended = ended + self._ended
        self._busy = False
        if self._lost and not self._running:
            self._end()
        else:
            self._sleep(_RETRY)

    def _answered(self, answer: Exchange) -> None:
        self._busy = False
        if self.trusts():
            for claim in answer.claims:
                self._record.asked(
                    "claim", claim.started_at, self._now(), "ok",
                    execution_id=claim.id, token=claim.token, worker_id=self.id,
                )  # fmt: skip
                self._running[claim.id] = running = Running(claim, self.id, self._loop, self._record, self.calm)
                running.begin(self._has_ended)
        for id in answer.cancelling:
            if id in self._running:
                self._running[id].stop(self.world.draw.randint(0, SECOND), Cancelled(), self._has_ended)
        if (self._lost or self.draining) and not self._running and not self._ended:
            self._end()
        elif self._ended:
            self._wake()
        else:
            self._sleep(self._rest(answer))

    def _sleep(self, duration: Duration) -> None:
        """Turn again after that, unless something wakes the worker before."""
        turns = self._turns
        self._loop.after(duration, lambda: self._wake() if self._turns == turns else None)

    def _rest(self, answer: Exchange) -> Duration:
        wait = _POLL if answer.next_due is None else min(_POLL, answer.next_due - self._now())
        return max(wait, 1000)

    def _end(self) -> None:
        """Say goodbye, and be replaced."""
        self._thread.after(0, self._say_goodbye)

    def _say_goodbye(self) -> None:
        with suppress(Unavailable, Conflict, NotFound):
            self._source.say_goodbye(self.id)
        self.kill()
        if self.guard is not None:
            self.guard.kill()
        self.over(self)


class Guard(Process):
    """Beats for a worker as long as that lives, and buries it when it is dead."""

    def __init__(self, worker: Worker, weather: Weather, record: Record, contexts: Contexts | None) -> None:
        super().__init__(worker.world, f"guard of {worker.name}")
        self.over = False
        """The worker gave its lease up."""
        self._worker, self._record = worker, record
        self._actor = Actor(self)
        self._link = weather.link(self._actor, worker.id)
        self._ctx = None if contexts is None else contexts(self._link)
        self._trusted_until = self.world.clock.now() + LEASE
        self._actor.after(HEARTBEAT, lambda: self._actor.repeat(self._beat))

    def _beat(self) -> Duration:
        if self._worker.dead:
            return self._bury()
        if self.over or self._worker.paused:
            return HEARTBEAT
        asked = self.world.clock.now()
        granted: list[Instant | None] = []
        try:
            until = self._ask(granted)
        except Unavailable:
            self._granted_unheard(asked, granted)
            return max(_LEAST_RETRY, min(HEARTBEAT, (self._trusted_until - asked) // 2))
        except Killed:
            self._granted_unheard(asked, granted)
            raise
        self._trusted_until = asked + LEASE
        self._worker.heard(asked, until or 0, convicted=until is None)
        return HEARTBEAT

    def _ask(self, granted: list[Instant | None]) -> Instant | None:
        if self._ctx is None:
            return self._link.writing(lambda tx: _remembered(granted, workers.beat(tx, self._worker.id, LEASE)))
        granted.append(self.world.clock.now() + LEASE)
        return through_service.beat(self._ctx, self._worker.id)

    def _granted_unheard(self, asked: Instant, granted: list[Instant | None]) -> None:
        if self._link.committed and granted and granted[0] is not None:
            now = self.world.clock.now()
            until = self._link.wrote_at + LEASE
            self._record.asked("beat", asked, now, "unknown", worker_id=self._worker.id, until=until)

    def _bury(self) -> Duration:
        try:
            if self._ctx is None:
                self._link.writing(lambda tx: workers.bury(tx, self._worker.id))
            else:
                service_workers.bury(self._ctx, self._worker.id)
        except Unavailable:
            return _LEAST_RETRY
        self.kill()
        return HEARTBEAT


def _remembered(granted: list[Instant | None], until: Instant | None) -> Instant | None:
    granted.append(until)
    return until
