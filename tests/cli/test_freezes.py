"""`rota freezes create | list | delete`."""

from collections.abc import Callable
from typing import Any

Run = Callable[..., Any]
ID = "01a200a5-2646-78a3-9849-bb778a1a34fc"
START, END = "2026-12-20T00:00:00.000Z", "2027-01-02T00:00:00.000Z"
FREEZE = {
    "id": ID, "startsAt": START, "endsAt": END, "reason": "holidays", "jobs": [], "teams": ["billing"], "queues": [],
    "tags": ["eu"], "createdBy": "ann", "createdAt": START,
}  # fmt: skip


def test_words_become_a_request(rota: Run, coordinator: Any) -> None:
    coordinator.on("POST", "freezes", FREEZE)
    result = rota(
        "freezes", "create", "--from", START, "--to", END, "--reason", "holidays", "--team", "billing", "--tag", "eu"
    )
    assert result.stdout == f"created freeze {ID}: {START} to {END}\n"
    assert result.stderr == "holds: team billing, tag eu\n"
    assert coordinator.last("POST").body == {
        "startsAt": START, "endsAt": END, "reason": "holidays", "teams": ["billing"], "tags": ["eu"]
    }  # fmt: skip
    assert rota("freezes", "create", "--to", END).exit_code == 2


def test_a_list_is_a_table_and_one_is_taken_back(rota: Run, coordinator: Any) -> None:
    everything = FREEZE | {"teams": [], "tags": []}
    coordinator.on("GET", "freezes", {"items": [FREEZE, everything], "nextCursor": None})
    coordinator.on("DELETE", f"freezes/{ID}", None)
    heading, first, second = rota("freezes", "list", "--past").stdout.splitlines()
    assert heading.split() == ["ID", "FROM", "TO", "WHOM", "BY", "REASON"]
    assert first.split() == [ID, START, END, "team", "billing,", "tag", "eu", "ann", "holidays"]
    assert second.split() == [ID, START, END, "everything", "ann", "holidays"]
    assert coordinator.last("GET").query["past"] == "true"
    assert rota("freezes", "delete", ID, "--yes").stdout == f"deleted freeze {ID}\n"
