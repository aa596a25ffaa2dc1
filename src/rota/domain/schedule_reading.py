"""Reading a schedule document."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from rota.domain.calendar import Roll
from rota.domain.condition import read_condition
from rota.domain.errors import InvalidInput
from rota.domain.fields import Fields
from rota.domain.instant import Instant
from rota.domain.missed import MOST_CATCHUP_RUNS, Missed, Overlap
from rota.domain.place import Place
from rota.domain.recurrence import ClockRule, CronRule, Once, Rule
from rota.domain.rule_reading import Context, clock_time, read_rule, weekdays
from rota.domain.schedule_type import with_rule
from rota.domain.time_of_day import DAY_SECONDS
from rota.domain.window import EVERY_DAY, Window
from rota.domain.zone import DstGap, DstOverlap, Zone

_MOST_RUNS = 1_000_000_000
_MOST_CALENDARS = 10
_MOST_ROLLED = 100
_SOME_DAY = datetime(2024, 1, 1)  # noqa: DTZ001 - a naive wall time
_LONGEST_NAME = 100


def read_schedule(document: Mapping[str, object], now: Instant | None, spread: str) -> dict[str, Any]:
    """The attributes of a schedule. InvalidInput lists every problem with its location.

    `now` is the creation, from which `after` counts; None when a stored document is read back.
    """
    if not isinstance(document, Mapping):
        raise InvalidInput("schedule: a JSON object", [((), "a JSON object")])
    fields = Fields(with_rule(document))
    starts_at, ends_at = fields.instant("startsAt"), fields.instant("endsAt")
    if starts_at is not None and ends_at is not None and ends_at < starts_at:
        fields.refuse("endsAt", "it comes before startsAt")
    spread = fields.text("spread", longest=256) or spread
    jitter = fields.duration("jitter") or 0
    time_zone = _time_zone(fields)
    rule = read_rule(fields, Context(now, starts_at, spread, time_zone))
    roll = fields.choice("roll", Roll)
    if rule is not None and roll is not None and roll != Roll.SKIP and (problem := _problem_with_roll(rule)):
        fields.refuse("roll", f"{problem}; leave it out, or say skip")
    attributes: dict[str, Any] = {
        "rule": rule if rule is not None else Once(0),  # refused below
        "time_zone": time_zone,
        "dst_gap": fields.choice("dstGap", DstGap) or DstGap.SHIFT,
        "dst_overlap": fields.choice("dstOverlap", DstOverlap) or DstOverlap.FIRST,
        "calendar": _calendar(fields),
        "roll": roll,
        "window": _window(fields),
        "condition": read_condition(fields),
        "missed": fields.choice("missed", Missed) or Missed.RUN_LATEST,
        "max_lateness": fields.duration("maxLateness"),
        "max_catchup_runs": fields.integer("maxCatchupRuns", 1, MOST_CATCHUP_RUNS),
        "overlap": fields.choice("overlap", Overlap) or Overlap.SKIP,
        "overlap_key": fields.text("overlapKey", longest=256),
        "jitter": jitter,
        "spread": spread if jitter or (isinstance(rule, CronRule) and rule.spread) else "",
        "starts_at": starts_at,
        "ends_at": ends_at,
        "max_runs": fields.integer("maxRuns", 1, _MOST_RUNS),
        "parameters_json": fields.canonical_json("parameters"),
        "enabled": fields.boolean("enabled") is not False,
        "key": fields.text("key", longest=256),
        "name": fields.text("name", longest=256),
        "description": fields.text("description", longest=4096),
    }
    fields.refuse_unknown()
    fields.raise_errors("schedule")
    return attributes


def _problem_with_roll(rule: Rule) -> str | None:
    """Why the times of a rule cannot move to other days, if they cannot."""
    if not isinstance(rule, ClockRule):
        return "only a rule that names times of day can move to another day"
    times = list(islice(rule.times(Place())(_SOME_DAY), _MOST_ROLLED + 1))
    if len(times) > _MOST_ROLLED and times[-1] - times[0] < timedelta(days=1):
        return f"a rule that fires more than {_MOST_ROLLED} times a day cannot move"
    return None


def _time_zone(fields: Fields) -> str:
    name = fields.text("timeZone", longest=64)
    if name is None:
        return "UTC"
    try:
        return Zone.named(name).name
    except InvalidInput as error:
        fields.refuse("timeZone", error.errors[0][1])
        return "UTC"


def _calendar(fields: Fields) -> tuple[str, ...]:
    """`calendar`, a name or a list of them. Whether there are such calendars only the store knows."""
    found = fields.value("calendar")
    if found is None:
        return ()
    names = found if isinstance(found, list | tuple) else [found]
    if not 1 <= len(names) <= _MOST_CALENDARS:
        fields.refuse("calendar", f"the name of a calendar, or 1 to {_MOST_CALENDARS} of them")
        return ()
    for name in names:
        if not isinstance(name, str) or not 1 <= len(name) <= _LONGEST_NAME:
            fields.refuse("calendar", "the name of a calendar, or a list of names")
            return ()
    return tuple(dict.fromkeys(names))


def _window(fields: Fields) -> Window | None:
    """`window`: `from` and `to`, times of day, and `on`, weekdays. One that leaves nothing out is none."""
    if not fields.has("window"):
        fields.value("window")
        return None
    if (inner := fields.inner("window")) is None:
        return None
    opens = clock_time(inner, "from") if inner.has("from") else 0
    closes = (clock_time(inner, "to") if inner.has("to") else 0) or DAY_SECONDS
    on = weekdays(inner, "on") if inner.has("on") else EVERY_DAY
    for name in ("from", "to", "on"):
        inner.value(name)
    inner.refuse_unknown()
    if opens is None or on is None:
        return None
    if opens == closes:
        inner.refuse("to", "it is the same time as from: the window would never open")
        return None
    window = Window(opens, closes, on)
    return None if window == Window() else window
