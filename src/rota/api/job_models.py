"""The shapes of jobs."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from rota.api.execution_models import ExecutionOutput, shown
from rota.api.models import Output, Time, from_json
from rota.domain.execution import State
from rota.domain.instant import format_instant
from rota.service.executions import ExecutionRecord
from rota.service.explain import Explanation
from rota.service.jobs import JobState, JobVersion, JobView, LastExecution


class ScheduleSummary(Output):
    """A schedule of a job, in short."""

    id: str
    key: str | None
    state: str
    describe: str
    next_at: Time | None


class LastExecutionOutput(Output):
    """The newest execution of a job."""

    id: str
    state: State
    finished_at: Time | None


class JobOutput(Output):
    """A job."""

    id: str
    name: str
    description: str | None
    category: str | None
    tags: list[str]
    job_type: str
    kind: str
    parameters: Any
    parameters_schema: dict[str, Any] | None
    queue: str
    priority: int
    timeout_seconds: float
    retry_count: int
    retry_strategy: str
    base_delay_seconds: float
    max_delay_seconds: float
    permanent_statuses: list[int]
    max_concurrent_executions: int | None
    concurrency_key: str | None = Field(description="a template over parameters: runs with the same key share a cap")
    max_concurrent_per_key: int | None
    rate_limit: str | None = Field(description="starts in any stretch of time of that length, such as 100/1m")
    allowed_environments: list[str]
    execution_mode: str | None
    isolation: str | None
    on_lost: str
    owner_name: str | None
    owner_email: str | None
    team_name: str | None
    escalation_contact: str | None
    state: JobState
    note: str | None = Field(description="why it is paused or disabled")
    paused_until: Time | None
    version: int
    source: str = Field(description="api, or code: who owns the definition")
    cron_expression: str | None
    time_zone: str | None
    schedule: dict[str, Any] | None = Field(description="the schedule that the definition carries")
    schedules: list[ScheduleSummary] = Field(description="every schedule of the job")
    next_at: Time | None
    last_execution: LastExecutionOutput | None
    created_by: str
    created_at: Time
    updated_at: Time


class SubmissionOutput(ExecutionOutput):
    """A submission: an execution that is its own job."""

    payload: Any
    max_retries: int
    completed_at: Time | None


class JobOrSubmissionPage(Output):
    """One page of jobs; of submissions where the status that was asked for is one of executions."""

    items: list[JobOutput | SubmissionOutput]
    next_cursor: str | None = None


class TriggerOutput(ExecutionOutput):
    """The execution that was started."""

    execution_id: str


class CancelledExecution(Output):
    """An execution whose end was asked for."""

    id: str
    state: State


class CancelOutput(Output):
    """What was cancelled."""

    items: list[CancelledExecution]


class VersionOutput(Output):
    """What a job was."""

    version: int
    definition: dict[str, Any]
    changed_by: str
    changed_at: Time


class FireOutput(Output):
    """A coming start."""

    schedule_id: str
    key: str | None
    at: Time
    local: str = Field(description="in the schedule's time zone")
    notes: list[str]


class Fires(Output):
    """The next starts."""

    items: list[FireOutput]


class GateOutput(Output):
    """One condition of a start."""

    code: str
    ok: bool
    says: str
    since: Time | None
    until: Time | None
    see: str | None


class WhyOutput(Output):
    """Why a job has not run, or why an execution does not."""

    job_id: str | None
    execution_id: str | None = Field(description="the execution that was asked about, if it was not the job")
    name: str
    headline: str = Field(description="the first gate that is shut")
    next_start: Time | None
    gates: list[GateOutput]


def job_shown(view: JobView) -> JobOutput:
    """A job as the API shows it."""
    record = view.record
    own = view.default_schedule
    rule: Mapping[str, Any] | None = None if own is None else own.schedule.document()
    return JobOutput.model_validate(
        record.job.document()
        | {
            "id": record.id,
            "kind": record.job.kind,
            "state": record.state,
            "note": record.note,
            "pausedUntil": record.resume_at,
            "version": record.version,
            "source": record.source,
            "cronExpression": None if rule is None else rule.get("cron"),
            "timeZone": None if own is None else own.schedule.time_zone,
            "schedule": rule,
            "schedules": [
                {
                    "id": item.id,
                    "key": item.key,
                    "state": item.state,
                    "describe": item.schedule.describe(),
                    "nextAt": item.fires_at,
                }
                for item in view.schedules
            ],
            "nextAt": view.next_at,
            "lastExecution": _last(view.last),
            "createdBy": record.created_by,
            "createdAt": record.created_at,
            "updatedAt": record.updated_at,
        }
    )


def submission_shown(record: ExecutionRecord) -> SubmissionOutput:
    """A submission as the API shows it."""
    execution = shown(record)
    return SubmissionOutput.model_validate(
        execution.model_dump(by_alias=False)
        | {
            "payload": execution.parameters,
            "max_retries": record.max_attempts - 1,
            "completed_at": record.finished_at,
            "duration_seconds": record.duration,
            "timeout_seconds": record.timeout,
        }
    )


def triggered(record: ExecutionRecord) -> TriggerOutput:
    """A started execution as the API shows it."""
    values = shown(record).model_dump(by_alias=False) | {
        "duration_seconds": record.duration,
        "timeout_seconds": record.timeout,
    }
    return TriggerOutput.model_validate(values | {"execution_id": record.id})


def version_shown(version: JobVersion) -> VersionOutput:
    """A version as the API shows it."""
    return VersionOutput(
        version=version.version,
        definition=from_json(version.definition),
        changed_by=version.changed_by,
        changed_at=format_instant(version.changed_at),
    )


def why_shown(explanation: Explanation) -> WhyOutput:
    """An explanation as the API shows it."""
    return WhyOutput.model_validate(explanation)


def _last(last: LastExecution | None) -> dict[str, Any] | None:
    if last is None:
        return None
    return {"id": last.id, "state": last.state, "finishedAt": last.finished_at}
