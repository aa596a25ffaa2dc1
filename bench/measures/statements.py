"""How much a server is asked for one execution: statements counted by the server itself, with pg_stat_statements.

Everything that a worker sends while it empties a full queue is counted, BEGIN and COMMIT too; so is whatever it asks
besides (its heartbeat, its cancellations). Prepared or not makes no difference: what is counted is what was executed.
"""

import time
from collections.abc import Iterator

import psycopg

from bench import processes
from bench.measure import AtMost, CannotMeasure, Result, Scratch, Settings
from bench.measures.drain import Load, wait_until_empty, worker
from bench.stores import expect, fill, fresh, number, reading, scratch

STORES = ("postgres",)
_CALLS = """
    SELECT query, calls FROM pg_stat_statements JOIN pg_database ON pg_database.oid = dbid
    WHERE datname = current_database() ORDER BY calls DESC"""


def run(settings: Settings) -> Iterator[Result]:
    """Statements per execution: one execution at a time, and in full batches."""
    one, many = (
        Load("bench.noop", settings.size(1_000, 300), 1, 1),
        Load("bench.noop", settings.size(50_000, 20_000), 1),
    )
    yield _counted(settings, "statements_one_by_one", one, 5.0)
    yield _counted(settings, "statements_in_batches", many, 0.1)


def _counted(settings: Settings, name: str, load: Load, most: float) -> Result:
    with scratch(settings) as store:
        _count_statements(store)
        with fresh(store) as database:
            fill(database, load.count, load.type)
        with psycopg.connect(store.url, autocommit=True) as server:
            server.execute("SELECT pg_stat_statements_reset()")
            with worker(load, store) as process:
                processes.wait_for_start(process, store.folder / "worker-0.log")
                while server.execute("SELECT 1 FROM executions LIMIT 1").fetchone():
                    time.sleep(0.2)
                calls = server.execute(_CALLS).fetchall()
        with reading(store) as look:
            wait_until_empty(look)
            expect(number(look, "SELECT count(*) FROM history WHERE state = 'Succeeded'"), load.count, "succeeded")
    asked = [(query, count) for query, count in calls if "pg_stat_statements" not in query and query != _LOOK]
    notes = {
        "count": load.count,
        "most": [f"{count / load.count:.3g} × {' '.join(query.split())[:60]}" for query, count in asked[:8]],
    }
    return Result(
        name, "statements per execution", [sum(count for _, count in asked) / load.count], (), [AtMost(most)], notes
    )


_LOOK = "SELECT $1 FROM executions LIMIT $2"
"""What this measure itself asks, as the server writes it down."""


def _count_statements(store: Scratch) -> None:
    with psycopg.connect(store.url, autocommit=True) as server:
        if "pg_stat_statements" not in str(server.execute("SHOW shared_preload_libraries").fetchone()):
            raise CannotMeasure("the server has not loaded pg_stat_statements")
        name = server.info.dbname
        server.execute("CREATE EXTENSION pg_stat_statements")
        server.execute(f'ALTER DATABASE "{name}" SET pg_stat_statements.track = top')
