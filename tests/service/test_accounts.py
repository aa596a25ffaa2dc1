"""The account: every instant that the rule named, and what is said of it."""

from collections.abc import Callable

import pytest

from rota.domain.account import Pending, Undecided
from rota.domain.errors import InvalidInput, NotFound
from rota.domain.instant import DAY, HOUR, SECOND, format_instant
from rota.service import accounts, jobs, schedule_exceptions, schedules
from rota.service.context import ServiceContext
from rota.stores import pruning
from rota.testing.clock import ManualClock

Tick = Callable[[], None]


@pytest.fixture
def id(ctx: ServiceContext, clock: ManualClock) -> str:
    """A schedule that fires every hour from now on."""
    job = jobs.create(ctx, {"name": "echo", "jobType": "echo"}).record.id
    rule = {"every": "1h", "anchor": format_instant(clock.now()), "overlap": "allow"}
    return schedules.create(ctx, job, rule).id


def test_a_new_schedule_owes_nothing(ctx: ServiceContext, id: str, clock: ManualClock) -> None:
    found = accounts.of(ctx, id)
    assert (found.since, found.until, found.named, found.decided, found.complete) == (
        clock.now(), clock.now(), 0, 0, True,
    )  # fmt: skip


def test_what_is_decided_is_counted_by_decision(ctx: ServiceContext, id: str, clock: ManualClock, tick: Tick) -> None:
    start = clock.now()
    schedule_exceptions.add(ctx, id, {"action": "skip", "at": "next"})
    added = schedule_exceptions.add(ctx, id, {"action": "add", "at": format_instant(start + HOUR // 2)})
    for _ in range(5):
        clock.advance("30m")
        tick()
    found = accounts.of(ctx, id)
    assert (found.since, found.until) == (start, clock.now())
    assert found.by_decision == {"fired": 2, "skippedException": 1}
    assert (found.named, found.decided, found.unnamed, found.complete) == (3, 3, 0, True)
    schedule_exceptions.remove(ctx, id, added.record.id)
    found = accounts.of(ctx, id)
    assert (found.named, found.decided, found.unnamed, found.complete) == (2, 3, 1, True)
    part = accounts.of(ctx, id, since=start + HOUR + 1, until=start + 2 * HOUR)
    assert (part.named, part.by_decision) == (1, {"fired": 1})


def test_what_is_undecided_says_why(ctx: ServiceContext, id: str, clock: ManualClock) -> None:
    start = clock.now()
    clock.advance("2h")
    found = accounts.of(ctx, id)
    assert found.undecided == [Undecided(start + hours * HOUR, Pending.LATE) for hours in (1, 2)]
    assert (found.waiting, found.complete) == ({Pending.LATE: 2}, False)
    schedules.pause(ctx, id)
    assert accounts.of(ctx, id).waiting == {Pending.PAUSED: 2}
    schedules.resume(ctx, id)
    found = accounts.of(ctx, id)
    assert (found.by_decision, found.complete) == ({"skippedPaused": 2}, True)
    with ctx.write() as tx:
        pruning.occurrences_before(tx, tx.now + 1, 1)
    found = accounts.of(ctx, id)
    assert (found.waiting, found.complete) == ({Pending.MISSING: 1}, False)


def test_it_begins_with_the_rule_as_it_stands(ctx: ServiceContext, id: str, clock: ManualClock, tick: Tick) -> None:
    start = clock.now()
    clock.advance("150m")
    tick()
    schedules.update(ctx, id, {"every": "10m", "anchor": format_instant(start), "overlap": "allow"})
    revised = clock.now()
    clock.advance("30m")
    tick()
    found = accounts.of(ctx, id, since=start)
    assert (found.since, found.named, found.complete) == (revised, 3, True)
    with pytest.raises(InvalidInput, match="the rule is as it is since"):
        accounts.of(ctx, id, since=start, until=revised - 1)
    with pytest.raises(InvalidInput):
        accounts.of(ctx, id, since=clock.now() + 1)
    with pytest.raises(NotFound):
        accounts.of(ctx, "nobody")


def test_a_schedule_that_is_over_owes_nothing_after_its_end(
    ctx: ServiceContext, id: str, clock: ManualClock, tick: Tick
) -> None:
    job = schedules.get(ctx, id).job_id
    rule = {"every": "1h", "anchor": format_instant(clock.now()), "overlap": "allow", "maxRuns": 2}
    over = schedules.create(ctx, job, rule).id
    for _ in range(4):
        clock.advance("1h")
        tick()
    found = accounts.of(ctx, over)
    assert (found.named, found.by_decision, found.complete) == (2, {"fired": 2}, True)


def test_it_says_where_it_stopped(ctx: ServiceContext, id: str, clock: ManualClock) -> None:
    job = schedules.get(ctx, id).job_id
    often = schedules.create(ctx, job, {"every": "1s", "anchor": format_instant(clock.now())}).id
    start = clock.now()
    schedules.pause(ctx, often)
    clock.set(start + DAY)
    found = accounts.of(ctx, often)
    assert (found.named, found.until, found.cut, found.complete) == (50_000, start + 50_000 * SECOND, True, False)
    assert len(found.undecided) == 100
    schedules.resume(ctx, often)
    found = accounts.of(ctx, often)
    assert (found.named, found.decided, found.cut, found.complete) == (50_000, 50_000, True, False)
    rest = accounts.of(ctx, often, since=found.until + 1)
    assert (rest.named, rest.decided, rest.complete) == (36_400, 36_400, True)
