"""Words in, requests out; answers in, text out; refusals in, exit codes out."""

import json
from collections.abc import Callable
from typing import Any

import pytest

ID = "0198a2b4-0000-7000-8000-0123456789ab"
RUN = "0198a2b4-0002-7000-8000-00000000cafe"
JOB = {
    "id": ID,
    "name": "report",
    "jobType": "reports.daily",
    "state": "Enabled",
    "queue": "default",
    "nextAt": "2999-01-01T00:00:00.000Z",
    "lastExecution": {"id": RUN, "state": "Failed", "finishedAt": "2026-01-01T00:00:00.000Z"},
    "schedules": [{"id": RUN, "describe": "daily at 06:00", "nextAt": None}],
    "timeoutSeconds": 300,
    "retryCount": 3,
    "version": 2,
    "createdBy": "ada",
}


def execution(state: str, **more: Any) -> dict[str, Any]:
    return {
        "id": RUN,
        "jobName": "report",
        "state": state,
        "attempt": 1,
        "maxAttempts": 4,
        "durationSeconds": 0.5,
        **more,
    }


Run = Callable[..., Any]


def test_a_list_is_a_plain_table_with_whole_ids(rota: Run, coordinator: Any) -> None:
    coordinator.on("GET", "jobs", {"items": [JOB], "nextCursor": None})
    result = rota("jobs", "list", "--state", "enabled", "--q", "rep")
    assert result.exit_code == 0
    heading, row = result.stdout.splitlines()
    assert heading.split() == ["ID", "NAME", "STATE", "TYPE", "NEXT", "LAST"]
    assert row.startswith(f"{ID}  report  Enabled  reports.daily  in ")
    assert row.endswith("Failed")
    assert "\x1b" not in result.output
    assert coordinator.requests[0].query["state"] == "Enabled"


def test_a_list_as_json_is_its_items(rota: Run, coordinator: Any) -> None:
    coordinator.on("GET", "jobs", {"items": [JOB], "nextCursor": None})
    assert json.loads(rota("jobs", "list", "--json").stdout) == [JOB]


def test_a_cut_list_says_so(rota: Run, coordinator: Any) -> None:
    coordinator.on("GET", "jobs", {"items": [JOB, JOB, JOB], "nextCursor": None})
    result = rota("jobs", "list", "--limit", "2")
    assert len(result.stdout.splitlines()) == 3
    assert "--limit 20" in result.stderr


def test_an_empty_list_says_what_to_try(rota: Run, coordinator: Any) -> None:
    coordinator.on("GET", "jobs", {"items": []})
    result = rota("jobs", "list")
    assert result.stdout == ""
    assert "try: rota jobs create" in result.stderr


def test_show(rota: Run, coordinator: Any) -> None:
    coordinator.on("GET", f"jobs/{ID}", JOB)
    result = rota("jobs", "show", ID)
    assert result.stdout.startswith("name      report\n")
    assert "daily at 06:00, next -" in result.stdout
    assert json.loads(rota("jobs", "show", ID, "--json").stdout) == JOB


def test_text_of_others_cannot_steer_the_terminal(rota: Run, coordinator: Any) -> None:
    coordinator.on("GET", "jobs", {"items": [{**JOB, "name": "\x1b]0;owned\x07\x1b[2Jx\ny"}], "nextCursor": None})
    assert "  x y  " in rota("jobs", "list").stdout


def test_create_from_flags(rota: Run, coordinator: Any, reply: Any) -> None:
    coordinator.on("POST", "jobs", reply(201, JOB))
    words = "jobs create --name report --type reports.daily --daily-at 06:00 --tz Europe/Madrid --timeout 10m --tag a --tag b"
    result = rota(*words.split(), "-p", "region=EU", "-p", "rows=42", "-p", 'deep={"a": [1]}', "--idempotency-key", "k")
    assert result.exit_code == 0
    assert ID in result.stdout
    sent = coordinator.last("POST")
    assert sent.headers["Idempotency-Key"] == "k"
    assert sent.body == {
        "name": "report",
        "jobType": "reports.daily",
        "schedule": {"daily": {"at": "06:00"}, "timeZone": "Europe/Madrid"},
        "timeoutSeconds": 600,
        "tags": ["a", "b"],
        "parameters": {"region": "EU", "rows": 42, "deep": {"a": [1]}},
    }


