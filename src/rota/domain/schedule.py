"""When a job becomes due: one rule with its policies, and the pure questions asked of it.

Everything here is a function of its arguments; `now` is one of them. Instants are nominal: the ledger is keyed by what
the rule says, and jitter only moves when the execution becomes due.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import cast

from rota.domain.errors import InvalidInput
from rota.domain.fields import Fields
from rota.domain.instant import Duration, Instant, format_instant
from rota.domain.missed import MOST_CATCHUP_RUNS, Backlog, Decision, Missed, Occurrence, Overlap, judge, most_needed_ahead
from rota.domain.recurrence import Rule, duration_value
from rota.domain.rule_reading import LATER, Context, read_rule
from rota.domain.schedule_type import with_rule
from rota.domain.zone import LATEST, DstGap, DstOverlap, Moment, Note, Zone

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

MOST_UPCOMING = 1000
_MOST_RUNS = 1_000_000_000
_NOT_YET = ("calendar", "roll", "window", "condition")


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

    `more` says that instants up to now are left: call again with the new `cursor`, and with this `caught_up`.
    """

    decisions: list[Occurrence]
    cursor: Instant
    next_at: Instant | None
    more: bool = False
    caught_up: int = 0


@dataclass(frozen=True, slots=True)
class Schedule:
    """One rule and its policies: a hashable value without any database identity.

    `spread` is the text that `H` and jitter hash; it is empty where neither is used. `startsAt` and `endsAt` include
    the instants that they name.
    """

    rule: Rule
    time_zone: str = "UTC"
    dst_gap: DstGap = DstGap.SHIFT
    dst_overlap: DstOverlap = DstOverlap.FIRST
    missed: Missed = Missed.RUN_LATEST
    max_lateness: Duration | None = None
    max_catchup_runs: int | None = None
    overlap: Overlap = Overlap.SKIP
    overlap_key: str | None = None
    jitter: Duration = 0
    spread: str = ""
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
        """Read and check a schedule object. InvalidInput lists every problem with its location.

        `now` is the creation, from which `after` counts; `spread` is what `H` and jitter hash, unless the document
        holds its own.
        """
        schedule = _read(document, now, spread)
        if schedule.rule.reads_clock and _ahead(schedule, now).fire is None:
            name = next(iter(schedule.rule.document()))
            raise InvalidInput.field(name, msg="it never fires within 40 years")
        return schedule

    @classmethod
    def from_document(cls, document: Mapping[str, object]) -> "Schedule":
        """Rebuild a schedule from its own `document()`. InvalidInput if this version cannot read it."""
        return _read(document, None, "")

    @classmethod
    def from_json(cls, text: str) -> "Schedule":
        """Rebuild a schedule from the JSON text of its `document()`; cached by the text."""
        return _from_json(text)

    @property
    def parameters(self) -> dict[str, object] | None:
        """What the schedule sets of the job's parameters, or None."""
        return None if self.parameters_json is None else cast(dict[str, object], json.loads(self.parameters_json))

    @property
    def zone(self) -> Zone:
        """The zone in which the rule reads the clock."""
        return Zone.named(self.time_zone)

    def due_at(self, nominal: Instant) -> Instant:
        """When the execution of a nominal instant becomes due: up to `jitter` later, always by the same amount."""
        if not self.jitter:
            return nominal
        digest = hashlib.sha256(f"{nominal}\0{self.spread}".encode(errors="backslashreplace")).digest()
        return nominal + int.from_bytes(digest[:8], "big") % (self.jitter + 1)

    def document(self) -> dict[str, object]:
        """The canonical JSON object without defaults; `Schedule.parse` reads it back to an equal value."""
        document = self.rule.document()
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name != "rule" and value != field.default:
                name, value = _FORMS.get(field.name, (field.name, lambda given: given))[0], value
                document[name] = _FORMS[field.name][1](value) if field.name in _FORMS else value
        return document

    def describe(self) -> str:
        """A short phrase for a person, such as "daily at 06:00 Europe/Madrid"."""
        return self.rule.describe(self.time_zone)
