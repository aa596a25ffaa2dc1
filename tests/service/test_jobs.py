from dataclasses import replace
from typing import Any

import pytest

from rota.config import Config
from rota.domain.access import Principal, Role
from rota.domain.errors import Conflict, Forbidden, InvalidInput, NotFound, PreconditionFailed
from rota.domain.execution import State
from rota.domain.instant import HOUR, MINUTE, SECOND
from rota.domain.job import JobState
from rota.scheduler.ticker import Ticker
from rota.service import job_control, jobs, schedules
from rota.service.context import ServiceContext
from rota.service.job_control import Order
from rota.stores import audit, control, history
from rota.stores import jobs as job_store
from rota.telemetry import Telemetry
from rota.testing.clock import ManualClock

ECHO = {"name": "echo", "jobType": "echo"}


def states(ctx: ServiceContext, job_id: str) -> list[State]:
    with ctx.read() as tx:
        return [state for _, state in control.live_of(tx, job_id=job_id)]


def test_every_change_is_audited_by_name(ctx: ServiceContext) -> None:
    id = jobs.create(ctx, ECHO).record.id
    jobs.update(ctx, id, ECHO | {"priority": 3})
    job_control.pause(ctx, id, note="n")
    job_control.resume(ctx, id)
    job_control.trigger(ctx, id, Order())
    job_control.cancel(ctx, id)
    jobs.delete(ctx, id)
    with ctx.read() as tx:
        entries = [one for one in audit.page(tx, before=None, limit=50) if one.subject_id == id]
    assert [one.action for one in reversed(entries)] == [
        "create",
        "update",
        "pause",
        "enable",
        "trigger",
        "cancel",
        "delete",
    ]
    assert {one.actor for one in entries} == {"ann"}
    assert entries[-2].detail["changed"] == {"priority": [0, 3]}


def test_what_is_said_already_is_no_new_version(ctx: ServiceContext) -> None:
    made = jobs.create(ctx, ECHO | {"cronExpression": "@daily"})
    id = made.record.id
    assert jobs.update(ctx, id, ECHO | {"cronExpression": "@daily"}, seen=jobs.Seen(1)).record.version == 1
    assert jobs.update(ctx, id, ECHO | {"cronExpression": "@daily", "priority": 1}).record.version == 2
    with pytest.raises(PreconditionFailed):
        jobs.update(ctx, id, ECHO, seen=jobs.Seen(1))
    with pytest.raises(PreconditionFailed):
        jobs.delete(ctx, id, seen=jobs.Seen(1))


def test_rights_are_asked_first(ctx: ServiceContext) -> None:
    id = jobs.create(ctx, ECHO).record.id
    viewer = replace(ctx, principal=Principal("eve", Role.VIEWER))
    for act in (
        lambda: jobs.create(viewer, {}),
        lambda: jobs.update(viewer, id, {}),
        lambda: jobs.delete(viewer, id),
        lambda: job_control.trigger(viewer, id, Order()),
        lambda: job_control.pause(viewer, id),
        lambda: job_control.cancel(viewer, id),
        lambda: schedules.create(viewer, id, {"every": "1h"}),
        lambda: schedules.pause(viewer, "x"),
    ):
        with pytest.raises(Forbidden):
            act()


def test_a_paused_job_keeps_its_queue_for_later(ctx: ServiceContext, clock: ManualClock) -> None:
    id = jobs.create(ctx, ECHO).record.id
    for order in (Order(), Order(delay=HOUR)):
        job_control.trigger(ctx, id, order)
    job_control.pause(ctx, id)
    assert states(ctx, id) == [State.WAITING, State.WAITING]
    job_control.trigger(ctx, id, Order())
    assert states(ctx, id) == [State.WAITING, State.WAITING, State.PENDING]
    job_control.resume(ctx, id)
    assert State.WAITING not in states(ctx, id)
    job_control.disable(ctx, id)
    assert set(states(ctx, id)) == {State.WAITING}
    with pytest.raises(Conflict):
        job_control.trigger(ctx, id, Order())
    with pytest.raises(Conflict):
        job_control.resume(ctx, id)


