"""How one execution of the demo went: its state, how often it was tried, and how long that took."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from rota.domain.instant import DAY, MINUTE, SECOND, Duration, Instant
from rota.testing.demo.blueprints import Blueprint
from rota.testing.demo.failures import ErrorFamily, Incident, usual_family
from rota.testing.demo.fires import OVERLAPPED, Happening

FAILED, CANCELLED, EXPIRED, RETRIED = 0.027, 0.006, 0.004, 0.015
"""The parts of all executions; RETRIED succeed at a later attempt."""
_DURING_INCIDENTS = 0.94
_MOST_FAILING = 0.3


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it went. `error` is of each attempt that failed."""

    state: str
    attempts: int
    error: ErrorFamily | None = None


class Odds:
    """The chances of each job."""

    def __init__(
        self, jobs: Sequence[Blueprint], happenings: Sequence[Happening], incidents: Sequence[Incident]
    ) -> None:
        counts = Counter(one[1] for one in happenings if one[4] != OVERLAPPED)
        weight = sum(counts[number] * job.fails for number, job in enumerate(jobs)) / max(1, counts.total())
        self._fails = [min(_MOST_FAILING, FAILED * job.fails / weight) for job in jobs]
        self._incidents = [[one for one in incidents if one.concerns(job)] for job in jobs]
        self._jobs = jobs

    def outcome(self, number: int, at: Instant, tries: int, random: Random) -> Outcome:
        """Of one execution that was due at some time; a job that is none succeeds."""
        chance = random.random()
        if number < 0:
            return Outcome("Succeeded", 1)
        for incident in self._incidents[number]:
            if incident.starts <= at < incident.ends and chance < _DURING_INCIDENTS:
                return Outcome("Failed", tries if incident.family.transient else 1, incident.family)
        fails = self._fails[number]
        if chance >= fails + CANCELLED + EXPIRED + RETRIED:
            return Outcome("Succeeded", 1)
        if chance < fails:
            family = usual_family(self._jobs[number], random)
            return Outcome("Failed", tries if family.transient else 1, family)
        if chance < fails + CANCELLED:
            return Outcome("Cancelled", random.choice((0, 1, 1)))
        if chance < fails + CANCELLED + EXPIRED:
            return Outcome("Expired", 0)
        family = usual_family(self._jobs[number], random)
        return Outcome("Succeeded", random.randint(2, tries), family) if tries > 1 else Outcome("Succeeded", 1)


def duration(blueprint: Blueprint | None, age: float, random: Random) -> Duration:
    """How long an attempt took, `age` (0 to 1) of the way from the beginning until now."""
    if blueprint is None:
        return int(random.lognormvariate(13.5, 0.8))
    median = blueprint.seconds * (1 + (blueprint.drift - 1) * age)
    longest = blueprint.seconds * 11
    return int(min(longest, median * math.exp(random.gauss(0, blueprint.spread))) * SECOND)


def waited(at: Instant, random: Random) -> Duration:
    """From when it was due to when a worker took it: longest at the full hour."""
    busy = 4.0 if at % (60 * MINUTE) < MINUTE or at % DAY < 10 * MINUTE else 1.0
    return int(min(90.0, 0.045 * busy * random.lognormvariate(0, 0.9)) * SECOND)
