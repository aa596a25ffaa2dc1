"""The demo: a store that the real service takes for its own, and the same jobs from the same seed."""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import func, select

from rota.app import App
from rota.config import load
from rota.domain.access import SYSTEM
from rota.domain.errors import Conflict
from rota.domain.execution import TERMINAL, State
from rota.scheduler.ticker import Ticker
from rota.sdk.functions import Functions
from rota.service import calendars, coming_fires, executions, jobs, queues, reports, schedules
from rota.service.context import ServiceContext
from rota.stores.database import Database
from rota.stores.schedule_tables import occurrences
from rota.stores.tables import attempts, counters, events, history, workers
from rota.testing.demo import Made, Size, functions, generate
from rota.testing.demo.blueprints import blueprints

SIZE = Size(days=30, executions=2_000, seed=7, big_log_mb=1)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Made]:
    db = f"sqlite:///{tmp_path_factory.mktemp('demo')}/demo.db"
    return db, generate(db, SIZE)


@pytest.fixture
def app(made: tuple[str, Made]) -> Iterator[App]:
    known = Functions()
    functions.register(known, SIZE)
    opened = App(load(flags={"db": made[0], "log": "quiet"}), functions=known)
    opened.open()
    opened.prepare()
    yield opened
    opened.close()


@pytest.fixture
def ctx(app: App) -> ServiceContext:
    return app.context(SYSTEM)


def test_every_job_is_what_the_service_would_take_again(ctx: ServiceContext) -> None:
    found = jobs.find(ctx, jobs.JobFilter(), limit=500)
    assert len(found) == 200
    assert {view.record.source for view in found} == {"api"}
    for view in found:
        rules = [schedule.schedule.document() for schedule in view.schedules]
        same = jobs.update(ctx, view.record.id, {**view.record.job.document(), "schedules": rules})
        assert same.record.version == view.record.version
        assert same.schedules == view.schedules
    assert Counter(view.record.state.value for view in found) == {"Enabled": 191, "Paused": 5, "Disabled": 4}
    assert all(view.record.note for view in found if view.record.state is not jobs.JobState.ENABLED)
    assert len({view.record.job.team_name for view in found}) == 8


def test_it_has_as_many_executions_as_were_asked_for(ctx: ServiceContext) -> None:
    counts: Counter[State] = Counter()
    before = None
    while page := executions.page(ctx, executions.Filter(), before=before, limit=500):
        counts.update(record.state for record in page)
        before = page[-1].id
    assert counts.total() == SIZE.executions
    ended = sum(counts[state] for state in TERMINAL)
    assert 0.94 < counts[State.SUCCEEDED] / ended < 0.98
    assert 0.01 < counts[State.FAILED] / ended < 0.05
    others = {
        State.CANCELLED,
        State.EXPIRED,
        State.RUNNING,
        State.PENDING,
        State.RETRYING,
        State.SCHEDULED,
        State.WAITING,
    }
    assert others <= counts.keys()


def test_the_service_reads_all_of_it(ctx: ServiceContext, made: tuple[str, Made]) -> None:
    assert sum(day.total for day in reports.trends(ctx, days=30)) > SIZE.executions // 2
    assert reports.failing(ctx, days=30, limit=8)
    assert coming_fires.upcoming(ctx, hours=24, limit=20)
    assert [record.name for record in calendars.find(ctx, limit=10)] == ["DE-BY", "ES", "XNYS", "company"]
    assert [view.settings.name for view in queues.find(ctx) if view.settings.paused] == ["legacy"]
    running = executions.page(ctx, executions.Filter(states=frozenset({State.RUNNING})), before=None, limit=50)
    assert all(record.progress and record.worker_id for record in running)
    assert made[1].big_log is not None
    record, tried = executions.get(ctx, made[1].big_log)
    assert record.state is State.SUCCEEDED
    assert len(tried) == record.attempt
    assert len(executions.logs(ctx, made[1].big_log, limit=500).lines) == 500


def test_what_belongs_together_agrees(app: App) -> None:
    with app.database.read() as tx:
        ended = tx.all(select(history))
        tries = Counter(row.execution_id for row in tx.all(select(attempts.c.execution_id)))
        ids = {row.id for row in ended}
        ledger = tx.all(select(occurrences))
        last = tx.connection.scalar(select(counters.c.value).where(counters.c.name == "token"))
        most = tx.connection.scalar(select(func.max(attempts.c.token)))
        told = list(tx.connection.scalars(select(events.c.at).order_by(events.c.seq)))
        alive = tx.connection.scalar(select(func.count()).where(workers.c.state == "Alive"))
    for row in ended:
        assert tries[row.id] == row.attempt
        assert row.finished_at <= tx.now
        assert row.started_at is None or row.created_at <= row.started_at <= row.finished_at
    assert {row.execution_id for row in ledger if row.decision == "fired"} <= ids
    decisions = {row.decision for row in ledger}
    assert {"fired", "skippedCalendar", "skippedPaused"} <= decisions
    assert most is not None
    assert last is not None
    assert last > most
    assert told == sorted(told)
    assert alive == 2


def test_a_dense_one_has_every_decision(tmp_path: Path) -> None:
    db = f"sqlite:///{tmp_path}/dense.db"
    generate(db, Size(days=2, executions=20_000, big_log_mb=0))
    with closing(Database(db)) as database, database.read() as tx:
        decisions = set(tx.connection.scalars(select(occurrences.c.decision).distinct()))
    wanted = {"fired", "missed", "coalesced", "expired", "skippedOverlap", "skippedPaused"}
    assert wanted <= decisions


def test_a_scheduler_goes_on_from_now(app: App, ctx: ServiceContext) -> None:
    """Nothing of the past is made up for: only what became due since then is decided."""
    before = {one.id: one.runs for one in schedules.find(ctx, limit=500)}
    Ticker(app.database, "DEV", app.telemetry).run_once()
    after = {one.id: one.runs for one in schedules.find(ctx, limit=500)}
    assert sum(after.values()) - sum(before.values()) < 20
    assert all(one.next_at is not None for one in schedules.find(ctx, limit=500))


def test_the_same_seed_gives_the_same_jobs() -> None:
    names = [one.name for one in blueprints(SIZE)]
    assert len(set(names)) == 200
    assert [one.document for one in blueprints(SIZE)] == [one.document for one in blueprints(SIZE)]
    assert [one.name for one in blueprints(Size(seed=7))] == names
    assert [one.name for one in blueprints(Size(seed=8))] != names


def test_a_store_that_is_in_use_is_left_alone(made: tuple[str, Made]) -> None:
    with pytest.raises(Conflict, match="already"):
        generate(made[0], SIZE)
