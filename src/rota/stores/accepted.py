"""How an execution that is accepted is stored and told."""

from collections.abc import Sequence

from rota.domain.execution import DEFAULT_RETRY, NewExecution, kind_of
from rota.domain.instant import Instant
from rota.domain.limits import UNLIMITED, Limits
from rota.domain.retry import OnLost
from rota.stores.columns import compact
from rota.stores.policies import retry_to_json


def columns_of(batch: Sequence[NewExecution], ids: list[str], now: Instant, held: bool) -> dict[str, Sequence[object]]:
    """What is stored of them, column by column: a row each would be one more object each for Python to keep track of.

    Columns that are null throughout are left out, which halves the time.
    """
    count = len(batch)
    due = [now if new.due_at is None else new.due_at for new in batch]
    columns: dict[str, Sequence[object]] = {
        "id": ids,
        "job_id": [new.job_id for new in batch],
        "name": [new.name for new in batch],
        "type": [new.type for new in batch],
        "kind": [kind_of(new.type) for new in batch],
        "queue": [new.queue for new in batch],
        "priority": [new.priority for new in batch],
        "state": ["Waiting" if held else "Pending" if at <= now else "Scheduled" for at in due],
        "due_at": due,
        "latest_start": [new.latest_start for new in batch],
        "created_at": [now] * count,
        "attempt": [0] * count,
        "parameters": [None if new.parameters is None else compact(new.parameters) for new in batch],
        "timeout": [new.timeout for new in batch],
        "retry": [
            None if new.retry is DEFAULT_RETRY or new.retry == DEFAULT_RETRY else retry_to_json(new.retry)
            for new in batch
        ],
        "max_attempts": [new.retry.max_attempts for new in batch],
        "on_lost": [None if new.on_lost is OnLost.RETRY else new.on_lost.value for new in batch],
        "isolation": [new.isolation for new in batch],
        "lane": [new.lane for new in batch],
        "limits": [limits_of(new.limits, new.lane) for new in batch],
        "schedule_id": [new.schedule_id for new in batch],
        "nominal_at": [new.nominal_at for new in batch],
        "trigger": [str(new.trigger) for new in batch],
        "actor": [new.actor for new in batch],
        "metadata": [compact(new.metadata) if new.metadata else None for new in batch],
    }
    return {name: values for name, values in columns.items() if values.count(None) < count}


def limits_of(limits: Limits, lane: str | None) -> str | None:
    """All that an execution is under, as stored: its own limits and its lane, in which one runs at a time."""
    if lane is None and limits is UNLIMITED:
        return None
    return (limits if lane is None else Limits(((lane, 1),)) + limits).to_json()


def accepted_events(batch: Sequence[NewExecution], ids: Sequence[str]) -> list[tuple[str, str, str | None, str]]:
    """An event for each job that executions were accepted of, however many."""
    if len({new.job_id for new in batch}) == 1:  # nearly always, and a batch may be large
        return [_accepted(batch[0], ids)]
    of_jobs: dict[str | None, tuple[NewExecution, list[str]]] = {}
    for new, id in zip(batch, ids, strict=True):
        of_jobs.setdefault(new.job_id, (new, []))[1].append(id)
    return [_accepted(first, theirs) for first, theirs in of_jobs.values()]


def _accepted(first: NewExecution, ids: Sequence[str]) -> tuple[str, str, str | None, str]:
    told = {"count": len(ids), "last": ids[-1], "trigger": str(first.trigger)}
    return ("execution.accepted", ids[0], first.job_id, compact(told))
