"""How one actor reaches the store: the store itself, with a fate for every call."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from checker.journal import Fault
from rota.domain.errors import Unavailable
from rota.domain.instant import SECOND, Instant
from rota.stores.database import Database, Transaction
from simulation.plan import LEASE, Plan
from simulation.world import Actor

T = TypeVar("T")

_MOST_STEPS = 4000
"""Of SQLite's machine, after which a torn transaction breaks."""


class Weather:
    """What holds for every link: the rates of the plan, and whether the store is there. Makes the links."""

    def __init__(self, plan: Plan, database: Database, kind: "type[Link] | None" = None) -> None:
        self.database = database
        self._kind = kind or Link
        self.rates: dict[str, float] = dict(plan.call_rates)
        self.down_until: Instant = 0
        self.full_until: Instant = 0
        self.tells_before_commit = False
        """A broken store: it answers before the commit, which then does not happen."""
        self.faults: list[Fault] = []

    def link(self, actor: Actor, target: str) -> "Link":
        """A way for one actor. `target` is what a fault of it is a fault of."""
        return self._kind(actor, self, target)


class Link:
    """Stands where a `Database` does, for one actor. `committed` says whether its last write was."""

    def __init__(self, actor: Actor, weather: Weather, target: str) -> None:
        self.target = target
        self._actor = actor
        self._world = actor.world
        self._database = database = weather.database
        self._weather = weather
        self.clock = database.clock
        self.bell = database.bell
        self.hot = database.hot
        self.one_writer = database.one_writer
        self.committed = False
        self.wrote_at: Instant = 0
        """The store's time of its last write."""

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A snapshot, if the store is there."""
        self._reach()
        with self._database.read() as tx:
            yield tx

    @contextmanager
    def write(self, **choices: Any) -> Iterator[Transaction]:
        """A write transaction, to whatever end."""
        self.committed = False
        began = self.clock.now()
        try:
            self._reach()
            fate = self._fate()
            with self._database.write(**choices) as tx:
                self.wrote_at = tx.now
                with self._torn(tx, fate == "torn"), self._full(tx):
                    yield tx
                if fate == "lost":
                    raise _NotCommitted
            self.committed = True
            self._answer(fate)
        except _NotCommitted:
            if not self._weather.tells_before_commit:
                self._note("broken call", began)
                raise Unavailable("the connection broke before the commit") from None
        except Unavailable:
            self._note("broken call", began)
            raise

    def writing(self, work: Callable[[Transaction], T], **choices: Any) -> T:
        """Run `work` in one write transaction."""
        with self.write(**choices) as tx:
            return work(tx)

    def reading(self, work: Callable[[Transaction], T]) -> T:
        """Run `work` on one snapshot."""
        with self.read() as tx:
            return work(tx)

    def _chance(self, kind: str) -> bool:
        return self._world.draw.random() < self._weather.rates.get(kind, 0.0)

    def _fate(self) -> str:
        return next((kind for kind in ("lost", "replyLost", "torn") if self._chance(kind)), "good")

    def _reach(self) -> None:
        """The way to the store: it may be slow, and there may be nobody."""
        if self._chance("slow"):
            self._delay()
        if self.clock.now() < self._weather.down_until:
            self._world.wait(self._actor, self._world.draw.randint(0, SECOND))
            raise Unavailable("the store does not answer")
        if self._actor.process.paused:
            self._world.wait(self._actor, 1)

    def _answer(self, fate: str) -> None:
        """The way back."""
        if fate == "replyLost":
            raise Unavailable("the connection broke before the answer")
        if self._chance("slow"):
            self._delay()

    def _delay(self) -> None:
        began = self.clock.now()
        most = 3 * LEASE if self._world.draw.random() < 0.25 else SECOND
        self._world.wait(self._actor, self._world.draw.randint(0, most))
        self._note("slow call", began)

    def _note(self, kind: str, began: Instant) -> None:
        self._weather.faults.append(Fault(kind, self.target, began * 1000, self.clock.now() * 1000))

    @contextmanager
    def _torn(self, tx: Transaction, torn: bool) -> Iterator[None]:
        """Break in the middle of a statement, somewhere; where the database cannot, at the end of them."""
        if not torn:
            yield
            return
        if not hasattr(tx.driver, "set_progress_handler"):
            yield
            raise _NotCommitted
        tx.driver.set_progress_handler(lambda: 1, self._world.draw.randint(1, _MOST_STEPS))
        try:
            yield
        finally:
            tx.driver.set_progress_handler(None, 0)

    @contextmanager
    def _full(self, tx: Transaction) -> Iterator[None]:
        """While the disk is full, the file cannot grow."""
        if self.clock.now() >= self._weather.full_until or not hasattr(tx.driver, "set_progress_handler"):
            yield
            return
        tx.driver.execute("PRAGMA max_page_count = 1")  # no smaller than it is
        try:
            yield
        finally:
            tx.driver.execute("PRAGMA max_page_count = 4294967294")


class _NotCommitted(Exception):
    """Rolls back what a lost message would have done."""
