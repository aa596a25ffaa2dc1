"""`rota queues`: words in, requests out, tables back."""

from collections.abc import Callable
from typing import Any

Run = Callable[..., Any]
MAIL = {
    "name": "mail", "priority": 2, "paused": False, "note": None, "maxRunning": 5, "rateLimit": "100/1m",
    "pending": 7, "running": 3, "later": 1, "oldestDueAt": "2026-01-01T00:00:00.000Z", "changedBy": "ann",
    "updatedAt": "2026-01-01T00:00:00.000Z",
}  # fmt: skip
FLEET = MAIL | {"name": "*", "maxRunning": None, "rateLimit": None, "paused": True}


def test_a_list_is_a_table(rota: Run, coordinator: Any) -> None:
    coordinator.on("GET", "queues", {"items": [FLEET, MAIL], "nextCursor": None})
    heading, fleet, mail = rota("queues", "list").stdout.splitlines()
    assert heading.split()[:5] == ["NAME", "STATE", "PENDING", "RUNNING", "LATER"]
    assert fleet.startswith("* (the whole fleet)  Paused ")
    assert mail.split()[:7] == ["mail", "Enabled", "7", "3/5", "1", "2", "100/1m"]


def test_set_changes_only_what_it_names(rota: Run, coordinator: Any) -> None:
    coordinator.on("GET", "queues/mail", MAIL)
    coordinator.on("PUT", "queues/mail", MAIL | {"maxRunning": None})
    result = rota("queues", "set", "mail", "--max-running", "none", "--note", "why")
    assert result.exit_code == 0, result.output
    assert coordinator.last("PUT").body == {"priority": 2, "paused": False, "rateLimit": "100/1m", "note": "why"}


def test_set_makes_a_queue_that_nobody_has_used(rota: Run, coordinator: Any) -> None:
    coordinator.on("PUT", "queues/new", MAIL | {"name": "new"})
    result = rota("queues", "set", "new", "--max-running", "2", "--rate", "5/1s", "--priority", "-1")
    assert result.exit_code == 0, result.output
    assert coordinator.last("PUT").body == {"maxRunning": 2, "rateLimit": "5/1s", "priority": -1}


def test_a_queue_of_a_team_is_one_piece_of_the_path(rota: Run, coordinator: Any) -> None:
    coordinator.on("GET", "queues/team%2Fmail", MAIL | {"name": "team/mail"})
    result = rota("queues", "show", "team/mail")
    assert result.exit_code == 0, result.output
    assert "team/mail" in result.stdout


def test_pause_resume_and_reset(rota: Run, coordinator: Any) -> None:
    coordinator.on("POST", "queues/%2A/pause", FLEET)
    coordinator.on("POST", "queues/mail/resume", MAIL)
    coordinator.on("DELETE", "queues/mail", None)
    assert rota("queues", "pause", "*", "--note", "moving").stdout.startswith("queue * (the whole fleet) is paused")
    assert coordinator.last("POST").body == {"note": "moving"}
    assert rota("queues", "resume", "mail").stdout == "queue mail goes on: 7 pending\n"
    assert rota("queues", "reset", "mail").exit_code == 0


def test_nothing_to_change_and_bad_values_are_wrong_usage(rota: Run, coordinator: Any, problem_reply: Any) -> None:
    assert rota("queues", "set", "mail").exit_code == 2
    assert rota("queues", "set", "mail", "--max-running", "0").exit_code == 2
    errors = [{"loc": ["rateLimit"], "msg": "a rate such as 100/1m"}]
    coordinator.on("GET", "queues/mail", MAIL)
    coordinator.on("PUT", "queues/mail", problem_reply(422, "invalid-input", "queue: rateLimit", errors=errors))
    result = rota("queues", "set", "mail", "--rate", "often")
    assert result.exit_code == 2
    assert "rateLimit" in result.stderr
