"""Workers under a virtual clock: what waits, what runs, and what holds it back."""

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rota.domain.admission import Admission, Starts
from rota.domain.execution import State
from rota.domain.instant import Duration, Instant, format_instant
from rota.domain.limits import FLEET, Limits
from rota.domain.overlap import LiveExecution
from rota.domain.queue import QueueSettings


@dataclass(slots=True)
class Run:
    """The execution of one instant. `starts_at` stays None while it waits, `ends_at` while it runs.

    `expired` says that its latest start passed while it waited, `cancelled` that a later instant ended it.
    """

    schedule_id: str
    nominal: Instant
    queue: str
    priority: int
    due_at: Instant
    latest_start: Instant | None
    duration: Duration
    limits: Limits
    overlap_names: frozenset[str]
    starts_at: Instant | None = None
    ends_at: Instant | None = None
    expired: bool = False
    cancelled: bool = False

    id: str = field(init=False)
    """What it is called: unique, because a schedule fires an instant once."""
    order: int = field(default=0, init=False)
    """How many runs fired up to it, itself included."""

    def __post_init__(self) -> None:
        self.id = f"the run of schedule {self.schedule_id} at {format_instant(self.nominal)}"

    @property
    def wait(self) -> Duration | None:
        """From when it was due to its start."""
        return None if self.starts_at is None else max(0, self.starts_at - self.due_at)

    @property
    def is_over(self) -> bool:
        """Whether it has ended in some way, begun or not."""
        return self.expired or self.cancelled or self.ends_at is not None


Place = tuple[int, Instant, int]
"""The order in which runs start: the higher priority, the earlier due, the earlier fired."""


@dataclass(slots=True)
class Work:
    """All runs that have not ended. `slots` bounds those that run at once; None = no bound."""

    slots: int | None
    queues: Mapping[str, QueueSettings]
    _fired: int = 0
    _later: list[tuple[Instant, int, Run]] = field(default_factory=list)
    _waiting: dict[Limits, list[tuple[Place, Run]]] = field(default_factory=dict)
    _running: list[tuple[Instant, int, Run]] = field(default_factory=list)
    _expiring: list[tuple[Instant, int, Run]] = field(default_factory=list)
    _live: dict[str, dict[str, Run]] = field(default_factory=dict)
    _known: dict[str, Run] = field(default_factory=dict)
    _counts: dict[str, int] = field(default_factory=dict)
    _busy: int = 0
    _starts: dict[str, Starts] = field(default_factory=dict)
    _opens_at: Instant | None = None

    def add(self, run: Run, now: Instant) -> None:
        """Take in what has fired."""
        self._fired += 1
        run.order = self._fired
        self._known[run.id] = run
        for name in run.overlap_names:
            self._live.setdefault(name, {})[run.id] = run
        if run.latest_start is not None:
            heapq.heappush(self._expiring, (run.latest_start + 1, run.order, run))
        if run.due_at > now:
            heapq.heappush(self._later, (run.due_at, run.order, run))
        else:
            self._let_wait(run)

    def live(self, name: str) -> list[LiveExecution]:
        """What has not ended under a name that `overlaps_with` gives, oldest first."""
        return [(id, self._state(run)) for id, run in self._live.get(name, {}).items()]

    def next_at(self) -> Instant | None:
        """When something ends, becomes due, expires, or may start under a rate."""
        while self._expiring and (self._expiring[0][2].is_over or self._expiring[0][2].starts_at is not None):
            heapq.heappop(self._expiring)
        heads = [queue[0][0] for queue in (self._later, self._expiring) if queue]
        times = [*heads, self.next_end(), self._opens_at]
        return min((at for at in times if at is not None), default=None)

    def next_end(self) -> Instant | None:
        """When the next run ends."""
        while self._running and self._running[0][2].cancelled:
            heapq.heappop(self._running)
        return self._running[0][0] if self._running else None

    def end(self, now: Instant) -> None:
        """End what is over at an instant, and expire what has waited too long."""
        while (at := self.next_end()) is not None and at <= now:
            run = heapq.heappop(self._running)[2]
            self._leave(run, at)
        while self._expiring and self._expiring[0][0] <= now:
            run = heapq.heappop(self._expiring)[2]
            if not run.is_over and run.starts_at is None:
                run.expired = True
                self._forget(run)

    def cancel(self, ids: Iterable[str], now: Instant) -> None:
        """End runs before their time, begun or not."""
        for run in [self._known[id] for id in dict.fromkeys(ids) if id in self._known]:
            run.cancelled = True
            if run.starts_at is None:
                self._forget(run)
            else:
                self._leave(run, now)

    def begin(self, now: Instant) -> None:
        """Start what is due and fits, in the order of priority, due time and age."""
        while self._later and self._later[0][0] <= now:
            if not (run := heapq.heappop(self._later)[2]).is_over:
                self._let_wait(run)
        admission = Admission(now, self._counts, self._starts)
        heads = [(self._head(limits), number, limits) for number, limits in enumerate(list(self._waiting))]
        order = [(place, number, limits) for place, number, limits in heads if place is not None]
        heapq.heapify(order)
        while order and (self.slots is None or self._busy < self.slots):
            _, number, limits = heapq.heappop(order)
            run = self._waiting[limits][0][1]
            if self._rests(run.queue) or admission.admit(limits):
                continue
            heapq.heappop(self._waiting[limits])
            self._start(run, now)
            if (place := self._head(limits)) is not None:
                heapq.heappush(order, (place, number, limits))
        self._opens_at = admission.opens_at

    def _start(self, run: Run, now: Instant) -> None:
        run.starts_at = now
        self._busy += 1
        heapq.heappush(self._running, (now + run.duration, run.order, run))

    def _leave(self, run: Run, at: Instant) -> None:
        run.ends_at = at
        self._busy -= 1
        for name, _ in run.limits.caps:
            self._counts[name] -= 1
        self._forget(run)

    def _forget(self, run: Run) -> None:
        del self._known[run.id]
        for name in run.overlap_names:
            del self._live[name][run.id]
            if not self._live[name]:
                del self._live[name]

    def _let_wait(self, run: Run) -> None:
        place = (-run.priority, run.due_at, run.order)
        heapq.heappush(self._waiting.setdefault(run.limits, []), (place, run))

    def _head(self, limits: Limits) -> Place | None:
        """The place of the first that still waits under these limits."""
        waiting = self._waiting[limits]
        while waiting and waiting[0][1].is_over:
            heapq.heappop(waiting)
        if not waiting:
            del self._waiting[limits]
            return None
        return waiting[0][0]

    def _rests(self, queue: str) -> bool:
        return any(name in self.queues and self.queues[name].paused for name in (queue, FLEET))

    def _state(self, run: Run) -> State:
        return State.PENDING if run.starts_at is None else State.RUNNING
