"""Triggers of APScheduler, from the arguments of a call, as schedules of Rota."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from rota.domain.errors import InvalidInput
from rota.domain.instant import Instant, format_instant, from_datetime, to_datetime
from rota.domain.zone import Zone
from rota.importers.apscheduler.cron import FIELDS, crontab_fields, read_cron
from rota.importers.base import Document, Fires, asked_of
from rota.importers.python_source import PythonFile, bound, is_none, unreadable

_SPANS = ("weeks", "days", "hours", "minutes", "seconds", "microseconds")
_START, _END = ("start_date", "start_time"), ("end_date", "end_time")
_CLASSES = {"CronTrigger": "cron", "IntervalTrigger": "interval", "DateTrigger": "date"}
_POSITIONAL = {
    "cron": FIELDS,
    "interval": ("weeks", "days", "hours", "minutes", "seconds"),
    "date": ("run_date",),
}
_COUNTED = "APScheduler counts from the start of its program, Rota by the clock"


@dataclass(frozen=True, slots=True)
class Trigger:
    """The schedules, the source's own rule where it can be asked, and what is to be said."""

    schedules: list[Document]
    fires: Fires | None = None
    not_compared: str | None = None
    notes: tuple[str, ...] = ()
    jitter: float = 0


@dataclass(frozen=True, slots=True)
class Setting:
    """What the file says about every trigger: the scheduler's zone, the release, and the moment of the import."""

    zone: Zone
    release_4: bool
    now: Instant


def trigger_of(file: PythonFile, node: ast.expr, arguments: Mapping[str, ast.expr], setting: Setting) -> Trigger:
    """The trigger that a word with its arguments means, or a call. InvalidInput if Rota has no rule for it."""
    node = file.resolved(node)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return _made(file, node.value, arguments, setting)
    if not isinstance(node, ast.Call):
        raise unreadable(node)
    names = (file.dotted(node.func) or "").split(".")
    if names[-1] == "from_crontab":
        return _from_crontab(file, node, setting)
    if names[-1] == "OrTrigger":
        return _any_of(file, node, setting)
    kind = _CLASSES.get(names[-1])
    if kind is None:
        raise InvalidInput.field("trigger", msg=f"no rule of Rota is like {names[-1] or 'this'}")
    positional = ("run_time",) if kind == "date" and setting.release_4 else _POSITIONAL[kind]
    return _made(file, kind, bound(node, positional), setting)


def zone_of(file: PythonFile, node: ast.expr) -> str:
    """The name of a time zone: text, `ZoneInfo(…)`, `pytz.timezone(…)`, or UTC under one of its names."""
    node = file.resolved(node)
    if isinstance(node, ast.Call) and node.args:
        node = node.args[0]
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if (file.dotted(node) or "").rpartition(".")[2].lower() == "utc":
        return "UTC"
    raise unreadable(node)


def _made(file: PythonFile, kind: str, arguments: Mapping[str, ast.expr], setting: Setting) -> Trigger:
    zone = _zone(file, arguments, setting)
    values = {name: file.value(node) for name, node in arguments.items() if name != "timezone" and not is_none(node)}
    jitter = values.pop("jitter", 0)
    if not isinstance(jitter, int | float):
        raise InvalidInput.field("trigger", msg="jitter is no number of seconds")
    makers = {"cron": _cron, "interval": _interval, "date": _date}
    if kind not in makers:
        raise InvalidInput.field("trigger", msg=f"no rule of Rota is like the trigger {kind[:40]!r}")
    made = makers[kind](values, zone, setting)
    return replace(made, jitter=jitter)


def _zone(file: PythonFile, arguments: Mapping[str, ast.expr], setting: Setting) -> Zone:
    return Zone.named(zone_of(file, arguments["timezone"])) if "timezone" in arguments else setting.zone


def _from_crontab(file: PythonFile, call: ast.Call, setting: Setting) -> Trigger:
    given = bound(call, ("expr", "timezone"))
    if "expr" not in given:
        raise unreadable(call)
    text = str(file.value(given["expr"]))
    return _cron(crontab_fields(text, sunday_is_zero=setting.release_4), _zone(file, given, setting), setting)


def _any_of(file: PythonFile, call: ast.Call, setting: Setting) -> Trigger:
    inner = call.args[0] if call.args else call
    if not isinstance(inner, ast.List | ast.Tuple):
        raise unreadable(call)
    triggers = [trigger_of(file, item, {}, setting) for item in inner.elts]
    schedules = [schedule for trigger in triggers for schedule in trigger.schedules]
    return Trigger(schedules, None, "several triggers in one", tuple(n for t in triggers for n in t.notes))


