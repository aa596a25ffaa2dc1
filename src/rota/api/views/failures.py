"""/api/views/failures."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from rota.api.errors import documented
from rota.api.execution_models import moment
from rota.api.models import Input, Output, PlainText, Time, reply
from rota.api.security import ReadContext
from rota.api.views.models import MOST_BYTES, ExecutionRow, UnmetOutput, fitting, row, short
from rota.domain.instant import DAY, Instant
from rota.service import executions
from rota.service.context import ServiceContext
from rota.service.views import failures as service

router = APIRouter()

_MISSED_BYTES = 14_000
_ID_BYTES = 39

Fingerprint = Annotated[str, Path(pattern=r"^[0-9a-f]{16}$")]


class SinceQuery(Input):
    """How far back: by the time of creation."""

    since: str = Field("7d", max_length=64, description="an RFC 3339 time, or a duration such as 24h: ago")


class FailuresQuery(SinceQuery):
    """Which failures."""

    q: PlainText | None = Field(None, max_length=200, description="a part of the job's name or of the error")


class JobOfFailures(Output):
    """A job with failures of one kind."""

    id: str
    name: str
    count: int


class FailureGroup(Output):
    """Failures of the same kind."""

    fingerprint: str
    error: str = Field(description="what they have in common: numbers, ids and quoted texts are taken out")
    count: int
    jobs: list[JobOfFailures] = Field(description="those with the most of them")
    first_at: Time
    last_at: Time
    example: str = Field(description="the id of the newest")


class UnmetLine(UnmetOutput):
    """The instants of a schedule that came to one decision: the latest, and how many."""

    count: int


class FailuresOutput(Output):
    """What failed for good, and what was not met."""

    since: Time
    truncated: bool = Field(description="there were more than the newest 5000 failures, which are looked at")
    groups: list[FailureGroup]
    missed: list[UnmetLine]


class GroupOutput(Output):
    """The executions of a group."""

    ids: list[str]
    items: list[ExecutionRow]


@router.get("", response_model=FailuresOutput, responses=documented(422))
def failures(ctx: ReadContext, query: Annotated[FailuresQuery, Query()]) -> Response:
    """Failures grouped by what is the same, the largest group first, and the instants that were not met."""
    found = service.failures(ctx, _since(ctx, query.since), query.q)
    groups = [
        FailureGroup.model_validate(
            {
                "fingerprint": one.fingerprint,
                "error": one.error[:300],
                "count": one.count,
                "jobs": [{"id": id, "name": name, "count": count} for id, name, count in one.jobs],
                "first_at": one.first_at,
                "last_at": one.last_at,
                "example": one.example,
            }
        )
        for one in found.groups
    ]
    return reply(
        FailuresOutput.model_validate(
            {
                "since": found.since,
                "truncated": found.truncated,
                "groups": fitting(groups, MOST_BYTES - _MISSED_BYTES),
                "missed": fitting(
                    [UnmetLine.model_validate(replace(one, reason=short(one.reason))) for one in found.missed],
                    _MISSED_BYTES,
                ),
            }
        )
    )


@router.get("/{fingerprint}", response_model=GroupOutput, responses=documented(404, 422))
def group(fingerprint: Fingerprint, ctx: ReadContext, query: Annotated[SinceQuery, Query()]) -> Response:
    """The executions of one group: at most a thousand ids, and in short the newest fifty of them, or as many as fit."""
    found = service.group(ctx, fingerprint, _since(ctx, query.since))
    room = MOST_BYTES - _ID_BYTES * len(found.ids)
    return reply(GroupOutput(ids=found.ids, items=fitting([row(record) for record in found.rows], room)))


def _since(ctx: ServiceContext, text: str) -> Instant:
    now = executions.now(ctx)
    found = moment(text, now, "since")
    return now - 7 * DAY if found is None else found
