"""/api/jobs: what to run, and how. A body with `type` and nothing of a definition submits one execution."""

import asyncio
import json
import re
from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import APIRouter, Header, Path, Query, Request, Response

from rota.api.documents import Document, described, without
from rota.api.errors import documented
from rota.api.idempotency import Creating
from rota.api.job_inputs import (
    READ_ONLY,
    CancelInput,
    CountQuery,
    DefinitionInput,
    JobQuery,
    NoteInput,
    PauseInput,
    StatusInput,
    SubmissionInput,
    TriggerInput,
)
from rota.api.job_models import (
    CancelledExecution,
    CancelOutput,
    FireOutput,
    Fires,
    JobOrSubmissionPage,
    JobOutput,
    SubmissionOutput,
    TriggerOutput,
    VersionOutput,
    WhyOutput,
    job_shown,
    submission_shown,
    triggered,
    version_shown,
    why_shown,
)
from rota.api.models import Id, Nothing, Page, PageQuery, PlainText, cursor_after, decode_cursor, number_in, reply
from rota.api.security import EditContext, OperateContext, ReadContext
from rota.api.streams import Wake, in_thread
from rota.api.versions import IfMatch, etag, seen_in
from rota.domain.errors import InvalidInput, NotFound
from rota.domain.execution import SYNONYMS, TERMINAL, State
from rota.domain.instant import format_instant
from rota.domain.job_schedules import DEFAULT_KEY
from rota.service import executions, explain, explain_execution, job_control, jobs, submissions, wakeups
from rota.service.executions import Filter
from rota.service.job_control import Order
from rota.service.jobs import JobFilter, JobState, JobView

router = APIRouter()

T = TypeVar("T")

_EXECUTION_STATES = {state.value.lower(): state for state in State} | SYNONYMS
_JOB_STATES = {state.value.lower(): state for state in JobState}
_WAIT = re.compile(r"(?:^|[,;\s])wait\s*=\s*\"?(\d{1,6})", re.IGNORECASE)
_LONGEST_WAIT = 300


@router.post(
    "",
    status_code=201,
    response_model=JobOutput | SubmissionOutput,
    responses=documented(409, 422),
    openapi_extra=described(DefinitionInput, SubmissionInput),
)
def create_job(document: Document, ctx: EditContext, creating: Creating) -> Response:
    """Define a job, or, with `type` and nothing of a definition, submit one execution."""
    if submissions.is_submission(document):
        return creating.answer(
            ctx,
            lambda ctx: submissions.submit(ctx, document),
            submission_shown,
            lambda made: f"/api/jobs/{made.id}",
        )
    response = creating.answer(
        ctx, lambda ctx: jobs.create(ctx, document), job_shown, lambda made: f"/api/jobs/{made.record.id}"
    )
    made = json.loads(bytes(response.body))
    keyed = {one["key"]: 1 for one in made["schedules"] if one["key"] is not None}
    response.headers["ETag"] = etag(1, jobs.beside(JobState(made["state"]), keyed))
    return response


@router.get("", response_model=JobOrSubmissionPage, responses=documented(422))
def list_jobs(ctx: ReadContext, query: Annotated[JobQuery, Query()]) -> Response:
    """Jobs, newest first. A `status` that only executions have lists the submissions in it."""
    before = decode_cursor(query.cursor)
    word = (query.status or "").strip().lower()
    if word in _EXECUTION_STATES and word not in _JOB_STATES:
        wanted = Filter(states=frozenset({_EXECUTION_STATES[word]}), trigger="submission")
        found = executions.page(ctx, wanted, before=before, limit=query.limit)
        return _page([submission_shown(one) for one in found], query.limit, found and found[-1].id)
    state = _state(query.state, "state") or _state(query.status, "status")
    chosen = JobFilter(query.q, state, query.tag, query.owner, query.team, query.type)
    views = jobs.find(ctx, chosen, limit=query.limit, before=before)
    return _page([job_shown(view) for view in views], query.limit, views and views[-1].record.id)


@router.get("/{id}", response_model=JobOutput | SubmissionOutput, responses=documented(404))
def get_job(id: Id, ctx: ReadContext) -> Response:
    """One job; or a submission, whose id is that of its execution."""
    return _or_submission(
        lambda: _shown(jobs.get(ctx, id)), lambda: reply(submission_shown(executions.get(ctx, id)[0]))
    )


