"""When a job becomes due: one rule with its policies, and the pure questions asked of it.

Everything here is a function of its arguments; `now` is one of them. Instants are nominal: the ledger is keyed by what
the rule says, and jitter only moves when the execution becomes due.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import fields as fields_of
from functools import lru_cache
from typing import Any, cast

from rota.domain.errors import InvalidInput
from rota.domain.fields import Fields
from rota.domain.instant import Duration, Instant, format_instant, from_datetime
from rota.domain.missed import (
    MOST_CATCHUP_RUNS,
    ON_TIME,
    TICK_LATENCY,
    Backlog,
    Decision,
    Due,
    Missed,
    Occurrence,
    Overlap,
    judge,
    most_needed_ahead,
)
from rota.domain.recurrence import CronRule, Once, Rule, duration_value
from rota.domain.rule_reading import LATER, Context, read_rule
from rota.domain.schedule_type import with_rule
from rota.domain.timeline import Timeline
from rota.domain.zone import LATEST, DstGap, DstOverlap, Moment, Zone

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
        if schedule.rule.reads_clock and schedule.timeline.ahead(now).fire is None:
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

    @property
    def timeline(self) -> Timeline:
        """The moments that the rule names."""
        return Timeline(self.rule, self.time_zone, self.dst_gap, self.dst_overlap, self.starts_at, self.ends_at)

    def due_at(self, nominal: Instant) -> Instant:
        """When the execution of a nominal instant becomes due: up to `jitter` later, always by the same amount."""
        if not self.jitter:
            return nominal
        digest = hashlib.sha256(f"{nominal}\0{self.spread}".encode(errors="backslashreplace")).digest()
        return nominal + int.from_bytes(digest[:8], "big") % (self.jitter + 1)

    def document(self) -> dict[str, object]:
        """The canonical JSON object without defaults; `Schedule.parse` reads it back to an equal value."""
        document = self.rule.document()
        for name, attribute in _ATTRIBUTES.items():
            value = getattr(self, attribute)
            if value != _DEFAULTS[attribute]:
                document[name] = _WRITERS.get(name, _unchanged)(value)
        return document

    def describe(self) -> str:
        """A short phrase for a person, such as "daily at 06:00 Europe/Madrid"."""
        return self.rule.describe(self.time_zone)


def next_after(schedule: Schedule, instant: Instant) -> Instant | None:
    """The first nominal fire strictly after `instant`, or None when there is none up to endsAt."""
    step = next(schedule.timeline.steps(instant))
    return step.fire.instant if step.fire else None


def upcoming(schedule: Schedule, start: Instant, until: Instant | None = None, count: int = 10) -> Preview:
    """The next fires strictly after `start` and up to `until`, and the nominal times in between that do not fire.

    At most `count` fires, of at most 1000, and no more than maxRuns.
    """
    zone = schedule.zone
    preview = Preview([], [])
    wanted = min(count, MOST_UPCOMING, schedule.max_runs or MOST_UPCOMING)
    last = until if until is not None else LATEST
    if wanted < 1:
        return preview
    for step in schedule.timeline.steps(start):
        skipped = (moment for moment in step.suppressed if moment.instant <= last)
        preview.skipped.extend(SkippedInstant(_nominal(zone, moment), Decision.SUPPRESSED_DST) for moment in skipped)
        if step.fire is None or step.fire.instant > last:
            break
        notes = (step.fire.note.value,) if step.fire.note else ()
        preview.items.append(Fire(step.fire.instant, zone.text(step.fire.instant), notes))
        if len(preview.items) == wanted:
            break
    return preview


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
    """Decide every instant in (max(cursor, revised_at), now], at most `limit` of them.

    `cursor` is the last nominal instant already decided, `runs` how many have fired so far. What became of each instant
    is the judgement of `rota.domain.missed`; times that a change of the clock suppressed are told as well, once per
    instant and only where nothing fires at it.
    """
    floor = max(cursor, revised_at)
    if schedule.max_runs is not None and runs >= schedule.max_runs:
        return Due([], floor, None)
    if (usual := _one_on_time(schedule, floor, now)) is not None:
        return usual
    enough = limit + most_needed_ahead(schedule.missed, schedule.max_catchup_runs)
    fires, suppressed, following = _until(schedule, floor, now, enough)
    beyond_end = _beyond_end(schedule, fires, following)
    backlog = Backlog(fires, now, beyond_end, truncated=len(fires) == enough, caught_up=caught_up)
    decisions, over = _decide(schedule, backlog, limit, runs)
    more = len(fires) > limit and not over
    decisions = _with_suppressed(decisions, suppressed, decisions[-1].nominal if more or over else now)
    next_at = None if over else fires[limit] if more else following
    caught_up += sum(1 for one in decisions if one.decision is Decision.FIRED and one.reason)
    return Due(decisions, decisions[-1].nominal if decisions else floor, next_at, more, caught_up if more else 0)


def _one_on_time(schedule: Schedule, floor: Instant, now: Instant) -> Due | None:
    """The usual case, decided at once: one instant is due, on time, and nothing limits or precedes it."""
    if schedule.max_runs is not None or schedule.starts_at is not None or schedule.ends_at is not None:
        return None
    timeline = schedule.timeline
    first = timeline.ahead(floor)
    if first.fire is None or first.suppressed:
        return None
    at = first.fire.instant
    late = now - at
    if late < 0 or late >= (TICK_LATENCY if schedule.max_lateness is None else ON_TIME):
        return None
    then = timeline.ahead(at)
    next_at = None if then.fire is None else then.fire.instant
    if then.suppressed or (next_at is not None and next_at <= now):
        return None
    return Due([Occurrence(at, Decision.FIRED, None, schedule.due_at(at))], at, next_at)


def _nominal(zone: Zone, moment: Moment) -> str:
    return moment.nominal.isoformat() if moment.nominal else zone.text(moment.instant)


def _until(
    schedule: Schedule, floor: Instant, now: Instant, enough: int
) -> tuple[list[Instant], list[Moment], Instant | None]:
    """The fires and suppressed moments in (floor, now], and the fire after them; stops early at `enough` fires."""
    fires: list[Instant] = []
    suppressed: list[Moment] = []
    for step in schedule.timeline.steps(floor):
        at = step.fire.instant if step.fire else None
        suppressed.extend(moment for moment in step.suppressed if moment.instant <= now and moment.instant != at)
        if at is None or at > now:
            return fires, suppressed, at
        fires.append(at)
        if len(fires) == enough:
            break
    return fires, suppressed, None


def _beyond_end(schedule: Schedule, fires: list[Instant], following: Instant | None) -> Instant | None:
    """The instant that the rule names after the last due one, whether or not the schedule has ended before it."""
    if following is not None or not fires:
        return following
    fire = schedule.timeline.ahead(fires[-1]).fire
    return fire.instant if fire else None


def _decide(schedule: Schedule, backlog: Backlog, limit: int, runs: int) -> tuple[list[Occurrence], bool]:
    """The occurrences of the first `limit` due instants, and whether maxRuns has been reached."""
    decisions: list[Occurrence] = []
    verdicts = judge(backlog, schedule.missed, schedule.max_lateness, schedule.max_catchup_runs)
    for nominal, (decision, reason) in zip(backlog.instants[:limit], verdicts, strict=False):
        fired = decision is Decision.FIRED
        decisions.append(Occurrence(nominal, decision, reason, schedule.due_at(nominal) if fired else nominal))
        runs += fired
        if fired and runs == schedule.max_runs:
            return decisions, True
    return decisions, False


def _with_suppressed(decisions: list[Occurrence], suppressed: list[Moment], last: Instant) -> list[Occurrence]:
    """The decisions with one occurrence for each suppressed instant up to `last`, in order."""
    by_instant = {occurrence.nominal: occurrence for occurrence in decisions}
    for moment in suppressed:
        if moment.instant <= last and moment.nominal is not None:
            repeated = from_datetime(moment.nominal) == moment.instant
            why = "the clock repeats this time; it fired in the first pass" if repeated else "the clock skips this time"
            reason = f"{moment.nominal.isoformat()}: {why}"
            row = Occurrence(moment.instant, Decision.SUPPRESSED_DST, reason, moment.instant)
            by_instant.setdefault(moment.instant, row)
    return [by_instant[nominal] for nominal in sorted(by_instant)]


def _read(document: Mapping[str, object], now: Instant | None, spread: str) -> Schedule:
    if not isinstance(document, Mapping):
        raise InvalidInput("schedule: a JSON object", [((), "a JSON object")])
    fields = Fields(with_rule(document))
    starts_at, ends_at = fields.instant("startsAt"), fields.instant("endsAt")
    if starts_at is not None and ends_at is not None and ends_at < starts_at:
        fields.refuse("endsAt", "it comes before startsAt")
    spread = fields.text("spread", longest=256) or spread
    jitter = fields.duration("jitter") or 0
    rule = read_rule(fields, Context(created_at=now, starts_at=starts_at, spread=spread))
    schedule = Schedule(
        rule=rule if rule is not None else Once(0),  # refused below
        time_zone=_time_zone(fields),
        dst_gap=fields.choice("dstGap", DstGap) or DstGap.SHIFT,
        dst_overlap=fields.choice("dstOverlap", DstOverlap) or DstOverlap.FIRST,
        missed=fields.choice("missed", Missed) or Missed.RUN_LATEST,
        max_lateness=fields.duration("maxLateness"),
        max_catchup_runs=fields.integer("maxCatchupRuns", 1, MOST_CATCHUP_RUNS),
        overlap=fields.choice("overlap", Overlap) or Overlap.SKIP,
        overlap_key=fields.text("overlapKey", longest=256),
        jitter=jitter,
        spread=spread if jitter or (isinstance(rule, CronRule) and rule.spread) else "",
        starts_at=starts_at,
        ends_at=ends_at,
        max_runs=fields.integer("maxRuns", 1, _MOST_RUNS),
        parameters_json=fields.canonical_json("parameters"),
        enabled=fields.boolean("enabled") is not False,
        key=fields.text("key", longest=256),
        name=fields.text("name", longest=256),
        description=fields.text("description", longest=4096),
    )
    for name in _NOT_YET:
        if fields.value(name) is not None:
            fields.refuse(name, LATER)
    fields.refuse_unknown()
    fields.raise_errors("schedule")
    return schedule


def _time_zone(fields: Fields) -> str:
    name = fields.text("timeZone", longest=64)
    if name is None:
        return "UTC"
    try:
        return Zone.named(name).name
    except InvalidInput as error:
        fields.refuse("timeZone", error.errors[0][1])
        return "UTC"


@lru_cache(maxsize=32768)
def _from_json(text: str) -> Schedule:
    return Schedule.from_document(json.loads(text))


def _unchanged(value: object) -> object:
    return value


_ATTRIBUTES = {
    "timeZone": "time_zone",
    "dstGap": "dst_gap",
    "dstOverlap": "dst_overlap",
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
    "missed": str,
    "overlap": str,
    "maxLateness": duration_value,
    "jitter": duration_value,
    "startsAt": format_instant,
    "endsAt": format_instant,
    "parameters": json.loads,
}
_DEFAULTS = {field.name: field.default for field in fields_of(Schedule)}
