"""F41: a process ends between any two statements of any transaction, and the store is as before it or as after it.

Exhaustive, not random: a scenario that makes every kind of transaction is run once for each of its statements, in a
child that is gone just before it. What a transaction leaves is known from a run that was let through.
"""

import json
import os
import shutil
import sqlite3
import traceback
import uuid
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from servers import PostgresServer, PostgresStore, SqliteStore, Store

from rota.app import App
from rota.config import HistoryConfig, load
from rota.domain.access import SYSTEM
from rota.domain.execution import Claim, NewExecution
from rota.domain.outcome import Failed, Interrupted, Succeeded
from rota.scheduler.pruner import Pruner
from rota.scheduler.rescuer import Rescuer
from rota.scheduler.ticker import Ticker
from rota.sdk.functions import Functions
from rota.service import executions as asked
from rota.service import job_control, jobs, schedules
from rota.stores import exchange, executions, workers
from rota.stores.base import Offer
from rota.stores.database import Database
from rota.stores.exchange import Ended, Exchange, Notes
from rota.stores.schema import migrate
from rota.testing import ManualClock

pytestmark = [pytest.mark.faults, pytest.mark.stores("sqlite", "postgres", "mariadb"), pytest.mark.timeout(300)]

TABLES = {
    "jobs": "name, state, version",
    "job_versions": "version",
    "schedules": "state, revision, runs",
    "occurrences": "nominal_at, decision",
    "executions": "type, state, attempt, worker_id IS NULL, token IS NULL, cancellation IS NULL",
    "history": "type, state, attempt, result",
    "attempts": "number, state, error",
    "logs": "line, text",
    "workers": "name, state",
    "events": "kind",
    "audit": "actor, action, noun",
    "idempotency": "principal",
}
"""What is compared: everything but ids, times and tokens, which differ from run to run."""
FIRST, SECOND = "00000000-0000-7000-8000-00000000000a", "00000000-0000-7000-8000-00000000000b"
LEASE = 6_000_000


class Statements:
    """Counts the statements of this process, and ends it just before one of them."""

    def __init__(self, crash_at: int | None, on_commit: Callable[[], None] = lambda: None) -> None:
        self.count = 0
        self.commits_before: list[int] = []
        """For each statement, how many transactions were committed before it."""
        self._commits = 0
        self._crash_at = crash_at
        self._on_commit = on_commit
        self._looking = False

    def before(self) -> None:
        """A statement is about to be run."""
        if self._looking:
            return
        if self.count == self._crash_at:
            os._exit(137)
        self.count += 1
        self.commits_before.append(self._commits)

    def after(self, sql: object) -> None:
        """It was run. What is asked beside the scenario, to learn the state after it, is not counted."""
        if isinstance(sql, str) and sql.rstrip().upper().endswith("COMMIT") and not self._looking:
            self._commits += 1
            self._looking = True
            self._on_commit()
            self._looking = False


@contextmanager
def counted(statements: Statements, kind: str) -> Iterator[None]:
    """Every statement that a driver runs meanwhile is counted. The product's own code is not touched."""
    with pytest.MonkeyPatch.context() as patch:
        if kind == "sqlite":
            _count_sqlite(patch, statements)
        elif kind == "postgres":
            import psycopg

            _count_method(patch, statements, psycopg.Cursor, "execute")
        else:
            import pymysql.cursors

            _count_method(patch, statements, pymysql.cursors.Cursor, "execute")
        yield


def _count_method(patch: pytest.MonkeyPatch, statements: Statements, owner: Any, name: str) -> None:
    original = getattr(owner, name)

    def counting(self: Any, sql: Any, *rest: Any, **options: Any) -> Any:
        statements.before()
        answer = original(self, sql, *rest, **options)
        statements.after(sql)
        return answer

    patch.setattr(owner, name, counting)


def _count_sqlite(patch: pytest.MonkeyPatch, statements: Statements) -> None:
    """The driver's classes are written in C: connections of a subclass are made instead."""

    class Cursor(sqlite3.Cursor):
        def execute(self, sql: str, *rest: Any) -> Any:
            statements.before()
            answer = super().execute(sql, *rest)
            statements.after(sql)
            return answer

    class Connection(sqlite3.Connection):
        def cursor(self, factory: Any = Cursor) -> Any:
            return super().cursor(factory)

        def execute(self, sql: str, *rest: Any) -> Any:
            return self.cursor().execute(sql, *rest)

    real = sqlite3.connect

    def connect(*words: Any, **options: Any) -> Any:
        return real(*words, **options, factory=Connection)

    patch.setattr(sqlite3, "connect", connect)
    patch.setattr("sqlite3.dbapi2.connect", connect)


