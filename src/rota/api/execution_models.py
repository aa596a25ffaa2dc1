"""The shapes of executions, attempts and log lines."""

import json
from typing import Any

from pydantic import Field

from rota.api.models import (
    Output,
    Paging,
    PlainText,
    Seconds,
    Time,
    decode_cursor,
    encode_cursor,
    from_json,
    is_whole_number,
)
from rota.domain.errors import InvalidInput
from rota.domain.execution import SYNONYMS, AttemptState, State
from rota.domain.instant import Instant, format_instant, parse_duration, parse_instant
from rota.domain.parameters import is_deeper
from rota.service.executions import AttemptRecord, ExecutionRecord, Filter, LogRecord

_DEEPEST_SHOWN = 200
"""A reply of more than about 250 levels cannot be written."""
_NOT_SHOWN = "the stored result cannot be shown"

_STATES = {state.value.lower(): state for state in State} | SYNONYMS


class Progress(Output):
    """How far an attempt says it is."""

    fraction: float = Field(description="from 0 to 1")
    message: str | None = None


class ExecutionOutput(Output):
    """One run of a job."""

    id: str
    job_id: str = Field(description="of a submission: its own id")
    job_name: str | None
    name: str | None
    type: str
    kind: str = Field(description="the executor")
    queue: str
    priority: int
    state: State
    status: State = Field(description="the same as `state`")
    trigger: str
    actor: str | None
    due_at: Time
    created_at: Time
    started_at: Time | None = Field(description="when the last attempt began")
    finished_at: Time | None
    duration_seconds: Seconds | None = Field(description="of the last attempt")
    attempt: int
    max_attempts: int
    parameters: Any = Field(None, description="any JSON")
    timeout_seconds: Seconds
    schedule_id: str | None
    nominal_at: Time | None
    worker_id: str | None
    progress: Progress | None
    result: Any = Field(None, description="any JSON; null when it cannot be shown, which `reason` then says")
    error_message: str | None
    stack_trace: str | None
    reason: str | None
    cancellation: dict[str, Any] | None = Field(description="who asked for its end, when and why")
    metadata: dict[str, Any]


class AttemptOutput(Output):
    """One try of an execution by one worker."""

    number: int
    state: AttemptState
    token: int
    worker_id: str | None
    started_at: Time
    finished_at: Time | None
    duration_seconds: Seconds | None
    error_message: str | None
    stack_trace: str | None


class ExecutionDetail(ExecutionOutput):
    """One run of a job with its attempts."""

    attempts: list[AttemptOutput]


class LogLine(Output):
    """One line that an attempt wrote."""

    attempt: int | None
    token: int
    line: int
    at: Time
    stream: str
    text: str
    cursor: str = Field(description="where to go on after this line")


class ExecutionFilter(Paging):
    """Which executions. Enumerations are read in any case; several values are separated by commas."""

    state: str | None = Field(None, max_length=200, description="`Failed`, `Running,Pending` …; synonyms are read")
    status: str | None = Field(None, max_length=200, description="the same as `state`")
    job_id: PlainText | None = Field(None, max_length=64)
    type: PlainText | None = Field(None, max_length=2048)
    queue: PlainText | None = Field(None, max_length=200)
    trigger: PlainText | None = Field(None, max_length=16)
    schedule_id: PlainText | None = Field(None, max_length=64)
    worker_id: PlainText | None = Field(None, max_length=64)
    since: str | None = Field(None, max_length=64, description="created then or later: a time, or `24h` = ago")
    until: str | None = Field(None, max_length=64, description="created before: a time, or `24h` = ago")
    q: PlainText | None = Field(None, max_length=200, description="a part of the name")


def filter_of(query: ExecutionFilter, now: Instant) -> Filter:
    """What the query asks for."""
    states = [states_in(text, name) for name, text in (("state", query.state), ("status", query.status)) if text]
    return Filter(
        states=frozenset.intersection(*states) if states else None,
        job_id=query.job_id,
        type=query.type,
        queue=query.queue,
        trigger=None if query.trigger is None else query.trigger.lower(),
        schedule_id=query.schedule_id,
        worker_id=query.worker_id,
        since=moment(query.since, now, "since"),
        until=moment(query.until, now, "until"),
        search=query.q,
    )