@router.put(
    "/{id}",
    response_model=JobOutput,
    responses=documented(404, 409, 412, 422),
    openapi_extra=described(DefinitionInput),
)
def update_job(id: Id, document: Document, ctx: EditContext, if_match: IfMatch = None) -> Response:
    """Replace a definition. A body with neither a name nor a type changes only the fields that it has.

    What a GET answered may be sent back: fields that only the server sets are left alone.
    """
    given = without(document, READ_ONLY)
    keep: set[str] = set()
    if given.get("schedules") is not None and _are_summaries(given["schedules"]):
        keep = {one["key"] for one in given.pop("schedules") if isinstance(one.get("key"), str)} - {DEFAULT_KEY}
    return _shown(jobs.update(ctx, id, given, seen=seen_in(if_match), keep=keep))


@router.delete("/{id}", status_code=204, responses=documented(404, 409, 412))
def delete_job(id: Id, ctx: EditContext, if_match: IfMatch = None) -> Response:
    """Take a job away with its schedules, and cancel what waits. Its history stays."""
    jobs.delete(ctx, id, seen=seen_in(if_match))
    return Response(status_code=204)


@router.post("/{id}/enable", response_model=JobOutput, responses=documented(404, 422))
def enable_job(id: Id, ctx: OperateContext, body: Nothing | None = None) -> Response:
    """Let a job start, and its queue go on."""
    return _shown(job_control.enable(ctx, id))


@router.post("/{id}/disable", response_model=JobOutput, responses=documented(404, 422))
def disable_job(id: Id, ctx: OperateContext, body: NoteInput | None = None) -> Response:
    """Let nothing of a job start, not even by hand."""
    return _shown(job_control.disable(ctx, id, note=None if body is None else body.note))


@router.post("/{id}/pause", response_model=JobOutput, responses=documented(404, 422))
def pause_job(id: Id, ctx: OperateContext, body: PauseInput | None = None) -> Response:
    """Let a job's schedules and its queue rest. A trigger by hand still starts it."""
    note, until = (None, None) if body is None else (body.note, body.until)
    return _shown(job_control.pause(ctx, id, note=note, until=until))


@router.post("/{id}/resume", response_model=JobOutput, responses=documented(404, 409, 422))
def resume_job(id: Id, ctx: OperateContext, body: Nothing | None = None) -> Response:
    """End a pause."""
    return _shown(job_control.resume(ctx, id))


@router.put("/{id}/status", response_model=JobOutput, responses=documented(404, 412, 422))
def set_status(id: Id, body: StatusInput, ctx: OperateContext, if_match: IfMatch = None) -> Response:
    """Enable, disable or pause a job."""
    wanted = [state for state in (body.status, body.state) if state is not None]
    if body.enabled is not None:
        wanted.append(JobState.ENABLED if body.enabled else JobState.DISABLED)
    if len(set(wanted)) != 1:
        raise InvalidInput.field("status", msg=f"one of {', '.join(JobState)}")
    return _shown(job_control.set_state(ctx, id, wanted[0], note=body.note, seen=seen_in(if_match)))


@router.post("/{id}/trigger", status_code=202, response_model=TriggerOutput, responses=documented(403, 404, 409, 422))
async def trigger_job(
    id: Id,
    ctx: OperateContext,
    creating: Creating,
    request: Request,
    body: TriggerInput | None = None,
    prefer: Annotated[str | None, Header(max_length=200, description="`wait=30` waits for the end")] = None,
) -> Response:
    """Start a job. With `Prefer: wait=…` the answer is 200 with the finished execution, if it finishes in time."""
    order = _order(body) if body is not None else Order()
    response = await in_thread(
        lambda: creating.answer(
            ctx,
            lambda ctx: job_control.trigger(ctx, id, order),
            triggered,
            lambda made: f"/api/executions/{made.id}",
            status=202,
        )
    )
    wait = _WAIT.search(prefer or "")
    if wait is None:
        return response
    execution_id = json.loads(bytes(response.body))["executionId"]
    return await _finished(request, ctx, execution_id, min(int(wait[1]), _LONGEST_WAIT)) or response