def test_create_from_a_file_that_flags_override(rota: Run, coordinator: Any, tmp_path: Any) -> None:
    coordinator.on("POST", "jobs", JOB)
    file = tmp_path / "job.json"
    file.write_text('{"name": "a", "type": "echo", "queue": "q"}')
    rota("jobs", "create", "-f", str(file), "--name", "b")
    assert coordinator.last("POST").body == {"name": "b", "type": "echo", "queue": "q"}
    rota("jobs", "create", "-f", "-", input='{"name": "c", "type": "echo"}')
    assert coordinator.last("POST").body == {"name": "c", "type": "echo"}


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        (["--cron", "0 6 * * 1-5"], {"cron": "0 6 * * 1-5"}),
        (["--every", "15m"], {"every": "15m"}),
        (["--every", "90"], {"every": 90}),
        (["--weekly-on", "mon, THU 06:00"], {"weekly": {"on": ["MON", "THU"], "at": "06:00"}}),
        (["--monthly-on", "-1 06:00"], {"monthly": {"day": -1, "at": "06:00"}}),
        (["--yearly-on", "12-24 06:00"], {"yearly": {"month": 12, "day": 24, "at": "06:00"}}),
        (["--once", "2026-12-24T06:00:00+01:00"], {"once": "2026-12-24T05:00:00.000Z"}),
        (["--after", "10m"], {"after": "10m"}),
    ],
)
def test_rules(rota: Run, coordinator: Any, words: list[str], rule: dict[str, Any]) -> None:
    coordinator.on("POST", "schedules", {"id": RUN, "describe": "…"})
    assert rota("schedules", "create", "--job", ID, "--missed", "skip", *words).exit_code == 0
    assert coordinator.last("POST").body == {"jobId": ID, "missed": "skip", **rule}


def test_update_sends_what_changes(rota: Run, coordinator: Any) -> None:
    coordinator.on("PUT", f"jobs/{ID}", JOB)
    assert rota("jobs", "update", ID, "--retries", "5", "--every", "1h").exit_code == 0
    assert coordinator.last("PUT").body == {"retryCount": 5, "schedule": {"every": "1h"}}


def test_another_name_sends_the_whole_definition_with_its_version(rota: Run, coordinator: Any, reply: Any) -> None:
    coordinator.on("GET", f"jobs/{ID}", reply(200, JOB, {"ETag": 'W/"2"'}))
    own, apart = {"key": "default", "rule": {"every": 60, "key": "default"}}, {"key": "other", "rule": {"every": 9}}
    coordinator.on("GET", "schedules", {"items": [own, apart], "nextCursor": None})
    coordinator.on("PUT", f"jobs/{ID}", JOB)
    assert rota("jobs", "update", ID, "--name", "new", "--retries", "5").exit_code == 0
    sent = coordinator.last("PUT")
    assert sent.body["schedules"] == [{"every": 60, "key": "default"}]
    assert sent.headers["If-Match"] == 'W/"2"'
    assert sent.body["retryCount"] == 5
    assert sent.body["name"] == "new"
    assert not {"id", "state", "nextAt", "version", "createdBy"} & set(sent.body)


@pytest.mark.parametrize(
    ("words", "body"),
    [
        (["pause", ID, "--note", "why"], {"note": "why"}),
        (["resume", ID], {}),
        (["enable", ID], {}),
        (["disable", ID], {}),
        (["cancel", ID, "--reason", "wrong"], {"reason": "wrong"}),
    ],
)
def test_verbs(rota: Run, coordinator: Any, words: list[str], body: dict[str, Any]) -> None:
    coordinator.on("POST", f"jobs/{ID}/{words[0]}", JOB)
    assert rota("jobs", *words).exit_code == 0
    assert coordinator.last("POST").body == body


