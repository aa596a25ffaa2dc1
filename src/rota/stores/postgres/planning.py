"""What the ticker reads and writes on PostgreSQL, a batch in a step."""

from collections.abc import Collection, Sequence
from typing import Any

from rota.domain.instant import Instant
from rota.stores.base import DUE_COLUMNS
from rota.stores.postgres.rows import array, text_array


def due_schedules(tx: Any, now: Instant, limit: int, probed: bool) -> list[list[Any]]:
    """Enabled schedules that are due and probed, or not, the most overdue first. Rows of DUE_COLUMNS."""
    return [list(row) for row in tx.driver.execute(_DUE_SCHEDULES, (now, int(probed), limit)).fetchall()]


_TEXT = {"id": "id::text", "job_id": "job_id::text"}
_DUE_SCHEDULES = f"""
    SELECT {", ".join(_TEXT.get(name, name) for name in DUE_COLUMNS)} FROM schedules
    WHERE state = 'Enabled' AND next_at IS NOT NULL AND next_at <= %s AND probed = %s ORDER BY next_at LIMIT %s"""


def hold_schedules(tx: Any, rows: Sequence[tuple[str, int, Instant]]) -> set[str]:
    """Those of the schedules (id, revision, cursor) that are unchanged and that no other coordinator has in hand."""
    ids, revisions, cursors = zip(*rows, strict=True)
    held = tx.driver.execute(_HOLD, (array(ids), array(revisions), array(cursors), array(ids))).fetchall()
    return {id for (id,) in held}


_HOLD = """
    SELECT schedules.id::text FROM schedules
    JOIN unnest(%s::uuid[], %s::int[], %s::bigint[]) AS given(id, revision, cursor)
      ON schedules.id = given.id AND schedules.revision = given.revision AND schedules.cursor_at = given.cursor
    WHERE schedules.state = 'Enabled' AND schedules.id = ANY(%s::uuid[]) FOR UPDATE OF schedules SKIP LOCKED"""
"""The ids are said twice, here and below: see `requeued` of the settlement."""


def advance_schedules(tx: Any, rows: Sequence[Sequence[object]]) -> int:
    """Move the cursors of enabled schedules still at the revision and cursor given; says how many moved."""
    ids, revisions, read, cursors, following, firing, runs, states = zip(*rows, strict=True)
    numbers = (
        array(ids), array(revisions), array(read), array(cursors), array(following), array(firing), array(runs),
    )  # fmt: skip
    written = (*numbers, text_array([str(state) for state in states]), array(ids))
    moved: int = tx.driver.execute(_ADVANCE, written).rowcount
    return moved


_ADVANCE = """
    UPDATE schedules SET cursor_at = given.cursor, next_at = given.following, fires_at = given.firing,
        runs = given.runs, state = given.state
    FROM unnest(%s::uuid[], %s::int[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], %s::int[], %s::text[])
        AS given(id, revision, read, cursor, following, firing, runs, state)
    WHERE schedules.id = given.id AND schedules.revision = given.revision AND schedules.cursor_at = given.read
      AND schedules.state = 'Enabled' AND schedules.id = ANY(%s::uuid[])"""


def live_of_schedules(tx: Any, schedule_ids: Collection[str]) -> list[list[str]]:
    """Unfinished executions (schedule, id, state) of schedules, oldest first."""
    return [list(row) for row in tx.driver.execute(_LIVE_OF_SCHEDULES, (array(schedule_ids),)).fetchall()]


_LIVE_OF_SCHEDULES = """
    SELECT schedule_id::text, id::text, state FROM executions WHERE schedule_id = ANY(%s::uuid[]) ORDER BY id"""


def live_in_lanes(tx: Any, lanes: Collection[str]) -> list[list[str]]:
    """Unfinished executions (lane, id, state) in lanes, oldest first."""
    return [list(row) for row in tx.driver.execute(_LIVE_IN_LANES, (list(lanes),)).fetchall()]


_LIVE_IN_LANES = """
    SELECT lane, id::text, state FROM executions WHERE lane = ANY(%s::text[]) ORDER BY id"""