def _cron(values: Mapping[str, object], zone: Zone, setting: Setting) -> Trigger:
    _known(values, (*FIELDS, *_START, *_END))
    trigger = read_cron({name: values[name] for name in FIELDS if name in values})
    span = _span(values, zone)
    gap: Document = {"dstGap": "skip"} if setting.release_4 else {}
    schedules = [schedule | span | gap for schedule in trigger.schedules(zone, setting.now)]
    if setting.release_4:
        return Trigger(schedules, None, "it is written for APScheduler 4, and release 3 is what can be asked")
    fires = _asked(zone, "cron", trigger.fields, values)
    return Trigger(schedules, fires, "APScheduler is not installed")


def _interval(values: Mapping[str, object], zone: Zone, setting: Setting) -> Trigger:
    _known(values, (*_SPANS, *_START, *_END))
    spans = {name: value for name, value in values.items() if name in _SPANS}
    numbers = {name: value for name, value in spans.items() if isinstance(value, int | float)}
    try:
        seconds = timedelta(**numbers).total_seconds()
    except (OverflowError, ValueError):  # ValueError: not a number
        seconds = 0
    if len(numbers) != len(spans) or seconds <= 0:
        raise InvalidInput.field("trigger", msg="an interval is more than nothing")
    span = _span(values, zone)
    if "startsAt" not in span:
        note = "the interval counts by the clock, from 1970, not from the start of the program"
        return Trigger([{"every": seconds, "timeZone": zone.name} | span], None, _COUNTED, (note,))
    schedule = {"every": seconds, "timeZone": zone.name, "anchor": span["startsAt"]} | span
    fires = None if setting.release_4 else _asked(zone, "interval", numbers, values)
    return Trigger([schedule], fires, "APScheduler 3 is not installed, or the file is for another release")


def _date(values: Mapping[str, object], zone: Zone, setting: Setting) -> Trigger:
    _known(values, ("run_date", "run_time"))
    given = values.get("run_date", values.get("run_time"))
    if given is None:
        raise InvalidInput.field("trigger", msg="it runs at once, when its program starts")
    at = _instant(given, zone)
    if at <= setting.now:
        raise InvalidInput.field("trigger", msg="its time is over")

    def fires(after: Instant, until: Instant) -> Iterator[Instant]:
        if after < at <= until:
            yield at

    return Trigger([{"once": format_instant(at), "timeZone": zone.name}], fires)


def _known(values: Mapping[str, object], names: tuple[str, ...]) -> None:
    for name in values:
        if name not in names:
            raise InvalidInput.field("trigger", msg=f"unknown argument {name[:40]!r}")


def _span(values: Mapping[str, object], zone: Zone) -> Document:
    span: Document = {}
    for field, names in (("startsAt", _START), ("endsAt", _END)):
        for name in names:
            if name in values:
                span[field] = format_instant(_instant(values[name], zone))
    return span


def _instant(value: object, zone: Zone) -> Instant:
    """A moment as APScheduler reads it: text or a datetime, in the trigger's zone where it has none of its own."""
    if isinstance(value, str):
        text = value.strip()
        try:
            value = datetime.fromisoformat(text)
        except ValueError:
            raise InvalidInput.field("trigger", msg=f"not a date: {text[:40]!r}") from None
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    if not isinstance(value, datetime):
        raise InvalidInput.field("trigger", msg=f"not a date: {str(value)[:40]!r}")
    try:
        return from_datetime((value if value.tzinfo else value.replace(tzinfo=zone.tz)).astimezone(UTC))
    except OverflowError:
        raise InvalidInput.field("trigger", msg="a date that is out of range") from None


def _asked(zone: Zone, kind: str, fields: Mapping[str, object], values: Mapping[str, object]) -> Fires | None:
    """The instants that APScheduler 3 itself computes, where it is installed."""
    try:
        from apscheduler.triggers.cron import CronTrigger
        from apscheduler.triggers.interval import IntervalTrigger
    except ImportError:
        return None
    bounds = {name: values[name] for name in ("start_date", "end_date") if name in values}
    maker = CronTrigger if kind == "cron" else IntervalTrigger

    def fires(after: Instant, until: Instant) -> Iterator[Instant]:
        trigger = maker(**fields, **bounds, timezone=zone.tz)
        now = to_datetime(after + 1)
        previous = None
        while (following := trigger.get_next_fire_time(previous, now)) is not None:
            at = from_datetime(following.astimezone(UTC))
            if at > until:
                return
            yield at
            previous, now = following, following

    return asked_of("APScheduler", fires)
