"""`rota apply`, `rota diff` and `rota export`: files in, one request out, what was changed back."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rota.cli.manifest_files import documents, read, written

Run = Callable[..., Any]

FILE = """
jobs:
  - name: nightly
    jobType: script
    parameters: {command: echo hi, port: 8400, ratio: 0.5, quiet: true, nothing: null}
    schedule: {weekly: {on: [MON], at: 10:30}, startsAt: 2027-01-01T00:00:00Z}
---
jobs:
  - name: nightly-2
    jobType: echo
"""
NIGHTLY = {
    "name": "nightly",
    "jobType": "script",
    "parameters": {"command": "echo hi", "port": 8400, "ratio": 0.5, "quiet": True, "nothing": None},
    "schedule": {"weekly": {"on": ["MON"], "at": "10:30"}, "startsAt": "2027-01-01T00:00:00Z"},
}
UPDATED = {
    "noun": "job", "name": "nightly", "id": "1", "action": "updated",
    "changes": [
        {"name": "retryCount", "before": 1, "after": 2, "fires": None},
        {"name": "schedules.default", "before": {"cron": "0 6 * * *"}, "after": None, "fires": "fires no more"},
        {"name": "schedules.b", "before": {"cron": "0 6 * * *", "key": "b"}, "after": {"cron": "0 7 * * *", "key": "b"},
         "fires": "moves 9 runs"},
    ],
}  # fmt: skip
DONE = {"dryRun": False, "items": [UPDATED, {**UPDATED, "name": "b", "action": "unchanged", "changes": []}]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "deep").mkdir()
    (tmp_path / "a.yaml").write_text(FILE)
    (tmp_path / "deep" / "b.json").write_text('{"calendars": [{"name": "shop"}]}')
    (tmp_path / "notes.txt").write_text("not a manifest")
    return tmp_path


def test_the_files_of_a_folder_are_one_request(rota: Run, coordinator: Any, folder: Path) -> None:
    coordinator.on("POST", "apply", DONE)
    result = rota("apply", "-f", str(folder))
    assert result.exit_code == 0, result.output
    sent = coordinator.last("POST")
    assert sent.body == {
        "calendars": [{"name": "shop"}],
        "jobs": [NIGHTLY, {"name": "nightly-2", "jobType": "echo"}],
        "schedules": [],
    }
    assert sent.query["dryRun"].lower() == "false"
    assert result.stdout.splitlines() == [
        "job nightly  updated",
        "  retryCount: 1 -> 2",
        '  schedules.default: {"cron": "0 6 * * *"} -> nothing',
        "    fires no more",
        '  schedules.b.cron: "0 6 * * *" -> "0 7 * * *"',
        "    moves 9 runs",
    ]
    assert result.stderr == "1 unchanged, 1 updated\n"


def test_a_difference_changes_nothing(rota: Run, coordinator: Any, folder: Path) -> None:
    coordinator.on("POST", "apply", DONE | {"dryRun": True})
    result = rota("diff", "-f", str(folder / "a.yaml"))
    assert coordinator.last("POST").query["dryRun"].lower() == "true"
    assert result.exit_code == 0
    assert result.stdout.startswith("job nightly  would be updated\n")
    assert rota("diff", "-f", str(folder / "a.yaml"), "--exit-code").exit_code == 1
    coordinator.on("POST", "apply", {"dryRun": True, "items": DONE["items"][1:]})  # type: ignore[index]
    assert rota("diff", "-f", str(folder / "a.yaml"), "--exit-code").exit_code == 0
    shown = rota("diff", "-f", str(folder / "a.yaml"), "--json").stdout
    assert json.loads(shown)["items"][0]["action"] == "unchanged"


def test_a_refusal_names_the_file_and_the_object(rota: Run, coordinator: Any, problem_reply: Any, folder: Path) -> None:
    errors = [
        {"loc": ["jobs", 1, "retryCount"], "msg": "a whole number"},
        {"loc": ["calendars", 0], "msg": "there is one"},
        {"loc": ["jobs"], "msg": "too many"},
    ]
    coordinator.on("POST", "apply", problem_reply(422, "invalid-input", "manifest: jobs.1.retryCount", errors=errors))
    result = rota("apply", "-f", str(folder))
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        "error: nothing was changed: 3 problems",
        f"  {folder}/a.yaml: job nightly-2: retryCount: a whole number",
        f"  {folder}/deep/b.json: calendar shop: there is one",
        "  jobs: too many",
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("jobs:\n  - name: a\n    name: b\n", "line 3: 'name' stands twice"),
        ("jobs:\n  - {true: 1}\n", "line 2: a name must be a text"),
        ("jobs: [\n", "line 2"),
        ("jobs: !!python/object:os.system x\n", "line 1"),
        ("jobs: !!timestamp 2027-01-01\n", "line 1"),
        ("jobs: !!set {a, b}\n", "line 1"),
        ("jobs: !!map [a]\n", "line 1: this is not a mapping"),
        ("jobs: " + "[" * 5000 + "]" * 5000, "is not YAML"),
        (f"jobs: [{'9' * 6000}]\n", "is not YAML"),
        ("- name: a\n", "a manifest is a mapping with calendars, jobs, schedules"),
        ("job: []\n", "a manifest is a mapping with calendars, jobs, schedules"),
        ("jobs: [a]\n", "jobs: a list of objects"),
        ("jobs: {a: 1}\n", "jobs: a list of objects"),
    ],
)
def test_what_is_no_manifest(rota: Run, tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "m.yaml"
    file.write_text(text)
    result = rota("apply", "-f", str(file))
    assert result.exit_code == 2
    assert str(file) in result.stderr
    assert says in result.stderr


def test_what_cannot_be_read(rota: Run, tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"jobs: \xff\n")
    (tmp_path / "bad.json").write_text("{")
    (tmp_path / "twice.json").write_text('{"jobs": [{"name": "a", "name": "b"}]}')
    (tmp_path / "empty").mkdir()
    for name, says in (
        ("none.yaml", "cannot read"),
        ("latin.yaml", "not UTF-8"),
        ("bad.json", "not JSON"),
        ("twice.json", "'name' stands twice"),
        ("empty", "no file in"),
    ):
        result = rota("apply", "-f", str(tmp_path / name))
        assert (result.exit_code, says in result.stderr) == (2, True), result.stderr
    assert rota("apply").exit_code == 2
    assert "--prune" in rota("apply", "-f", str(tmp_path / "empty"), "--tag", "x").stderr


def test_an_export_is_read_as_it_was(rota: Run, coordinator: Any, tmp_path: Path) -> None:
    coordinator.on("GET", "jobs", {"items": [{"id": "1", "name": "nightly"}], "nextCursor": None})
    coordinator.on("GET", "export", {"calendars": [], "jobs": [NIGHTLY]})
    result = rota("export")
    file = tmp_path / "jobs.yaml"
    file.write_text(result.stdout)
    assert read([str(file)]).document["jobs"] == [NIGHTLY]
    assert json.loads(rota("export", "--json").stdout)["jobs"] == [NIGHTLY]


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]))
    | st.sampled_from(
        ["on", "10:30", "2026-01-01", "1e5", "~", "<<", "0755", "0x1f", "1_0", ".5", "=", "-", "multi\nline"]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc<~:0on", max_size=4), inner, max_size=3),
    max_leaves=8,
)


def test_what_is_repeated_may_be_named_once(tmp_path: Path) -> None:
    file = tmp_path / "m.yaml"
    file.write_text("jobs:\n  - &a {name: a, jobType: echo, retryCount: 1}\n  - {<<: *a, name: b}\n")
    assert read([str(file)]).document["jobs"][1] == {"name": "b", "jobType": "echo", "retryCount": 1}


@given(values)
def test_every_value_is_written_so_that_it_is_read_as_the_same(value: object) -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as file:
        file.write(written({"jobs": [{"name": "a", "value": value}]}))
        file.flush()
        assert list(documents(file.name)) == [{"jobs": [{"name": "a", "value": value}]}]
