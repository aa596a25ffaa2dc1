"""Backfill: running what a schedule did not run in a stretch of the past."""

from dataclasses import dataclass

from rota.domain import backfill as choosing
from rota.domain.access import Right
from rota.domain.backfill import MOST_RUNS, Backfill, Ledger
from rota.domain.errors import Contended, InvalidInput
from rota.domain.execution import Trigger
from rota.domain.instant import DAY, Instant, format_instant
from rota.domain.job import JobState, new_execution
from rota.domain.missed import Overlap
from rota.domain.named import Named, named
from rota.domain.occurrence import Decision
from rota.domain.parameters import merged
from rota.service import job_definitions, jobs, schedule_changes
from rota.service import schedules as schedule_service
from rota.service.context import ServiceContext
from rota.service.job_control import require_startable
from rota.stores import executions, occurrences, surroundings
from rota.stores.database import Transaction
from rota.stores.schedules import ScheduleRecord, ScheduleState

__all__ = ["MOST_RUNS", "Backfill", "Overlap", "Wish", "run"]

_MOST_LOOKED_AT = 50_000
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Wish:
    """What to run: the instants from `since` to `until`, both included, at most `most` of them, the oldest first.

    `overlap` is `queueAll` (one after the other) or `allow`. A dry run counts only.
    """

    since: Instant
    until: Instant
    overlap: Overlap = Overlap.QUEUE_ALL
    most: int | None = None
    dry: bool = False


def run(ctx: ServiceContext, schedule_id: str, wish: Wish) -> Backfill:
    """Run the instants that the rule names today and that did not fire. The same again runs none of them twice.

    What the schedule still decides about itself is left to it. InvalidInput for the future, and for more than 10,000
    runs; Conflict where the job may not start.
    """
    ctx.require(Right.OPERATE)
    _require_sense(ctx, wish)
    for _ in range(_TRIES):
        with ctx.read() as tx:
            record = schedule_service.existing(tx, schedule_id)
            around = surroundings.of_one(tx, record.schedule, schedule_id)
        found = named(record.schedule, around, since=wish.since, until=wish.until, most=_MOST_LOOKED_AT)
        if found.cut:
            raise InvalidInput.field("to", msg=f"more than {_MOST_LOOKED_AT} instants up to there; take a shorter time")
        if wish.dry:
            with ctx.read() as tx:
                return _chosen(ctx, tx, record, found, wish)[0]
        with ctx.write() as tx:
            held = schedule_service.held(tx, schedule_id)
            if held.rule == record.rule and surroundings.of_one(tx, held.schedule, schedule_id) == around:
                filled = _filled(ctx, tx, held, found, wish)
                ctx.remember(tx, filled)
                return filled
    raise Contended("the schedule changes all the time")


def _require_sense(ctx: ServiceContext, wish: Wish) -> None:
    if wish.until < wish.since:
        raise InvalidInput.field("to", msg="it comes before from")
    if wish.until > ctx.database.clock.now():
        raise InvalidInput.field("to", msg="this is in the future")
    if wish.overlap not in (Overlap.QUEUE_ALL, Overlap.ALLOW):
        raise InvalidInput.field("overlap", msg=f"{Overlap.QUEUE_ALL} or {Overlap.ALLOW}")
    if wish.most is not None and not 1 <= wish.most <= MOST_RUNS:
        raise InvalidInput.field("maxRuns", msg=f"a whole number from 1 to {MOST_RUNS}")


def _chosen(
    ctx: ServiceContext, tx: Transaction, record: ScheduleRecord, found: Named, wish: Wish
) -> tuple[Backfill, dict[Instant, choosing.Row]]:
    """What there is to run, and what the ledger says."""
    rows = occurrences.decided(tx, record.id, wish.since, wish.until, 2 * _MOST_LOOKED_AT)
    over = record.state is ScheduleState.ENDED
    ledger = Ledger(
        rows=rows,
        decided_until=tx.now if over else record.decided_until,
        created_at=record.created_at,
        kept_since=tx.now - round(ctx.config.history.days * DAY),
    )
    chosen = choosing.backfill(found.moments, ledger, wish.most or MOST_RUNS)
    if chosen.left and wish.most is None:
        raise InvalidInput.field("to", msg=f"more than {MOST_RUNS} runs; take a shorter time, or set maxRuns")
    return chosen, rows


def _filled(ctx: ServiceContext, tx: Transaction, record: ScheduleRecord, found: Named, wish: Wish) -> Backfill:
    chosen, rows = _chosen(ctx, tx, record, found, wish)
    if not chosen.instants:
        return chosen
    owner = jobs.existing(tx, record.job_id)
    require_startable(ctx, owner)
    schedule, by = record.schedule, ctx.principal.name
    job_definitions.check_run(ctx, tx, owner.job, merged(owner.job.parameters, schedule.parameters))
    lane = None if wish.overlap is Overlap.ALLOW else schedule.lane(record.id)
    batch = []
    for nominal in chosen.instants:
        new = new_execution(
            record.job_id,
            owner.job,
            trigger=Trigger.BACKFILL,
            parameters=schedule.parameters,
            schedule_id=record.id,
            nominal_at=nominal,
            actor=by,
        )
        new.lane = lane
        batch.append(new)
    ids = executions.enqueue(tx, batch, held=owner.state is JobState.PAUSED)
    fired: list[occurrences.Decided] = [
        (record.id, nominal, Decision.FIRED, choosing.reason(by, rows.get(nominal)), id)
        for nominal, id in zip(chosen.instants, ids, strict=True)
    ]
    occurrences.replace(tx, fired)
    _tell(ctx, tx, record, chosen, wish)
    return chosen


def _tell(ctx: ServiceContext, tx: Transaction, record: ScheduleRecord, chosen: Backfill, wish: Wish) -> None:
    detail = {"from": format_instant(wish.since), "to": format_instant(wish.until), "runs": len(chosen.instants)}
    ctx.audit(tx, "backfill", "schedule", record.id, {**detail, "jobId": record.job_id, "overlap": wish.overlap.value})
    schedule_changes.tell(tx, "backfilled", record, **detail)
