"""What the ticker reads and writes on MariaDB and MySQL, a batch in a step."""

from collections.abc import Collection, Sequence
from typing import Any

from rota.domain.instant import Instant
from rota.stores.base import DUE_COLUMNS
from rota.stores.mysql.rows import as_table, given, marks, rows, run


def due_schedules(tx: Any, now: Instant, limit: int, probed: bool) -> list[list[Any]]:
    """Enabled schedules that are due and probed, or not, the most overdue first. Rows of DUE_COLUMNS."""
    return [list(row) for row in rows(tx, _DUE_SCHEDULES, (now, int(probed), limit))]


_DUE_SCHEDULES = f"""
    SELECT {", ".join(DUE_COLUMNS)} FROM schedules
    WHERE state = 'Enabled' AND next_at IS NOT NULL AND next_at <= %s AND probed = %s ORDER BY next_at LIMIT %s"""


def hold_schedules(tx: Any, asked: Sequence[tuple[str, int, Instant]]) -> set[str]:
    """Those of the schedules (id, revision, cursor) that are unchanged and that no other coordinator has in hand."""
    if not asked:
        return set()
    wanted = {id: (revision, cursor) for id, revision, cursor in asked}
    sql = f"""
        SELECT id, revision, cursor_at FROM schedules FORCE INDEX (PRIMARY)
        WHERE id IN ({marks(wanted)}) AND state = 'Enabled' FOR UPDATE SKIP LOCKED"""
    return {id for id, revision, cursor in rows(tx, sql, list(wanted)) if wanted[id] == (revision, cursor)}


def advance_schedules(tx: Any, moves: Sequence[Sequence[object]]) -> int:
    """Move the cursors of enabled schedules still at the revision and cursor given; says how many moved."""
    return run(tx, _ADVANCE, (as_table([[*row[:-1], str(row[-1])] for row in moves]),)) if moves else 0


_ADVANCE = f"""
    UPDATE {given("id CHAR(36)", "revision INT", "cursor_read BIGINT", "cursor_at BIGINT", "next_at BIGINT", "fires_at BIGINT", "runs INT", "state VARCHAR(16)")}
    STRAIGHT_JOIN schedules AS s ON s.id = given.id
    SET s.cursor_at = given.cursor_at, s.next_at = given.next_at, s.fires_at = given.fires_at, s.runs = given.runs, s.state = given.state
    WHERE s.revision = given.revision AND s.cursor_at = given.cursor_read AND s.state = 'Enabled'"""


def live_of_schedules(tx: Any, schedule_ids: Collection[str]) -> list[list[str]]:
    """Unfinished executions (schedule, id, state) of schedules, oldest first."""
    return _live(tx, "schedule_id", schedule_ids)


def live_in_lanes(tx: Any, lanes: Collection[str]) -> list[list[str]]:
    """Unfinished executions (lane, id, state) in lanes, oldest first."""
    return _live(tx, "lane", lanes)


def _live(tx: Any, column: str, asked: Collection[str]) -> list[list[str]]:
    if not asked:
        return []
    sql = f"SELECT {column}, id, state FROM executions WHERE {column} IN ({marks(asked)}) ORDER BY id"
    return [list(row) for row in rows(tx, sql, list(asked))]