def test_delete_does_not_ask_where_nobody_can_answer(rota: Run, coordinator: Any, reply: Any) -> None:
    coordinator.on("DELETE", f"jobs/{ID}", reply(204, b""))
    assert "deleted job" in rota("jobs", "delete", ID).stdout


@pytest.mark.parametrize(("state", "code"), [("Succeeded", 0), ("Failed", 1), ("Cancelled", 1), ("Expired", 1)])
def test_trigger_waits_and_exits_with_the_status(
    rota: Run, coordinator: Any, reply: Any, state: str, code: int
) -> None:
    coordinator.on("POST", f"jobs/{ID}/trigger", reply(202, execution("Pending")))
    end = execution(state, result={"rows": 42}, errorMessage=None if code == 0 else "boom")
    coordinator.on("GET", f"executions/{RUN}", execution("Pending"), execution("Running"), end)
    result = rota("jobs", "trigger", ID, "-p", "region=US", "--wait")
    assert result.exit_code == code
    assert json.loads(result.stdout) == {"rows": 42}
    assert ("error: boom" in result.stderr) == (code == 1)
    assert coordinator.last("POST").body == {"parameters": {"region": "US"}}
    assert json.loads(rota("jobs", "trigger", ID, "--wait", "--json").stdout)["state"] == state


def test_submit(rota: Run, coordinator: Any, reply: Any) -> None:
    coordinator.on("POST", "jobs", reply(201, execution("Scheduled")))
    result = rota("jobs", "submit", "echo", "--payload", '{"text": "hi"}', "--delay", "10m", "--priority", "-3")
    assert result.exit_code == 0
    assert RUN in result.stdout
    assert coordinator.last("POST").body == {
        "type": "echo",
        "payload": {"text": "hi"},
        "delaySeconds": 600,
        "priority": -3,
    }


def test_executions(rota: Run, coordinator: Any) -> None:
    coordinator.on("GET", "executions", {"items": [execution("Retrying")], "nextCursor": None})
    result = rota("executions", "list", "--job", ID, "--since", "24h", "--state", "retrying")
    assert "Retrying" in result.stdout
    assert "500 ms" in result.stdout
    assert "1/4" in result.stdout
    query = coordinator.requests[0].query
    assert query["jobId"] == ID
    assert query["since"].endswith("Z")


def test_show_an_execution_with_its_attempts(rota: Run, coordinator: Any) -> None:
    attempts = [{"number": 1, "state": "Failed", "errorMessage": "boom", "durationSeconds": 2}]
    coordinator.on("GET", f"executions/{RUN}", execution("Failed", attempts=attempts, result=None))
    result = rota("executions", "show", RUN)
    assert "boom" in result.stdout
    assert f"rota executions logs {RUN}" in result.stderr


def test_cancel_and_retry_an_execution(rota: Run, coordinator: Any) -> None:
    coordinator.on("POST", f"executions/{RUN}/cancel", execution("Cancelling"))
    coordinator.on("POST", f"executions/{RUN}/retry", execution("Pending"))
    assert "Cancelling" in rota("executions", "cancel", RUN, "--grace", "30s", "--reason", "x").stdout
    assert coordinator.last("POST").body == {"reason": "x", "graceSeconds": 30}
    assert "Pending" in rota("executions", "retry", RUN).stdout


LINES = [
    {"token": 7, "attempt": 1, "line": 1, "stream": "stdout", "text": "first\n"},
    {"token": 9, "attempt": 2, "line": 1, "stream": "stderr", "text": "second"},
]


