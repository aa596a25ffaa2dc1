"""Settling on MariaDB and MySQL: the fence comes first, under the lock of each row."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rota.domain.execution import TERMINAL
from rota.stores.base import SETTLED_FIELDS
from rota.stores.mysql.rows import as_table, given, insert, marks, rows, run

_KEPT = (
    "id", "job_id", "name", "type", "kind", "queue", "priority", "due_at", "created_at", "attempt", "parameters", "timeout",
    "retry", "max_attempts", "on_lost", "isolation", "schedule_id", "nominal_at", "trigger", "actor", "metadata", "token",
    "worker_id", "started_at", "cancellation",
)  # fmt: skip
"""What goes on into the history, in order."""


@dataclass(slots=True)
class _Fenced:
    """An execution whose token is current, and what becomes of it."""

    live: dict[str, Any]
    becomes: dict[str, Any]

    @property
    def ends(self) -> bool:
        return self.becomes["state"] in TERMINAL


def settle(tx: Any, settled: Sequence[Sequence[object]]) -> int:
    """Write ended attempts whose token is current, each with its attempt row, event and history row.

    What would be tried again waits while its job is paused or disabled, and ends with a job that was deleted
    (docs/adr/0014).
    """
    fenced = _fenced(tx, settled) if settled else []
    tx.settled = {one.live["id"] for one in fenced}
    if fenced:
        _hold(tx, [one for one in fenced if not one.ends and one.live["job_id"] is not None])
        insert(tx, "attempts", _ATTEMPT, [_attempt(one, tx.now) for one in fenced if one.becomes["attempt_state"]])
        insert(tx, "events", ("at", "kind", "execution_id", "job_id", "data"), [_event(one, tx.now) for one in fenced])
        _finish(tx, [one for one in fenced if one.ends])
        _requeue(tx, [one for one in fenced if not one.ends])
    return len(fenced)


def settled_ids(tx: Any) -> set[str]:
    """The executions that the last `settle` of this transaction accepted."""
    found: set[str] = tx.settled
    return found


def _fenced(tx: Any, settled: Sequence[Sequence[object]]) -> list[_Fenced]:
    wanted: dict[tuple[object, object], dict[str, Any]] = {
        (row[0], row[1]): dict(zip(SETTLED_FIELDS, row, strict=True)) for row in settled
    }
    ids = list({id for id, _ in wanted})
    sql = f"""
        SELECT {", ".join(f"`{name}`" for name in _KEPT)}, state FROM executions FORCE INDEX (PRIMARY)
        WHERE id IN ({marks(ids)}) AND state IN ('Running', 'Cancelling') FOR UPDATE"""
    fenced = []
    for *kept, state in rows(tx, sql, ids):
        live = dict(zip(_KEPT, kept, strict=True))
        becomes = wanted.get((live["id"], live["token"]))
        if becomes is not None and becomes["held_as"] == state:
            fenced.append(_Fenced(live, becomes))
    return fenced


def _hold(tx: Any, going_on: Sequence[_Fenced]) -> None:
    """What would be tried again and must not: its job is paused, disabled or gone. The job stays as it is until then."""
    job_ids = sorted({one.live["job_id"] for one in going_on})
    if not job_ids:
        return
    sql = f"SELECT id, state, deleted_at FROM jobs WHERE id IN ({marks(job_ids)}) LOCK IN SHARE MODE"
    jobs = {id: (state, deleted_at) for id, state, deleted_at in rows(tx, sql, job_ids)}
    for one in going_on:
        state, deleted_at = jobs.get(one.live["job_id"], (None, None))
        if deleted_at is not None:
            one.becomes |= {"state": "Cancelled", "event": "execution.cancelled", "reason": "its job was deleted"}
        elif state == "Disabled" or (state == "Paused" and one.live["trigger"] != "manual"):
            one.becomes["state"] = "Waiting"


_ATTEMPT = ("execution_id", "token", "number", "state", "worker_id", "started_at", "finished_at", "error", "stack")


def _attempt(one: _Fenced, now: int) -> tuple[object, ...]:
    live, becomes = one.live, one.becomes
    error = becomes["reason"] if becomes["error"] is None else becomes["error"]
    return (
        live["id"], live["token"], live["attempt"], becomes["attempt_state"], live["worker_id"], live["started_at"], now,
        error, becomes["stack"],
    )  # fmt: skip


def _event(one: _Fenced, now: int) -> tuple[object, ...]:
    live, becomes = one.live, one.becomes
    data = {
        "type": live["type"], "attempt": live["attempt"], "token": live["token"], "state": becomes["state"],
        "error": becomes["error"],
    }  # fmt: skip
    return (now, becomes["event"], live["id"], live["job_id"], json.dumps(data, ensure_ascii=False))


def _finish(tx: Any, ended: Sequence[_Fenced]) -> None:
    if not ended:
        return
    columns = (*_KEPT, "state", "finished_at", "result", "error", "stack", "reason")
    insert(tx, "history", columns, [
        (*one.live.values(), one.becomes["state"], tx.now, *(one.becomes[name] for name in columns[-4:])) for one in ended
    ])  # fmt: skip
    ids = [one.live["id"] for one in ended]
    run(tx, f"DELETE FROM executions WHERE id IN ({marks(ids)})", ids)


def _requeue(tx: Any, going_on: Sequence[_Fenced]) -> None:
    if going_on:
        fields = ("id", "state", "due_at", "counts", "handle", "error")
        run(tx, _REQUEUE, (as_table([[one.becomes[name] for name in fields] for one in going_on]),))


_REQUEUE = f"""
    UPDATE {given("id CHAR(36)", "state VARCHAR(16)", "due_at BIGINT", "counts INT", "handle LONGTEXT", "error LONGTEXT")}
    STRAIGHT_JOIN executions AS e ON e.id = given.id
    SET e.state = given.state, e.due_at = coalesce(given.due_at, e.due_at), e.attempt = e.attempt - (1 - given.counts),
        e.token = NULL, e.worker_id = NULL, e.lease_expires_at = NULL, e.handle = given.handle, e.error = given.error,
        e.progress = NULL"""