def moment(text: str | None, now: Instant, name: str) -> Instant | None:
    """A time, or a duration before now. InvalidInput names the query parameter."""
    if text is None:
        return None
    try:
        return (
            now - parse_duration(text)
            if text[:1] == "P" or (text[-1:].isalpha() and "T" not in text)
            else parse_instant(text)
        )
    except ValueError:
        raise InvalidInput.field(
            "query", name, msg="an RFC 3339 time such as 2026-11-21T06:00:00Z, or a duration such as 24h"
        ) from None


def states_in(text: str, name: str) -> frozenset[State]:
    """The states of a list such as `Failed,Running`. InvalidInput names the query parameter."""
    found = set()
    for word in text.split(","):
        state = _STATES.get(word.strip().lower())
        if state is None:
            raise InvalidInput.field("query", name, msg=f"no such state; known: {', '.join(State)}")
        found.add(state)
    return frozenset(found)


def shown(record: ExecutionRecord) -> ExecutionOutput:
    """An execution as the API shows it."""
    return ExecutionOutput(**_fields(record))


def detail(record: ExecutionRecord, attempts: list[AttemptRecord]) -> ExecutionDetail:
    """An execution with its attempts as the API shows it."""
    return ExecutionDetail(**_fields(record), attempts=[_attempt(attempt) for attempt in attempts])


def _fields(record: ExecutionRecord) -> dict[str, Any]:
    result, note = _result(record.result)
    return {
        "id": record.id,
        "job_id": record.job_id or record.id,
        "job_name": record.name,
        "name": record.name,
        "type": record.type,
        "kind": record.kind,
        "queue": record.queue,
        "priority": record.priority,
        "state": record.state,
        "status": record.state,
        "trigger": record.trigger,
        "actor": record.actor,
        "due_at": record.due_at,
        "created_at": record.created_at,
        "started_at": record.started_at,
        "finished_at": record.finished_at,
        "duration_seconds": record.duration,
        "attempt": record.attempt,
        "max_attempts": record.max_attempts,
        "parameters": from_json(record.parameters),
        "timeout_seconds": record.timeout,
        "schedule_id": record.schedule_id,
        "nominal_at": record.nominal_at,
        "worker_id": record.worker_id,
        "progress": from_json(record.progress),
        "result": result,
        "error_message": record.error,
        "stack_trace": record.stack,
        "reason": record.reason or note,
        "cancellation": _cancellation(record.cancellation),
        "metadata": from_json(record.metadata) or {},
    }


def _result(text: str | None) -> tuple[Any, str | None]:
    """A stored result, or None and a note: one that cannot be shown must not take a whole list with it."""
    try:
        value = from_json(text)
        if text is not None and text.count("[") + text.count("{") > _DEEPEST_SHOWN and is_deeper(value, _DEEPEST_SHOWN):
            return None, _NOT_SHOWN
        if text is not None and "\\ud" in text.lower():
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None, _NOT_SHOWN
    return value, None


def _cancellation(text: str | None) -> dict[str, Any] | None:
    asked: dict[str, Any] | None = from_json(text)
    if asked is not None and isinstance(asked.get("at"), int):
        asked["at"] = format_instant(asked["at"])
    return asked


def _attempt(record: AttemptRecord) -> AttemptOutput:
    finished_at = record.finished_at
    return AttemptOutput.model_validate(
        {
            "number": record.number,
            "state": record.state,
            "token": record.token,
            "worker_id": record.worker_id,
            "started_at": record.started_at,
            "finished_at": finished_at,
            "duration_seconds": None if finished_at is None else max(0, finished_at - record.started_at),
            "error_message": record.error,
            "stack_trace": record.stack,
        }
    )


def log_line(record: LogRecord, attempts: dict[int, int]) -> LogLine:
    """A log line as the API shows it."""
    return LogLine.model_validate(
        {
            "attempt": attempts.get(record.token),
            "token": record.token,
            "line": record.line,
            "at": record.at,
            "stream": record.stream,
            "text": record.text,
            "cursor": encode_cursor(f"{record.token}.{record.line}"),
        }
    )


def log_cursor(cursor: str | None) -> tuple[int, int] | None:
    """The (token, line) in a cursor."""
    key = decode_cursor(cursor)
    if key is None:
        return None
    token, _, line = key.partition(".")
    if not (is_whole_number(token) and is_whole_number(line)):
        raise InvalidInput.field("query", "after", msg="not a cursor of this list")
    return int(token), int(line)
