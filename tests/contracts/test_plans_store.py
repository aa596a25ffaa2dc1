"""Schedules are planned anew while coordinators tick beside: what a tick has decided is never taken back."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from rota.config import Config
from rota.domain.access import Principal, Role
from rota.domain.errors import Contended
from rota.domain.instant import DAY, HOUR
from rota.domain.occurrence import Decision
from rota.domain.schedule import Schedule
from rota.domain.zone import Zone
from rota.scheduler.ticker import Decided, Ticker
from rota.service import calendar_effects, calendars, job_control, job_definitions, jobs
from rota.service.context import ServiceContext
from rota.stores import control, history, occurrences, plans, schedules
from rota.stores import jobs as job_store
from rota.stores.database import Database
from rota.stores.history import ExecutionRecord
from rota.stores.schedules import ScheduleRecord, ScheduleState
from rota.telemetry import Telemetry
from rota.testing import ManualClock
from stores_under_test.plugin import MakeStore


class Anything:
    """A catalogue that knows every function."""

    kinds = frozenset({"python"})

    def functions(self) -> set[str]:
        return {"echo"}

    def check(self, job_type: str, parameters: object) -> None:
        """All is well."""


class Fleet:
    """A coordinator that changes definitions, another one that ticks by a clock of its own, and an hourly schedule."""

    def __init__(self, store: Database, clock: ManualClock) -> None:
        self.store, self.clock = store, clock
        self.clock_beside = ManualClock()
        self.beside = Database(store.driver_url, clock=self.clock_beside, durable=False)
        self.ticker = Ticker(self.beside, "DEV", Telemetry())
        self.ctx = ServiceContext(store, Config(), Principal("ann", Role.ADMIN), Anything())
        calendars.create(self.ctx, "plant", {})
        self.rule = {"cron": "0 * * * *", "overlap": "allow", "calendar": "plant"}
        self.job_id = jobs.create(self.ctx, {"name": "report", "jobType": "echo", "schedule": self.rule}).record.id

    def schedule(self) -> ScheduleRecord:
        (found,) = self.store.reading(lambda tx: schedules.of_jobs(tx, [self.job_id]))[self.job_id]
        return found

    def decisions(self) -> list[Decision]:
        id = self.schedule().id
        found = self.store.reading(lambda tx: occurrences.find(tx, id, limit=100))
        return [one.decision for one in found]

    def executions(self) -> list[ExecutionRecord]:
        return self.store.reading(lambda tx: history.page(tx, history.Filter(), before=None, limit=100))

    def both_advance(self, duration: str) -> None:
        self.clock.advance(duration)
        self.clock_beside.set(self.clock.now())

    def tick(self) -> None:
        """Until nothing is due by the clock beside, or all of it is in the hands of another one."""
        while self.ticker.run_once() == 0:
            pass


class UnderWay(Ticker):
    """A ticker that stands still between its read and its write."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, "DEV", Telemetry())
        self.decided: list[Decided] = []

    def _settle(self, decided: Sequence[Decided]) -> bool:
        self.decided += decided
        return True

    def write(self) -> bool:
        assert {one.occurrences[0].decision for one in self.decided} == {Decision.FIRED}
        return super()._settle(self.decided)


@pytest.fixture
def fleet(make_store: MakeStore) -> Iterator[Fleet]:
    made = Fleet(*make_store())
    yield made
    made.beside.close()


def test_a_plan_of_what_a_tick_has_moved_is_not_stored(fleet: Fleet) -> None:
    read = fleet.schedule()
    fleet.clock_beside.advance("1h")
    fleet.tick()
    ticked = fleet.schedule()
    assert (ticked.cursor_at, ticked.runs) == (read.cursor_at + HOUR, 1)
    with pytest.raises(Contended), fleet.store.write() as tx:
        plans.plan_anew(tx, [read], "other data")
    assert fleet.schedule() == ticked


def test_planning_stores_where_a_schedule_stands_and_nothing_else(fleet: Fleet) -> None:
    read = fleet.schedule()
    with fleet.store.write() as tx:
        paused = schedules.save(tx, replace(read, state=ScheduleState.PAUSED, note="holidays", changed_by="bob"))
    with fleet.store.write() as tx:
        assert plans.plan_anew(tx, [read], "other data") == []
    planned = fleet.schedule()
    assert (planned.state, planned.note, planned.changed_by) == (ScheduleState.PAUSED, "holidays", "bob")
    assert (paused.planned_with, planned.planned_with) == (read.planned_with, "other data")


@pytest.mark.stores("postgres", "postgres18", "mariadb")
def test_who_plans_the_users_of_a_calendar_anew_keeps_them_from_the_tickers(fleet: Fleet) -> None:
    fleet.clock_beside.advance("1h")
    with fleet.store.write() as tx:
        calendar_effects.plan_users_anew(tx, "plant")
        fleet.tick()
        assert fleet.decisions() == []
    fleet.tick()
    assert fleet.decisions() == [Decision.FIRED]


