"""A job: what to run, how, and who owns it. Its schedules are `rota.domain.schedule`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any, cast

from rota.domain.execution import DEFAULT_RETRY, DEFAULT_TIMEOUT, NewExecution, Trigger, kind_of
from rota.domain.fields import Fields
from rota.domain.instant import SECOND, Duration, Instant, seconds
from rota.domain.job_reading import Defaults, Environment, ExecutionMode, Isolation, read_job
from rota.domain.limits import UNLIMITED, Limits, Rate, job_name, key_name, parse_rate
from rota.domain.parameters import Json, merged
from rota.domain.retry import OnLost, RetryPolicy, Strategy

__all__ = [
    "Defaults",
    "Environment",
    "ExecutionMode",
    "Isolation",
    "Job",
    "JobState",
    "new_execution",
]


class JobState(StrEnum):
    """Whether a job may start. `Paused` stops its schedules and its queue; `Disabled` stops a person too."""

    ENABLED = "Enabled"
    DISABLED = "Disabled"
    PAUSED = "Paused"


@dataclass(frozen=True, slots=True)
class Job:
    """A definition as it is stored and versioned. `parameters` are never changed in place."""

    name: str
    type: str
    description: str | None = None
    category: str | None = None
    tags: tuple[str, ...] = ()
    parameters: dict[str, object] = field(default_factory=dict)
    parameters_schema: dict[str, object] | None = None
    queue: str = "default"
    priority: int = 0
    timeout: Duration = DEFAULT_TIMEOUT
    retry: RetryPolicy = DEFAULT_RETRY
    max_concurrent: int | None = None
    concurrency_key: str | None = None
    max_per_key: int = 1
    rate: Rate | None = None
    environments: tuple[Environment, ...] = tuple(Environment)
    mode: ExecutionMode | None = None
    isolation: Isolation | None = None
    on_lost: OnLost = OnLost.RETRY
    owner_name: str | None = None
    owner_email: str | None = None
    team_name: str | None = None
    escalation_contact: str | None = None

    @classmethod
    def parse(cls, document: Mapping[str, object], *, defaults: Defaults) -> "Job":
        """Read and check a definition. InvalidInput lists every problem with its location.

        The fields that describe schedules are known and left to `rota.domain.job_schedules`.
        """
        fields = Fields(document)
        values = read_job(fields, defaults)
        fields.refuse_unknown()
        fields.raise_errors("job")
        return cls(**values)

    @classmethod
    def from_json(cls, text: str) -> "Job":
        """Rebuild a job from the JSON text of its `document()`; cached by the text."""
        return _from_json(text)

    @property
    def kind(self) -> str:
        """The executor kind of the type."""
        return kind_of(self.type)

    def allowed_in(self, environment: str) -> bool:
        """Whether the job may run in an installation of that environment."""
        return environment in self.environments

    def limits(self, job_id: str, parameters: object) -> Limits:
        """What a run of it with these parameters is under."""
        caps: list[tuple[str, int]] = []
        if self.max_concurrent is not None:
            caps.append((job_name(job_id), self.max_concurrent))
        if self.concurrency_key is not None:
            caps.append((key_name(self.concurrency_key, parameters), self.max_per_key))
        rates = () if self.rate is None else ((job_name(job_id), self.rate),)
        return Limits(tuple(caps), rates) if caps or rates else UNLIMITED

    def document(self) -> dict[str, object]:
        """The canonical JSON object: every field under its own name, durations in seconds."""
        return {
            "name": self.name,
            "description": self.description,
            "category": self.category,
            "tags": list(self.tags),
            "jobType": self.type,
            "parameters": self.parameters,
            "parametersSchema": self.parameters_schema,
            "queue": self.queue,
            "priority": self.priority,
            "timeoutSeconds": seconds(self.timeout),
            "retryCount": self.retry.retries,
            "retryStrategy": self.retry.strategy.value,
            "baseDelaySeconds": seconds(self.retry.base_delay),
            "maxDelaySeconds": seconds(self.retry.max_delay),
            "permanentStatuses": list(self.retry.permanent_statuses),
            "maxConcurrentExecutions": self.max_concurrent,
            "concurrencyKey": self.concurrency_key,
            "maxConcurrentPerKey": None if self.concurrency_key is None else self.max_per_key,
            "rateLimit": None if self.rate is None else str(self.rate),
            "allowedEnvironments": [environment.value for environment in self.environments],
            "executionMode": None if self.mode is None else self.mode.value,
            "isolation": None if self.isolation is None else self.isolation.value,
            "onLost": self.on_lost.value,
            "ownerName": self.owner_name,
            "ownerEmail": self.owner_email,
            "teamName": self.team_name,
            "escalationContact": self.escalation_contact,
        }

    def to_json(self) -> str:
        """The canonical JSON text, as stored."""
        return json.dumps(self.document(), ensure_ascii=False, separators=(",", ":"))


_ISOLATIONS = {ExecutionMode.IN_PROCESS: Isolation.THREAD, ExecutionMode.OUT_OF_PROCESS: Isolation.PROCESS}


def new_execution(
    job_id: str,
    job: Job,
    *,
    trigger: Trigger,
    parameters: Json = None,
    due_at: Instant | None = None,
    latest_start: Instant | None = None,
    schedule_id: str | None = None,
    nominal_at: Instant | None = None,
    actor: str | None = None,
) -> NewExecution:
    """One run of a job, ready for the store. `parameters` override the job's own."""
    isolation = job.isolation or (None if job.mode is None else _ISOLATIONS.get(job.mode))
    given = merged(job.parameters, parameters)
    return NewExecution(
        type=job.type,
        parameters=given,
        job_id=job_id,
        name=job.name,
        queue=job.queue,
        priority=job.priority,
        due_at=due_at,
        timeout=job.timeout,
        retry=job.retry,
        on_lost=job.on_lost,
        isolation=None if isolation is None else isolation.value,
        limits=job.limits(job_id, given),
        schedule_id=schedule_id,
        nominal_at=nominal_at,
        trigger=trigger,
        actor=actor,
        latest_start=latest_start,
    )


@lru_cache(maxsize=4096)
def _from_json(text: str) -> Job:
    document: dict[str, Any] = json.loads(text)
    return Job(
        name=document["name"],
        type=document["jobType"],
        description=document["description"],
        category=document["category"],
        tags=tuple(document["tags"]),
        parameters=document["parameters"],
        parameters_schema=cast("dict[str, object] | None", document["parametersSchema"]),
        queue=document["queue"],
        priority=document["priority"],
        timeout=_duration(document["timeoutSeconds"]),
        retry=RetryPolicy(
            document["retryCount"],
            Strategy(document["retryStrategy"]),
            _duration(document["baseDelaySeconds"]),
            _duration(document["maxDelaySeconds"]),
            tuple(document["permanentStatuses"]),
        ),
        max_concurrent=document["maxConcurrentExecutions"],
        concurrency_key=document.get("concurrencyKey"),
        max_per_key=document.get("maxConcurrentPerKey") or 1,
        rate=None if document.get("rateLimit") is None else parse_rate(document["rateLimit"]),
        environments=tuple(Environment(name) for name in document["allowedEnvironments"]),
        mode=None if document["executionMode"] is None else ExecutionMode(document["executionMode"]),
        isolation=None if document["isolation"] is None else Isolation(document["isolation"]),
        on_lost=OnLost(document["onLost"]),
        owner_name=document["ownerName"],
        owner_email=document["ownerEmail"],
        team_name=document["teamName"],
        escalation_contact=document["escalationContact"],
    )


def _duration(value: float) -> Duration:
    return round(value * SECOND)
