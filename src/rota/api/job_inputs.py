"""What may be said about jobs."""

from typing import Any, Literal

from pydantic import Field, StrictBool, StrictStr, field_validator

from rota.api.models import DurationInput, Input, Paging, PlainText, Time, TimeInput, choice
from rota.domain.parameters import Json
from rota.service.jobs import JobState

READ_ONLY = frozenset(
    {"id", "kind", "note", "pausedUntil", "version", "source", "nextAt", "lastExecution", "createdBy", "createdAt", "updatedAt"}
)  # fmt: skip
"""The fields of a job that a PUT may hold and that it does not change."""

_Words = list[str]
_Duration = float | str


class DefinitionInput(Input):
    """A job definition. Described here; read by the domain, which also knows the synonyms of the fields."""

    name: str = Field(min_length=1, max_length=200)
    job_type: str = Field(
        max_length=2048, description="a function's name, a URL, or a kind of executor", examples=["echo"]
    )
    description: str | None = Field(None, max_length=10_000)
    category: str | None = Field(None, max_length=200)
    tags: _Words | None = Field(None, max_length=50)
    parameters: dict[str, Any] | None = None
    parameters_schema: dict[str, Any] | None = Field(None, description="a JSON Schema")
    queue: str | None = Field(None, max_length=100)
    priority: int | None = Field(None, ge=-1000, le=1000, description="larger runs sooner")
    timeout_seconds: _Duration | None = None
    retry_count: int | None = Field(None, ge=0, le=1000)
    retry_strategy: str | int | None = Field(
        None, description="fixed, linear (1), exponential (2), exponentialJitter (3)"
    )
    base_delay_seconds: _Duration | None = None
    max_delay_seconds: _Duration | None = None
    permanent_statuses: list[int] | None = Field(None, description="HTTP statuses that are never tried again")
    max_concurrent_executions: int | None = Field(None, ge=1, le=1_000_000)
    concurrency_key: str | None = Field(
        None, max_length=200, description="a template over parameters", examples=["customer:{customerId}"]
    )
    max_concurrent_per_key: int | None = Field(None, ge=1, le=1_000_000, description="1 unless given")
    rate_limit: str | dict[str, Any] | None = Field(None, description="starts in a time", examples=["100/1m"])
    allowed_environments: _Words | int | None = Field(None, description="DEV (1), HOM (2), PROD (4), or their sum")
    execution_mode: str | int | None = Field(None, description="inProcess (1), outOfProcess (2), container (3)")
    isolation: str | None = Field(None, description="inline, thread or process")
    on_lost: str | None = Field(None, description="retry or fail")
    owner_name: str | None = Field(None, max_length=200)
    owner_email: str | None = Field(None, max_length=320)
    team_name: str | None = Field(None, max_length=200)
    escalation_contact: str | None = Field(None, max_length=500)
    created_by: str | None = Field(None, max_length=200)
    state: str | None = Field(None, description="Enabled, Disabled or Paused")
    cron_expression: str | None = Field(None, max_length=256)
    time_zone: str | None = None
    schedule: dict[str, Any] | None = Field(None, description="instead of `cronExpression`")
    schedules: list[dict[str, Any]] | None = Field(None, description="several, each with a key")


class SubmissionInput(Input):
    """One execution without a definition."""

    type: str = Field(max_length=2048)
    name: str | None = Field(None, max_length=200)
    payload: Any = None
    max_retries: int | None = Field(None, ge=0, le=1000)
    priority: int | None = Field(None, ge=-1000, le=1000)
    queue: str | None = Field(None, max_length=100)
    timeout_seconds: _Duration | None = None
    run_at: Time | None = None
    delay_seconds: _Duration | None = None
    concurrency_key: str | None = Field(None, max_length=200, description="a template over the payload")
    max_concurrent_per_key: int | None = Field(None, ge=1, le=1_000_000, description="1 unless given")


class JobQuery(Paging):
    """Which jobs."""

    q: PlainText | None = Field(None, max_length=200, description="words of the name, type, owner, team or #tags")
    state: PlainText | None = Field(None, max_length=100, description="Enabled, Disabled or Paused")
    status: PlainText | None = Field(
        None, max_length=100, description="as `state`; a state of executions lists submissions"
    )
    tag: PlainText | None = Field(None, max_length=100)
    owner: PlainText | None = Field(None, max_length=200)
    team: PlainText | None = Field(None, max_length=200)
    type: PlainText | None = Field(None, max_length=2048)


class NoteInput(Input):
    """Why."""

    note: StrictStr | None = Field(None, max_length=1000)


class PauseInput(NoteInput):
    """Why, and until when."""

    until: TimeInput | None = Field(None, description="when the pause ends by itself")


class StatusInput(NoteInput):
    """The state that a job is to have: one of the three."""

    status: JobState | None = None
    state: JobState | None = None
    enabled: StrictBool | None = None

    _any_case = field_validator("status", "state", mode="before")(choice(JobState))


class TriggerInput(Input):
    """How a job is to be started."""

    parameters: Json = Field(None, description="override the job's own, name by name")
    run_at: TimeInput | None = None
    delay_seconds: DurationInput | None = None
    key: StrictStr | None = Field(None, min_length=1, max_length=255, description="the same key, the same execution")
    overlap: Literal["allow", "obey"] | None = Field(None, description="`allow` starts it beside what runs already")

    @field_validator("overlap", mode="before")
    @classmethod
    def _any_case(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value


class CancelInput(Input):
    """Why everything of a job is to end."""

    reason: StrictStr | None = Field(None, max_length=500)


class CountQuery(Input):
    """How many."""

    count: int = Field(10, ge=1, le=1000)
