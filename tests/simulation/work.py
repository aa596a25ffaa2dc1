"""What simulated workers do with a claim: some time passes, side effects happen, and it comes to an outcome."""

from collections.abc import Callable
from random import Random

from rota.domain.execution import Claim
from rota.domain.instant import SECOND, Duration, Instant
from rota.domain.outcome import Cancelled, Deferred, Failed, Interrupted, Outcome, Succeeded, TimedOut
from simulation.plan import LEASE
from simulation.record import Record
from simulation.world import Actor

FUNCTION = "work"
_LONG = 0.15
"""The share of attempts that outlast several leases."""


class Running:
    """One attempt in a worker's hands."""

    def __init__(self, claim: Claim, worker_id: str, loop: Actor, record: Record, calm: bool) -> None:
        """`calm`: the faults are over, and work goes well."""
        self.claim = claim
        self.ended = False
        self.trusted_until: Instant = 0
        """Until when a lease of its own may be trusted."""
        self._worker_id = worker_id
        self._loop = loop
        self._record = record
        self._draw = loop.world.draw
        self._calm = calm

    def begin(self, on_end: Callable[["Running", Outcome], None]) -> None:
        """Run: the outcome comes later, unless the attempt is stopped before."""
        self._saw("start")
        length = duration(self._draw, self._calm)
        self._loop.after(self._draw.randint(0, length), lambda: self._unless_ended(lambda: self._saw("effect")))

        def end() -> None:
            self._saw("end")
            self.ended = True
            on_end(self, outcome(self._draw, self.claim, self._calm))

        self._loop.after(length, lambda: self._unless_ended(end))

    def stop(self, after: Duration, reason: Outcome, on_end: Callable[["Running", Outcome], None]) -> None:
        """It is told to stop, and has within `after`."""

        def end() -> None:
            self.ended = True
            on_end(self, reason)

        self._loop.after(after, lambda: self._unless_ended(end))

    def _saw(self, what: str) -> None:
        self._record.saw(what, self.claim, self._worker_id, self._loop.world.clock.now())

    def _unless_ended(self, act: Callable[[], None]) -> None:
        if not self.ended:
            act()


def duration(draw: Random, calm: bool) -> Duration:
    """How long an attempt takes."""
    if not calm and draw.random() < _LONG:
        return draw.randint(LEASE, 3 * LEASE)
    return round(min(draw.expovariate(1.0), 4.0) * SECOND) + 1


def outcome(draw: Random, claim: Claim, calm: bool) -> Outcome:
    """What an attempt comes to when it ends by itself. A result names the token that it was made under."""
    chance = 0.0 if calm else draw.random()
    if chance < 0.78:
        return Succeeded({"token": claim.token})
    if chance < 0.88:
        return Failed("it went wrong")
    if chance < 0.92:
        return Failed("it can not go well", retryable=False)
    if chance < 0.94:
        return Deferred(draw.randint(1, 3) * SECOND, {"handle": claim.token})
    if chance < 0.96:
        return TimedOut(claim.timeout)
    return Interrupted() if chance < 0.98 else Cancelled()
