"""What the ticker reads and writes on SQLite, a batch in a step."""

import json
from collections.abc import Collection, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

from rota.domain.instant import Instant
from rota.stores.base import DUE_COLUMNS
from rota.stores.sqlite.connection import steps


def due_schedules(tx: Any, now: Instant, limit: int, probed: bool) -> list[list[Any]]:
    """Enabled schedules that are due and probed, or not, the most overdue first. Rows of DUE_COLUMNS."""
    rows: list[list[Any]] = json.loads(tx.driver.execute(_DUE_SCHEDULES[probed], (now, limit)).fetchone()[0])
    return rows


_DUE_SCHEDULES = {
    probed: f"""
    SELECT json_group_array(json_array({", ".join(DUE_COLUMNS)})) FROM (
        SELECT {", ".join(DUE_COLUMNS)} FROM schedules WHERE state = 'Enabled' AND next_at IS NOT NULL
          AND probed = {int(probed)} AND next_at <= ? ORDER BY next_at LIMIT ?)"""
    for probed in (False, True)
}
"""A partial index is found only by a condition that is written out."""


def hold_schedules(_tx: Any, rows: Sequence[tuple[str, int, Instant]]) -> set[str]:
    """All of them: there is one writer, and `advance_schedules` tells what has changed."""
    return {id for id, _, _ in rows}


def advance_schedules(tx: Any, rows: Sequence[Sequence[object]]) -> int:
    """Move the cursors of enabled schedules still at the revision and cursor given; says how many moved."""
    moved = 0
    for step in steps(rows):
        moved += tx.driver.execute(_advance_sql(len(step)), list(chain.from_iterable(step))).rowcount
    return moved


@lru_cache(maxsize=8)
def _advance_sql(count: int) -> str:
    return f"""
        UPDATE schedules SET cursor_at = given.column4, next_at = given.column5, fires_at = given.column6,
            runs = given.column7, state = given.column8
        FROM (VALUES {",".join(["(?,?,?,?,?,?,?,?)"] * count)}) AS given
        WHERE schedules.id = given.column1 AND schedules.revision = given.column2
          AND schedules.cursor_at = given.column3 AND schedules.state = 'Enabled'"""


def live_of_schedules(tx: Any, schedule_ids: Collection[str]) -> list[list[str]]:
    """Unfinished executions (schedule, id, state) of schedules, oldest first."""
    return _as_json(tx, _LIVE_OF_SCHEDULES, schedule_ids)


def live_in_lanes(tx: Any, lanes: Collection[str]) -> list[list[str]]:
    """Unfinished executions (lane, id, state) in lanes, oldest first."""
    return _as_json(tx, _LIVE_IN_LANES, lanes)


def _as_json(tx: Any, sql: str, asked: Collection[str]) -> list[list[str]]:
    found: list[list[str]] = json.loads(tx.driver.execute(sql, (json.dumps(list(asked)),)).fetchone()[0])
    return found


_LIVE_OF_SCHEDULES = """
    SELECT json_group_array(json_array(schedule_id, id, state)) FROM (
        SELECT schedule_id, id, state FROM executions WHERE schedule_id IN (SELECT value FROM json_each(?)) ORDER BY id)"""
_LIVE_IN_LANES = """
    SELECT json_group_array(json_array(lane, id, state)) FROM (
        SELECT lane, id, state FROM executions WHERE lane IN (SELECT value FROM json_each(?)) ORDER BY id)"""
