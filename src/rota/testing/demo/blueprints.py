"""The two hundred jobs of the demo, as the documents that `POST /api/jobs` takes."""

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from rota.testing.demo.rhythms import Document, documents
from rota.testing.demo.size import Size
from rota.testing.demo.teams import TEAMS, Family, Team, email

_ADDRESS = os.environ.get("ROTA_URL", "http://127.0.0.1:8400")
_TAGS = ("critical", "nightly", "gdpr", "external", "pii", "legacy", "sox", "experimental")
PAUSED = (
    "waiting for the new credentials of the vendor",
    "writes duplicates, see OPS-4127",
    "migration of the warehouse, back on Monday",
    "until finance has closed the quarter",
    "too noisy; the team looks into it",
)
DISABLED = ("replaced by the v2 pipeline", "the customer has left", "not needed since the move", "contract ended")
LEGACY = "drained on purpose: the old cluster goes away at the end of the month"


@dataclass(frozen=True, slots=True)
class Blueprint:
    """A job that is to be defined, and how its executions will have gone."""

    team: Team
    family: Family
    owner: str
    document: Document
    rhythm: str
    seconds: float
    """The median of its durations when it was young."""
    spread: float
    drift: float
    """By what its durations have grown until now."""
    fails: float
    """How much more often than others it fails."""

    @property
    def name(self) -> str:
        """What the job is called."""
        return str(self.document["name"])


def blueprints(size: Size) -> list[Blueprint]:
    """All jobs. The same seed gives the same."""
    random = size.random("jobs")
    return [one for team in TEAMS for family in team.families for one in _family(team, family, size, random)]


def _family(team: Team, family: Family, size: Size, random: Random) -> Iterator[Blueprint]:
    names = [(subject, verb) for subject in family.subjects for verb in family.verbs]
    rhythms = [rhythm for rhythm, count in family.rhythms.items() for _ in range(count)]
    for (subject, verb), rhythm in zip(random.sample(names, len(rhythms)), rhythms, strict=True):
        yield _blueprint(team, family, subject, verb, rhythm, size, random)


def _blueprint(
    team: Team, family: Family, subject: str, verb: str, rhythm: str, size: Size, random: Random
) -> Blueprint:
    owner = random.choice(team.people)
    name = f"{family.prefix}.{subject}.{verb}"
    low, high = family.seconds
    if rhythm in ("frequent", "quarterly"):
        high = min(high, 40.0)
    seconds = math.exp(random.uniform(math.log(low), math.log(high))) if low < high else high
    retries = random.choice((0, 1, 2, 2, 3))
    document: Document = {
        "name": name,
        **_work(family, name, subject, verb),
        "description": family.says.format(subject=subject.replace("-", " "), verb=verb).capitalize(),
        "category": family.category,
        "tags": sorted({family.prefix, *random.sample(_TAGS, random.choice((0, 1, 1, 2)))}),
        "ownerName": owner,
        "ownerEmail": email(owner),
        "teamName": team.name,
        "escalationContact": f"#{team.name}-oncall",
        "queue": "legacy" if random.random() < 0.02 else family.queue,
        "priority": random.choice((0, 0, 0, 0, 5, 10)),
        "timeoutSeconds": max(30, int(seconds * 12)),
        "retryCount": retries,
        "retryStrategy": random.choice(("exponential", "exponentialJitter", "linear")),
        "baseDelaySeconds": random.choice((1, 5, 15)),
    }
    if random.random() < 0.1:
        document["maxConcurrentExecutions"] = random.choice((1, 2, 4))
    schedules = documents(rhythm, size, size.random(f"schedule/{name}"))  # so that names do not depend on the size
    if schedules:
        document["schedules"] = schedules
    drift = random.choice((1.0, 1.0, 1.1, 0.8, 1.3, 2.2))
    fails = random.lognormvariate(0, 0.9)
    return Blueprint(team, family, owner, document, rhythm, seconds, random.uniform(0.15, 0.55), drift, fails)


def _work(family: Family, name: str, subject: str, verb: str) -> Document:
    """What it runs: harmless, and there wherever Rota runs."""
    if family.kind == "http":
        return {
            "jobType": f"{_ADDRESS}/health/ready?job={name}",
            "parameters": {"HttpMethod": "GET", "Header_X-Job": name},
        }
    if family.kind == "script":
        lines = [f"echo 'looking for {subject}'", "sleep 1", f'echo "{verb} $((RANDOM % 900)) of {subject}"', "sleep 1"]
        return {"jobType": "script", "parameters": {"script": "\n".join(lines), "interpreter": "bash"}}
    return {"jobType": name, "parameters": {"source": f"{subject}_v2", "batch": 500}}
