"""What somebody asks about the coming instants of a schedule, and the exception that comes of it.

Which instants a rule names is asked of the rule: an exception to an instant that there is not would do nothing, and
nobody would notice.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice, takewhile

from rota.domain.errors import Conflict, InvalidInput
from rota.domain.fields import Fields
from rota.domain.instant import DAY, HOUR, MINUTE, SECOND, Instant
from rota.domain.occurrence import Decision
from rota.domain.schedule import Schedule, Surroundings
from rota.domain.schedule_exception import ExceptionKind, ScheduleException
from rota.domain.timeline import Timeline
from rota.domain.zone import LATEST, Moment, Note

_NEXT = "next"
_LONGEST_REASON = 1000
_BROUGHT = frozenset({Note.MOVED, Note.ADDED})
_STEPS_BACK = (SECOND, MINUTE, HOUR, DAY, 31 * DAY, 366 * DAY, 41 * 366 * DAY)
_MOST_WALKED = 5000


class Action(StrEnum):
    """What is asked for."""

    SKIP = "skip"
    SKIP_UNTIL = "skipUntil"
    MOVE = "move"
    ADD = "add"


def action_of(exception: ScheduleException) -> Action:
    """What was asked for when an exception was made."""
    if exception.kind is ExceptionKind.SKIP and exception.until is not None:
        return Action.SKIP_UNTIL
    return Action(exception.kind.value)


@dataclass(frozen=True, slots=True)
class ExceptionRequest:
    """A request. Without `at` it means the next instant that fires, or for `skipUntil` the present."""

    action: Action
    at: Instant | None = None
    until: Instant | None = None
    to: Instant | None = None
    reason: str | None = None

    @classmethod
    def parse(cls, document: Mapping[str, object]) -> "ExceptionRequest":
        """Read `{"action", "at": time or "next", "until"?, "to"?, "reason"?}`. InvalidInput lists every problem.

        `until` belongs to `skipUntil`, `to` to `move`; `add` needs a time.
        """
        fields = Fields(document)
        fields.value("action", required=True)
        action = fields.choice("action", Action)
        at = None if _is_next(fields.value("at")) else fields.instant("at")
        until, to = fields.instant("until"), fields.instant("to")
        reason = fields.text("reason", longest=_LONGEST_REASON)
        if action is not None:
            _require_its_own(fields, action)
        fields.refuse_unknown()
        fields.raise_errors("exception")
        assert action is not None
        return cls(action, at, until, to, reason)

    def exception(self, schedule: Schedule, around: Surroundings, *, by: str, now: Instant) -> ScheduleException:
        """The exception that does what is asked.

        InvalidInput for a time in the past, and for one at which the schedule does not fire, with those near it;
        Conflict where another exception has had its say already.
        """
        timeline = schedule.timeline(around)
        if self.action is Action.SKIP_UNTIL:
            return self._stretch(by, now)
        if self.action is Action.ADD:
            assert self.at is not None
            _require_free(timeline, "at", self.at, now)
            return ScheduleException(self.at, ExceptionKind.ADD, by=by, reason=self.reason)
        at = _next(timeline, now) if self.at is None else _named(schedule, timeline, self.at, now)
        if self.action is Action.SKIP:
            return ScheduleException(at, ExceptionKind.SKIP, by=by, reason=self.reason)
        assert self.to is not None
        _require_free(timeline, "to", self.to, now)
        return ScheduleException(at, ExceptionKind.MOVE, to=self.to, by=by, reason=self.reason)

    def _stretch(self, by: str, now: Instant) -> ScheduleException:
        start = now if self.at is None else self.at
        if start < now:
            raise InvalidInput.field("at", msg="this is in the past")
        if self.until is None or self.until < start or self.until <= now:
            raise InvalidInput.field("until", msg="this is in the past" if self.at is None else "it comes before at")
        return ScheduleException(start, ExceptionKind.SKIP, until=self.until, by=by, reason=self.reason)


def _is_next(value: object) -> bool:
    return isinstance(value, str) and value.strip().lower() == _NEXT


def _require_its_own(fields: Fields, action: Action) -> None:
    """Each action takes the fields that it needs and no others."""
    for name, owner in (("until", Action.SKIP_UNTIL), ("to", Action.MOVE)):
        if action is owner and not fields.has(name):
            fields.refuse(name, "required")
        if action is not owner and fields.has(name):
            fields.refuse(name, f"it belongs to {owner}")
    if action is Action.SKIP_UNTIL:
        if _is_next(fields.value("at")):
            fields.refuse("at", "a time, or nothing for now")
    elif not fields.has("at") or (action is Action.ADD and _is_next(fields.value("at"))):
        fields.refuse("at", "required: a time" if action is Action.ADD else f"required: a time, or {_NEXT}")


def _next(timeline: Timeline, now: Instant) -> Instant:
    found = timeline.next_fire(now)
    if found is None:
        raise InvalidInput.field("at", msg="no instant is left")
    if found.note in _BROUGHT:
        raise Conflict("an exception brought the next instant in; remove that exception instead")
    return found.instant


def _named(schedule: Schedule, timeline: Timeline, at: Instant, now: Instant) -> Instant:
    """`at`, if the rule lets it fire."""
    _require_to_come("at", at, now)
    moments = _moments_at(timeline, at)
    if any(moment.fires and moment.note not in _BROUGHT for moment in moments):
        return at
    if any(moment.fires for moment in moments):
        raise Conflict("an exception brought this instant in; remove that exception instead")
    withheld = next((moment.withheld for moment in moments if moment.withheld is not None), None)
    if withheld is not None and withheld.decision is Decision.SKIPPED_EXCEPTION:
        raise Conflict(f"this instant is {withheld.reason} already")
    why = "the schedule does not fire then" if withheld is None else withheld.reason
    near = " and ".join(schedule.zone.text(instant) for instant in _near(timeline, at, now))
    raise InvalidInput.field("at", msg=f"{why}; near it: {near}" if near else f"{why}, and not near it either")


def _require_to_come(name: str, at: Instant, now: Instant) -> None:
    if at <= now:
        raise InvalidInput.field(name, msg="this is in the past")
    if at > LATEST:
        raise InvalidInput.field(name, msg="this is too far away")


def _require_free(timeline: Timeline, name: str, at: Instant, now: Instant) -> None:
    _require_to_come(name, at, now)
    if any(moment.fires for moment in _moments_at(timeline, at)):
        raise InvalidInput.field(name, msg="the schedule fires then already")


def _moments_at(timeline: Timeline, at: Instant) -> list[Moment]:
    return list(takewhile(lambda moment: moment.instant == at, timeline.moments(at - 1)))


def _near(timeline: Timeline, at: Instant, now: Instant) -> list[Instant]:
    """The fires before and after an instant, in the future both."""
    before: Instant | None = None
    for step in _STEPS_BACK:
        walked = islice(timeline.moments(max(now, at - step)), _MOST_WALKED)
        passed = [moment.instant for moment in takewhile(lambda moment: moment.instant < at, walked) if moment.fires]
        if passed or at - step <= now:
            before = passed[-1] if passed else None
            break
    after = timeline.next_fire(at)
    return [instant for instant in (before, None if after is None else after.instant) if instant is not None]
