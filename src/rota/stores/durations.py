"""How long the runs of jobs have taken lately."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Select, case, func, literal, select, union_all

from rota.domain.instant import DAY, Duration, Instant
from rota.stores.database import Transaction
from rota.stores.history import first_id_at
from rota.stores.tables import history

LATELY: Duration = 30 * DAY
"""How far back those look who ask how long runs take."""
_MOST_RUNS = 100_000
"""So many of the newest runs are looked at, of all jobs together."""
_FEW_RUNS = 50
_JOBS_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Durations:
    """How long the last attempts of a job's successful executions took: half of them at most `median`, 95 % `p95`."""

    median: Duration
    p95: Duration


def of_jobs(tx: Transaction, job_ids: Collection[str], since: Instant) -> dict[str, Durations]:
    """The durations of jobs among the executions created since then, in one question; jobs without any are left out."""
    if not job_ids:
        return {}
    newest = (
        select(history.c.job_id, (history.c.finished_at - history.c.started_at).label("took"))
        .where(
            history.c.id >= first_id_at(since),
            history.c.job_id.in_(job_ids),
            history.c.state == literal("Succeeded", literal_execute=True),
            history.c.started_at.is_not(None),
        )
        .order_by(history.c.id.desc())
        .limit(_MOST_RUNS)
        .subquery()
    )
    rank = func.row_number().over(partition_by=newest.c.job_id, order_by=newest.c.took)
    runs = func.count().over(partition_by=newest.c.job_id)
    ranked = select(newest, rank.label("place"), runs.label("runs")).subquery()
    middle, high = (ranked.c.runs + 1) // 2, (ranked.c.runs * 95 + 99) // 100
    statement = select(
        ranked.c.job_id,
        func.max(case((ranked.c.place == middle, ranked.c.took))).label("median"),
        func.max(case((ranked.c.place == high, ranked.c.took))).label("p95"),
    ).group_by(ranked.c.job_id)
    return {row.job_id: Durations(int(row.median), int(row.p95)) for row in tx.all(statement)}


def newest_of_jobs(tx: Transaction, job_ids: Collection[str], most: int = _FEW_RUNS) -> dict[str, Durations]:
    """The durations of the newest `most` successful executions of each job: a walk of an index for each, however long
    the history is. Jobs without any are left out.
    """
    found: dict[str, list[Duration]] = {}
    wanted = sorted(job_ids)
    for start in range(0, len(wanted), _JOBS_AT_ONCE):
        parts = [select(_newest(id, most).subquery()) for id in wanted[start : start + _JOBS_AT_ONCE]]
        for row in tx.all(union_all(*parts)):
            found.setdefault(row.job_id, []).append(int(row.took))
    return {id: _of(sorted(lasting)) for id, lasting in found.items()}


def _newest(job_id: str, most: int) -> Select[tuple[str, Duration]]:
    return (
        select(history.c.job_id, (history.c.finished_at - history.c.started_at).label("took"))
        .where(
            history.c.job_id == job_id,
            history.c.state == literal("Succeeded", literal_execute=True),
            history.c.started_at.is_not(None),
        )
        .order_by(history.c.id.desc())
        .limit(most)
    )


def _of(lasting: list[Duration]) -> Durations:
    return Durations(lasting[(len(lasting) + 1) // 2 - 1], lasting[(len(lasting) * 95 + 99) // 100 - 1])
