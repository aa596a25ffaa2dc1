"""`rota schedules backfill | account`, and ranges of `occurrences`."""

from collections.abc import Callable
from typing import Any

Run = Callable[..., Any]
ID = "01a200a5-2646-78a3-9849-bb778a1a34fc"
START, END = "2026-12-20T00:00:00.000Z", "2026-12-21T00:00:00.000Z"
DONE = {
    "dryRun": False, "runs": 3, "first": START, "last": END, "replaced": {"missed": 2}, "unrecorded": 1,
    "alreadyFired": 4, "withheld": 0, "undecided": 0, "forgotten": 0, "left": 0,
}  # fmt: skip
ACCOUNT = {
    "from": START, "to": END, "named": 25, "decided": 24, "byDecision": {"fired": 23, "missed": 1}, "unnamed": 1,
    "waiting": {"late": 2}, "undecided": [{"nominalAt": END, "why": "late", "says": "the tick is late"}], "cut": True,
    "complete": False,
}  # fmt: skip


def test_a_backfill_is_tried_before_it_is_confirmed(rota: Run, coordinator: Any) -> None:
    coordinator.on("POST", f"schedules/{ID}/backfill", DONE)
    result = rota("schedules", "backfill", ID, "--from", START, "--to", END, "--overlap", "allow", "--max-runs", "3")
    assert result.exit_code == 0, result.output
    assert [request.body["dryRun"] for request in coordinator.requests] == [True, False]
    assert coordinator.last("POST").body == {
        "from": START, "to": END, "overlap": "allow", "maxRuns": 3, "dryRun": False
    }  # fmt: skip
    said = [line.split() for line in result.stdout.splitlines()]
    assert result.stdout.startswith(f"queued 3 runs from {START} to {END}\n")
    assert said[1:] == [["was", "missed", "2"], ["had", "no", "row", "1"], ["fired", "already", "4"]]


def test_a_dry_run_asks_nobody(rota: Run, coordinator: Any) -> None:
    coordinator.on("POST", f"schedules/{ID}/backfill", DONE | {"dryRun": True, "runs": 0})
    result = rota("schedules", "backfill", ID, "--from", "7d", "--to", "0s", "--dry-run")
    assert result.stdout.startswith("would run 0 runs\n")
    assert len(coordinator.requests) == 1
    assert coordinator.requests[0].body["from"] < coordinator.requests[0].body["to"]
    assert rota("schedules", "backfill", ID, "--from", START).exit_code == 2


def test_an_account_says_what_is_open(rota: Run, coordinator: Any) -> None:
    coordinator.on("GET", f"schedules/{ID}/account", ACCOUNT)
    result = rota("schedules", "account", ID, "--from", START, "--to", END)
    assert coordinator.last("GET").query == {"from": START, "to": END}
    said = [line.split() for line in result.stdout.splitlines()]
    for words in (["named", "25"], ["fired", "23"], ["not", "named", "today", "1"], ["undecided", "2"], ["late", "2"],
                  ["complete", "no"], [END, "the", "tick", "is", "late"]):  # fmt: skip
        assert words in said
    assert result.stderr == f"it stopped at {END}; go on with --from {END}\n"


def test_occurrences_of_a_range(rota: Run, coordinator: Any) -> None:
    coordinator.on("GET", f"schedules/{ID}/occurrences", {"items": [], "nextCursor": None})
    assert rota("schedules", "occurrences", ID, "--from", START, "--to", END).exit_code == 0
    query = coordinator.last("GET").query
    assert (query["from"], query["to"]) == (START, END)
