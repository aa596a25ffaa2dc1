"""Rota stands still for three days, under every missed and every overlap policy: the ledger accounts for every instant."""

from collections import Counter
from itertools import product, takewhile
from typing import Any

from rota.config import Config
from rota.domain.access import Principal, Role
from rota.domain.instant import DAY, Instant
from rota.domain.missed import Missed, Overlap
from rota.domain.occurrence import Decision
from rota.domain.outcome import Succeeded
from rota.domain.transition import decide
from rota.scheduler.ticker import Ticker
from rota.service import accounts, jobs
from rota.service.context import ServiceContext
from rota.stores import executions, occurrences, surroundings, workers
from rota.stores.base import Offer
from rota.stores.database import Database
from rota.stores.identity import new_id
from rota.stores.schedules import ScheduleRecord
from rota.stores.workers import NewWorker
from rota.telemetry import Telemetry
from stores_under_test.plugin import MakeStore

RULES: tuple[dict[str, Any], ...] = (
    {"every": "47m"},
    {"cron": "*/40 6-9 * * *", "timeZone": "Europe/Madrid", "roll": "skip"},
    {"daily": {"at": "02:30"}, "timeZone": "America/New_York", "maxLateness": "26h"},
)
POLICIES = list(product(Missed, Overlap, RULES))


class Anything:
    """A catalogue that knows every function."""

    kinds = frozenset({"python"})

    def functions(self) -> set[str]:
        return {"echo"}

    def check(self, job_type: str, parameters: object) -> None:
        """All is well."""


def tick(database: Database) -> None:
    """A coordinator that has just started decides all that is due."""
    ticker = Ticker(database, "DEV", Telemetry())
    while ticker.run_once() == 0:
        pass


def work(database: Database, worker: str, slots: int) -> None:
    """Some of what waits runs, and ends: what is left is what other instants overlap with."""
    with database.write() as tx:
        tx.hot.promote(tx)
        claimed = executions.claim(tx, Offer(worker, slots, 30 * DAY))
    with database.write() as tx:
        executions.settle(tx, [decide(claim, Succeeded(None), tx.now) for claim in claimed[: slots // 2]])


def named(database: Database, record: ScheduleRecord, now: Instant) -> set[Instant]:
    """What the pure planner says must have been decided."""
    around = database.reading(lambda tx: surroundings.of_one(tx, record.schedule, record.id))
    moments = record.schedule.timeline(around).moments(record.created_at)
    return {moment.instant for moment in takewhile(lambda moment: moment.instant <= now, moments)}


def test_three_days_of_standing_still_are_accounted_for(make_store: MakeStore) -> None:
    database, clock = make_store()
    ctx = ServiceContext(database, Config(), Principal("ann", Role.ADMIN), Anything())
    records = made(ctx)
    with database.write() as tx:
        worker = new_id(tx.now)
        workers.register(tx, NewWorker(worker, "w", 1000, "database"), 90 * DAY)

    for _ in range(24):
        clock.advance("2h")
        tick(database)
        work(database, worker, 20)
    clock.advance("72h")
    tick(database)
    clock.advance("2h")
    tick(database)

    due = decided = 0
    by_decision: Counter[Decision] = Counter()
    with database.read() as tx:
        now = tx.now
        for record in records:
            rows = occurrences.find(tx, record.id, limit=10_000)
            expected = named(database, record, now)
            assert {row.nominal_at for row in rows} == expected, record.rule
            assert all((row.execution_id is not None) == (row.decision is Decision.FIRED) for row in rows)
            due, decided = due + len(expected), decided + len(rows)
            by_decision.update(row.decision for row in rows)
    told = ", ".join(f"{count} {decision}" for decision, count in sorted(by_decision.items()))
    print(f"\n{len(records)} schedules: {due} instants due, {decided} decided: {told}")
    assert due == decided > 3_500
    assert {
        Decision.FIRED, Decision.MISSED, Decision.COALESCED, Decision.EXPIRED, Decision.SKIPPED_OVERLAP,
        Decision.SKIPPED_CALENDAR,
    } <= by_decision.keys()  # fmt: skip
    for record in records[:: len(RULES)]:
        account = accounts.of(ctx, record.id)
        assert account.complete, record.rule


def made(ctx: ServiceContext) -> list[ScheduleRecord]:
    """One job with one schedule for every combination of policies and rule."""
    records = []
    for missed, overlap, rule in POLICIES:
        schedule = {**rule, "missed": missed.value, "overlap": overlap.value}
        view = jobs.create(ctx, {"name": f"{missed}-{overlap}", "jobType": "echo", "schedule": schedule})
        records.append(view.schedules[0])
    return records
