"""/api/lint: what is probably a mistake."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from rota.api.errors import documented
from rota.api.models import Output, Page, Paging, PlainText, cursor_after, decode_cursor, reply
from rota.api.security import ReadContext
from rota.service import lint as service
from rota.service.lint import JobFindings

router = APIRouter()


class LintQuery(Paging):
    """Which jobs. A page holds the findings of `limit` jobs."""

    job_id: PlainText | None = Field(None, max_length=64)


class FindingOutput(Output):
    """One suspicion."""

    job_id: str
    job_name: str
    schedule_id: str | None = Field(description="null where it is about the job")
    code: str = Field(examples=["inDstHour"])
    severity: str = Field(description="error or warning")
    says: str


@router.get("/lint", response_model=Page[FindingOutput], responses=documented(404, 422))
def lint(ctx: ReadContext, query: Annotated[LintQuery, Query()]) -> Response:
    """What is probably a mistake in jobs and their schedules: of one job, or of all, page by page."""
    found = service.lint(ctx, query.job_id, before=decode_cursor(query.cursor), limit=query.limit)
    items = [one for findings in found for one in _shown(findings)]
    after = None if query.job_id is not None else cursor_after(found, query.limit, found and found[-1].record.id)
    return reply(Page[FindingOutput](items=items, next_cursor=after))


def _shown(found: JobFindings) -> list[FindingOutput]:
    return [
        FindingOutput(
            job_id=found.record.id,
            job_name=found.record.job.name,
            schedule_id=None if one.schedule is None else found.schedules[one.schedule].id,
            code=one.code,
            severity=one.severity,
            says=one.says,
        )
        for one in found.findings
    ]
