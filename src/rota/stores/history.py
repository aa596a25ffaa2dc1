"""Reads of executions, finished or not, with their attempts and logs.

What is not finished is in `executions`, what is finished in `history`. A list takes the newest of both by id: each
half walks an index and stops at the page's size, so that a page costs the same however long the history is.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    FromClause,
    Select,
    Table,
    bindparam,
    cast,
    func,
    literal,
    null,
    select,
    union_all,
)

from rota.domain.execution import LEASED, LIVE, TERMINAL, AttemptState, State
from rota.domain.instant import Duration, Instant
from rota.stores.database import Transaction
from rota.stores.tables import attempts, executions, history, logs


@dataclass(frozen=True, slots=True)
class ExecutionRecord:
    """One execution. `parameters`, `result`, `progress`, `cancellation` and `metadata` are JSON text."""

    id: str
    job_id: str | None
    name: str | None
    type: str
    kind: str
    queue: str
    priority: int
    state: State
    trigger: str
    actor: str | None
    due_at: Instant
    created_at: Instant
    started_at: Instant | None
    finished_at: Instant | None
    attempt: int
    max_attempts: int
    parameters: str | None
    timeout: Duration
    schedule_id: str | None
    nominal_at: Instant | None
    worker_id: str | None
    token: int | None
    progress: str | None
    result: str | None
    error: str | None
    stack: str | None
    reason: str | None
    cancellation: str | None
    metadata: str | None
    retry: str | None
    on_lost: str | None
    isolation: str | None

    @property
    def duration(self) -> Duration | None:
        """How long the last attempt took; None while it runs or if none began."""
        if self.started_at is None or self.finished_at is None:
            return None
        return max(0, self.finished_at - self.started_at)


@dataclass(frozen=True, slots=True)
class AttemptRecord:
    """One try of an execution."""

    number: int
    token: int
    state: AttemptState
    worker_id: str | None
    started_at: Instant
    finished_at: Instant | None
    error: str | None
    stack: str | None


@dataclass(frozen=True, slots=True)
class LogRecord:
    """One line that an attempt wrote."""

    token: int
    line: int
    at: Instant
    stream: str
    text: str


@dataclass(frozen=True, slots=True)
class Filter:
    """Which executions. None = any. `since` and `until` bound the time of creation, the latter exclusive.

    `submission` is one by its id.
    """

    states: frozenset[State] | None = None
    job_id: str | None = None
    type: str | None = None
    queue: str | None = None
    trigger: str | None = None
    schedule_id: str | None = None
    worker_id: str | None = None
    since: Instant | None = None
    until: Instant | None = None
    finished_since: Instant | None = None
    search: str | None = None
    submission: str | None = None


_NAMES = tuple(ExecutionRecord.__dataclass_fields__)


def get(tx: Transaction, id: str) -> ExecutionRecord | None:
    """One execution."""
    for statement in _GET:
        row = tx.execute(statement, {"wanted": id}).first()
        if row is not None:
            return _record(row)
    return None


def page(tx: Transaction, wanted: Filter, *, before: str | None, limit: int) -> list[ExecutionRecord]:
    """Executions, newest first, from below the id `before`."""
    statement = page_statement(wanted, before=before, limit=limit)
    return [] if statement is None else [_record(row) for row in tx.all(statement)]


def page_statement(
    wanted: Filter, *, before: str | None, limit: int
) -> Select[tuple[Any, ...]] | CompoundSelect[tuple[Any, ...]] | None:
    """The statement of `page`; None when no execution can match."""
    states = frozenset(State) if wanted.states is None else wanted.states
    halves = []
    if states & LIVE and wanted.finished_since is None:
        halves.append(_half(executions, wanted, states & LIVE, LIVE, before, limit))
    if states & TERMINAL:
        halves.append(_half(history, wanted, states & TERMINAL, TERMINAL, before, limit))
    if not halves:
        return None
    if len(halves) == 1:
        return halves[0]
    newest = union_all(*(select(half.subquery()) for half in halves))
    return newest.order_by(newest.selected_columns.id.desc()).limit(limit)


def attempts_of(tx: Transaction, execution: ExecutionRecord) -> list[AttemptRecord]:
    """The attempts of an execution, first to last, with the one that runs."""
    ended = select(attempts).where(attempts.c.execution_id == execution.id).order_by(attempts.c.token)
    found = [
        AttemptRecord(
            row.number,
            row.token,
            AttemptState(row.state),
            row.worker_id,
            row.started_at,
            row.finished_at,
            row.error,
            row.stack,
        )
        for row in tx.all(ended)
    ]
    if execution.state in LEASED and execution.token is not None and execution.started_at is not None:
        found.append(
            AttemptRecord(
                execution.attempt,
                execution.token,
                AttemptState.RUNNING,
                execution.worker_id,
                execution.started_at,
                None,
                None,
                None,
            )
        )
    return found


def lines_of(
    tx: Transaction,
    execution_id: str,
    *,
    after: tuple[int, int] | None = None,
    before: tuple[int, int] | None = None,
    limit: int,
    tail: bool = False,
    search: str | None = None,
) -> list[LogRecord]:
    """Log lines in the order they were written, from behind the (token, line) `after`, up to above `before`.

    `tail` gives the last ones instead of the first.
    """
    statement = select(logs).where(logs.c.execution_id == execution_id).limit(limit)
    if after is not None:
        token, line = after
        statement = statement.where(
            logs.c.token >= token, (logs.c.token > token) | ((logs.c.token == token) & (logs.c.line > line))
        )
    if before is not None:
        token, line = before
        statement = statement.where(
            logs.c.token <= token, (logs.c.token < token) | ((logs.c.token == token) & (logs.c.line < line))
        )
    if search is not None:
        statement = statement.where(logs.c.text.icontains(search, autoescape=True))
    if tail:
        statement = statement.order_by(logs.c.token.desc(), logs.c.line.desc())
    else:
        statement = statement.order_by(logs.c.token, logs.c.line)
    found = [LogRecord(row.token, row.line, row.at, row.stream, row.text) for row in tx.all(statement)]
    return found[::-1] if tail else found


def size_of_log(tx: Transaction, execution_id: str, token: int) -> tuple[int, int]:
    """The number of the last line of an attempt, and how many characters its log has."""
    row = tx.first(
        select(func.max(logs.c.line).label("last"), func.sum(func.length(logs.c.text) + 1).label("size")).where(
            logs.c.execution_id == execution_id, logs.c.token == token
        )
    )
    return (0, 0) if row is None or row.last is None else (row.last, row.size)


def sizes_of_logs(tx: Transaction, given: Collection[tuple[str, int]]) -> dict[tuple[str, int], int]:
    """How many characters the logs of these attempts (execution, token) have; those without a log are left out."""
    sizes = (
        select(logs.c.execution_id, logs.c.token, func.sum(func.length(logs.c.text) + 1).label("size"))
        .where(logs.c.execution_id.in_({id for id, _ in given}))
        .group_by(logs.c.execution_id, logs.c.token)
    )
    found = {(row.execution_id, row.token): int(row.size) for row in tx.all(sizes)} if given else {}
    return {key: found[key] for key in given if key in found}


def _rows_of(table: Table) -> Select[tuple[Any, ...]]:
    """The same columns of either table; what one lacks is null, of the type that the other gives it."""
    other = history if table is executions else executions
    return select(
        *(table.c[name] if name in table.c else cast(null(), other.c[name].type).label(name) for name in _NAMES)
    )


_GET = tuple(_rows_of(table).where(table.c.id == bindparam("wanted")) for table in (executions, history))


def _half(
    table: Table,
    wanted: Filter,
    states: Collection[State],
    all_states: Collection[State],
    before: str | None,
    limit: int,
) -> Select[tuple[Any, ...]]:
    conditions = [
        table.c[name] == value
        for name, value in (
            ("id", wanted.submission),
            ("job_id", wanted.job_id),
            ("type", wanted.type),
            ("queue", wanted.queue),
            ("trigger", wanted.trigger),
            ("schedule_id", wanted.schedule_id),
            ("worker_id", wanted.worker_id),
        )
        if value is not None
    ]
    if wanted.submission is not None:
        conditions.append(table.c.job_id.is_(None))
    if len(states) < len(all_states):
        conditions.append(_in_states(table, states))
    if before is not None:
        conditions.append(table.c.id < before)
    conditions += _in_time(table, wanted)
    if wanted.search is not None:
        conditions.append(table.c.name.icontains(wanted.search, autoescape=True))
    return _rows_of(table).where(*conditions).order_by(table.c.id.desc()).limit(limit)


def _in_states(table: FromClause, states: Collection[State]) -> ColumnElement[bool]:
    """Written out in the statement, because an index over some states serves only a statement that names them."""
    names = [literal(state.value, literal_execute=True) for state in sorted(states)]
    return table.c.state == names[0] if len(names) == 1 else table.c.state.in_(names)


def _in_time(table: FromClause, wanted: Filter) -> list[ColumnElement[bool]]:
    """Ids are in the order of creation to the millisecond, so that bounds of time are bounds of the primary key."""
    conditions = []
    if wanted.since is not None:
        conditions += [table.c.id >= first_id_at(wanted.since), table.c.created_at >= wanted.since]
    if wanted.until is not None:
        conditions += [table.c.id < first_id_at(wanted.until + 1000), table.c.created_at < wanted.until]
    if wanted.finished_since is not None:
        conditions.append(table.c.finished_at >= wanted.finished_since)
    return conditions


def first_id_at(instant: Instant) -> str:
    """The least id that anything made in this millisecond or later can have."""
    head = f"{min(max(instant // 1000, 0), 2**48 - 1):012x}"
    return f"{head[:8]}-{head[8:]}-0000-0000-000000000000"


def _record(row: Sequence[Any]) -> ExecutionRecord:
    values = dict(zip(_NAMES, row, strict=True))
    values["state"] = State(values["state"])
    return ExecutionRecord(**values)


def value_of(text: str | None) -> Any:
    """What a JSON column holds."""
    return None if text is None else json.loads(text)