@router.post("/{id}/cancel", status_code=202, response_model=CancelOutput, responses=documented(404, 409, 422))
def cancel_job(id: Id, ctx: OperateContext, body: CancelInput | None = None) -> Response:
    """Cancel every execution of a job that is not finished; or a submission."""
    states = job_control.cancel(ctx, id, reason=None if body is None else body.reason)
    items = [CancelledExecution(id=execution, state=state) for execution, state in states.items()]
    return reply(CancelOutput(items=items), 202)


@router.get("/{id}/why", response_model=WhyOutput, responses=documented(404, 409))
def why(
    id: Annotated[PlainText, Path(max_length=200, description="its id, or its name")], ctx: ReadContext
) -> Response:
    """Why has this not run? Every gate in order, the first that is shut as the headline."""
    return reply(why_shown(_or_submission(lambda: explain.why(ctx, id), lambda: explain_execution.why(ctx, id))))


@router.get("/{id}/versions", response_model=Page[VersionOutput], responses=documented(404, 422))
def list_versions(id: Id, ctx: ReadContext, paging: PageQuery) -> Response:
    """What the job was at each version, newest first."""
    found = jobs.versions(ctx, id, limit=paging.limit, before=number_in(paging.cursor))
    items = [version_shown(version) for version in found]
    after = cursor_after(found, paging.limit, found and found[-1].version)
    return reply(Page[VersionOutput](items=items, next_cursor=after))


@router.get("/{id}/next", response_model=Fires, responses=documented(404, 422))
def list_next(id: Id, ctx: ReadContext, query: Annotated[CountQuery, Query()]) -> Response:
    """The next starts by all schedules of the job."""
    items = [
        FireOutput(
            schedule_id=schedule.id,
            key=schedule.key,
            at=format_instant(fire.at),
            local=fire.local_text,
            notes=list(fire.notes),
        )
        for schedule, fire in jobs.upcoming_of(ctx, id, count=query.count)
    ]
    return reply(Fires(items=items))


async def _finished(request: Request, ctx: OperateContext, execution_id: str, seconds: float) -> Response | None:
    """The execution once it has ended, or None when that takes longer."""
    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    wake = Wake(request)
    with wake.listening(wakeups.on_events):
        while True:
            found, _ = await in_thread(lambda: executions.get(ctx, execution_id))
            if found.state in TERMINAL:
                headers = {"Location": f"/api/executions/{execution_id}", "Preference-Applied": f"wait={seconds}"}
                return reply(triggered(found), 200, headers)
            left = until - loop.time()
            if left <= 0 or not await wake.rest(left):
                return None


def _order(body: TriggerInput) -> Order:
    if body.run_at is not None and body.delay_seconds is not None:
        raise InvalidInput.field("delaySeconds", msg="give runAt or delaySeconds, not both")
    return Order(body.parameters, body.run_at, body.delay_seconds, body.key, body.overlap == "allow")


def _or_submission(ask: Callable[[], T], ask_of_submission: Callable[[], T]) -> T:
    """A submission is its own job: what no job answers, its execution does. NotFound as the job would have it."""
    try:
        return ask()
    except NotFound as refusal:
        try:
            return ask_of_submission()
        except NotFound:
            raise refusal from None


def _shown(view: JobView) -> Response:
    return reply(job_shown(view), headers={"ETag": etag(view.record.version, view.beside)})


def _page(items: list[JobOutput] | list[SubmissionOutput], limit: int, last: object) -> Response:
    return reply(JobOrSubmissionPage(items=list(items), next_cursor=cursor_after(items, limit, last)))


def _state(text: str | None, name: str) -> JobState | None:
    if text is None:
        return None
    state = _JOB_STATES.get(text.strip().lower())
    if state is None:
        raise InvalidInput.field("query", name, msg=f"no such state; known: {', '.join(JobState)}")
    return state


def _are_summaries(schedules: object) -> bool:
    """Whether these are the schedules of an answer of ours rather than schedule objects."""
    return isinstance(schedules, list) and all(isinstance(item, dict) and "describe" in item for item in schedules)
