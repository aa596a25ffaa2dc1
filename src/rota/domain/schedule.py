"""When a job becomes due: one rule with its policies, and the pure questions asked of it."""

from collections.abc import Mapping
from dataclasses import dataclass

from rota.domain.instant import Duration, Instant
from rota.domain.missed import Decision, Missed, Occurrence, Overlap
from rota.domain.zone import DstGap, DstOverlap

__all__ = [
    "Decision",
    "DstGap",
    "DstOverlap",
    "Due",
    "Fire",
    "Missed",
    "Occurrence",
    "Overlap",
    "Preview",
    "Schedule",
    "SkippedInstant",
    "due",
    "next_after",
    "upcoming",
]


@dataclass(frozen=True, slots=True)
class Fire:
    """One coming instant: `at` in UTC, its local text with offset, and note codes such as `dstShifted`."""

    at: Instant
    local_text: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SkippedInstant:
    """A nominal local time that will not fire, and the code that says why."""

    nominal_local_text: str
    reason: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What a schedule will do."""

    items: list[Fire]
    skipped: list[SkippedInstant]


@dataclass(frozen=True, slots=True)
class Due:
    """The decisions of one tick. `next_at` is nominal, or None when the schedule is over.

    `more` says that instants up to now are left: call again with the new cursor and `caught_up`.
    """

    decisions: list[Occurrence]
    cursor: Instant
    next_at: Instant | None
    more: bool = False
    caught_up: int = 0


@dataclass(frozen=True, slots=True)
class Schedule:
    """One rule and its policies: a hashable value without any database identity."""

    time_zone: str = "UTC"
    dst_gap: DstGap = DstGap.SHIFT
    dst_overlap: DstOverlap = DstOverlap.FIRST
    missed: Missed = Missed.RUN_LATEST
    max_lateness: Duration | None = None
    max_catchup_runs: int | None = None
    overlap: Overlap = Overlap.SKIP
    overlap_key: str | None = None
    jitter: Duration = 0
    starts_at: Instant | None = None
    ends_at: Instant | None = None
    max_runs: int | None = None
    parameters_json: str | None = None
    enabled: bool = True
    key: str | None = None
    name: str | None = None
    description: str | None = None

    @classmethod
    def parse(cls, document: Mapping[str, object], *, now: Instant, spread: str) -> "Schedule":
        """Read and check a schedule object. InvalidInput lists every problem with its location."""
        raise NotImplementedError

    @classmethod
    def from_document(cls, document: Mapping[str, object]) -> "Schedule":
        """Rebuild a schedule from its own `document()`."""
        raise NotImplementedError

    @classmethod
    def from_json(cls, text: str) -> "Schedule":
        """Rebuild a schedule from the JSON text of its `document()`; cached."""
        raise NotImplementedError

    def document(self) -> dict[str, object]:
        """The canonical JSON object; `Schedule.parse` reads it back to an equal value."""
        raise NotImplementedError

    def describe(self) -> str:
        """A short sentence for a person."""
        raise NotImplementedError


def next_after(schedule: Schedule, instant: Instant) -> Instant | None:
    """The first nominal fire strictly after `instant`, or None when the schedule is over."""
    raise NotImplementedError


def upcoming(schedule: Schedule, start: Instant, until: Instant | None = None, count: int = 10) -> Preview:
    """The next fires strictly after `start`, and the nominal times in between that do not fire."""
    raise NotImplementedError


def due(
    schedule: Schedule,
    *,
    cursor: Instant,
    now: Instant,
    revised_at: Instant,
    runs: int,
    limit: int = 1000,
    caught_up: int = 0,
) -> Due:
    """Decide every instant in (max(cursor, revised_at), now]."""
    raise NotImplementedError
