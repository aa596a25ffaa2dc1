"""When a schedule fires, and what becomes of its instants: the pure questions asked of it.

Everything here is a function of its arguments; `now` is one of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from rota.domain.condition import holds
from rota.domain.facts import facts_at
from rota.domain.instant import Instant
from rota.domain.missed import ON_TIME, TICK_LATENCY, Backlog, judge, most_needed_ahead
from rota.domain.occurrence import Decision, Due, Occurrence
from rota.domain.schedule import NO_SURROUNDINGS, Schedule, Surroundings
from rota.domain.timeline import Timeline
from rota.domain.zone import LATEST, Moment, Zone

MOST_UPCOMING = 1000
_MOST_SKIPPED = 10_000
"""How many withheld instants are told, and how many are decided in one go."""
_MOST_UNMET = 1000
"""How many instants a preview passes whose condition is known to be false."""
CONDITION = "condition"
"""The note of a coming instant whose condition nobody can know yet."""


@dataclass(frozen=True, slots=True)
class Fire:
    """One coming instant: `at` in UTC, its local text with offset, and note codes such as `dstShifted`."""

    at: Instant
    local_text: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SkippedInstant:
    """A nominal local time that will not fire, the code that says why, and the same in words."""

    nominal_local_text: str
    reason: str
    says: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What a schedule will do."""

    items: list[Fire]
    skipped: list[SkippedInstant]


def next_after(schedule: Schedule, instant: Instant, around: Surroundings = NO_SURROUNDINGS) -> Instant | None:
    """The first nominal instant that fires strictly after `instant`, or None when there is none up to endsAt."""
    moment = schedule.timeline(around).next_fire(instant)
    return None if moment is None else moment.instant


def decided_next(schedule: Schedule, instant: Instant, around: Surroundings = NO_SURROUNDINGS) -> Instant | None:
    """The first nominal instant strictly after `instant` about which there is something to decide, fired or withheld.

    None where nothing fires any more.
    """
    timeline = schedule.timeline(around)
    moment = timeline.next(instant)
    if moment is None or (not moment.fires and timeline.next_fire(instant) is None):
        return None
    return moment.instant


def coming(
    schedule: Schedule, after: Instant, around: Surroundings, runs: int
) -> tuple[Instant | None, Instant | None]:
    """The next instant to decide and the next that fires, strictly after `after`; neither once maxRuns is reached."""
    if schedule.has_run_out(runs):
        return None, None
    return decided_next(schedule, after, around), next_after(schedule, after, around)


def upcoming(
    schedule: Schedule,
    start: Instant,
    until: Instant | None = None,
    count: int = 10,
    around: Surroundings = NO_SURROUNDINGS,
    environment: str = "",
) -> Preview:
    """The next fires strictly after `start` and up to `until`, and the nominal times in between that do not fire.

    At most `count` fires, of at most 1000, and no more than maxRuns. A condition on the day, the instant or the
    `environment` is judged; one on anything else is noted.
    """
    zone = schedule.zone
    preview = Preview([], [])
    wanted = min(count, MOST_UPCOMING, schedule.max_runs or MOST_UPCOMING)
    last = until if until is not None else LATEST
    if wanted < 1:
        return preview
    timeline = schedule.timeline(around)
    unmet = 0
    for moment in _foreseen(timeline, start):
        if moment.instant > last:
            break
        if moment.withheld is not None:
            skipped = SkippedInstant(_nominal(zone, moment), moment.withheld.decision, moment.withheld.reason)
            preview.skipped.append(skipped)
            continue
        if (why := _unmet(schedule, moment.instant, around, environment)) is not None:
            preview.skipped.append(SkippedInstant(_nominal(zone, moment), Decision.SKIPPED_CONDITION, why))
            unmet += 1
            if unmet == _MOST_UNMET:
                break
            continue
        notes = (moment.note.value,) if moment.note else ()
        if schedule.condition is not None and not schedule.condition.is_foreseeable:
            notes = (*notes, CONDITION)
        preview.items.append(Fire(moment.instant, zone.text(moment.instant), notes))
        if len(preview.items) == wanted:
            break
    return preview


def _unmet(schedule: Schedule, nominal: Instant, around: Surroundings, environment: str) -> str | None:
    """Why the condition will not hold, where that is known ahead."""
    condition = schedule.condition
    if condition is None or not condition.is_foreseeable:
        return None
    fires, why = holds(condition, facts_at(schedule, nominal, around, environment=environment))
    return None if fires else why


def _foreseen(timeline: Timeline, start: Instant) -> Iterator[Moment]:
    """The moments after `start`; once many were withheld, those that fire alone."""
    withheld = 0
    after = start
    for moment in timeline.moments(start):
        yield moment
        after = moment.instant
        withheld += not moment.fires
        if withheld == _MOST_SKIPPED:
            break
    while (fire := timeline.next_fire(after)) is not None:
        yield fire
        after = fire.instant


@dataclass(frozen=True, slots=True)
class _Passed:
    """The instants up to now, oldest first, one moment each: all, or as many as are looked at in one go."""

    moments: list[Moment]
    following: Moment | None
    more_fires: bool

    @property
    def fires(self) -> list[Instant]:
        """Those that the rule lets fire."""
        return [moment.instant for moment in self.moments if moment.fires]


