"""Backfill: what it runs, what it leaves, and that it runs nothing twice."""

from collections.abc import Callable
from typing import Any

import pytest

from rota.config import Config, HistoryConfig
from rota.domain.access import Principal, Role
from rota.domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from rota.domain.instant import DAY, HOUR, MINUTE, SECOND, Instant, format_instant
from rota.domain.missed import Overlap
from rota.domain.outcome import Succeeded
from rota.domain.transition import decide
from rota.service import backfills, job_control, jobs, schedule_exceptions, schedules
from rota.service.backfills import Wish
from rota.service.context import ServiceContext
from rota.stores import audit, executions, history, pruning, workers
from rota.stores.base import Offer
from rota.stores.history import ExecutionRecord, Filter
from rota.stores.identity import new_id
from rota.stores.workers import NewWorker
from rota.testing.clock import ManualClock

Tick = Callable[[], None]


def made(ctx: ServiceContext, clock: ManualClock, **rule: Any) -> str:
    """A schedule that fires every hour from now on."""
    job = jobs.create(ctx, {"name": "echo", "jobType": "echo"}).record.id
    document = {"every": "1h", "anchor": format_instant(clock.now()), "overlap": "allow", **rule}
    return schedules.create(ctx, job, document).id


def fired(ctx: ServiceContext, id: str) -> list[ExecutionRecord]:
    """Executions of a schedule, oldest first."""
    with ctx.read() as tx:
        return history.page(tx, Filter(schedule_id=id), before=None, limit=20_000)[::-1]


def ledger(ctx: ServiceContext, id: str) -> dict[Instant, tuple[str, str | None]]:
    return {row.nominal_at: (row.decision.value, row.reason) for row in schedules.ledger(ctx, id, limit=1000)}


def test_what_did_not_fire_is_run_in_order_and_never_twice(ctx: ServiceContext, clock: ManualClock, tick: Tick) -> None:
    id, start = made(ctx, clock, missed="skip"), clock.now()
    clock.advance("1h")
    tick()
    clock.advance("210m")
    tick()
    wish = Wish(start - 2 * HOUR, clock.now())
    dry = backfills.run(ctx, id, Wish(wish.since, wish.until, dry=True))
    assert len(fired(ctx, id)) == 1
    done = backfills.run(ctx, id, wish)
    assert done == dry
    assert done.instants == [start + hours * HOUR for hours in (-2, -1, 0, 2, 3, 4)]
    assert (done.replaced, done.unrecorded, done.already_fired) == ({"missed": 3}, 3, 1)
    assert (done.first, done.last) == (start - 2 * HOUR, start + 4 * HOUR)
    runs = [one for one in fired(ctx, id) if one.trigger == "backfill"]
    assert [one.nominal_at for one in runs] == done.instants
    assert {(one.actor, one.state) for one in runs} == {("ann", "Pending")}
    rows = ledger(ctx, id)
    assert rows[start - HOUR] == ("fired", "backfill by ann")
    decision, reason = rows[start + 2 * HOUR]
    assert decision == "fired"
    assert reason is not None
    assert reason.startswith("backfill by ann (was missed: ")
    row = schedules.ledger(ctx, id, limit=1, since=start - HOUR, until=start - HOUR)[0]
    assert row.execution_id == runs[1].id
    again = backfills.run(ctx, id, wish)
    assert (again.instants, again.already_fired) == ([], 7)
    assert len(fired(ctx, id)) == 7
    with ctx.read() as tx:
        assert next(entry.action for entry in audit.page(tx, before=None, limit=9, noun="schedule")) == "backfill"
    clock.advance("30m")
    tick()
    assert ledger(ctx, id)[start + 5 * HOUR][0] == "fired", "the schedule goes on as if nothing had happened"


def test_one_after_the_other_or_side_by_side(ctx: ServiceContext, clock: ManualClock) -> None:
    with ctx.write() as tx:
        worker = new_id(tx.now)
        workers.register(tx, NewWorker(worker, "w", 10, "http"), DAY)
    id, start = made(ctx, clock), clock.now()
    backfills.run(ctx, id, Wish(start - 3 * HOUR, start - HOUR))

    def claimed() -> list[Any]:
        with ctx.write() as tx:
            return executions.claim(tx, Offer(worker, 10, DAY))

    for hours in (-3, -2, -1):
        (claim,) = claimed()
        assert claim.nominal_at == start + hours * HOUR
        with ctx.write() as tx:
            assert executions.settle(tx, [decide(claim, Succeeded(), tx.now, cancelling=False)])
    backfills.run(ctx, id, Wish(start - 6 * HOUR, start - 4 * HOUR, Overlap.ALLOW))
    assert len(claimed()) == 3


