"""Every due instant has one row that says it fired, or why it did not."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import update

from rota.domain.execution import State
from rota.domain.instant import MINUTE, SECOND
from rota.domain.job import JobState
from rota.domain.occurrence import Decision
from rota.domain.outcome import Cancelled, Failed, Succeeded
from rota.scheduler.ticker import Ticker
from rota.stores import jobs, leases, occurrences
from rota.stores.database import Database
from rota.stores.schedule_tables import schedules as schedules_table
from rota.stores.schedules import ScheduleState
from rota.telemetry import Telemetry
from rota.testing import ManualClock

MINUTELY = {"every": "1m"}


def test_a_fire_is_an_execution_a_ledger_row_and_a_moved_cursor(works: Any) -> None:
    job = works.job(parameters={"a": 1, "b": 2}, queue="reports", priority=3)
    schedule = works.schedule({**MINUTELY, "parameters": {"b": 3}}, job)
    due = works.get(schedule).next_at
    assert works.ticker.run_once() == (due - works.clock.now()) / SECOND
    assert works.ledger(schedule) == []
    works.clock.set(due)
    works.tick()
    (row,) = works.ledger(schedule)
    (execution,) = works.executions(schedule)
    assert (row.nominal_at, row.decision, row.execution_id, row.decided_at) == (
        due,
        Decision.FIRED,
        execution.id,
        due,
    )
    assert (execution.job_id, execution.nominal_at, execution.trigger) == (job, due, "schedule")
    assert (execution.queue, execution.priority, execution.parameters) == ("reports", 3, '{"a":1,"b":3}')
    record = works.get(schedule)
    assert (record.cursor_at, record.next_at, record.runs) == (due, due + MINUTE, 1)


def test_an_instant_that_is_decided_is_never_fired_again(works: Any) -> None:
    """What the ledger has stands: the schedule goes on behind it, and the schedules beside it fire all the same."""
    behind, good = works.schedule(MINUTELY), works.schedule(MINUTELY)
    before = works.get(behind)
    works.database.writing(
        lambda tx: occurrences.record(tx, [(behind, before.next_at, Decision.MISSED, "by hand", None)])
    )
    works.tick("1m")
    assert (works.decisions(behind), works.executions(behind)) == (["missed"], [])
    after = works.get(behind)
    assert (after.cursor_at, after.state, after.note) == (before.next_at, ScheduleState.ENABLED, None)
    assert works.decisions(good) == ["fired"]
    works.tick("1m")
    assert works.decisions(behind) == ["missed", "fired"]
    assert "loop_schedule" not in str(works.telemetry.counters)


def test_it_sleeps_until_the_next_instant_or_for_long_when_there_is_none(works: Any) -> None:
    assert works.ticker.run_once() == 30
    works.schedule({"every": "10m"})
    works.schedule({"every": "7s"})
    assert 0 < works.ticker.run_once() <= 7


def test_hundreds_at_once_are_fired_in_batches(works: Any) -> None:
    job = works.job()
    schedules = [works.schedule({"every": "1m", "overlap": "allow"}, job) for _ in range(600)]
    works.tick("1m")
    assert all(works.decisions(schedule) == ["fired"] for schedule in schedules)


class TestOverlap:
    """An earlier execution has not ended when the next instant comes. The worker holds the first, from 'running' on."""

    def fired(self, works: Any, overlap: str, *, running: bool, **fields: Any) -> str:
        schedule = works.schedule({**MINUTELY, "overlap": overlap, **fields})
        works.tick("1m")
        if running:
            assert len(works.claim()) == 1
        works.tick("1m", "1m")
        return schedule

    @pytest.mark.parametrize("running", [True, False])
    @pytest.mark.parametrize(
        ("overlap", "decisions"),
        [
            ("skip", ["fired", "skippedOverlap", "skippedOverlap"]),
            ("queueAll", ["fired", "fired", "fired"]),
            ("allow", ["fired", "fired", "fired"]),
            ("cancelPrevious", ["fired", "fired", "fired"]),
            ("killPrevious", ["fired", "fired", "fired"]),
        ],
    )
    def test_each_policy_decides(self, works: Any, overlap: str, decisions: list[str], running: bool) -> None:
        assert works.decisions(self.fired(works, overlap, running=running)) == decisions

    def test_skip_names_what_still_runs_and_fires_again_after_it(self, works: Any) -> None:
        schedule = self.fired(works, "skip", running=True)
        (first,) = works.executions(schedule)
        assert works.ledger(schedule)[1].reason == f"{first.id} still runs"
        assert works.settle(_claim_of(works, first), Succeeded())
        works.tick("1m")
        assert works.decisions(schedule)[-1] == "fired"

    @pytest.mark.parametrize(
        ("running", "decisions"),
        [(True, ["fired", "fired", "skippedOverlap"]), (False, ["fired", "skippedOverlap", "skippedOverlap"])],
    )
    def test_queue_one_lets_one_wait(self, works: Any, running: bool, decisions: list[str]) -> None:
        schedule = self.fired(works, "queueOne", running=running)
        assert works.decisions(schedule) == decisions
        assert works.claim() == [] if running else len(works.claim()) == 1

    def test_queue_all_lets_all_wait_for_each_other(self, works: Any) -> None:
        schedule = self.fired(works, "queueAll", running=True)
        assert works.states(schedule) == ["Running", "Pending", "Pending"]
        assert works.claim() == []
        assert works.settle(_claim_of(works, works.executions(schedule)[0]), Succeeded())
        assert len(works.claim()) == 1
        assert works.states(schedule) == ["Succeeded", "Running", "Pending"]

    def test_allow_lets_all_run_together(self, works: Any) -> None:
        schedule = self.fired(works, "allow", running=True)
        assert len(works.claim()) == 2
        assert works.states(schedule) == ["Running"] * 3

    @pytest.mark.parametrize(("overlap", "grace"), [("cancelPrevious", None), ("killPrevious", 0)])
    def test_the_previous_is_ended_and_the_next_waits_until_it_is_gone(
        self, works: Any, overlap: str, grace: int | None
    ) -> None:
        schedule = self.fired(works, overlap, running=True)
        assert works.states(schedule) == ["Cancelling", "Cancelled", "Pending"]
        first = works.executions(schedule)[0]
        assert json.loads(first.cancellation or "")["graceSeconds"] == grace
        assert works.claim() == []
        assert works.settle(_claim_of(works, first), Cancelled())
        assert len(works.claim()) == 1

    def test_schedules_that_share_a_key_do_not_overlap(self, works: Any) -> None:
        job = works.job()
        one = works.schedule({"every": "1m", "overlapKey": "nightly"}, job)
        other = works.schedule({"every": "1m", "overlapKey": "nightly"}, job)
        works.tick("1m")
        assert sorted(works.decisions(one) + works.decisions(other)) == ["fired", "skippedOverlap"]

    def test_a_retry_that_waits_still_overlaps(self, works: Any) -> None:
        schedule = works.schedule(MINUTELY, works.job(baseDelaySeconds=3600, maxDelaySeconds=3600))
        works.tick("1m")
        (claim,) = works.claim()
        assert works.settle(claim, Failed("x"))
        works.tick("1m")
        assert works.decisions(schedule) == ["fired", "skippedOverlap"]
        assert works.states(schedule) == ["Retrying"]


def _claim_of(works: Any, execution: Any) -> Any:
    held = works.database.writing(lambda tx: leases.held(tx, execution.id, execution.token))
    assert held is not None
    return held[0]


@pytest.mark.parametrize(
    ("state", "note", "reason"),
    [
        (JobState.PAUSED, "migration", "the job is paused: migration"),
        (JobState.DISABLED, None, "the job is disabled"),
    ],
)
def test_a_job_that_may_not_start_skips_with_its_reason(
    works: Any, state: JobState, note: str | None, reason: str
) -> None:
    job = works.job(state, note)
    schedule = works.schedule(MINUTELY, job)
    works.tick("1m", "1m")
    assert works.decisions(schedule) == ["skippedPaused"] * 2
    assert {row.reason for row in works.ledger(schedule)} == {reason}
    assert (works.executions(schedule), works.get(schedule).runs) == ([], 0)
    works.database.writing(
        lambda tx: jobs.set_state(tx, job, JobState.ENABLED, note=None, resume_at=None, changed_by="ann")
    )
    works.tick("1m")
    assert works.decisions(schedule)[-1] == "fired"


def test_a_pause_that_is_over_ends_by_itself(works: Any) -> None:
    job = works.job()
    schedule = works.schedule(MINUTELY, job)
    until = works.clock.now() + 90 * SECOND
    works.database.writing(
        lambda tx: jobs.set_state(tx, job, JobState.PAUSED, note=None, resume_at=until, changed_by="ann")
    )
    works.tick("1m", "30s", "30s")
    assert works.decisions(schedule) == ["skippedPaused", "fired"]


def test_a_job_runs_only_where_it_may(works: Any) -> None:
    schedule = works.schedule(MINUTELY, works.job(allowedEnvironments=["PROD"]))
    works.tick("1m")
    assert works.decisions(schedule) == ["skippedCondition"]
    assert works.ledger(schedule)[0].reason == "the job may not run in DEV"


@pytest.mark.parametrize(
    ("policy", "decisions"),
    [
        ({}, ["coalesced"] * 4 + ["fired"]),
        ({"missed": "runLatest"}, ["coalesced"] * 4 + ["fired"]),
        ({"missed": "runEarliest"}, ["fired"] + ["coalesced"] * 4),
        ({"missed": "runAll"}, ["fired"] * 5),
        ({"missed": "runAll", "maxCatchupRuns": 2}, ["missed"] * 3 + ["fired"] * 2),
        ({"missed": "skip"}, ["missed"] * 5),
        ({"missed": "runAll", "maxLateness": "150m"}, ["expired"] * 2 + ["fired"] * 3),
    ],
)
def test_instants_that_passed_while_nobody_ticked_have_a_row_each(
    works: Any, policy: dict[str, Any], decisions: list[str]
) -> None:
    schedule = works.schedule({"every": "1h", "overlap": "allow", **policy})
    start = works.get(schedule).next_at
    works.clock.set(start + 4 * 60 * MINUTE + 30 * MINUTE)
    works.tick()
    assert works.decisions(schedule) == decisions
    assert works.at(schedule) == [start + hour * 60 * MINUTE for hour in range(5)]
    assert works.get(schedule).next_at == start + 5 * 60 * MINUTE


def test_a_year_of_missed_minutes_is_decided_bit_by_bit(works: Any) -> None:
    schedule = works.schedule({"every": "1m", "overlap": "allow"})
    works.tick("3d")
    assert len(works.ledger(schedule)) == 3 * 24 * 60
    assert works.decisions(schedule).count("fired") == 1


def test_a_clock_that_goes_back_fires_nothing_twice(works: Any) -> None:
    schedule = works.schedule({"every": "1m", "overlap": "allow"})
    works.tick("1m", "1m")
    works.clock.set(works.clock.now() - 10 * MINUTE)
    works.tick(*["1m"] * 11)
    assert works.decisions(schedule) == ["fired"] * 3
    assert works.at(schedule) == sorted(set(works.at(schedule)))


def test_after_its_last_run_it_has_ended(works: Any) -> None:
    schedule = works.schedule({"every": "1m", "maxRuns": 2, "overlap": "allow"})
    works.tick(*["1m"] * 5)
    record = works.get(schedule)
    assert works.decisions(schedule) == ["fired", "fired"]
    assert (record.state, record.next_at, record.runs) == (ScheduleState.ENDED, None, 2)
    assert works.told("schedule.*") == [("schedule.ended", record.job_id, {"scheduleId": schedule})]


def test_what_was_skipped_is_no_run(works: Any) -> None:
    overlapping = works.schedule({"every": "1m", "maxRuns": 2})
    works.tick("1m", "1m", "1m")
    assert works.decisions(overlapping) == ["fired", "skippedOverlap", "skippedOverlap"]
    works.work_off()
    works.tick("1m", "1m")
    assert works.decisions(overlapping)[3:] == ["fired"]
    assert (works.get(overlapping).state, works.get(overlapping).runs) == (ScheduleState.ENDED, 2)
    job = works.job(JobState.PAUSED)
    paused = works.schedule({"every": "1m", "maxRuns": 1}, job)
    works.tick("1m")
    works.database.writing(
        lambda tx: jobs.set_state(tx, job, JobState.ENABLED, note=None, resume_at=None, changed_by="ann")
    )
    works.tick("1m", "1m")
    assert works.decisions(paused) == ["skippedPaused", "fired"]


@pytest.mark.parametrize("rule", [{"after": "90s"}, {"once": "2026-01-05T09:01:30Z"}])
def test_what_happens_once_has_ended_after_it(works: Any, rule: dict[str, str]) -> None:
    schedule = works.schedule(rule)
    works.tick("1m")
    assert works.decisions(schedule) == []
    works.tick("1m", "1h")
    assert works.decisions(schedule) == ["fired"]
    assert works.get(schedule).state is ScheduleState.ENDED


def test_jitter_moves_when_it_is_due_but_not_its_name(works: Any) -> None:
    schedule = works.schedule({"every": "1h", "jitter": "10m"})
    works.tick("1h")
    (execution,) = works.executions(schedule)
    (row,) = works.ledger(schedule)
    assert row.nominal_at == execution.nominal_at <= execution.due_at <= row.nominal_at + 10 * MINUTE


def test_lateness_bounds_the_start(works: Any) -> None:
    schedule = works.schedule({"every": "1h", "maxLateness": "5m"})
    works.tick("1h")
    (execution,) = works.executions(schedule)
    works.clock.advance("6m")
    works.rescuer.run_once()
    assert works.state(execution.id) is State.EXPIRED


@pytest.mark.parametrize(
    "rule", ["not json", "{}", '{"every": "never"}', '{"cron": "0 0 * * *", "timeZone": "No/Where"}']
)
def test_a_rule_that_cannot_be_read_is_set_aside_while_the_others_fire(works: Any, rule: str) -> None:
    good, broken, other = (works.schedule(MINUTELY) for _ in range(3))
    works.database.writing(
        lambda tx: tx.execute(update(schedules_table).where(schedules_table.c.id == broken).values(rule=rule))
    )
    works.tick("1m", "1m")
    assert works.decisions(good) == works.decisions(other) == ["fired", "skippedOverlap"]
    assert (works.decisions(broken), works.executions(broken)) == ([], [])
    aside = works.get(broken)
    assert aside.state is ScheduleState.PAUSED
    assert aside.note.startswith("set aside by Rota: ")
    assert works.telemetry.counters[f"loop_schedule {broken}_failed"] == 1
    assert works.told("schedule.*") == [("schedule.paused", aside.job_id, {"scheduleId": broken, "note": aside.note})]


def test_paused_and_ended_schedules_do_not_fire(works: Any) -> None:
    schedule = works.schedule(MINUTELY)
    works.change(schedule, state=ScheduleState.PAUSED)
    works.tick("1m")
    works.change(schedule, state=ScheduleState.ENDED)
    works.tick("1m")
    assert works.ledger(schedule) == []


def test_several_coordinators_fire_each_instant_once_and_leave_none_out(
    works: Any, database: Database, clock: ManualClock
) -> None:
    job = works.job()
    rule = {"every": "1m", "overlap": "allow", "missed": "runAll"}
    schedules = [works.schedule(rule, job) for _ in range(40)]
    others = [Database(database.driver_url, clock=clock, durable=False) for _ in range(3)]
    tickers = [Ticker(store, "DEV", Telemetry()) for store in (database, *others)]

    def tick(ticker: Ticker) -> None:
        while ticker.run_once() <= 0:
            pass

    with ThreadPoolExecutor(len(tickers)) as pool:
        for _ in range(5):
            clock.advance("1m")
            list(pool.map(tick, tickers))
    for store in others:
        store.close()
    for schedule in schedules:
        first = works.at(schedule)[0]
        assert works.at(schedule) == [first + minute * MINUTE for minute in range(5)]
        assert works.decisions(schedule) == ["fired"] * 5
        assert len(works.executions(schedule)) == 5
