"""Occurrences: one nominal instant of a schedule each, and what was decided about it."""

from dataclasses import dataclass
from enum import StrEnum

from rota.domain.instant import Instant


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


@dataclass(frozen=True, slots=True)
class Due:
    """The decisions of one tick. `next_at` is the next nominal instant, or None when the schedule is over.

    `fires_at` is the next one that the rule, its calendar and its exceptions let fire. `more` says that instants up to
    now are left: call again with the new `cursor`, and with this `caught_up`.
    """

    decisions: list[Occurrence]
    cursor: Instant
    next_at: Instant | None
    fires_at: Instant | None = None
    more: bool = False
    caught_up: int = 0