def test_what_the_schedule_decides_itself_is_left_to_it(ctx: ServiceContext, clock: ManualClock, tick: Tick) -> None:
    id, start = made(ctx, clock, missed="runAll"), clock.now()
    clock.advance("3h")
    done = backfills.run(ctx, id, Wish(start + SECOND, clock.now()))
    assert (done.instants, done.undecided) == ([], 3)
    schedules.pause(ctx, id)
    assert backfills.run(ctx, id, Wish(start + SECOND, clock.now())).undecided == 3
    schedules.resume(ctx, id)
    done = backfills.run(ctx, id, Wish(start + SECOND, clock.now()))
    assert (len(done.instants), done.replaced) == (3, {"skippedPaused": 3})
    tick()


def test_what_somebody_ruled_out_is_not_run(ctx: ServiceContext, clock: ManualClock, tick: Tick) -> None:
    id, start = made(ctx, clock), clock.now()
    schedule_exceptions.add(ctx, id, {"action": "skip", "at": "next"})
    clock.advance("1h")
    tick()
    done = backfills.run(ctx, id, Wish(start + SECOND, clock.now()))
    assert (done.instants, done.withheld) == ([], 1)


def test_at_most_so_many(ctx: ServiceContext, clock: ManualClock) -> None:
    id, start = made(ctx, clock, every="1s"), clock.now()
    with pytest.raises(InvalidInput, match="more than 10000 runs"):
        backfills.run(ctx, id, Wish(start - 10_000 * SECOND, start))
    with pytest.raises(InvalidInput, match="more than 50000 instants"):
        backfills.run(ctx, id, Wish(start - 50_000 * SECOND, start, most=5))
    first = backfills.run(ctx, id, Wish(start - 9 * SECOND, start, most=4))
    second = backfills.run(ctx, id, Wish(start - 9 * SECOND, start, most=4))
    assert (first.left, second.left, second.already_fired) == (6, 2, 4)
    assert first.instants + second.instants == [start - (9 - n) * SECOND for n in range(8)]
    whole = backfills.run(ctx, id, Wish(start - 10_001 * SECOND, start - 2 * SECOND))
    assert len(whole.instants) == 9_992
    assert len(fired(ctx, id)) == 10_000


def test_rows_beyond_the_retention_may_have_fired(ctx: ServiceContext, clock: ManualClock) -> None:
    id, start = made(ctx, clock), clock.now()
    schedules.pause(ctx, id)
    clock.advance("3h")
    schedules.resume(ctx, id)
    with ctx.write() as tx:
        assert pruning.occurrences_before(tx, tx.now + 1, 100) == 3
    short = ServiceContext(ctx.database, Config(history=HistoryConfig(days=1 / 24)), ctx.principal, ctx.catalogue)
    done = backfills.run(short, id, Wish(start - HOUR, start + 3 * HOUR))
    assert (done.instants, done.forgotten) == ([start - HOUR, start + 2 * HOUR, start + 3 * HOUR], 2)


def test_a_paused_job_holds_it_and_a_disabled_one_refuses(ctx: ServiceContext, clock: ManualClock) -> None:
    id, start = made(ctx, clock), clock.now()
    job = schedules.get(ctx, id).job_id
    job_control.pause(ctx, job)
    backfills.run(ctx, id, Wish(start - HOUR, start - HOUR))
    assert [one.state for one in fired(ctx, id)] == ["Waiting"]
    job_control.disable(ctx, job)
    with pytest.raises(Conflict):
        backfills.run(ctx, id, Wish(start - 2 * HOUR, start))
    assert len(fired(ctx, id)) == 1
    assert len(ledger(ctx, id)) == 1


@pytest.mark.parametrize(
    ("wish", "name"),
    [
        (lambda now: Wish(now, now - 1), "to"),
        (lambda now: Wish(now, now + 1), "to"),
        (lambda now: Wish(now - 1, now, Overlap.SKIP), "overlap"),
        (lambda now: Wish(now - 1, now, most=0), "maxRuns"),
        (lambda now: Wish(now - 1, now, most=10_001), "maxRuns"),
    ],
)
def test_what_makes_no_sense_is_refused(ctx: ServiceContext, clock: ManualClock, wish: Any, name: str) -> None:
    id = made(ctx, clock)
    with pytest.raises(InvalidInput) as caught:
        backfills.run(ctx, id, wish(clock.now()))
    assert caught.value.errors[0][0] == (name,)


def test_who_may(ctx: ServiceContext, clock: ManualClock) -> None:
    id = made(ctx, clock)
    viewer = ServiceContext(ctx.database, ctx.config, Principal("vi", Role.VIEWER), ctx.catalogue)
    with pytest.raises(Forbidden):
        backfills.run(viewer, id, Wish(clock.now() - MINUTE, clock.now()))
    with pytest.raises(NotFound):
        backfills.run(ctx, "nobody", Wish(clock.now() - MINUTE, clock.now()))
