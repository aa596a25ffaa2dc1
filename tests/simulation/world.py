"""Simulated time: a heap of events, the processes that they happen to, and what it means to wait, stop and die."""

import heapq
from collections.abc import Callable
from itertools import count
from random import Random

from rota.domain.instant import Duration, Instant
from rota.testing import ManualClock

_DEEPEST = 4
"""How many calls may wait inside each other: a wait inside the deepest takes no time."""


class Killed(BaseException):
    """The process died while it waited: nothing of it goes on."""


class Process:
    """Something that can be stopped and killed. It never comes back: who starts again is a new process."""

    def __init__(self, world: "World", name: str) -> None:
        self.world = world
        self.name = name
        self.dead = False
        self.paused_until: Instant = 0

    def kill(self) -> None:
        """Lose everything that is not in the store."""
        self.dead = True

    def pause(self, duration: Duration) -> None:
        """Stop; what would have happened meanwhile happens at once afterwards."""
        self.paused_until = max(self.paused_until, self.world.clock.now() + duration)

    @property
    def paused(self) -> bool:
        """Whether it is stopped now."""
        return self.paused_until > self.world.clock.now()


class Actor:
    """A thread of a process: its events happen one after another, and none while one of its calls waits."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.world = process.world
        self.waiting = False
        self.held_back: list[Callable[[], None]] = []

    def after(self, delay: Duration, act: Callable[[], None]) -> None:
        """Let something happen to this actor later."""
        self.world.at(self.world.clock.now() + delay, self, act)

    def repeat(self, act: Callable[[], Duration]) -> None:
        """Do something again and again: it says how long to rest."""

        def step() -> None:
            self.after(act(), step)

        step()


class World:
    """The heap. Whoever acts at the same instant acts in an order that the seed draws."""

    def __init__(self, draw: Random, clock: ManualClock) -> None:
        self.draw = draw
        self.clock = clock
        self.held_up: Callable[[Process, Instant, Instant], None] = lambda process, since, until: None
        """Told when a wait took longer than it should have: those who acted meanwhile waited themselves."""
        self._heap: list[tuple[Instant, float, int, Actor, Callable[[], None]]] = []
        self._numbers = count()
        self._depth = 0

    def at(self, instant: Instant, actor: Actor, act: Callable[[], None]) -> None:
        """Let something happen at an instant."""
        heapq.heappush(self._heap, (instant, self.draw.random(), next(self._numbers), actor, act))

    def run(self, until: Instant) -> None:
        """Let everything happen that is due until then."""
        while self._heap and self._heap[0][0] <= until:
            instant, _, _, actor, act = heapq.heappop(self._heap)
            self.clock.set(max(self.clock.now(), instant))
            self._happen(actor, act)
        self.clock.set(max(self.clock.now(), until))

    def _happen(self, actor: Actor, act: Callable[[], None]) -> None:
        process = actor.process
        if process.dead:
            return
        if actor.waiting:
            actor.held_back.append(act)
        elif process.paused:
            self.at(process.paused_until, actor, act)
        else:
            try:
                act()
            except Killed:
                if not process.dead:
                    raise

    def wait(self, actor: Actor, duration: Duration) -> None:
        """An actor waits in the middle of a call, and the others go on. Killed when it dies meanwhile."""
        over = self.clock.now() + duration
        if duration > 0 and self._depth < _DEEPEST:
            actor.waiting = True
            self._depth += 1
            try:
                self.run(over)
                while actor.process.paused and not actor.process.dead:
                    self.run(actor.process.paused_until)
            finally:
                self._depth -= 1
                actor.waiting = False
            for act in actor.held_back:
                self.at(self.clock.now(), actor, act)
            actor.held_back = []
            if self.clock.now() > over:
                self.held_up(actor.process, over, self.clock.now())
        if actor.process.dead:
            raise Killed
