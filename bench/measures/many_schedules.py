"""A hundred thousand recurring schedules in one `rota up`: how late they start, and what they cost while nothing is due.

Lateness is counted from the nominal instant to the start of its execution in the store; `decided` is the moment of the
ledger row. The idle cost is the processor time of the process in a window in which nothing becomes due.
"""

import time
from collections.abc import Iterator

from sqlalchemy import insert

from bench import processes
from bench.measure import AtMost, Result, Settings, percentile
from bench.measures.schedules import CONCURRENCY, add_job, schedule_rows
from bench.stores import expect, fresh, reading, rows, scratch
from rota.domain.instant import SECOND, Duration, Instant, format_instant
from rota.stores.database import Database
from rota.stores.schedule_tables import schedules

STORES = ("sqlite", "postgres")
_DUE_PER_SECOND = {"sqlite": 200, "postgres": 1000}
_LATENESS_P99 = 100.0
_IDLE_RATIO = 2.0
_LEAD: Duration = 20 * SECOND
"""From writing the schedules to the first instant: the process starts meanwhile."""
_DAY_SECONDS = 86_400
_IDLE_RUNS = 2
_BATCH = 5_000


def run(settings: Settings) -> Iterator[Result]:
    """The lateness under load, and the cost of idleness beside that of a hundredth as many."""
    count = settings.size(100_000, 10_000)
    yield from _lateness(settings, count, settings.size(30, 10))
    few, many = count // 100, count
    window = settings.size(20, 5)
    runs = range(min(settings.runs, _IDLE_RUNS))
    small = [_idle(settings, few, window) for _ in runs]
    large = [_idle(settings, many, window) for _ in runs]
    yield Result(
        f"idle_{many}_schedules",
        "ms CPU/s",
        large,
        small,
        [AtMost(_IDLE_RATIO, of_floor=True)],
        {"windowSeconds": window},
        against=f"{few:,} schedules",
    )


def _lateness(settings: Settings, count: int, seconds: int) -> Iterator[Result]:
    per_second = _DUE_PER_SECOND[settings.store.name]
    interval = count * SECOND // per_second
    wanted = per_second * seconds
    with scratch(settings) as store:
        with fresh(store) as database:
            first = _add(database, count, interval, _LEAD)
        output, port = store.folder / "up.log", processes.free_port()
        arguments = ("up", "--db", store.url, "--app", "bench.jobs", "--port", str(port))
        with processes.rota(*arguments, "--concurrency", str(CONCURRENCY), "--log", "quiet", output=output) as process:
            processes.wait_until_ready(process, port, output)
            if time.time() * 1e6 > first:
                raise RuntimeError("rota was not ready before the first instant; nothing was measured")
            time.sleep(first / 1e6 - time.time())
            before = processes.cpu_seconds([process.pid])
            time.sleep(seconds)
            used = processes.cpu_seconds([process.pid]) - before
            time.sleep(2)
        until = first + seconds * SECOND
        with reading(store) as look:
            decided = rows(
                look,
                "SELECT decided_at - nominal_at FROM occurrences"
                f" WHERE decision = 'fired' AND nominal_at >= {first} AND nominal_at < {until}",
            )
            started = rows(
                look,
                f"SELECT started_at - nominal_at FROM history WHERE nominal_at >= {first} AND nominal_at < {until}",
            )
    expect(len(decided), wanted, "instants fired")
    expect(len(started), wanted, "executions ended")
    starts = [late / 1000 for (late,) in started]
    decisions = [late / 1000 for (late,) in decided]
    notes = {"schedules": count, "duePerSecond": per_second, "seconds": seconds, "cpuShare": round(used / seconds, 3)}
    for label, share in (("p50", 0.5), ("p99", 0.99), ("max", 1.0)):
        told = notes | {f"decided_{label}": round(percentile(decisions, share), 1)}
        targets = [AtMost(_LATENESS_P99)] if label == "p99" else []
        name = f"recurring_{count}_at_{per_second}_a_second_{label}"
        yield Result(name, "ms late", [percentile(starts, share)], [], targets, told)


def _idle(settings: Settings, count: int, window: int) -> float:
    """Milliseconds of processor time a second, of the process and of what it started."""
    with scratch(settings) as store:
        with fresh(store) as database:
            _add(database, count, _DAY_SECONDS * SECOND, 3600 * SECOND)
        output, port = store.folder / "up.log", processes.free_port()
        arguments = ("up", "--db", store.url, "--app", "bench.jobs", "--port", str(port), "--log", "quiet")
        with processes.rota(*arguments, output=output) as process:
            processes.wait_until_ready(process, port, output)
            time.sleep(3)
            pids = processes.tree(process.pid)
            before = processes.cpu_seconds(pids)
            time.sleep(window)
            return (processes.cpu_seconds(pids) - before) / window * 1000


def _add(database: Database, count: int, interval: Duration, lead: Duration) -> Instant:
    """One job with `count` schedules, evenly spread over `interval`. Returns the first instant, `lead` from now."""
    with database.write() as tx:
        job_id = add_job(tx)
        now = tx.now
    first = now + lead

    def rule(anchor: Instant) -> dict[str, object]:
        return {"every": interval / SECOND, "anchor": format_instant(anchor)}

    for start in range(0, count, _BATCH):
        at = [first + index * interval // count for index in range(start, min(start + _BATCH, count))]
        with database.write() as tx:
            tx.execute(insert(schedules), schedule_rows(job_id, at, rule, now))
    return first