def due(
    schedule: Schedule,
    *,
    cursor: Instant,
    now: Instant,
    revised_at: Instant,
    runs: int,
    limit: int = 1000,
    caught_up: int = 0,
    around: Surroundings = NO_SURROUNDINGS,
) -> Due:
    """Decide every instant in (max(cursor, revised_at), now], at most `limit` of them.

    `cursor` is the last nominal instant already decided, `runs` how many have fired so far. What became of each instant
    is the judgement of `rota.domain.missed`; those that the calendar, an exception or a change of the clock withholds
    are told as well, once per instant and only where nothing fires at it.
    """
    floor = max(cursor, revised_at)
    timeline = schedule.timeline(around)
    if schedule.has_run_out(runs):
        return Due([], floor, None)
    if (usual := _one_on_time(schedule, timeline, floor, now)) is not None:
        return usual
    enough = limit + most_needed_ahead(schedule.missed, schedule.max_catchup_runs)
    passed = _until(timeline, floor, now, enough)
    fires = passed.fires
    backlog = Backlog(fires, now, _beyond_end(timeline, fires), truncated=passed.more_fires, caught_up=caught_up)
    decisions, over = _decide(schedule, backlog, passed.moments[:limit], runs)
    reached = decisions[-1].nominal if decisions else floor
    left = passed.moments[len(decisions) : len(decisions) + 1]
    following = None if over else left[0] if left else passed.following
    fire = None if following is None else timeline.next_fire(reached)
    if following is None or (fire is None and schedule.ends_at is None):
        return Due(decisions, reached, None)
    caught_up += sum(1 for one in decisions if one.decision is Decision.FIRED and one.reason)
    more = following.instant <= now
    fires_at = None if fire is None else fire.instant
    return Due(decisions, reached, following.instant, fires_at, more, caught_up if more else 0)


def going_on(
    schedule: Schedule,
    cursor: Instant,
    next_at: Instant | None,
    fires_at: Instant | None,
    runs: int,
    around: Surroundings = NO_SURROUNDINGS,
) -> tuple[Instant | None, Instant | None]:
    """The next instant to decide and the next that fires, after what `due` said and gates and overlap let fire.

    `runs` counts what has fired after all: what did not is none of `maxRuns`, so a schedule goes on that `due` took
    for over.
    """
    if next_at is None and schedule.max_runs is not None:
        return coming(schedule, cursor, around, runs)
    return next_at, fires_at


def _one_on_time(schedule: Schedule, timeline: Timeline, floor: Instant, now: Instant) -> Due | None:
    """The usual case, decided at once: one instant is due, on time, and nothing limits or precedes it."""
    if schedule.max_runs is not None or schedule.starts_at is not None or schedule.ends_at is not None:
        return None
    first = timeline.next(floor)
    if first is None or not first.fires:
        return None
    late = now - first.instant
    if late < 0 or late >= (TICK_LATENCY if schedule.max_lateness is None else ON_TIME):
        return None
    then = timeline.next(first.instant)
    if then is not None and (then.instant <= now or not then.fires):
        return None
    next_at = None if then is None else then.instant
    fired = Occurrence(first.instant, Decision.FIRED, None, schedule.due_at(first.instant))
    return Due([fired], first.instant, next_at, next_at)


def _nominal(zone: Zone, moment: Moment) -> str:
    return moment.nominal.isoformat() if moment.nominal else zone.text(moment.instant)


def _until(timeline: Timeline, floor: Instant, now: Instant, enough: int) -> _Passed:
    """The moments in (floor, now], one an instant, and the one after them; stops early at `enough` fires."""
    moments: list[Moment] = []
    fires = 0
    for moment in timeline.moments(floor):
        if moment.instant > now:
            return _Passed(moments, moment, False)
        if moments and moments[-1].instant == moment.instant:
            continue  # what fires comes first
        moments.append(moment)
        fires += moment.fires
        if fires == enough or len(moments) == _MOST_SKIPPED:
            fire = timeline.next_fire(moment.instant)
            return _Passed(moments, timeline.next(moment.instant), fire is not None and fire.instant <= now)
    return _Passed(moments, None, False)


def _beyond_end(timeline: Timeline, fires: list[Instant]) -> Instant | None:
    """The fire that the rule names after the last due one, whether or not the schedule has ended before it."""
    if not fires:
        return None
    fire = Timeline(timeline.course).next_fire(fires[-1])
    return None if fire is None else fire.instant


def _decide(schedule: Schedule, backlog: Backlog, moments: list[Moment], runs: int) -> tuple[list[Occurrence], bool]:
    """The occurrences of these moments, and whether maxRuns has been reached."""
    decisions: list[Occurrence] = []
    verdicts = iter(judge(backlog, schedule.missed, schedule.max_lateness, schedule.max_catchup_runs))
    for moment in moments:
        nominal, withheld = moment.instant, moment.withheld
        decision, reason = (withheld.decision, withheld.reason) if withheld is not None else next(verdicts)
        fired = decision is Decision.FIRED
        decisions.append(Occurrence(nominal, decision, reason, schedule.due_at(nominal) if fired else nominal))
        runs += fired
        if fired and runs == schedule.max_runs:
            return decisions, True
    return decisions, False