class Scenario:
    """One of every transaction that Rota makes, in one thread, one after another."""

    def __init__(self, url: str, log: list[str] | None = None) -> None:
        self.clock = ManualClock()
        config = load(flags={"db": url, "log": "quiet"})
        self.app = App(config, clock=self.clock, functions=Functions())
        self.database: Database = self.app.database
        self.ctx = self.app.context(SYSTEM)
        self.log = log

    def run(self) -> None:
        """All of it."""
        self.app.open()
        self.app.prepare()
        for worker in (FIRST, SECOND):
            new = workers.NewWorker(worker, worker[-1], 10, "database")
            self.database.writing(lambda tx, new=new: workers.register(tx, new, LEASE))
        self._define()
        self._work()
        self._lose()
        self._forget()
        self.app.close()

    def _define(self) -> None:
        body = {"name": "daily", "jobType": "echo", "schedule": {"every": "1h"}, "parameters": {"a": 1}}
        made = jobs.create(self.ctx, body)
        jobs.update(self.ctx, made.record.id, {**body, "description": "changed"})
        self.job = made.record.id
        job_control.trigger(self.ctx, made.record.id, job_control.Order())
        self.clock.advance("1h")
        ticker = Ticker(self.database, "DEV", self.app.telemetry)
        while ticker.run_once() <= 0:
            pass
        job_control.pause(self.ctx, made.record.id)
        job_control.resume(self.ctx, made.record.id)

    def _claims(self, worker: str, slots: int) -> list[Claim]:
        return self._exchange([], Notes(), Offer(worker, slots, LEASE)).claims

    def _exchange(
        self, ended: Sequence[Ended], notes: Notes, offer: Offer, held: Collection[str] | None = None
    ) -> Exchange:
        """What a worker of the store does in a turn."""
        given = exchange.prepare(ended, notes, self.clock.now())
        return exchange.read(self.database.writing(lambda tx: exchange.write(tx, given, offer, held)))

    def _work(self) -> None:
        self.database.writing(lambda tx: executions.enqueue(tx, [NewExecution("echo") for _ in range(5)]))
        claims = self._claims(FIRST, 7)
        outcomes = [Succeeded({"a": 1}), Failed("no"), Failed("never", retryable=False), Interrupted(), Succeeded()]
        notes = Notes(
            lines=[(claims[0].id, claims[0].token, 1, self.clock.now(), "stdout", "a line")],
            progress=[(claims[5].id, claims[5].token, 0.5, "half")],
        )
        ended = [Ended(claim, outcome) for claim, outcome in zip(claims, outcomes, strict=False)]
        asked.cancel(self.ctx, claims[5].id)
        self._exchange(ended, notes, Offer(FIRST, 0, LEASE), {claims[5].id, claims[6].id})
        self._exchange(ended, Notes(), Offer(FIRST, 0, LEASE))  # the same again: nothing changes
        asked.retry(self.ctx, claims[2].id)

    def _lose(self) -> None:
        self._claims(SECOND, 2)
        self.clock.advance("20s")
        self.database.writing(lambda tx: workers.beat(tx, SECOND, LEASE))
        rescuer = Rescuer(self.database, self.app.config.lease, self.app.telemetry)
        for _ in range(3):
            rescuer.run_once()
            self.clock.advance("10s")
        self.database.writing(lambda tx: workers.end(tx, SECOND))
        found = schedules.find(self.ctx, limit=5)[0]
        schedules.delete(self.ctx, found.id)
        jobs.delete(self.ctx, self.job)

    def _forget(self) -> None:
        self.clock.advance("60d")
        Pruner(self.database, HistoryConfig()).run_once()


class Copies:
    """Throw-away copies of one migrated store."""

    def __init__(self, store: Store, folder: Path) -> None:
        self._store = store
        self._folder = folder
        database = Database(store.url)
        migrate(database)
        database.close()

    @contextmanager
    def one(self) -> Iterator[Store]:
        """A copy, for as long as the block runs."""
        if isinstance(self._store, SqliteStore):
            copy = SqliteStore(self._folder / "copy")
            shutil.rmtree(copy.file.parent, ignore_errors=True)
            copy.file.parent.mkdir()
            shutil.copy(self._store.file, copy.file)
            yield copy
        elif isinstance(self._store, PostgresStore):
            yield from self._of_template(self._store.server, self._store.name)
        else:
            pytest.skip("MariaDB makes no copies of databases")

    def _of_template(self, server: PostgresServer, template: str) -> Iterator[Store]:
        name = f"copy_{uuid.uuid4().hex[:12]}"
        copy = PostgresStore(server, name, template=template)
        try:
            yield copy
        finally:
            server.rows("postgres", f'DROP DATABASE "{name}" WITH (FORCE)')


def state(store: Store) -> str:
    """Everything that is compared, as text."""
    tables = {
        table: sorted(json.dumps([str(value) for value in row]) for row in store.rows(f"SELECT {columns} FROM {table}"))
        for table, columns in TABLES.items()
    }
    return json.dumps(tables, indent=1)


def in_a_child(act: Callable[[], None]) -> int:
    """Do something in a process of its own, in the same state of mind every time; how that process ended."""
    pid = os.fork()
    if pid == 0:
        try:
            act()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def let_through(store: Store, notes: Path) -> tuple[list[int], list[str]]:
    """Run the whole scenario: for each statement the transactions committed before it, and the state after each."""

    def run() -> None:
        after = [state(store)]
        statements = Statements(None, lambda: after.append(state(store)))
        with counted(statements, store.kind):
            Scenario(store.url).run()
        notes.write_text(json.dumps([statements.commits_before, after]))

    assert in_a_child(run) == 0
    commits_before, after = json.loads(notes.read_text())
    return commits_before, after


def crashed(store: Store, crash_at: int) -> int:
    """Run the scenario in a child that is gone just before that statement: then it ends with 137."""

    def run() -> None:
        with counted(Statements(crash_at), store.kind):
            Scenario(store.url).run()

    return in_a_child(run)


def test_f41_between_any_two_statements(store: Store, tmp_path: Path, report: Callable[..., None]) -> None:
    copies = Copies(store, tmp_path)
    with copies.one() as copy:
        commits_before, after = let_through(copy, tmp_path / "notes")
    assert len(set(after)) > 20, "the scenario changes next to nothing"
    covered, between = 0, []
    for crash_at, commits in enumerate(commits_before):
        with copies.one() as copy:
            covered += crashed(copy, crash_at) == 137
            if state(copy) != after[commits]:
                between.append(crash_at)
    report(
        "F41",
        "process gone between any two statements",
        [("not covered", len(commits_before) - covered, 0), ("states between", len(between), 0)],
        note=f"{covered}/{len(commits_before)} crash points, {len(after) - 1} commits{f', at {between[:5]}' if between else ''}",
    )
