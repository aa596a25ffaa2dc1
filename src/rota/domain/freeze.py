"""Freezes: times in which schedules do not start anything, such as a change freeze before the holidays."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from rota.domain.fields import Fields
from rota.domain.instant import Instant, format_instant
from rota.domain.job import Job

_NAMES = ("jobs", "teams", "queues", "tags")
_MOST = 200
_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Scope:
    """Whom a freeze concerns: jobs by id or name, teams, queues, tags; everybody, where nothing is named."""

    jobs: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    queues: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()

    def covers(self, job_id: str, job: Job) -> bool:
        """Whether a job is meant."""
        if not (self.jobs or self.teams or self.queues or self.tags):
            return True
        return (
            job_id in self.jobs
            or job.name in self.jobs
            or job.team_name in self.teams
            or job.queue in self.queues
            or not set(self.tags).isdisjoint(job.tags)
        )

    def document(self) -> dict[str, list[str]]:
        """What is named, by kind."""
        return {name: list(getattr(self, name)) for name in _NAMES if getattr(self, name)}

    def to_json(self) -> str:
        """As stored."""
        return json.dumps(self.document(), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "Scope":
        """As stored, read back."""
        return cls(**{name: tuple(values) for name, values in json.loads(text).items() if name in _NAMES})


@dataclass(frozen=True, slots=True)
class Freeze:
    """From `starts_at` up to, not including, `ends_at` the schedules of whom it concerns fire nothing."""

    starts_at: Instant
    ends_at: Instant
    reason: str
    by: str = ""
    scope: Scope = field(default_factory=Scope)

    @classmethod
    def parse(cls, document: Mapping[str, object], *, by: str, now: Instant) -> "Freeze":
        """Read `{"startsAt"?, "endsAt", "reason", "jobs"?, "teams"?, "queues"?, "tags"?}`; it starts now by default.

        InvalidInput lists every problem.
        """
        fields = Fields(document)
        starts_at = fields.instant("startsAt")
        starts_at = now if starts_at is None else starts_at
        ends_at = fields.instant("endsAt", required=True)
        reason = fields.text("reason", longest=1000, required=True)
        scope = Scope(**{name: _names(fields, name) for name in _NAMES})
        if ends_at is not None and ends_at <= max(starts_at, now):
            fields.refuse("endsAt", "it must come after startsAt, and after now")
        fields.refuse_unknown()
        fields.raise_errors("freeze")
        assert ends_at is not None
        assert reason is not None
        return cls(starts_at, ends_at, reason, by, scope)

    def holds(self, *instants: Instant) -> bool:
        """Whether one of the instants lies in it."""
        return any(self.starts_at <= instant < self.ends_at for instant in instants)

    @property
    def says(self) -> str:
        """Until when, by whom, and why."""
        return f"frozen until {format_instant(self.ends_at)} by {self.by}: {self.reason}"


def _names(fields: Fields, name: str) -> tuple[str, ...]:
    found = fields.value(name)
    if found is None:
        return ()
    if not isinstance(found, list | tuple) or not 1 <= len(found) <= _MOST:
        fields.refuse(name, f"a list of 1 to {_MOST} names")
        return ()
    for position, one in enumerate(found):
        if not isinstance(one, str) or not one.strip() or len(one) > _LONGEST:
            fields.refuse(name, f"a text of 1 to {_LONGEST} characters", position)
            return ()
    return tuple(dict.fromkeys(found))
