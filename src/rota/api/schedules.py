"""/api/schedules: when jobs become due."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from rota.api.difference_models import DifferenceOutput, DryRun, difference_shown
from rota.api.documents import Document, described, without
from rota.api.errors import documented
from rota.api.idempotency import Creating
from rota.api.models import Id, Nothing, Page, cursor_after, decode_cursor, number_in, reply
from rota.api.schedule_models import (
    READ_ONLY,
    OccurrenceOutput,
    OccurrenceQuery,
    PauseScheduleInput,
    PreviewInput,
    PreviewOutput,
    ScheduleInput,
    ScheduleOutput,
    ScheduleQuery,
    occurrence_shown,
    preview_shown,
    schedule_shown,
)
from rota.api.security import EditContext, OperateContext, ReadContext
from rota.api.versions import IfMatch, etag, expected_version
from rota.domain.errors import InvalidInput
from rota.service import schedules
from rota.service.schedules import ScheduleRecord

router = APIRouter()


_JOB_NAMES = ("jobId", "jobDefinitionId")
_LONGEST_CREATOR = 200


@router.post(
    "",
    status_code=201,
    response_model=ScheduleOutput,
    responses={200: {"model": DifferenceOutput}, **documented(404, 409, 422)},
    openapi_extra=described(ScheduleInput),
)
def create_schedule(document: Document, ctx: EditContext, creating: Creating, dry_run: DryRun = False) -> Response:
    """Give a job a schedule. With `dryRun`, answer 200 with the fires that it would add."""
    job_id = _job_id(document)
    if job_id is None:
        raise InvalidInput.field("jobId", msg="required")
    created_by = _creator(document)
    rule = _rule(document, frozenset({*_JOB_NAMES, "createdBy"}))
    if dry_run:
        return reply(difference_shown(schedules.try_create(ctx, job_id, rule)))
    response = creating.answer(
        ctx,
        lambda ctx: schedules.create(ctx, job_id, rule, created_by=created_by),
        schedule_shown,
        lambda made: f"/api/schedules/{made.id}",
    )
    response.headers["ETag"] = etag(1)
    return response


@router.get("", response_model=Page[ScheduleOutput], responses=documented(422))
def list_schedules(ctx: ReadContext, query: Annotated[ScheduleQuery, Query()]) -> Response:
    """Schedules, newest first."""
    found = schedules.find(
        ctx, limit=query.limit, before=decode_cursor(query.cursor), job_id=query.job_id, state=query.state
    )
    items = [schedule_shown(record) for record in found]
    after = cursor_after(found, query.limit, found and found[-1].id)
    return reply(Page[ScheduleOutput](items=items, next_cursor=after))


@router.post("/preview", response_model=PreviewOutput, responses=documented(422))
def preview_schedule(body: PreviewInput, ctx: ReadContext) -> Response:
    """The next instants of a schedule, with what its time zone does to them. Nothing is stored."""
    found = schedules.preview(ctx, body.schedule, start=body.from_, until=body.until, count=body.count)
    return reply(preview_shown(found))


@router.get("/{id}", response_model=ScheduleOutput, responses=documented(404))
def get_schedule(id: Id, ctx: ReadContext) -> Response:
    """One schedule."""
    return _shown(schedules.get(ctx, id))


@router.put(
    "/{id}",
    response_model=ScheduleOutput | DifferenceOutput,
    responses=documented(404, 409, 412, 422),
    openapi_extra=described(ScheduleInput),
)
def update_schedule(
    id: Id, document: Document, ctx: EditContext, if_match: IfMatch = None, dry_run: DryRun = False
) -> Response:
    """Replace the rule and its policies; the new revision decides nothing before now.

    The answer tells under `difference` what that does to the fires; with `dryRun` it is that alone. What a GET answered may be sent back: fields that only the server sets are left alone.
    """
    job_id = _job_id(document)
    if job_id is not None and schedules.get(ctx, id).job_id != job_id:
        raise InvalidInput.field("jobId", msg="a schedule stays with its job; make another one")
    rule = _rule(document, READ_ONLY | {*_JOB_NAMES})
    expected = expected_version(if_match)
    if dry_run:
        return reply(difference_shown(schedules.try_update(ctx, id, rule, expected=expected)))
    changed = schedules.update(ctx, id, rule, expected=expected)
    shown = schedule_shown(changed.record, changed.difference)
    return reply(shown, headers={"ETag": etag(changed.record.revision)})


@router.delete("/{id}", status_code=204, responses=documented(404, 409, 412))
def delete_schedule(id: Id, ctx: EditContext, if_match: IfMatch = None) -> Response:
    """Take a schedule away. What it has queued still runs; its ledger stays."""
    schedules.delete(ctx, id, expected=expected_version(if_match))
    return Response(status_code=204)


@router.post("/{id}/pause", response_model=ScheduleOutput, responses=documented(404, 409, 422))
def pause_schedule(id: Id, ctx: OperateContext, body: PauseScheduleInput | None = None) -> Response:
    """Let a schedule not fire until it is resumed."""
    return _shown(schedules.pause(ctx, id, note=None if body is None else body.note))


@router.post("/{id}/resume", response_model=ScheduleOutput, responses=documented(404, 409, 422))
def resume_schedule(id: Id, ctx: OperateContext, body: Nothing | None = None) -> Response:
    """Let a paused schedule fire again, from now on."""
    return _shown(schedules.resume(ctx, id))


@router.get("/{id}/occurrences", response_model=Page[OccurrenceOutput], responses=documented(404, 422))
def list_occurrences(id: Id, ctx: ReadContext, query: Annotated[OccurrenceQuery, Query()]) -> Response:
    """The ledger: each instant with what was decided about it, latest first."""
    before = number_in(query.cursor)
    found = schedules.ledger(
        ctx, id, limit=query.limit, before=before, decision=query.decision, since=query.from_, until=query.to
    )
    items = [occurrence_shown(record) for record in found]
    after = cursor_after(found, query.limit, found and found[-1].nominal_at)
    return reply(Page[OccurrenceOutput](items=items, next_cursor=after))


def _shown(record: ScheduleRecord) -> Response:
    return reply(schedule_shown(record), headers={"ETag": etag(record.revision)})


def _job_id(document: Mapping[str, Any]) -> str | None:
    """The job of a schedule, under either of its names."""
    given = {name: document[name] for name in _JOB_NAMES if document.get(name) is not None}
    for name, value in given.items():
        if not isinstance(value, str) or not 1 <= len(value) <= 64:
            raise InvalidInput.field(name, msg="the id of a job")
    if len(set(given.values())) > 1:
        raise InvalidInput.field(_JOB_NAMES[1], msg=f"differs from {_JOB_NAMES[0]}, which means the same")
    return next(iter(given.values()), None)


def _rule(document: Mapping[str, Any], apart: frozenset[str]) -> dict[str, Any]:
    """The schedule object in a body: beside the job's id, or inside `schedule`."""
    rest = without(document, apart)
    inner = rest.get("schedule")
    return {**without(rest, frozenset({"schedule"})), **inner} if isinstance(inner, dict) else rest


def _creator(document: Mapping[str, Any]) -> str | None:
    found = document.get("createdBy")
    if found is not None and (not isinstance(found, str) or not 1 <= len(found.strip()) <= _LONGEST_CREATOR):
        raise InvalidInput.field("createdBy", msg=f"a text of 1 to {_LONGEST_CREATOR} characters")
    return found
