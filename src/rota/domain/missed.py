"""What becomes of the instants that are due: fire, catch up, coalesce, or write down why not."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from rota.domain.instant import MINUTE, SECOND, Duration, Instant

ON_TIME: Duration = SECOND
"""An instant younger than this is on time, however many are due."""
TICK_LATENCY: Duration = MINUTE
"""The latest due instant is still on time up to this age: what a slow tick or a restart costs."""
MOST_CATCHUP_RUNS = 1000


class Missed(StrEnum):
    """What to do with instants that passed while nobody could fire them."""

    RUN_LATEST = "runLatest"
    RUN_EARLIEST = "runEarliest"
    RUN_ALL = "runAll"
    SKIP = "skip"


class Overlap(StrEnum):
    """What to do when an instant fires while an earlier execution under the same key has not ended."""

    SKIP = "skip"
    QUEUE_ONE = "queueOne"
    QUEUE_ALL = "queueAll"
    CANCEL_PREVIOUS = "cancelPrevious"
    KILL_PREVIOUS = "killPrevious"
    ALLOW = "allow"


class Decision(StrEnum):
    """What was decided about one occurrence."""

    FIRED = "fired"
    SKIPPED_OVERLAP = "skippedOverlap"
    SKIPPED_CALENDAR = "skippedCalendar"
    SKIPPED_CONDITION = "skippedCondition"
    SKIPPED_PAUSED = "skippedPaused"
    SKIPPED_EXCEPTION = "skippedException"
    MISSED = "missed"
    COALESCED = "coalesced"
    EXPIRED = "expired"
    SUPPRESSED_DST = "suppressedDst"


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One nominal instant and what was decided about it.

    `nominal` keys the ledger. `due_at` is when its execution becomes due: nominal plus the schedule's jitter.
    """

    nominal: Instant
    decision: Decision
    reason: str | None
    due_at: Instant
