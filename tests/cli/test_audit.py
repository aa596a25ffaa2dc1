"""`rota audit`: one change, and the examination of all of them."""

from collections.abc import Callable
from typing import Any

import pytest

Run = Callable[..., Any]
ENTRY = {
    "seq": 17, "at": "2026-01-01T00:00:00.000Z", "actor": "ann", "action": "pause", "noun": "job",
    "subjectId": "019b-1", "detail": {"note": "moving"},
}  # fmt: skip
DIGEST = "3b" * 32
VALID = {
    "valid": True, "entries": 1234, "waiting": 0, "unsealed": 0, "keyedFrom": 1, "anchors": 3,
    "head": {"seq": 1234, "digest": DIGEST}, "firstBadSeq": None, "problems": [],
}  # fmt: skip


def test_one_change(rota: Run, coordinator: Any) -> None:
    coordinator.on("GET", "audit/17", ENTRY)
    shown = rota("audit", "show", "17").stdout
    assert "job 019b-1" in shown
    assert '"note": "moving"' in shown
    assert rota("audit", "show", "0").exit_code == 2


def test_a_valid_audit_exits_with_0(rota: Run, coordinator: Any) -> None:
    coordinator.on("GET", "audit/verify", VALID)
    result = rota("audit", "verify")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "audit    as it was written",
        "entries  1,234",
        "key      since entry 1",
        "anchors  3",
        f"head     1234:{DIGEST}",
    ]


@pytest.mark.parametrize("words", [(), ("--json",)])
def test_an_audit_that_was_changed_exits_with_1(rota: Run, coordinator: Any, words: tuple[str, ...]) -> None:
    problems = [{"seq": 12, "problem": "missing", "message": "it is gone"}]
    changed = VALID | {"valid": False, "firstBadSeq": 12, "problems": problems, "keyedFrom": None, "anchors": 0}
    coordinator.on("GET", "audit/verify", changed)
    result = rota("audit", "verify", *words)
    assert result.exit_code == 1
    assert "it is gone" in result.stdout
    if not words:
        assert result.stdout.startswith("audit    NOT as it was written\n")
        assert result.stdout.splitlines()[-1].split(maxsplit=1) == ["12", "it is gone"]


def test_an_anchor_is_handed_on(rota: Run, coordinator: Any) -> None:
    coordinator.on("GET", "audit/verify", VALID)
    rota("audit", "verify", "--anchor", f"5:{DIGEST}")
    assert coordinator.last("GET").query == {"anchor": f"5:{DIGEST}"}
