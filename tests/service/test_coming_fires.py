from rota.domain.instant import HOUR, format_instant
from rota.service import coming_fires, jobs, schedule_exceptions, schedules
from rota.service.context import ServiceContext
from rota.testing.clock import ManualClock


def made(ctx: ServiceContext, name: str, **rule: str) -> str:
    job = jobs.create(ctx, {"name": name, "jobType": "echo"}).record.id
    return schedules.create(ctx, job, rule).id


def test_schedules_that_are_withheld_take_the_place_of_no_other(ctx: ServiceContext, clock: ManualClock) -> None:
    for number in range(3):
        withheld = made(ctx, f"withheld-{number}", every="1h")
        until = format_instant(clock.now() + 72 * HOUR)
        schedule_exceptions.add(ctx, withheld, {"action": "skipUntil", "until": until})
    fires = made(ctx, "fires", every="5h")
    (first,) = coming_fires.upcoming(ctx, 24, 1)
    assert (first.schedule_id, first.at) == (fires, schedules.get(ctx, fires).next_at)


def test_they_come_in_one_order_and_few_of_each(ctx: ServiceContext, clock: ManualClock) -> None:
    often, seldom = made(ctx, "often", every="1m"), made(ctx, "seldom", every="2h")
    first = coming_fires.upcoming(ctx, 4, 50)
    assert [fire.schedule_id for fire in first] == [often] * 10 + [seldom] * 2
    assert [fire.at for fire in first] == sorted(fire.at for fire in first)
    between = coming_fires.between(ctx, clock.now() + HOUR, clock.now() + 3 * HOUR, 500, search="OFT")
    assert [fire.job_name for fire in between] == ["often"] * 120


def test_a_condition_on_the_environment_is_judged_here(ctx: ServiceContext) -> None:
    here = ctx.config.environment
    id = made(ctx, "here", every="1h", condition=f'environment == "{here}"')
    made(ctx, "elsewhere", every="1h", condition=f'environment != "{here}"')
    assert {fire.schedule_id for fire in coming_fires.upcoming(ctx, 5, 50)} == {id}
    job = schedules.get(ctx, id).job_id
    assert len(jobs.upcoming_of(ctx, job, count=3)) == 3
