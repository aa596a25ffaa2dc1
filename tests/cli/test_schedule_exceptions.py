"""`rota schedules skip | move | add | exceptions | remove-exception`."""

from collections.abc import Callable
from typing import Any

import pytest

Run = Callable[..., Any]
ID = "01a200a5-2646-78a3-9849-bb778a1a34fc"
OTHER = "01a200a5-2646-78a3-9849-00000000cafe"
AT, TO = "2026-12-24T06:00:00.000Z", "2026-12-24T09:00:00.000Z"
MADE = {
    "id": OTHER, "scheduleId": ID, "action": "skip", "at": AT, "until": None, "to": None,
    "reason": "stocktaking", "createdBy": "ann", "createdAt": AT, "nextAt": "2999-01-01T00:00:00.000Z",
}  # fmt: skip


@pytest.mark.parametrize(
    ("words", "body"),
    [
        (["skip", ID], {"action": "skip", "at": "next"}),
        (["skip", ID, "--next", "--reason", "r"], {"action": "skip", "at": "next", "reason": "r"}),
        (["skip", ID, "--at", "2026-12-24T06:00Z"], {"action": "skip", "at": AT}),
        (["skip", ID, "--until", "2026-12-24T10:00+01:00"], {"action": "skipUntil", "until": TO}),
        (["move", ID, "--at", "next", "--to", TO], {"action": "move", "at": "next", "to": TO}),
        (["move", ID, "--at", AT, "--to", TO], {"action": "move", "at": AT, "to": TO}),
        (["add", ID, "--at", AT], {"action": "add", "at": AT}),
    ],
)
def test_words_become_a_request(rota: Run, coordinator: Any, words: list[str], body: dict[str, Any]) -> None:
    coordinator.on("POST", f"schedules/{ID}/exceptions", MADE)
    result = rota("schedules", *words)
    assert result.exit_code == 0, result.output
    assert coordinator.last("POST").body == body
    assert result.stdout == f"skipped {AT} (exception {OTHER})\n"
    assert "next: 2999" in result.stderr


def test_a_list_is_a_table_and_one_is_taken_back_by_a_piece_of_its_id(rota: Run, coordinator: Any) -> None:
    moved = MADE | {"action": "move", "to": TO, "id": ID}
    coordinator.on("GET", f"schedules/{ID}/exceptions", {"items": [moved, MADE], "nextCursor": None})
    coordinator.on("DELETE", f"schedules/{ID}/exceptions/{OTHER}", None)
    heading, first, second = rota("schedules", "exceptions", ID).stdout.splitlines()
    assert heading.split() == ["ID", "ACTION", "AT", "TO", "BY", "REASON"]
    assert first.split() == [ID, "move", AT, TO, "ann", "stocktaking"]
    assert second.split() == [OTHER, "skip", AT, "-", "ann", "stocktaking"]
    assert rota("schedules", "remove-exception", ID, "00000000cafe").stdout == f"removed exception {OTHER}\n"


def test_contradictions_are_refused(rota: Run, coordinator: Any) -> None:
    assert rota("schedules", "skip", ID, "--next", "--at", AT).exit_code == 2
    assert rota("schedules", "skip", ID, "--at", "tomorrow").exit_code == 2
    assert rota("schedules", "move", ID, "--to", TO).exit_code == 2
    assert rota("schedules", "add", ID, "--at", "next").exit_code == 2
    assert coordinator.requests == []