def test_logs(rota: Run, coordinator: Any) -> None:
    coordinator.on("GET", f"executions/{RUN}/logs", {"items": LINES, "nextCursor": None})
    result = rota("executions", "logs", RUN, "--tail", "2")
    assert result.stdout == "first\nsecond\n"
    assert result.stderr == "--- attempt 1 ---\n--- attempt 2 ---\n"
    assert json.loads(rota("executions", "logs", RUN, "--json").stdout) == LINES


@pytest.mark.parametrize(("state", "code"), [("Succeeded", 0), ("Failed", 1)])
def test_following_logs_resumes_and_exits_with_the_status(
    rota: Run, coordinator: Any, reply: Any, state: str, code: int
) -> None:
    def stream(text: str) -> Any:
        return reply(200, text.encode(), {"Content-Type": "text/event-stream"})

    first = f"id: c1\nevent: log\ndata: {json.dumps(LINES[0])}\n\n"
    rest = f"id: c2\nevent: log\ndata: {json.dumps(LINES[1])}\n\nevent: end\ndata: {{}}\n\n"
    coordinator.on("GET", f"executions/{RUN}/logs", stream(first), stream(rest))
    coordinator.on("GET", f"executions/{RUN}", execution(state, result={"not": "shown"}))
    result = rota("executions", "logs", "-f", RUN)
    assert result.exit_code == code
    assert result.stdout == "first\nsecond\n"
    assert state in result.stderr
    follows = [request.query for request in coordinator.requests if request.path.endswith("/logs")]
    assert follows == [{"follow": "1"}, {"follow": "1", "after": "c1"}]


def test_schedules(rota: Run, coordinator: Any) -> None:
    schedule = {
        "id": RUN,
        "jobId": ID,
        "state": "Enabled",
        "describe": "every 15 min",
        "rule": {"every": 900, "missed": "skip"},
    }
    coordinator.on("GET", "schedules", {"items": [schedule], "nextCursor": None})
    coordinator.on("GET", f"schedules/{RUN}", schedule)
    coordinator.on("PUT", f"schedules/{RUN}", schedule)
    coordinator.on("POST", f"schedules/{RUN}/pause", schedule)
    coordinator.on("GET", f"schedules/{RUN}/occurrences", {"items": [{"nominalAt": "x", "decision": "fired"}]})
    assert "every 15 min" in rota("schedules", "list").stdout
    assert "every 15 min" in rota("schedules", "show", "00000000cafe").stdout
    assert rota("schedules", "update", RUN, "--cron", "0 6 * * *").exit_code == 0
    assert coordinator.last("PUT").body == {"missed": "skip", "cron": "0 6 * * *"}
    assert rota("schedules", "pause", RUN, "--note", "n").exit_code == 0
    assert "fired" in rota("schedules", "occurrences", RUN).stdout


def test_preview(rota: Run, coordinator: Any) -> None:
    items = [{"at": "2026-03-29T01:00:00.000Z", "local": "2026-03-29T03:00:00+02:00", "notes": ["dstShifted"]}]
    skipped = [{"nominal": "2026-03-29T02:30:00", "reason": "dstGap"}]
    coordinator.on("POST", "schedules/preview", {"items": items, "skipped": skipped})
    result = rota("schedules", "preview", "--cron", "30 2 * * *", "--tz", "Europe/Madrid", "--count", "3")
    assert "dstShifted" in result.stdout
    assert "dstGap" in result.stderr
    body = coordinator.last("POST").body
    assert body["schedule"] == {"cron": "30 2 * * *", "timeZone": "Europe/Madrid"}
    assert body["count"] == 3
    assert "from" not in body
    rota("schedules", "preview", "--every", "1h", "--from", "2026-01-01T00:00:00Z")
    assert coordinator.last("POST").body["from"] == "2026-01-01T00:00:00.000Z"


