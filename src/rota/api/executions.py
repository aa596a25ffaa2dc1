"""/api/executions: the runs of jobs."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import Field

from rota.api.errors import documented
from rota.api.execution_models import (
    AttemptOutput,
    ExecutionDetail,
    ExecutionFilter,
    ExecutionOutput,
    LogLine,
    detail,
    filter_of,
    log_cursor,
    log_line,
    moment,
    shown,
)
from rota.api.idempotency import Creating
from rota.api.job_models import WhyOutput, why_shown
from rota.api.models import (
    DurationInput,
    Id,
    Input,
    Output,
    Page,
    PageQuery,
    Paging,
    PlainText,
    cursor_after,
    decode_cursor,
    reply,
)
from rota.api.security import OperateContext, ReadContext
from rota.api.streams import EVENT_STREAM, event, stream
from rota.domain.errors import InvalidInput
from rota.domain.execution import LEASED, TERMINAL, State
from rota.domain.instant import seconds
from rota.service import executions, explain_execution, wakeups
from rota.service.executions import ExecutionRecord, Filter, Logs

__all__ = ["AttemptOutput", "ExecutionOutput", "router"]

router = APIRouter()

ExecutionPage = Page[ExecutionOutput]
_LOG_BATCH = 500


class Cancel(Input):
    """Why an execution is to end, and how."""

    reason: str | None = Field(None, max_length=500)
    grace_seconds: DurationInput | None = Field(None, description="how long running work may take to stop by itself")


class Retry(Input):
    """Why an execution is run again."""

    reason: str | None = Field(None, max_length=500)


class RetryMany(Input):
    """Which ended executions are run again: those named by `ids`, or else at most 1,000 that match the rest."""

    ids: list[str] | None = Field(None, max_length=executions.MOST_RETRIED)
    job_id: str | None = Field(None, max_length=64)
    type: str | None = Field(None, max_length=2048)
    queue: str | None = Field(None, max_length=200)
    since: str | None = Field(None, max_length=64, description="an RFC 3339 time, or a duration such as 24h: ago")
    reason: str | None = Field(None, max_length=500)


class Retried(Output):
    """An execution and its replay."""

    id: str
    retried_as: str


class RetriedMany(Output):
    """The executions that are run again."""

    items: list[Retried]


class LogQuery(Input):
    """Which log lines."""

    limit: int = Field(200, ge=1, le=1000)
    after: str | None = Field(None, max_length=64, description="`nextCursor` of the lines before")
    cursor: str | None = Field(None, max_length=64, description="the same as `after`")
    before: str | None = Field(None, max_length=64, description="`previousCursor` of the lines below: those above them")
    tail: int | None = Field(None, ge=1, le=1000, description="the last lines instead of the first")
    search: PlainText | None = Field(None, max_length=200, description="only lines that contain this text")
    follow: bool = Field(False, description="a stream of server-sent events that ends with the execution")


class LogPage(Page[LogLine]):
    """Log lines, in the order they were written."""

    previous_cursor: str | None = Field(
        None, description="with `before` or `tail`: give it as `before` for the lines above; null where there are none"
    )


def _page(ctx: ReadContext, wanted: Filter, paging: Paging) -> Response:
    found = executions.page(ctx, wanted, before=decode_cursor(paging.cursor), limit=paging.limit)
    return _listed(found, paging.limit)


def _listed(found: list[ExecutionRecord], limit: int) -> Response:
    items = [shown(record) for record in found]
    return reply(ExecutionPage(items=items, next_cursor=cursor_after(found, limit, found and found[-1].id)))


@router.get("", response_model=ExecutionPage, responses=documented(422))
def list_executions(ctx: ReadContext, query: Annotated[ExecutionFilter, Query()]) -> Response:
    """Executions, newest first."""
    return _page(ctx, filter_of(query, executions.now(ctx)), query)


@router.get("/recent", response_model=ExecutionPage, responses=documented(422))
def list_recent(ctx: ReadContext, paging: PageQuery) -> Response:
    """The newest executions."""
    return _page(ctx, Filter(), paging)


@router.get("/running", response_model=ExecutionPage, responses=documented(422))
def list_running(ctx: ReadContext, paging: PageQuery) -> Response:
    """The executions that run now."""
    return _page(ctx, Filter(states=LEASED), paging)


@router.get("/failed-today", response_model=ExecutionPage, responses=documented(422))
def list_failed_today(ctx: ReadContext, paging: PageQuery) -> Response:
    """The executions that have failed for good since midnight, UTC."""
    since = executions.start_of_today(ctx)
    return _page(ctx, Filter(states=frozenset({State.FAILED}), finished_since=since), paging)


@router.get("/job/{id}", response_model=ExecutionPage, responses=documented(404, 422))
def list_of_job(id: Id, ctx: ReadContext, paging: PageQuery) -> Response:
    """The executions of a job, newest first."""
    found = executions.of_job(ctx, id, before=decode_cursor(paging.cursor), limit=paging.limit)
    return _listed(found, paging.limit)


@router.post("/retry", status_code=202, response_model=RetriedMany, responses=documented(404, 409, 422))
def retry_many(body: RetryMany, ctx: OperateContext, creating: Creating) -> Response:
    """Run many ended executions again: by default those that failed."""
    if body.ids is not None and body.model_fields_set - {"ids", "reason"}:
        raise InvalidInput.field("ids", msg="name executions, or say which: not both")
    wanted = Filter(
        states=frozenset({State.FAILED}),
        job_id=body.job_id,
        type=body.type,
        queue=body.queue,
        since=moment(body.since, executions.now(ctx), "since"),
    )
    return creating.answer(
        ctx,
        lambda ctx: executions.retry_many(ctx, ids=body.ids, wanted=wanted, reason=body.reason),
        lambda pairs: RetriedMany(items=[Retried(id=old, retried_as=new) for old, new in pairs]),
        lambda _pairs: "/api/executions",
        status=202,
    )


@router.get("/{id}", response_model=ExecutionDetail, responses=documented(404))
def get_execution(id: Id, ctx: ReadContext) -> Response:
    """One execution with its attempts."""
    return reply(detail(*executions.get(ctx, id)))


@router.get("/{id}/why", response_model=WhyOutput, responses=documented(404))
def why_execution(id: Id, ctx: ReadContext) -> Response:
    """Why does this not run? Every gate in order, the first that is shut as the headline."""
    return reply(why_shown(explain_execution.why(ctx, id)))


@router.post("/{id}/cancel", status_code=202, response_model=ExecutionOutput, responses=documented(404, 409, 422))
def cancel_execution(id: Id, ctx: OperateContext, body: Cancel | None = None) -> Response:
    """End an execution: what waits ends at once; what runs is asked to stop, then killed."""
    reason, grace = (None, None) if body is None else (body.reason, body.grace_seconds)
    grace_seconds = None if grace is None else seconds(grace)
    return reply(shown(executions.cancel(ctx, id, reason=reason, grace_seconds=grace_seconds)), 202)


@router.post("/{id}/retry", status_code=201, response_model=ExecutionOutput, responses=documented(404, 409, 422))
def retry_execution(id: Id, ctx: OperateContext, creating: Creating, body: Retry | None = None) -> Response:
    """Run an ended execution again with the same parameters, as a new execution."""
    reason = None if body is None else body.reason
    return creating.answer(
        ctx,
        lambda ctx: executions.retry(ctx, id, reason=reason),
        shown,
        lambda made: f"/api/executions/{made.id}",
    )


_LOG_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"content": {EVENT_STREAM: {"schema": {"type": "string"}}}},
    **documented(404, 422),
}


@router.get("/{id}/logs", response_model=LogPage, responses=_LOG_RESPONSES)
def get_logs(
    id: Id,
    ctx: ReadContext,
    request: Request,
    query: Annotated[LogQuery, Query()],
    last_event_id: Annotated[str | None, Header(max_length=64)] = None,
) -> Response:
    """Log lines; with `follow`, as they are written."""
    after = log_cursor(last_event_id or query.after or query.cursor)
    before = log_cursor(query.before)
    upward = before is not None or query.tail is not None
    if before is not None and query.follow:
        raise InvalidInput.field("query", "follow", msg="goes forward; `before` looks back")

    def read(after: tuple[int, int] | None, *, limit: int, tail: bool) -> Logs:
        return executions.logs(ctx, id, after=after, before=before, limit=limit, tail=tail, search=query.search)

    first = read(after, limit=query.tail or query.limit, tail=upward)
    if query.follow:
        return stream(request, wakeups.on_events, _Follow(read, first, after))
    lines = [log_line(line, first.attempts) for line in first.lines]
    full = len(lines) == (query.tail or query.limit)
    return reply(
        LogPage(
            items=lines,
            next_cursor=lines[-1].cursor if full and not upward else None,
            previous_cursor=lines[0].cursor if full and upward else None,
        )
    )


class _Follow:
    """Reads on from where the last look ended."""

    def __init__(self, read: Any, first: Logs, after: tuple[int, int] | None) -> None:
        self._read = read
        self._next: Logs | None = first
        self._after = after

    def __call__(self) -> tuple[list[str], bool, bool]:
        found: Logs = self._next or self._read(self._after, limit=_LOG_BATCH, tail=False)
        self._next = None
        rendered = []
        for line in found.lines:
            shown_line = log_line(line, found.attempts)
            rendered.append(event("log", shown_line.cursor, shown_line.model_dump(by_alias=True, exclude={"cursor"})))
            self._after = (line.token, line.line)
        over = not found.lines and found.state in TERMINAL
        if over:
            rendered.append(event("end", None, {"state": found.state}))
        return rendered, bool(found.lines), over
