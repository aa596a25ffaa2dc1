"""The schedules that a job definition carries: `cronExpression`, `schedule` or `schedules`."""

from collections.abc import Mapping

from rota.domain.errors import InvalidInput, Location
from rota.domain.instant import Instant
from rota.domain.schedule import Schedule

DEFAULT_KEY = "default"
"""The key of the schedule that a definition describes without naming it."""

_MOST = 100

Given = tuple[Location, dict[str, object]]
"""A schedule object and where in the definition it stands."""


def parse_schedules(document: Mapping[str, object], *, now: Instant, spread: str) -> list[Schedule]:
    """Read and check the schedules of a definition, each with its key. InvalidInput lists every problem."""
    errors: list[tuple[Location, str]] = []
    schedules: list[Schedule] = []
    for location, given in _given(document, errors):
        try:
            schedules.append(Schedule.parse(given, now=now, spread=spread))
        except InvalidInput as error:
            errors.extend((_located(location, loc), message) for loc, message in error.errors)
    keys = [schedule.key for schedule in schedules]
    for position, key in enumerate(keys):
        if key in keys[:position]:
            errors.append((("schedules", position, "key"), f"the key {key!r} is used twice"))
    if errors:
        location, message = errors[0]
        raise InvalidInput(f"job: {'.'.join(map(str, location))}: {message}", errors)
    return schedules


def describes_schedule(document: Mapping[str, object]) -> bool:
    """Whether a definition says anything about when it runs."""
    return any(document.get(name) is not None for name in ("cronExpression", "schedule", "schedules"))


def _given(document: Mapping[str, object], errors: list[tuple[Location, str]]) -> list[Given]:
    several = document.get("schedules")
    one = _one(document, errors)
    if several is None:
        return [] if one is None else [one]
    if not isinstance(several, list | tuple) or len(several) > _MOST:
        errors.append((("schedules",), f"a list of at most {_MOST} schedule objects"))
        return []
    if one is not None:
        errors.append((("schedules",), f"give either {one[0][0]} or schedules"))
        return []
    found: list[Given] = []
    for position, item in enumerate(several):
        if not isinstance(item, Mapping):
            errors.append((("schedules", position), "a schedule object"))
            continue
        key = DEFAULT_KEY if position == 0 else f"{DEFAULT_KEY}-{position + 1}"
        found.append((("schedules", position), _completed(item, key, document)))
    return found


def _one(document: Mapping[str, object], errors: list[tuple[Location, str]]) -> Given | None:
    cron, schedule = document.get("cronExpression"), document.get("schedule")
    if schedule is None and cron is None:
        if document.get("timeZone") is not None and document.get("schedules") is None:
            errors.append((("timeZone",), "there is no cronExpression or schedule that it could apply to"))
        return None
    if schedule is None:
        return ("cronExpression",), _completed({"cron": cron}, DEFAULT_KEY, document)
    if not isinstance(schedule, Mapping):
        errors.append((("schedule",), "a schedule object"))
        return None
    if cron is not None and cron != schedule.get("cron", schedule.get("cronExpression")):
        errors.append((("cronExpression",), "differs from schedule; give one of them"))
        return None
    return ("schedule",), _completed(schedule, DEFAULT_KEY, document)


def _completed(schedule: Mapping[str, object], key: str, document: Mapping[str, object]) -> dict[str, object]:
    """The schedule with a key, and with the definition's time zone where it names none itself."""
    completed = dict(schedule)
    if completed.get("key") is None:
        completed["key"] = key
    if completed.get("timeZone") is None and document.get("timeZone") is not None:
        completed["timeZone"] = document["timeZone"]
    return completed


def _located(base: Location, inner: Location) -> Location:
    if base == ("cronExpression",):
        return ("timeZone",) if inner[:1] == ("timeZone",) else base
    return (*base, *inner)
