"""/api/views/executions."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from rota.api.errors import documented
from rota.api.execution_models import ExecutionDetail, ExecutionFilter, LogLine, detail, filter_of, log_line
from rota.api.job_models import WhyOutput, why_shown
from rota.api.models import Id, Output, Page, Time, cursor_after, decode_cursor, reply
from rota.api.security import ReadContext
from rota.api.views.models import ExecutionRow, fitting, row
from rota.service import executions
from rota.service.views import executions as service

router = APIRouter()

_MOST_ROWS = 120

ExecutionRows = Page[ExecutionRow]


class JobInShort(Output):
    """The job of an execution."""

    id: str
    name: str
    state: str
    type: str
    kind: str


class Cause(Output):
    """Something that became of an execution, and by what."""

    seq: int
    at: Time
    kind: str
    says: str


class LogEnd(Output):
    """The last lines of a log."""

    items: list[LogLine]
    before: str | None = Field(description="give it as `before` for the lines above; null when there are none")


class ExecutionPage(Output):
    """An execution with all that is beside it."""

    execution: ExecutionDetail
    job: JobInShort | None
    causes: list[Cause] = Field(description="oldest first")
    why: WhyOutput | None = Field(description="while it has not ended")
    logs: LogEnd


@router.get("", response_model=ExecutionRows, responses=documented(422))
def list_executions(ctx: ReadContext, query: Annotated[ExecutionFilter, Query()]) -> Response:
    """Executions in short, newest first: at most `limit`, and no more than fit into 50 KB."""
    wanted = filter_of(query, executions.now(ctx))
    limit = min(query.limit, _MOST_ROWS)
    found = executions.page(ctx, wanted, before=decode_cursor(query.cursor), limit=limit)
    items = fitting([row(record) for record in found])
    after = cursor_after(found, limit if len(items) == len(found) else 0, items and items[-1].id)
    return reply(ExecutionRows(items=items, next_cursor=after))


@router.get("/{id}", response_model=ExecutionPage, responses=documented(404))
def get_execution(id: Id, ctx: ReadContext) -> Response:
    """One execution with its attempts, how it came to each step, and the end of its log."""
    found = service.one(ctx, id)
    numbers = {attempt.token: attempt.number for attempt in found.attempts}
    lines = [log_line(line, numbers) for line in found.log]
    job = found.job
    return reply(
        ExecutionPage.model_validate(
            {
                "execution": detail(found.execution, found.attempts),
                "job": None
                if job is None
                else {
                    "id": job.id, "name": job.job.name, "state": job.state, "type": job.job.type, "kind": job.job.kind
                },
                "causes": [
                    {"seq": seq, "at": step.at, "kind": step.kind, "says": step.says}
                    for seq, step in enumerate(found.steps)
                ],
                "why": None if found.why is None else why_shown(found.why),
                "logs": {"items": lines, "before": lines[0].cursor if found.above and lines else None},
            }
        )
    )  # fmt: skip
