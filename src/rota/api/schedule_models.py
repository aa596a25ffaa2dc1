"""The shapes of schedules."""

from typing import Any

from pydantic import ConfigDict, Field, StrictInt, StrictStr, field_validator
from pydantic.alias_generators import to_camel

from rota.api.difference_models import DifferenceSummary
from rota.api.models import Input, Output, Paging, PlainText, Time, TimeInput, choice
from rota.service.schedules import Decision, Difference, OccurrenceRecord, Preview, ScheduleRecord, ScheduleState

READ_ONLY = frozenset(
    {"id", "jobName", "state", "describe", "rule", "revision", "nextAt", "lastAt", "runs", "note", "createdBy", "createdAt", "updatedAt", "difference"}
)  # fmt: skip
"""The fields of a schedule that a PUT may hold and that it does not change."""

_Span = float | str


class ScheduleInput(Input):
    """A schedule: exactly one rule and its policies. Described here; read by the domain."""

    job_id: str = Field(max_length=64, description="the job it starts; `jobDefinitionId` is read too")
    cron: str | None = Field(None, max_length=256, examples=["0 6 * * MON-FRI"])
    every: _Span | None = None
    anchor: Time | None = None
    daily: dict[str, Any] | None = Field(None, examples=[{"at": "06:00"}])
    weekly: dict[str, Any] | None = Field(None, examples=[{"on": ["MON"], "at": "06:00"}])
    monthly: dict[str, Any] | None = Field(None, examples=[{"day": 1, "at": "06:00"}])
    yearly: dict[str, Any] | None = Field(None, examples=[{"month": 12, "day": 24, "at": "06:00"}])
    rrule: str | None = Field(None, max_length=2000, examples=["FREQ=MONTHLY;BYDAY=2TU;BYHOUR=6"])
    once: Time | None = None
    after: _Span | None = None
    schedule_type: int | str | None = Field(
        None, description="1 once, 2 daily, 3 weekly, 4 monthly, 5 cron, 6 nth business day, 7 delayed, 8 conditional"
    )
    time_of_day: str | None = None
    time_zone: str | None = Field(None, description="an IANA name; default UTC")
    dst_gap: str | None = Field(None, description="shift or skip")
    dst_overlap: str | None = Field(None, description="first or both")
    calendar: str | list[str] | None = Field(None, description="the names of calendars; on days that are worked in all")
    roll: str | None = Field(None, description="skip, following, modifiedFollowing or preceding")
    window: dict[str, Any] | None = Field(None, examples=[{"from": "08:00", "to": "18:00", "on": ["MON"]}])
    condition: str | dict[str, Any] | None = Field(None, examples=["day.working && previous.state != 'Failed'"])
    missed: str | None = Field(None, description="runLatest, runEarliest, runAll or skip")
    max_lateness: _Span | None = None
    max_catchup_runs: int | None = Field(None, ge=1, le=1000)
    overlap: str | None = Field(None, description="skip, queueOne, queueAll, cancelPrevious, killPrevious or allow")
    overlap_key: str | None = Field(None, max_length=256)
    jitter: _Span | None = None
    starts_at: Time | None = None
    ends_at: Time | None = None
    max_runs: int | None = Field(None, ge=1)
    parameters: dict[str, Any] | None = None
    enabled: bool | None = None
    key: str | None = Field(None, max_length=200, description="names the schedule inside its job")
    name: str | None = Field(None, max_length=200)
    description: str | None = Field(None, max_length=4096)
    created_by: str | None = Field(None, max_length=200)


class ScheduleOutput(Output):
    """A schedule. The fields of its rule stand beside these too, under their own names."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, serialize_by_alias=True, extra="allow")

    id: str
    job_id: str
    job_name: str | None
    key: str | None
    name: str | None
    description: str | None
    state: ScheduleState
    enabled: bool
    describe: str = Field(description="the rule in words")
    rule: dict[str, Any] = Field(description="the schedule object")
    time_zone: str
    revision: int
    next_at: Time | None
    last_at: Time | None = Field(description="the last instant that was decided")
    runs: int
    note: str | None
    created_by: str
    created_at: Time
    updated_at: Time
    difference: DifferenceSummary | None = Field(None, description="what this change has done to the fires")


class ScheduleQuery(Paging):
    """Which schedules."""

    job_id: PlainText | None = Field(None, max_length=64)
    state: ScheduleState | None = None

    _any_case = field_validator("state", mode="before")(choice(ScheduleState))


class OccurrenceQuery(Paging):
    """Which occurrences."""

    decision: Decision | None = None
    from_: TimeInput | None = Field(None, alias="from", description="the earliest instant")
    to: TimeInput | None = Field(None, description="the latest instant")

    _any_case = field_validator("decision", mode="before")(choice(Decision))


class OccurrenceOutput(Output):
    """One instant of a schedule and what was decided about it."""

    nominal_at: Time
    decision: Decision
    reason: str | None
    execution_id: str | None
    decided_at: Time


class PauseScheduleInput(Input):
    """Why."""

    note: StrictStr | None = Field(None, max_length=1000)


class PreviewInput(Input):
    """A schedule to look ahead of."""

    schedule: dict[str, Any]
    from_: TimeInput | None = Field(None, alias="from", description="exclusive; default now")
    until: TimeInput | None = None
    count: StrictInt = Field(10, ge=1, le=1000)


class PreviewFire(Output):
    """A coming instant."""

    at: Time
    local: str = Field(description="in the schedule's time zone, with its offset")
    notes: list[str]


class PreviewSkip(Output):
    """A nominal local time that will not fire."""

    nominal: str
    reason: str
    says: str = Field(description="the same in words")


class PreviewOutput(Output):
    """What a schedule will do."""

    items: list[PreviewFire]
    skipped: list[PreviewSkip]


def schedule_shown(record: ScheduleRecord, difference: Difference | None = None) -> ScheduleOutput:
    """A schedule as the API shows it, after a change with what that does."""
    schedule = record.schedule
    rule = schedule.document()
    return ScheduleOutput.model_validate(
        rule
        | {
            "id": record.id,
            "jobId": record.job_id,
            "jobName": record.job_name,
            "key": record.key,
            "name": record.name,
            "description": schedule.description,
            "state": record.state,
            "enabled": record.state is not ScheduleState.PAUSED,
            "describe": schedule.describe(),
            "rule": rule,
            "timeZone": schedule.time_zone,
            "revision": record.revision,
            "nextAt": record.fires_at if record.state is ScheduleState.ENABLED else None,
            "lastAt": record.cursor_at if record.cursor_at > record.created_at else None,
            "runs": record.runs,
            "note": record.note,
            "createdBy": record.created_by,
            "createdAt": record.created_at,
            "updatedAt": record.updated_at,
            "difference": None if difference is None else difference.document(),
        }
    )


def occurrence_shown(record: OccurrenceRecord) -> OccurrenceOutput:
    """An occurrence as the API shows it."""
    return OccurrenceOutput.model_validate(record)


def preview_shown(preview: Preview) -> PreviewOutput:
    """A preview as the API shows it."""
    return PreviewOutput.model_validate(
        {
            "items": [{"at": fire.at, "local": fire.local_text, "notes": list(fire.notes)} for fire in preview.items],
            "skipped": [
                {"nominal": item.nominal_local_text, "reason": item.reason, "says": item.says}
                for item in preview.skipped
            ],
        }
    )
