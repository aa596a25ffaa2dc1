"""/api/schedules/{id}/backfill: running what did not run in a stretch of the past."""

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import BeforeValidator, Field, StrictBool, StrictInt

from rota.api.errors import documented
from rota.api.idempotency import Creating
from rota.api.models import Id, Input, Output, Time, TimeInput, choice
from rota.api.security import OperateContext
from rota.service import backfills
from rota.service.backfills import MOST_RUNS, Backfill, Overlap, Wish

router = APIRouter()


class BackfillInput(Input):
    """Which instants to run."""

    from_: TimeInput = Field(alias="from", description="the earliest instant")
    to: TimeInput = Field(description="the latest instant; not in the future")
    overlap: Annotated[Overlap, BeforeValidator(choice(Overlap))] = Field(
        Overlap.QUEUE_ALL, description="queueAll: one after the other; allow: side by side"
    )
    dry_run: StrictBool = Field(False, description="count only")
    max_runs: StrictInt | None = Field(None, ge=1, le=MOST_RUNS, description="at most so many, the oldest first")


class BackfillOutput(Output):
    """What a backfill runs, or would run, and what becomes of the other instants that the rule names."""

    dry_run: bool
    runs: int
    first: Time | None = Field(description="the oldest instant that is run")
    last: Time | None = Field(description="the newest instant that is run")
    replaced: dict[str, int] = Field(description="runs by the decision that they replace in the ledger")
    unrecorded: int = Field(description="runs of instants that had no row")
    already_fired: int
    withheld: int = Field(description="not run: the calendar, an exception or a change of the clock is against it")
    undecided: int = Field(description="not run: the schedule itself has yet to decide")
    forgotten: int = Field(description="not run: beyond the retention of the history, so it may have fired")
    left: int = Field(description="not run: beyond maxRuns")


@router.post("/{id}/backfill", response_model=BackfillOutput, responses=documented(404, 409, 422))
def backfill_schedule(id: Id, body: BackfillInput, ctx: OperateContext, creating: Creating) -> Response:
    """Run the instants that the rule names today and that did not fire; the same again runs none of them twice."""
    wish = Wish(body.from_, body.to, body.overlap, body.max_runs, body.dry_run)
    return creating.answer(
        ctx,
        lambda ctx: backfills.run(ctx, id, wish),
        lambda done: _shown(done, body.dry_run),
        lambda done: f"/api/schedules/{id}",
        status=200,
    )


def _shown(done: Backfill, dry: bool) -> BackfillOutput:
    return BackfillOutput.model_validate(
        {
            "dry_run": dry,
            "runs": len(done.instants),
            "first": done.first,
            "last": done.last,
            "replaced": {decision.value: count for decision, count in sorted(done.replaced.items())},
            "unrecorded": done.unrecorded,
            "already_fired": done.already_fired,
            "withheld": done.withheld,
            "undecided": done.undecided,
            "forgotten": done.forgotten,
            "left": done.left,
        }
    )
