"""What a condition is told: about the local day, the job's last execution, and the answer of a probe."""

import json
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from rota.domain.condition import Facts
from rota.domain.instant import SECOND, Instant, format_instant
from rota.domain.parameters import Json, merged
from rota.domain.schedule import Schedule, Surroundings
from rota.domain.weekday import NAMES as WEEKDAYS
from rota.domain.working_days import MONDAY_TO_FRIDAY, ReasonKind, WorkingDays

LARGEST_RESULT = 64 * 1024
"""Characters of JSON; a condition does not see the result of an execution that is larger."""


@dataclass(frozen=True, slots=True)
class Finished:
    """An execution that has ended. `result` is JSON text."""

    state: str
    finished_at: Instant
    result: str | None = None
    error: str | None = None


def day_facts(day: date, days: WorkingDays) -> dict[str, object]:
    """What is known of a day. `businessDay` counts the working days of its month from 1, and is 0 on a day off.

    `businessDaysLeft` counts those of the month that come after it.
    """
    return dict(_day_facts(day, days))


@lru_cache(maxsize=4096)
def _day_facts(day: date, days: WorkingDays) -> Mapping[str, object]:
    length = monthrange(day.year, day.month)[1]
    worked = [number for number in range(1, length + 1) if days.is_working(day.replace(day=number))]
    working = day.day in worked
    reasons = days.explain(day).reasons
    return {
        "date": day.isoformat(),
        "year": day.year,
        "month": day.month,
        "day": day.day,
        "weekday": WEEKDAYS[day.weekday()],
        "working": working,
        "holiday": any(reason.kind is ReasonKind.HOLIDAY and not reason.overridden for reason in reasons),
        "businessDay": worked.index(day.day) + 1 if working else 0,
        "businessDaysLeft": sum(number > day.day for number in worked),
        "lastBusinessDay": working and worked[-1] == day.day,
        "lastOfMonth": day.day == length,
    }


def previous_facts(last: Finished | None, now: Instant) -> dict[str, object]:
    """What is known of the job's last finished execution; before the first, `state` is empty and the age is -1."""
    if last is None:
        return {"state": "", "result": None, "error": "", "ageSeconds": -1}
    seen = last.result is not None and len(last.result) <= LARGEST_RESULT
    return {
        "state": last.state,
        "result": json.loads(last.result) if seen and last.result is not None else None,
        "error": last.error or "",
        "ageSeconds": max(0, now - last.finished_at) // SECOND,
    }


def facts_at(
    schedule: Schedule,
    nominal: Instant,
    around: Surroundings,
    *,
    environment: str,
    job_parameters: Json = None,
    previous: Mapping[str, object] | None = None,
    probe: Mapping[str, object] | None = None,
) -> Facts:
    """Everything that the condition of a schedule sees at one of its instants."""
    given = merged(job_parameters, schedule.parameters)
    return Facts(
        nominal=format_instant(nominal),
        environment=environment,
        day=day_facts(schedule.zone.local(nominal).date(), around.days or MONDAY_TO_FRIDAY),
        parameters=given if isinstance(given, Mapping) else {},
        previous=previous or {},
        probe=probe or {},
    )