@pytest.mark.stores("postgres", "postgres18", "mariadb")
def test_who_defines_a_job_anew_keeps_its_schedules_from_the_tickers(fleet: Fleet) -> None:
    """Also those that are to stay as they are: what is written of the others was computed from what was read."""
    definition = Schedule.parse({**fleet.rule, "key": "default"}, now=0, spread=fleet.job_id)
    fleet.clock_beside.advance("1h")
    with fleet.store.write() as tx:
        job_definitions.write_schedules(fleet.ctx, tx, fleet.job_id, [definition], owned_by="ann")
        fleet.tick()
        assert fleet.decisions() == []
    fleet.tick()
    assert fleet.decisions() == [Decision.FIRED]


def test_a_tick_that_has_read_the_former_calendar_begins_anew(fleet: Fleet) -> None:
    fleet.both_advance("1h")
    under_way = UnderWay(fleet.beside)
    under_way.run_once()
    calendars.override(fleet.ctx, "plant", Zone.named("UTC").local(fleet.clock.now()).date(), working=False)
    assert under_way.write() is False
    assert fleet.decisions() == []
    fleet.tick()
    assert fleet.decisions() == [Decision.SKIPPED_CALENDAR]


def test_so_does_one_for_which_an_instant_came_while_the_calendar_changed(fleet: Fleet) -> None:
    """The fire itself stays; what the tick would have stored is the one behind it, which the change takes away."""
    fleet.both_advance("13h")
    fleet.tick()
    fleet.clock.advance("3599s")
    fleet.clock_beside.advance("1h")
    under_way = UnderWay(fleet.beside)
    under_way.run_once()
    midnight = fleet.clock_beside.now() + HOUR
    calendars.override(fleet.ctx, "plant", Zone.named("UTC").local(midnight).date(), working=False)
    assert under_way.write() is False
    fleet.tick()
    assert fleet.decisions()[0] is Decision.FIRED
    assert fleet.schedule().fires_at == midnight + DAY


@pytest.mark.stores("postgres", "postgres18", "mariadb")
def test_the_ticker_waits_for_no_job_that_somebody_changes(fleet: Fleet) -> None:
    """Who changes a job locks it and then its schedules; the ticker has those already."""
    other = jobs.create(fleet.ctx, {"name": "other", "jobType": "echo", "schedule": fleet.rule}).record.id
    fleet.both_advance("1h")
    with fleet.store.write() as tx:
        record = job_store.get(tx, fleet.job_id)
        assert record is not None
        job_store.change(tx, fleet.job_id, record.job, version=2, changed_by="bob")
        fleet.tick()
        assert fleet.decisions() == []
        assert [one.job_id for one in fleet.executions()] == [other]
        assert len(schedules.held_of_job(tx, fleet.job_id)) == 1
    fleet.tick()
    assert fleet.decisions() == [Decision.FIRED]


def test_what_is_due_of_a_job_that_has_changed_is_decided_anew(fleet: Fleet) -> None:
    other = jobs.create(fleet.ctx, {"name": "other", "jobType": "echo", "schedule": fleet.rule}).record.id
    fleet.both_advance("1h")
    under_way = UnderWay(fleet.beside)
    under_way.run_once()
    job_control.disable(fleet.ctx, fleet.job_id)
    assert under_way.write() is True
    assert fleet.decisions() == []
    assert [one.job_id for one in fleet.executions()] == [other]
    fleet.tick()
    assert fleet.decisions() == [Decision.SKIPPED_PAUSED]


def test_schedules_are_kept_in_the_order_of_their_ids(fleet: Fleet) -> None:
    jobs.create(fleet.ctx, {"name": "other", "jobType": "echo", "schedule": fleet.rule})
    with fleet.store.write() as tx:
        newest_first = schedules.find(tx, limit=5)
        assert len(newest_first) == 2
        assert schedules.held_of_ids(tx, [one.id for one in newest_first]) == newest_first[::-1]
        assert schedules.held_of_ids(tx, []) == []
        assert schedules.held_of_job(tx, fleet.job_id) == newest_first[1:]


def test_a_cursor_behind_its_ledger_goes_on_and_fires_nothing_twice(fleet: Fleet) -> None:
    behind = fleet.schedule()
    fleet.both_advance("2h")
    fleet.tick()
    decided = fleet.decisions()
    with fleet.store.write() as tx:
        schedules.save(tx, behind)
    fleet.both_advance("1h")
    fleet.tick()
    assert fleet.decisions() == [Decision.FIRED, *decided]
    after = fleet.schedule()
    assert (after.cursor_at, after.state, after.note) == (behind.cursor_at + 3 * HOUR, ScheduleState.ENABLED, None)
    assert fleet.store.reading(lambda tx: len(control.live_of(tx, job_id=fleet.job_id))) == decided.count("fired") + 1
