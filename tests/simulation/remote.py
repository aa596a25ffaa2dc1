"""A worker over HTTP: the real functions of `rota.service.work` and `workers` behind a network that loses, delays and repeats."""

from collections.abc import Callable
from typing import TypeVar

from rota.domain.errors import Conflict, NotFound, Unavailable
from rota.domain.execution import Claim
from rota.domain.instant import SECOND, Duration, Instant
from rota.domain.outcome import Cancelled, Interrupted, Lost, Outcome
from rota.service import work, workers
from rota.service.context import ServiceContext
from simulation.link import Link, Weather
from simulation.plan import HEARTBEAT, LEASE, MARGIN
from simulation.record import Record
from simulation.work import FUNCTION, Running
from simulation.world import Actor, Killed, Process, World

T = TypeVar("T")
Contexts = Callable[[Link], ServiceContext]

_POLL = SECOND
_RETRY = SECOND // 2
_UNANSWERED = object()


class Remote(Process):
    """Acquires, runs and completes, each by a request. Its heartbeats come from another thread.

    With `own_leases` it takes a lease for each attempt and extends that; else heartbeats that name what it holds
    prolong everything.
    """

    def __init__(
        self, world: World, name: str, weather: Weather, record: Record, slots: int,
        contexts: Contexts, network: Actor,
    ) -> None:  # fmt: skip
        super().__init__(world, name)
        self.id = ""
        self.draining = False
        self.over: Callable[[Remote], None] = lambda remote: None
        self._own_leases = world.draw.random() < 0.3
        self._weather, self._record, self._slots, self._network = weather, record, slots, network
        self._loop, self._beats = Actor(self), Actor(self)
        self._links = {actor: weather.link(actor, name) for actor in (self._loop, self._beats)}
        self._contexts = contexts
        self._again = weather.link(network, name)
        self._running: dict[str, Running] = {}
        self._ended: list[tuple[Claim, Outcome]] = []
        self._trusted_until: Instant = 0
        self._granted: Instant | None = None
        self._loop.after(0, self._register)

    @property
    def calm(self) -> bool:
        """Whether the faults are over."""
        return not self._weather.rates

    def _now(self) -> Instant:
        return self.world.clock.now()

    def _call(self, actor: Actor, ask: Callable[[ServiceContext], T]) -> T:
        """One request. It may arrive a second time, later, with nobody to hear the answer."""
        link = self._links[actor]
        link.committed = False
        answer = ask(self._contexts(link))
        if self.world.draw.random() < self._weather.rates.get("repeated", 0.0):
            self._network.after(self.world.draw.randint(0, 2 * LEASE), lambda: self._repeat(ask))
        return answer

    def _repeat(self, ask: Callable[[ServiceContext], object]) -> None:
        self._again.committed = False
        try:
            ask(self._contexts(self._again))
        except (Unavailable, Conflict, NotFound):
            return

    def _register(self) -> None:
        asked = self._now()
        new = workers.NewWorker("", self.name, self._slots, "http")
        try:
            made = self._call(self._loop, lambda ctx: workers.register(ctx, new))
        except Unavailable:
            self._loop.after(_RETRY, self._register)
            return
        self.id = made.id
        self._hear_beat(asked, made.lease_expires_at)
        self._beats.after(HEARTBEAT, lambda: self._beats.repeat(self._beat))
        self._loop.repeat(self._turn)

    def _hear_beat(self, asked: Instant, until: Instant) -> None:
        self._trusted_until = max(self._trusted_until, asked + LEASE - MARGIN)
        self.world.at(self._trusted_until, self._loop, self._mind_trust)
        self._record.asked(
            "beat", asked, self._now(), "ok", worker_id=self.id, until=None if self._own_leases else until
        )

    def trusts(self) -> bool:
        """Whether its lease is its own by its own reckoning."""
        return self._now() < self._trusted_until

    def _mind_trust(self) -> None:
        if not self.trusts():
            self._lose()

    def _trust(self, running: Running, asked: Instant) -> None:
        """An attempt with a lease of its own is trusted for so long from the asking for it."""
        running.trusted_until = max(running.trusted_until, asked + LEASE - MARGIN)

        def mind() -> None:
            if self._now() >= running.trusted_until and self._running.get(running.claim.id) is running:
                del self._running[running.claim.id]
                running.ended = True

        self.world.at(running.trusted_until, self._loop, mind)

    def _beat(self) -> Duration:
        if not self.trusts():
            self._lose()
            return HEARTBEAT
        held = {claim.id: claim.token for claim, _ in self._ended}
        held |= {id: running.claim.token for id, running in self._running.items()}  # the later token, if it has both
        asked = self._now()
        try:
            answer = self._call(self._beats, lambda ctx: self._named(ctx, asked, held))
        except Unavailable:
            return _RETRY
        except (Conflict, NotFound):
            self._lose()
            return HEARTBEAT
        self._hear_beat(asked, answer.lease_expires_at)
        for id in answer.cancel:
            self._stop(id, Cancelled())
        for id in answer.lost:
            self._stop(id, Lost())
        if self._own_leases:
            self._extend()
        return HEARTBEAT

    def _named(self, ctx: ServiceContext, asked: Instant, held: dict[str, int]) -> workers.Beat:
        """A heartbeat; what it granted is noted even when its answer is lost. What it names has a lease of its own."""
        link: Link = ctx.database  # type: ignore[assignment]
        try:
            answer = workers.beat(ctx, self.id, None if self._own_leases else held)
        except (Unavailable, Killed):
            if link.committed and not self._own_leases:
                until = link.wrote_at + LEASE
                self._record.asked("beat", asked, self._now(), "unknown", worker_id=self.id, until=until)
            raise
        finally:
            if link.committed and not self._own_leases:
                for id, token in held.items():
                    self._grant("extend", "unknown", asked, id, token, link.wrote_at + LEASE)
        if ctx.database is self._again and not self._own_leases:
            self._record.asked("beat", asked, self._now(), "unknown", worker_id=self.id, until=answer.lease_expires_at)
        return answer

    def _extend(self) -> None:
        for id, running in list(self._running.items()):
            asked, token = self._now(), running.claim.token
            try:
                self._call(self._beats, lambda ctx, i=id, t=token, a=asked: self._extended(ctx, i, t, a))  # type: ignore[misc]
                self._trust(running, asked)
            except Unavailable:
                continue
            except (Conflict, NotFound):
                self._record.asked(
                    "extend", asked, self._now(), "refused", execution_id=id, token=token, worker_id=self.id
                )
                self._stop(id, Lost())

    def _extended(self, ctx: ServiceContext, id: str, token: int, asked: Instant) -> None:
        try:
            until = work.extend(ctx, id, token, LEASE, self.id).lease_expires_at
        except Unavailable:
            if ctx.database.committed:  # type: ignore[attr-defined]
                self._grant("extend", "unknown", asked, id, token, ctx.database.wrote_at + LEASE)  # type: ignore[attr-defined]
            raise
        self._grant("extend", "unknown" if ctx.database is self._again else "ok", asked, id, token, until)

    def _grant(self, what: str, answer: str, asked: Instant, id: str, token: int, until: Instant | None) -> None:
        self._record.asked(
            what, asked, self._now(), answer, execution_id=id, token=token, worker_id=self.id, until=until
        )

    def _turn(self) -> Duration:
        """Complete what has ended, then take what fits."""
        if self.trusts():
            self._complete()
        free = 0 if self.draining or not self.trusts() else self._slots - len(self._running) - len(self._ended)
        if free > 0:
            self._acquire(free)
        if self.draining and not self._running and not self._ended:
            self._leave()
        return _POLL

    def _complete(self) -> None:
        left = []
        for claim, outcome in self._ended:
            asked, answer = self._now(), "ok"
            if isinstance(
                outcome, Interrupted
            ):  # on record before it is asked: who is killed meanwhile hears no answer
                self._told(claim, outcome, asked, "unknown")
            try:
                self._call(self._loop, lambda ctx, c=claim, o=outcome: work.complete(ctx, c.id, self.id, c.token, o))  # type: ignore[misc]
            except Unavailable:
                answer = "unknown"
                left.append((claim, outcome))
            except (Conflict, NotFound):
                answer = "refused"
            self._told(claim, outcome, asked, answer)
        self._ended = left

    def _told(self, claim: Claim, outcome: Outcome, asked: Instant, answer: str) -> None:
        what = "release" if isinstance(outcome, Interrupted) else "complete"
        self._record.asked(
            what, asked, self._now(), answer, execution_id=claim.id, token=claim.token, worker_id=self.id
        )  # fmt: skip

    def _acquire(self, free: int) -> None:
        asked = self._now()
        lease = LEASE if self._own_leases else None
        try:
            answer = self._call(
                self._loop,
                lambda ctx: self._acquired(ctx, asked, free, lease),
            )
        except Unavailable:
            return
        except (Conflict, NotFound):
            if not self.draining:
                self._lose()
            return
        if not self.trusts() or self._now() >= asked + LEASE - MARGIN:
            return  # the answer came so late that the work may be somebody else's
        for claim in answer.claims:
            until = claim.started_at + LEASE if self._own_leases else None
            self._grant("claim", "ok", asked, claim.id, claim.token, until)
            self._running[claim.id] = running = Running(claim, self.id, self._loop, self._record, self.calm)
            if self._own_leases:
                self._trust(running, asked)
            running.begin(self._has_ended)

    def _acquired(self, ctx: ServiceContext, asked: Instant, free: int, lease: Duration | None) -> work.Acquired:
        """It counts as a heartbeat, if it came to a transaction, whether its answer arrives or not."""
        try:
            return work.acquire(ctx, self.id, capacity=free, types=["python", FUNCTION], lease=lease)
        finally:
            link: Link = ctx.database  # type: ignore[assignment]
            if link.committed and not self._own_leases:
                until = link.wrote_at + LEASE
                self._record.asked("beat", asked, self._now(), "unknown", worker_id=self.id, until=until)

    def _has_ended(self, running: Running, outcome: Outcome) -> None:
        if self._running.get(running.claim.id) is running:
            del self._running[running.claim.id]
        if not isinstance(outcome, Lost):
            self._ended.append((running.claim, outcome))

    def _stop(self, id: str, reason: Outcome) -> None:
        if id in self._running:
            self._running[id].stop(self.world.draw.randint(0, MARGIN // 2), reason, self._has_ended)

    def _lose(self) -> None:
        """The lease is gone: stop everything, and come back as a new worker."""
        for running in self._running.values():
            running.ended = True
        self.kill()
        self.over(self)

    def _leave(self) -> None:
        try:
            self._call(self._loop, lambda ctx: workers.end(ctx, self.id))
        except Unavailable:
            return
        except (Conflict, NotFound):
            pass
        self.kill()
        self.over(self)
