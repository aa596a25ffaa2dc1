"""Whether a long past makes the present slower: claims beside 2,000 and beside 2,000,000 finished executions."""

import time
from collections.abc import Iterator

import psycopg
from sqlalchemy import BigInteger, Integer

from bench.measure import AtMost, Result, Scratch, Settings, percentile
from bench.stores import fill, fresh, scratch
from rota.domain.execution import AttemptState, Settlement, State
from rota.stores import executions
from rota.stores.base import Offer
from rota.stores.database import Database
from rota.stores.identity import new_id
from rota.stores.tables import history

STORES = ("postgres",)
_SLOTS = 10
_RATIO = 1.5
_KNOWN = {
    "id": "(lpad(to_hex(1700000000000 + n), 12, '0') || '7000' || lpad(to_hex(32768 + n % 16384), 4, '0') || lpad(to_hex(n), 12, '0'))::uuid",
    "state": "CASE WHEN n % 50 = 0 THEN 'Failed' ELSE 'Succeeded' END",
    "type": "'bench.noop'",
    "kind": "'python'",
    "queue": "'default'",
    "trigger": "'submission'",
    "worker_id": "'00000000-0000-7000-8000-000000000000'::uuid",
    "token": "n / 500 + 1",
    "due_at": "1700000000000000 + n * 1000",
    "created_at": "1700000000000000 + n * 1000",
    "started_at": "1700000000000000 + n * 1000",
    "finished_at": "1700000000001000 + n * 1000",
}


def run(settings: Settings) -> Iterator[Result]:
    """The p99 of a claim of ten, each claim beside the short history next to one beside the long history."""
    short, long = 2_000, settings.size(2_000_000, 200_000)
    count = settings.size(1_000, 300)
    with scratch(settings) as small, scratch(settings) as large, fresh(small) as few, fresh(large) as many:
        for store, database, finished in ((small, few, short), (large, many, long)):
            _finish(store, finished)
            fill(database, count * _SLOTS * settings.runs, "bench.noop")
        samples = [_claims(few, many, count) for _ in range(settings.runs)]
    beside_few, beside_many = zip(*samples, strict=True)
    notes = {
        "count": count,
        "slots": _SLOTS,
        "finished": long,
        "finishedOfFloor": short,
        "p50": round(percentile([took for run in beside_many for took in run], 0.5), 3),
    }
    yield Result(
        f"claim_p99_with_{long}_finished",
        "ms",
        [percentile(run, 0.99) for run in beside_many],
        [percentile(run, 0.99) for run in beside_few],
        [AtMost(_RATIO, of_floor=True)],
        notes,
        against=f"the same with {short} finished",
    )


def _finish(store: Scratch, count: int) -> None:
    """Write finished executions as they would be left by workers, and the statistics that autovacuum would make."""
    columns = [column for column in history.columns if column.name in _KNOWN or not column.nullable]
    values = [_KNOWN.get(column.name) or _any(column.type) for column in columns]
    names = ", ".join(column.name for column in columns)
    with psycopg.connect(store.url, autocommit=True) as server:
        server.execute(
            f"INSERT INTO history ({names}) SELECT {', '.join(values)} FROM generate_series(1, {count}) AS n"
        )
        server.execute("VACUUM ANALYZE history")
        server.execute("CHECKPOINT")


def _any(type: object) -> str:
    return "1" if isinstance(type, BigInteger | Integer) else "''"


def _claims(few: Database, many: Database, count: int) -> tuple[list[float], list[float]]:
    """Milliseconds of each claim, commit included; what was claimed is settled in between."""
    took: tuple[list[float], list[float]] = ([], [])
    offers = [Offer(new_id(database.clock.now()), _SLOTS, None) for database in (few, many)]
    for _ in range(count):
        for database, offer, times in zip((few, many), offers, took, strict=True):
            started = time.perf_counter()
            with database.write() as tx:
                leased = executions.lease(tx, offer)
            times.append((time.perf_counter() - started) * 1000)
            claims = executions.claims(leased)
            if len(claims) != _SLOTS:
                raise RuntimeError(f"a claim got {len(claims)} of {_SLOTS}")
            ended = [Settlement(claim.id, claim.token, State.SUCCEEDED, AttemptState.SUCCEEDED) for claim in claims]
            with database.write() as tx:
                executions.settle(tx, ended)
    return took
