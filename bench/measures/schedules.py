"""How late schedules start: a whole `rota up` (loops, engine and API in one process) on a durable store.

Each schedule fires once, at its own instant. Lateness is counted from the ledgered nominal instant to the start of the
execution in the store; `function_*` goes on to the first line of the function, which is after the lease is durable.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence

from sqlalchemy import insert

from bench import processes
from bench.measure import AtMost, Result, Scratch, Settings, percentile
from bench.stores import expect, fresh, number, reading, rows, scratch
from rota.domain.instant import Instant, format_instant
from rota.domain.job import Job, JobState
from rota.domain.schedule import Schedule
from rota.stores import jobs
from rota.stores.database import Database, Transaction
from rota.stores.identity import new_id, new_ids
from rota.stores.schedule_tables import schedules
from rota.time_data import data_versions

STORES = ("sqlite", "postgres")
CONCURRENCY = 500
_LEAD_SECONDS = 6.0
"""From writing the schedules to the first instant: the process starts meanwhile."""
_FLOOR_LEAD_SECONDS = 0.5
_PATIENCE_SECONDS = 120.0
_SPREAD_P99 = 25.0
_AT_ONCE_LAST = 800.0


def run(settings: Settings) -> Iterator[Result]:
    """Percentiles of the lateness."""
    if settings.quick:
        yield from _spread(settings, 1_000, 10.0)
    else:
        yield from _spread(settings, 10_000, 60.0)
    yield _at_one_instant(settings, settings.size(10_000, 2_000))


def _spread(settings: Settings, count: int, seconds: float) -> Iterator[Result]:
    """One run: the sample is in the schedules, and a run takes as long as it says. The floor fires the first third."""
    offsets = [index * seconds / count for index in range(count)]
    ours = _ours(settings, offsets)
    raw = _floor(settings, offsets[: count // 3])
    for label, share in (("p50", 0.5), ("p99", 0.99), ("max", 1.0)):
        targets = [AtMost(_SPREAD_P99)] if label == "p99" else []
        notes = {
            "count": count,
            "spreadSeconds": seconds,
            f"function_{label}": round(percentile(ours.functions, share), 2),
            "cpuSecondsPer10k": round(ours.cpu, 2),
        }
        values, floors = [percentile(ours.starts, share)], [percentile(raw, share)]
        yield Result(f"schedules_{count}_spread_{label}", "ms late", values, floors, targets, notes)


def _at_one_instant(settings: Settings, count: int) -> Result:
    offsets = [0.0] * count
    runs = [(_ours(settings, offsets), _floor(settings, offsets)) for _ in range(settings.runs)]
    notes = {
        "count": count,
        "p50": round(percentile([late for ours, _ in runs for late in ours.starts], 0.5), 1),
        "function_max": round(max(late for ours, _ in runs for late in ours.functions), 1),
        "cpuSecondsPer10k": round(min(ours.cpu for ours, _ in runs), 2),
    }
    values, floors = [max(ours.starts) for ours, _ in runs], [max(raw) for _, raw in runs]
    return Result(f"schedules_{count}_at_once_last", "ms late", values, floors, [AtMost(_AT_ONCE_LAST)], notes)


class Fired:
    """What became of the schedules: lateness in milliseconds of each start, and CPU seconds per 10,000."""

    def __init__(self, rows: Sequence[tuple[int, int, int]], cpu: float) -> None:
        self.starts = [(started - nominal) / 1000 for nominal, started, _ in rows]
        self.functions = [(ran - nominal) / 1000 for nominal, _, ran in rows]
        self.cpu = cpu / len(rows) * 10_000


def _floor(settings: Settings, offsets: Sequence[float]) -> list[float]:
    with scratch(settings) as store:
        return settings.store.floor.fire(store, offsets, _FLOOR_LEAD_SECONDS)


def _ours(settings: Settings, offsets: Sequence[float]) -> Fired:
    with scratch(settings) as store:
        with fresh(store) as database:
            first = add_schedules(database, offsets, _LEAD_SECONDS)
        output, port = store.folder / "up.log", processes.free_port()
        arguments = ("up", "--db", store.url, "--app", "bench.jobs", "--port", str(port))
        with processes.rota(*arguments, "--concurrency", str(CONCURRENCY), "--log", "quiet", output=output) as process:
            processes.wait_until_ready(process, port, output)
            if time.time() * 1e6 > first:
                raise RuntimeError(f"rota was not ready within {_LEAD_SECONDS:g} s; nothing was measured")
            before = processes.cpu_seconds([process.pid])
            _wait_for(store, len(offsets), max(0.0, first / 1e6 - time.time()) + max(offsets))
            used = processes.cpu_seconds([process.pid]) - before
            with reading(store) as look:
                ledger = number(look, "SELECT count(*) FROM occurrences WHERE decision = 'fired'")
                expect(ledger, len(offsets), "occurrences fired")
                fired = rows(
                    look,
                    "SELECT nominal_at, started_at, CAST(result AS bigint) FROM history"
                    " WHERE state = 'Succeeded' AND nominal_at IS NOT NULL",
                )
        expect(len(fired), len(offsets), "schedules run")
        return Fired(fired, used)


def _wait_for(store: Scratch, count: int, seconds: float) -> None:
    """Sleep through the measure and only then look: a reader would compete with what is measured."""
    time.sleep(seconds + 1)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    with reading(store) as look:
        while number(look, "SELECT count(*) FROM history") < count and time.monotonic() < deadline:
            time.sleep(0.2)


def add_schedules(database: Database, offsets: Sequence[float], lead: float) -> int:
    """Write one job and one schedule for each offset (seconds). Returns the first instant, `lead` seconds from now."""
    with database.write() as tx:
        first = tx.now + round(lead * 1e6)
        instants = [first + round(offset * 1e6) for offset in offsets]
        rows = schedule_rows(add_job(tx), instants, lambda at: {"once": format_instant(at)}, tx.now)
        tx.execute(insert(schedules), rows)
    return first


def add_job(tx: Transaction) -> str:
    """The job that all schedules run: it tells when it began."""
    record = jobs.JobRecord(
        id=new_id(tx.now),
        definition=Job(name="clock", type="bench.clock").to_json(),
        state=JobState.ENABLED,
        source="api",
        source_key=None,
        version=1,
        note=None,
        resume_at=None,
        created_by="bench",
        changed_by="bench",
        created_at=tx.now,
        updated_at=tx.now,
    )
    jobs.add(tx, record)
    return record.id


def schedule_rows(
    job_id: str, instants: Sequence[Instant], rule: Callable[[Instant], dict[str, object]], now: Instant
) -> list[dict[str, object]]:
    """Schedules of one job as the store holds them: one for each instant, that fires then by the rule made of it."""
    same = {
        "job_id": job_id, "state": "Enabled", "revision": 1, "revised_at": now, "cursor_at": now, "runs": 0,
        "planned_with": data_versions(), "created_by": "bench", "changed_by": "bench", "created_at": now, "updated_at": now,
    }  # fmt: skip
    return [
        same | {"id": id, "rule": _stored(rule(at), now), "next_at": at, "fires_at": at}
        for id, at in zip(new_ids(now, len(instants)), instants, strict=True)
    ]


def _stored(rule: dict[str, object], now: Instant) -> str:
    return json.dumps(Schedule.parse(rule, now=now, spread="").document(), separators=(",", ":"))
