"""A schedule: one rule with its policies, as a value.

What becomes of its instants is asked of `rota.domain.planning`. Instants are nominal: the ledger is keyed by what the
rule says, and jitter only moves when the execution becomes due.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import fields as fields_of
from functools import lru_cache
from typing import Any, cast

from rota.domain.calendar import Roll
from rota.domain.condition import Condition
from rota.domain.errors import InvalidInput
from rota.domain.instant import Duration, Instant, format_instant
from rota.domain.missed import Missed, Overlap
from rota.domain.place import Place
from rota.domain.recurrence import Rule, duration_value
from rota.domain.schedule_exception import ScheduleException
from rota.domain.schedule_reading import read_schedule
from rota.domain.timeline import Course, Timeline
from rota.domain.window import Window
from rota.domain.working_days import MONDAY_TO_FRIDAY, WorkingDays
from rota.domain.zone import DstGap, DstOverlap, Zone


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is kept apart from a schedule and yet decides when it fires: its working days, its exceptions."""

    days: WorkingDays | None = None
    exceptions: tuple[ScheduleException, ...] = ()


NO_SURROUNDINGS = Surroundings()


@dataclass(frozen=True, slots=True)
class Schedule:
    """One rule and its policies: a hashable value without any database identity.

    `spread` is the text that `H` and jitter hash; it is empty where neither is used. `startsAt` and `endsAt` include
    the instants that they name. `calendar` names calendars, whose holidays are united.
    """

    rule: Rule
    time_zone: str = "UTC"
    dst_gap: DstGap = DstGap.SHIFT
    dst_overlap: DstOverlap = DstOverlap.FIRST
    calendar: tuple[str, ...] = ()
    roll: Roll | None = None
    window: Window | None = None
    condition: Condition | None = None
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
        schedule = cls(**read_schedule(document, now, spread))
        if schedule.rule.reads_clock and Timeline(schedule.timeline().course).next_fire(now) is None:
            name = next(iter(schedule.rule.document()))
            raise InvalidInput.field(name, msg="it never fires within 40 years")
        return schedule

    @classmethod
    def from_document(cls, document: Mapping[str, object]) -> "Schedule":
        """Rebuild a schedule from its own `document()`. InvalidInput if this version cannot read it."""
        return cls(**read_schedule(document, None, ""))

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

    @property
    def needs_calendar(self) -> bool:
        """Whether working days have a say: by name, or Monday to Friday where it only says how to roll."""
        return bool(self.calendar) or self.roll is not None

    @property
    def is_probed(self) -> bool:
        """Whether its condition asks somebody over HTTP."""
        return self.condition is not None and self.condition.probe is not None

    def has_run_out(self, runs: int) -> bool:
        """Whether it has fired as often as `maxRuns` lets it."""
        return self.max_runs is not None and runs >= self.max_runs

    def fires_left(self, runs: int, most: int) -> int:
        """How often it may still fire after `runs` runs, but no more than `most`."""
        return most if self.max_runs is None else min(most, self.max_runs - runs)

    def timeline(self, around: Surroundings = NO_SURROUNDINGS) -> Timeline:
        """The moments that the rule names. A calendar that is not given is taken for Monday to Friday."""
        days = (around.days or MONDAY_TO_FRIDAY) if self.needs_calendar else None
        place = Place(self.time_zone, self.dst_gap, self.dst_overlap, days)
        course = Course(self.rule, place, self.roll or Roll.SKIP, self.window)
        return Timeline(course, self.starts_at, self.ends_at, around.exceptions)

    def due_at(self, nominal: Instant) -> Instant:
        """When the execution of a nominal instant becomes due: up to `jitter` later, always by the same amount."""
        if not self.jitter:
            return nominal
        digest = hashlib.sha256(f"{nominal}\0{self.spread}".encode(errors="backslashreplace")).digest()
        return nominal + int.from_bytes(digest[:8], "big") % (self.jitter + 1)

    def lane(self, schedule_id: str) -> str:
        """The lane of what must not overlap: the schedule's own, unless it shares a key with others."""
        return f"overlap:{self.overlap_key or schedule_id}"

    def latest_start(self, nominal: Instant) -> Instant | None:
        """After when the execution of a nominal instant is not begun any more; None without `maxLateness`."""
        return None if self.max_lateness is None else max(self.due_at(nominal), nominal + self.max_lateness)

    def document(self) -> dict[str, object]:
        """The canonical JSON object without defaults; `parse` reads it back to an equal value."""
        document = self.rule.document()
        for name, attribute in _ATTRIBUTES.items():
            value = getattr(self, attribute)
            if value != _DEFAULTS[attribute]:
                document[name] = _WRITERS.get(name, _unchanged)(value)
        return document

    def describe(self) -> str:
        """A short phrase for a person, such as "daily at 06:00 Europe/Madrid"."""
        told = self.rule.describe(self.time_zone)
        if self.window is not None:
            told += f", {self.window.describe()}"
        if self.calendar:
            told += f", on {' and '.join(self.calendar)}"
        return told


@lru_cache(maxsize=32768)
def _from_json(text: str) -> Schedule:
    return Schedule.from_document(json.loads(text))


def _unchanged(value: object) -> object:
    return value


def _calendar_document(names: tuple[str, ...]) -> object:
    return names[0] if len(names) == 1 else list(names)


_ATTRIBUTES = {
    "timeZone": "time_zone",
    "dstGap": "dst_gap",
    "dstOverlap": "dst_overlap",
    "calendar": "calendar",
    "roll": "roll",
    "window": "window",
    "condition": "condition",
    "missed": "missed",
    "maxLateness": "max_lateness",
    "maxCatchupRuns": "max_catchup_runs",
    "overlap": "overlap",
    "overlapKey": "overlap_key",
    "jitter": "jitter",
    "spread": "spread",
    "startsAt": "starts_at",
    "endsAt": "ends_at",
    "maxRuns": "max_runs",
    "parameters": "parameters_json",
    "enabled": "enabled",
    "key": "key",
    "name": "name",
    "description": "description",
}
_WRITERS: dict[str, Callable[[Any], object]] = {
    "dstGap": str,
    "dstOverlap": str,
    "calendar": _calendar_document,
    "roll": str,
    "window": Window.document,
    "condition": Condition.document,
    "missed": str,
    "overlap": str,
    "maxLateness": duration_value,
    "jitter": duration_value,
    "startsAt": format_instant,
    "endsAt": format_instant,
    "parameters": json.loads,
}
_DEFAULTS = {field.name: field.default for field in fields_of(Schedule)}
