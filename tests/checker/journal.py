"""What a history is made of.

Two clocks: the store's (`Instant`, microseconds since the epoch) for what the store wrote, and CLOCK_MONOTONIC in
nanoseconds, which all processes of a machine share, for what was seen outside of it. `Terms.offset` joins them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rota.domain.instant import SECOND, Duration, Instant

Nanoseconds = int
"""CLOCK_MONOTONIC."""


@dataclass(slots=True)
class Change:
    """One row of the journal (the table `events`), written in the transaction of the change. `seq` orders commits.

    `state` is where the execution stands after it; `token` and `attempt` are of the attempt that it is about.
    """

    seq: int
    at: Instant
    kind: str
    execution_id: str | None
    attempt: int | None = None
    token: int | None = None
    state: str | None = None
    worker_id: str | None = None
    trigger: str | None = None


@dataclass(slots=True)
class Witnessed:
    """What a job wrote to a file outside the store, by one append: it began, had a side effect, or came to its end."""

    what: str
    """`start`, `effect` or `end`."""
    execution_id: str
    attempt: int
    token: int
    worker_id: str
    at: Nanoseconds


@dataclass(slots=True)
class Request:
    """What a client or a worker asked for, and what it was told.

    `unknown` stands for every answer that never came (a timeout, a cut reply, a crash of who asked): the change may
    have happened, once, or not.
    """

    what: str
    """`submit`, `claim`, `complete`, `release` (a completion that gives the work up: lost or interrupted), `beat`, `extend`,
    `log` or `cancel`."""
    asked: Nanoseconds
    answered: Nanoseconds | None
    answer: str
    """`ok`, `refused` or `unknown`."""
    execution_id: str | None = None
    token: int | None = None
    worker_id: str | None = None
    until: Instant | None = None
    """Until when the lease holds that a `claim`, `beat` or `extend` was granted, by the store's clock; set with the
    answer `unknown` too, where it is known that the store granted it."""
    key: str | None = None
    """The idempotency key of a submission."""


@dataclass(slots=True)
class Fault:
    """What was done to the system, to what, and from when to when.

    `target` is the id of a worker, or else a part that everybody needs (`store`, `coordinator`, `network`, …): only the
    latter excuses that lost work was taken back late.
    """

    kind: str
    target: str
    begin: Nanoseconds
    end: Nanoseconds


@dataclass(slots=True)
class Stored:
    """An execution as the store holds it at the end, in `executions` (`live`) or in `history`."""

    execution_id: str
    live: bool
    state: str
    attempt: int
    max_attempts: int
    token: int | None
    trigger: str
    schedule_id: str | None
    nominal_at: Instant | None
    created_at: Instant
    finished_at: Instant | None = None


@dataclass(slots=True)
class Tried:
    """A row of `attempts`."""

    execution_id: str
    token: int
    number: int
    state: str
    worker_id: str | None
    started_at: Instant
    finished_at: Instant


@dataclass(slots=True)
class Decided:
    """A row of `occurrences`."""

    schedule_id: str
    nominal_at: Instant
    decision: str
    execution_id: str | None


@dataclass(slots=True)
class Member:
    """A row of `workers`. One that was buried by its guard ended at the very time at which its lease does."""

    worker_id: str
    state: str
    transport: str
    registered_at: Instant
    heartbeat_at: Instant
    lease_expires_at: Instant
    ended_at: Instant | None


@dataclass(slots=True)
class Terms:
    """The times that the promises are made of (L, R, M), and how exactly the history tells time."""

    lease: Duration = 30 * SECOND
    reaper: Duration = 5 * SECOND
    margin: Duration = 3 * SECOND
    pickup: Duration | None = None
    """P: how long free work waits at most. None when slots may all have been taken: then it is not judged."""
    watch: Duration = 0
    """How long a rescuer watches after an outage before it convicts."""
    slack: Duration = SECOND
    """What a loop may be late by, and what the two clocks may disagree by."""
    offset: Nanoseconds = 0
    """The store's clock (in ns) minus CLOCK_MONOTONIC."""

    def instant(self, at: Nanoseconds) -> Instant:
        """A monotonic time by the store's clock."""
        return (at + self.offset) // 1000


@dataclass(slots=True)
class History:
    """Everything that is known of one run. What is left empty is not judged by it."""

    journal: Sequence[Change]
    """By `seq`."""
    stored: Sequence[Stored]
    tried: Sequence[Tried] = ()
    decided: Sequence[Decided] = ()
    members: Sequence[Member] = ()
    witness: Sequence[Witnessed] = ()
    requests: Sequence[Request] = ()
    faults: Sequence[Fault] = ()
    terms: Terms = field(default_factory=Terms)
    caps: dict[str, Mapping[str, int]] = field(default_factory=dict)
    """Execution -> what it is limited by (a concurrency key, a job, a queue) -> how many may run under that at once."""
    parents: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Execution -> the executions that must have succeeded before it begins."""
    due: Mapping[str, Sequence[Instant]] = field(default_factory=dict)
    """Schedule -> the nominal instants that must have been decided."""
    quiescent: bool = True
    """Whether the faults are over for so long that everything accepted must have ended."""
    seed: str = ""
    replay: str = ""
    """The command that makes this history again."""


@dataclass(slots=True)
class Violation:
    """One broken invariant: which, of which execution (or schedule, or key), and what is wrong, as a sentence."""

    invariant: str
    subject: str
    sentence: str
    at: Instant = 0
    """When by the store's clock; 0 = at the end."""