def test_workers(rota: Run, coordinator: Any) -> None:
    worker = {"id": RUN, "name": "w1", "state": "Alive", "running": 2, "capacity": 10, "queues": None}
    coordinator.on("GET", "workers", {"items": [worker], "nextCursor": None})
    coordinator.on("POST", f"workers/{RUN}/drain", {**worker, "state": "Draining"})
    assert "2/10" in rota("workers", "list").stdout
    assert "Draining" in rota("workers", "drain", "w1").stdout
    coordinator.on("GET", f"workers/{RUN}", {**worker, "types": ["echo", "http"], "labels": {"zone": "a"}})
    shown = dict(line.split(maxsplit=1) for line in rota("workers", "show", "w1").stdout.splitlines() if "  " in line)
    assert (shown["busy"], shown["labels"]) == ("2 of 10 slots", "zone=a")
    assert "echo, http" in rota("workers", "show", "w1").stdout


def test_keys(rota: Run, coordinator: Any, reply: Any) -> None:
    key = {"id": RUN, "name": "ci", "role": "operator", "prefix": "rota_ab"}
    coordinator.on("GET", "keys", {"items": [key], "nextCursor": None})
    coordinator.on("POST", "keys", reply(201, {**key, "token": "rota_abcdef"}))
    coordinator.on("DELETE", f"keys/{RUN}", key)
    assert "rota_ab" in rota("keys", "list").stdout
    assert rota("keys", "create", "--name", "ci", "--role", "operator", "--expires-days", "1").stdout == "rota_abcdef\n"
    assert coordinator.last("POST").body["expiresAt"].endswith("Z")
    assert "revoked key ci" in rota("keys", "delete", "ci").stdout


def test_audit(rota: Run, coordinator: Any) -> None:
    entry = {"at": "2026-01-01T00:00:00.000Z", "actor": "ada", "action": "pause", "noun": "job", "subjectId": ID}
    coordinator.on("GET", "audit", {"items": [entry], "nextCursor": None})
    assert f"job {ID}" in rota("audit", "list").stdout


def test_a_wrong_field_is_named(rota: Run, coordinator: Any, problem_reply: Any) -> None:
    errors = [{"loc": ["schedule", "cron"], "msg": "not a cron expression"}]
    coordinator.on("POST", "jobs", problem_reply(422, "invalid-input", "the job is refused", errors=errors))
    result = rota("jobs", "create", "--name", "a", "--type", "echo", "--cron", "x")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr == "error: the job is refused\n  schedule.cron: not a cron expression\n"


@pytest.mark.parametrize(
    ("status", "type", "code", "advice"),
    [
        (401, "unauthenticated", 4, "export ROTA_TOKEN="),
        (403, "forbidden", 4, "rota keys create"),
        (404, "not-found", 3, "rota executions list"),
        (409, "conflict", 4, ""),
        (412, "precondition-failed", 4, "again"),
        (503, "unavailable", 1, ""),
        (500, "internal", 1, ""),
    ],
)
def test_refusals(
    rota: Run, coordinator: Any, problem_reply: Any, status: int, type: str, code: int, advice: str
) -> None:
    coordinator.on("POST", f"executions/{RUN}/retry", problem_reply(status, type, "because"))
    result = rota("executions", "retry", RUN)
    assert result.exit_code == code
    assert result.stdout == ""
    assert result.stderr.startswith("error: because\n")
    assert advice in result.stderr


def test_an_unknown_name(rota: Run, coordinator: Any) -> None:
    coordinator.on("GET", "jobs", {"items": [], "nextCursor": None})
    result = rota("jobs", "show", "nobody")
    assert result.exit_code == 3
    assert result.stderr == "error: no job 'nobody'\ntry: rota jobs list\n"


