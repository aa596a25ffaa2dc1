"""The linter knows what a schedule has already done."""

from collections.abc import Callable

from rota.service import jobs, schedules
from rota.service.context import ServiceContext
from rota.service.lint import lint
from rota.service.schedules import ScheduleState
from rota.testing.clock import ManualClock


def codes(ctx: ServiceContext, job_id: str) -> list[str]:
    (about,) = lint(ctx, job_id, limit=1)
    return [found.code for found in about.findings]


def test_a_one_off_that_has_fired_is_not_one_that_never_fires(
    ctx: ServiceContext, clock: ManualClock, tick: Callable[[], None]
) -> None:
    job_id = jobs.create(ctx, {"name": "echo", "jobType": "echo", "teamName": "data"}).record.id
    fired = schedules.create(ctx, job_id, {"after": "1s"})
    clock.advance("1m")
    tick()
    assert schedules.get(ctx, fired.id).state is ScheduleState.ENDED
    assert codes(ctx, job_id) == []
    ended = schedules.create(
        ctx, job_id, {"every": "1h", "condition": 'environment == "PRD"', "endsAt": "2026-01-05T12:00:00Z"}
    )
    clock.advance("5h")
    tick()
    found = schedules.get(ctx, ended.id)
    assert (found.state, found.runs) == (ScheduleState.ENDED, 0)
    assert codes(ctx, job_id) == ["neverFires"]