def test_a_pause_may_end_by_itself(ctx: ServiceContext, clock: ManualClock) -> None:
    id = jobs.create(ctx, ECHO).record.id
    job_control.trigger(ctx, id, Order())
    job_control.pause(ctx, id, until=clock.now() + HOUR)
    with ctx.write() as tx:
        assert job_store.end_pauses(tx) == []
    ticker = Ticker(ctx.database, "DEV", Telemetry())
    assert ticker.run_once() == 3600
    clock.advance("1h")
    ticker.run_once()
    record = jobs.get(ctx, id).record
    assert (record.state, record.resume_at) == (JobState.ENABLED, None)
    assert states(ctx, id) == [State.SCHEDULED]


def test_a_job_runs_only_where_it_is_allowed(ctx: ServiceContext) -> None:
    id = jobs.create(ctx, ECHO | {"allowedEnvironments": ["PROD"]}).record.id
    with pytest.raises(Conflict, match="PROD"):
        job_control.trigger(ctx, id, Order())
    prod = replace(ctx, config=Config(environment="PROD"))
    assert job_control.trigger(prod, id, Order()).state is State.PENDING


def test_parameters_are_checked_when_they_are_known(ctx: ServiceContext) -> None:
    report = {"name": "r", "jobType": "report"}
    with pytest.raises(InvalidInput) as caught:
        jobs.create(ctx, report | {"parameters": {"region": 7}})
    assert caught.value.errors[0][0] == ("parameters", "region")
    with pytest.raises(InvalidInput):
        jobs.create(ctx, report | {"cronExpression": "@daily"})
    jobs.create(ctx, report | {"schedule": {"every": "1h", "parameters": {"region": "EU"}}})
    id = jobs.create(ctx, report).record.id
    with pytest.raises(InvalidInput):
        job_control.trigger(ctx, id, Order())
    assert job_control.trigger(ctx, id, Order(parameters={"region": "EU"})).parameters == '{"region":"EU"}'


@pytest.mark.parametrize(
    ("overlap", "refused", "ended"),
    [("queueOne", True, False), ("queueAll", False, False), ("cancelPrevious", False, True)],
)
def test_a_trigger_obeys_the_schedule(ctx: ServiceContext, overlap: str, refused: bool, ended: bool) -> None:
    id = jobs.create(ctx, ECHO | {"schedule": {"every": "1h", "overlap": overlap}}).record.id
    first = job_control.trigger(ctx, id, Order())
    if refused:
        with pytest.raises(Conflict, match=first.id):
            job_control.trigger(ctx, id, Order())
    else:
        job_control.trigger(ctx, id, Order())
    with ctx.read() as tx:
        found = history.get(tx, first.id)
    assert found is not None
    assert (found.state is State.CANCELLED) == ended


def test_code_defines_jobs_again_and_again(ctx: ServiceContext, clock: ManualClock) -> None:
    document: dict[str, Any] = {
        "name": "reports.daily",
        "jobType": "reports.daily",
        "schedules": [{"cron": "0 * * * *"}, {"after": "2h", "key": "once"}],
    }
    (id,) = jobs.synchronise(ctx, [document])
    first = jobs.get(ctx, id)
    assert (first.record.source, first.record.created_by) == ("code", "code")
    extra = schedules.create(ctx, id, {"every": "1d", "key": "mine"})
    job_control.pause(ctx, id)
    clock.advance("90m")
    assert jobs.synchronise(ctx, [document]) == []
    again = jobs.get(ctx, id)
    assert (again.record.version, again.record.state) == (1, JobState.PAUSED)
    assert again.schedules == [*first.schedules, extra]
    with pytest.raises(Conflict, match="code"):
        jobs.update(ctx, id, {"priority": 1})
    with pytest.raises(Conflict, match="code"):
        schedules.update(ctx, first.schedules[0].id, {"every": "1h"})

    assert jobs.synchronise(ctx, [document | {"priority": 1, "schedules": [{"cron": "30 * * * *"}]}]) == [id]
    changed = jobs.get(ctx, id)
    assert changed.record.version == 2
    assert [(one.key, one.revision) for one in changed.schedules] == [("default", 2), ("mine", 1)]
    assert jobs.synchronise(ctx, []) == []
    assert jobs.get(ctx, id).record.version == 2

    jobs.delete(ctx, id)
    (anew,) = jobs.synchronise(ctx, [document])
    assert anew != id