def test_nobody_there(rota: Run) -> None:
    result = rota("jobs", "list", "--url", "http://127.0.0.1:1")
    assert result.exit_code == 1
    assert "cannot reach http://127.0.0.1:1; is `rota up` running?" in result.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["jobs", "list", "--bogus"],
        ["jobs", "list", "--limit", "0"],
        ["jobs", "show"],
        ["jobs", "create", "--name", "a"],
        ["jobs", "create", "--name", "a", "--type", "b", "--cron", "x", "--every", "5m"],
        ["jobs", "create", "--name", "a", "--type", "b", "--tz", "UTC"],
        ["jobs", "create", "--name", "a", "--type", "b", "--param", "novalue"],
        ["jobs", "create", "--name", "a", "--type", "b", "--payload", "{"],
        ["jobs", "create", "--name", "a", "--type", "b", "--payload", "NaN"],
        ["jobs", "create", "--name", "a", "--type", "b", "--payload", "3", "-p", "a=1"],
        ["jobs", "create", "--name", "a", "--type", "b", "--timeout", "soon"],
        ["jobs", "create", "-f", "/nonexistent.json"],
        ["jobs", "update", ID],
        ["jobs", "submit", "echo", "--delay", "1m", "--run-at", "2999-01-01T00:00:00Z"],
        ["jobs", "submit", "echo", "--run-at", "tomorrow"],
        ["executions", "list", "--since", "yesterday"],
        ["executions", "logs", "-f", RUN, "--tail", "3"],
        ["schedules", "create", "--job", ID],
        ["schedules", "create", "--job", ID, "--monthly-on", "first 06:00"],
        ["schedules", "create", "--job", ID, "--weekly-on", "MON"],
        ["schedules", "preview"],
        ["keys", "create", "--name", "x", "--role", "king"],
        ["worker", "--coordinator", "http://x", "--token", "t", "--db", "rota.db"],
        ["worker", "--token", "t"],
        ["nonsense"],
        ["jobs"],
    ],
    ids=" ".join,
)
def test_wrong_usage(rota: Run, coordinator: Any, words: list[str]) -> None:
    result = rota(*words)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert coordinator.requests == []


def test_the_unexpected_is_one_line(rota: Run, coordinator: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    coordinator.on("GET", "jobs", {"items": [{"no": "id"}], "nextCursor": None})
    result = rota("jobs", "show", "0123456789ab")
    assert result.exit_code == 1
    assert result.stderr.startswith("error: unexpected KeyError")
    assert "please report" in result.stderr
    assert "Traceback" not in result.stderr
    monkeypatch.setenv("ROTA_DEBUG", "1")
    assert "Traceback" in rota("jobs", "show", "0123456789ab").stderr


def test_the_admin_token_serves_where_there_is_no_other(
    rota: Run, coordinator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    coordinator.on("GET", "jobs", {"items": []})
    monkeypatch.delenv("ROTA_TOKEN")
    monkeypatch.setenv("ROTA_ADMIN_TOKEN", "admin-token-of-test")
    rota("jobs", "list")
    assert coordinator.requests[0].headers["Authorization"] == "Bearer admin-token-of-test"


def test_why(rota: Run, coordinator: Any) -> None:
    gates = [
        {"code": "jobDisabled", "ok": True, "says": "the job is not disabled"},
        {"code": "paused", "ok": False, "says": "paused by ada: migration"},
    ]
    answer = {"headline": "paused by ada: migration", "gates": gates, "nextStart": "2999-01-01T00:00:00.000Z"}
    coordinator.on("GET", f"jobs/{ID}/why", answer)
    result = rota("why", ID)
    assert result.exit_code == 0
    headline, _, first, second = result.stdout.splitlines()
    assert headline == "paused by ada: migration"
    assert first.split()[:2] == ["pass", "jobDisabled"]
    assert second.split()[:2] == ["FAIL", "paused"]
    assert "next possible start: 2999" in result.stderr
    assert json.loads(rota("why", ID, "--json").stdout) == answer


def test_a_later_trigger(rota: Run, coordinator: Any, reply: Any) -> None:
    coordinator.on("POST", f"jobs/{ID}/trigger", reply(202, {**execution("Scheduled"), "executionId": RUN}))
    assert RUN in rota("jobs", "trigger", ID, "--delay", "90s", "--allow-overlap").stdout
    assert coordinator.last("POST").body == {"delaySeconds": 90, "overlap": "allow"}
