"""Fills an empty store: definitions through the service, the past by the hundred thousand, and what goes on now."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import delete, select, text, update

from rota.app import App
from rota.config import load
from rota.domain.access import SYSTEM
from rota.domain.audit import Written
from rota.domain.errors import Conflict
from rota.domain.instant import DAY, Instant
from rota.domain.planning import coming
from rota.sdk.functions import Functions
from rota.stores import audit, schedules, surroundings
from rota.stores.clock import SystemClock
from rota.stores.database import Database, Transaction
from rota.stores.metadata import metadata
from rota.stores.schedule_tables import schedules as schedule_table
from rota.stores.tables import audit as audit_table
from rota.stores.tables import counters, events
from rota.testing.clock import ManualClock
from rota.testing.demo import functions as demo_functions
from rota.testing.demo import telling
from rota.testing.demo.blueprints import blueprints
from rota.testing.demo.definitions import BEFORE, Defined, define
from rota.testing.demo.failures import incidents
from rota.testing.demo.fires import Course, Happening
from rota.testing.demo.outcomes import Odds
from rota.testing.demo.past import ATTEMPTS, HISTORY, Past
from rota.testing.demo.present import Present, live_counts, write_fleet
from rota.testing.demo.shifts import Shifts
from rota.testing.demo.size import Size

_BATCH = 20_000
_LEDGER = ("schedule_id", "nominal_at", "decision", "reason", "execution_id", "decided_at")
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Made:
    """What is in the store now."""

    jobs: list[Defined]
    executions: int
    big_log: str | None
    """The execution with the big log."""


def generate(db: str, size: Size, *, say: Say = lambda _line: None) -> Made:
    """Make a demo in an empty store. Conflict where there is something already."""
    functions = Functions()
    demo_functions.register(functions, size)
    config = load(flags={"db": db, "log": "quiet"})
    now = SystemClock().now()
    clock = ManualClock()
    clock.set(now - size.span - BEFORE)
    app = App(config, clock=clock, functions=functions, durable=False)
    try:
        app.open()
        app.prepare()
        _require_empty(app.database)
        return _Generation(app, clock, size, now, say).run()
    finally:
        app.close()


class _Generation:
    """One run of the generator."""

    def __init__(self, app: App, clock: ManualClock, size: Size, now: Instant, say: Say) -> None:
        self._app, self._database, self._clock = app, app.database, clock
        self._size, self._now, self._say = size, now, say

    def run(self) -> Made:
        """Everything, in order."""
        size, now = self._size, self._now
        plans = blueprints(size)
        context = self._app.context(SYSTEM)
        defined = define(context, self._clock, size, plans, now)
        self._say(f"{len(defined)} jobs with {sum(len(one.schedules) for one in defined)} schedules")
        course = Course(size, now, defined, self._around(defined))
        counts = live_counts(size.executions)
        happenings = course.run(size.executions - sum(counts.values()))
        odds = Odds(plans, happenings, incidents(size, plans, now))
        shifts = Shifts(size.random("workers"), course.start, now)
        kept = [course.kept(one) for one in defined]
        past = Past(defined, odds, shifts, size.random("past"), course.start, now, kept)
        self._write_past(past, happenings)
        self._database.writing(lambda tx: Present(defined, past, shifts, size.random("now"), now).write(tx, counts))
        self._insert("attempts", ATTEMPTS, past.attempts)
        self._insert("occurrences", _LEDGER, sorted(course.ledger + past.ledger))
        big = self._tell(past)
        self._finish(defined, past, shifts)
        return Made(defined, size.executions, big)

    def _around(self, defined: list[Defined]) -> dict[str, Any]:
        rules = {schedule.id: schedule.schedule for one in defined for schedule in one.schedules}
        return dict(self._database.reading(lambda tx: surroundings.of(tx, rules)))

    def _write_past(self, past: Past, happenings: list[Happening]) -> None:
        rows = (row for row in map(past.row, happenings) if row is not None)
        count = 0
        while batch := list(islice(rows, _BATCH)):
            attempts, past.attempts = past.attempts, []
            with self._database.write() as tx:
                tx.hot.insert(tx, "history", HISTORY, batch)
                tx.hot.insert(tx, "attempts", ATTEMPTS, attempts)
            count += len(batch)
            if count % (10 * _BATCH) == 0:
                self._say(f"{count:,} executions")

    def _tell(self, past: Past) -> str | None:
        """Lines and events; returns the execution with the big log."""
        random = self._size.random("logs")
        big = past.lengthy if self._size.big_log else None
        few = [one for one in past.newest if big is None or one["id"] != big["id"]]
        self._insert("logs", telling.LOGS, telling.lines(few, random))
        self._insert("events", telling.EVENTS, telling.events(few, self._now))
        self._database.writing(lambda tx: _write_audit(tx, past))
        if big is None:
            return None
        self._insert("logs", telling.LOGS, telling.big_log(big, self._size.big_log, random))
        self._say(f"{self._size.big_log // 1_000_000} MB of log")
        return str(big["id"])

    def _insert(self, table: str, columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> None:
        left = iter(rows)
        while batch := list(islice(left, _BATCH)):
            with self._database.write() as tx:
                tx.hot.insert(tx, table, columns, batch)

    def _finish(self, defined: list[Defined], past: Past, shifts: Shifts) -> None:
        """What must be of the very last moment: beats, and schedules that are planned from now on."""
        self._clock.set(SystemClock().now())
        functions = self._app.functions.names()

        def finish(tx: Transaction) -> None:
            tx.execute(update(counters).where(counters.c.name == "token").values(value=past.token + 1))
            tx.execute(delete(events).where(events.c.at < tx.now - DAY))
            for table in (events, audit_table):
                _put_in_order(tx, table)
            _plan_from_now(tx, defined, past)
            write_fleet(tx, shifts, tx.now, functions, self._app.config)

        self._database.writing(finish)
        if self._database.engine.dialect.name == "postgresql":  # as autovacuum would have done long ago
            self._database.writing(lambda tx: tx.execute(text("ANALYZE")))


def _write_audit(tx: Transaction, past: Past) -> None:
    entries = [
        Written(at, actor, action, noun, subject_id, telling.compact(detail))
        for at, actor, action, noun, subject_id, detail in past.audit
    ]
    audit.add(tx, [audit.sealed(tx.keyring, entry) for entry in entries])


def _put_in_order(tx: Transaction, table: Any) -> None:
    """Number the rows by their times: some were written later than they tell."""
    rows = [tuple(row)[1:] for row in tx.all(select(table).order_by(table.c.at, table.c.seq))]
    tx.execute(delete(table))
    tx.hot.insert(tx, table.name, [column.name for column in table.columns][1:], rows)


def _plan_from_now(tx: Transaction, defined: list[Defined], past: Past) -> None:
    """All that was due is decided: the ticker goes on from here."""
    records = {one.id: one for job in defined for one in schedules.of_jobs(tx, [job.id])[job.id]}
    around = surroundings.of(tx, {id: record.schedule for id, record in records.items()})
    for id, record in records.items():
        runs = past.runs.get(id, 0)
        next_at, fires_at = coming(record.schedule, tx.now, around[id], runs)
        planned = {"cursor_at": tx.now, "next_at": next_at, "fires_at": fires_at, "runs": runs}
        tx.execute(update(schedule_table).where(schedule_table.c.id == id).values(planned))


def _require_empty(database: Database) -> None:
    with database.read() as tx:
        if any(tx.first(select(metadata.tables[name]).limit(1)) is not None for name in ("jobs", "history")):
            raise Conflict(f"{database} has jobs or executions already; name a new store")