def test_application_code_submits_by_the_definition(ctx: ServiceContext) -> None:
    (id,) = jobs.synchronise(ctx, [{"name": "report", "jobType": "report", "queue": "reports", "retryCount": 7}])
    submitter = jobs.submitter(ctx)
    first = submitter.submit("report", {"region": "EU"}, key="k")
    assert submitter.submit("report", {"region": "US"}, key="k") == first
    other = submitter.submit("report", {}, delay=HOUR, queue="slow", priority=4, timeout=9 * SECOND, retries=1)
    loose = submitter.submit("somewhere.else", [1, 2])
    with ctx.read() as tx:
        made = {one: history.get(tx, one) for one in (first, other, loose)}
    assert [(one.job_id, one.queue, one.max_attempts) for one in made.values() if one] == [
        (id, "reports", 8), (id, "slow", 2), (None, "default", 4),
    ]  # fmt: skip
    assert made[other] is not None
    assert made[other].state is State.SCHEDULED
    job_control.pause(ctx, id)
    with ctx.read() as tx:
        held = history.get(tx, submitter.submit("report", {}))
    job_control.disable(ctx, id)
    with pytest.raises(Conflict):
        submitter.submit("report", {})
    with pytest.raises(InvalidInput):
        submitter.submit("echo", {}, key="x" * 300)
    assert held is None or held.state is State.WAITING


def test_the_ticker_fires_what_the_service_saved(ctx: ServiceContext, clock: ManualClock) -> None:
    id = jobs.create(ctx, ECHO | {"schedule": {"every": "1m"}, "parameters": {"a": 1}}).record.id
    ticker = Ticker(ctx.database, "DEV", Telemetry())
    clock.advance("1m")
    ticker.run_once()
    view = jobs.get(ctx, id)
    assert view.last is not None
    with ctx.read() as tx:
        fired = history.get(tx, view.last.id)
    assert fired is not None
    assert (fired.trigger, fired.job_id, fired.parameters) == ("schedule", id, '{"a":1}')
    assert view.schedules[0].runs == 1
    assert view.next_at == clock.now() + MINUTE
    clock.advance("1m")
    ticker.run_once()
    rows = schedules.ledger(ctx, view.schedules[0].id, limit=10)
    assert [row.decision.value for row in rows] == ["skippedOverlap", "fired"]
    job_control.pause(ctx, id, note="later")
    clock.advance("1m")
    ticker.run_once()
    (row, *_) = schedules.ledger(ctx, view.schedules[0].id, limit=10)
    assert (row.decision.value, row.reason) == ("skippedPaused", "the job is paused: later")


def test_nothing_is_found_under_an_unknown_id(ctx: ServiceContext) -> None:
    for act in (
        lambda: jobs.get(ctx, "x"),
        lambda: jobs.delete(ctx, "x"),
        lambda: job_control.cancel(ctx, "x"),
        lambda: schedules.get(ctx, "x"),
        lambda: schedules.create(ctx, "x", {"every": "1h"}),
        lambda: schedules.ledger(ctx, "x", limit=1),
    ):
        with pytest.raises(NotFound):
            act()


def test_the_audit_of_a_job_tells_of_its_schedules(ctx: ServiceContext) -> None:
    """Also when nothing else of the definition changes."""
    made = jobs.create(ctx, {"name": "told", "jobType": "echo", "cronExpression": "0 6 * * *"})
    jobs.update(ctx, made.record.id, {"cronExpression": "0 7 * * *"})
    jobs.update(ctx, made.record.id, {"cronExpression": "0 7 * * *"})
    jobs.update(ctx, made.record.id, {"name": "told", "jobType": "echo", "retryCount": 1})
    with ctx.read() as tx:
        removed, moved, created = (one.detail for one in audit.page(tx, before=None, limit=3))
    first, second = ({"cron": cron, "key": "default"} for cron in ("0 6 * * *", "0 7 * * *"))
    assert created["schedules"] == {"default": [None, first]}
    assert moved == {"version": 1, "changed": {}, "schedules": {"default": [first, second]}}
    assert removed["schedules"] == {"default": [second, None]}
    assert (removed["version"], removed["changed"]) == (2, {"retryCount": [3, 1]})
