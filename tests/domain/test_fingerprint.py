"""Failures of the same kind have the same fingerprint, whatever differs from run to run; others have another one."""

import pytest

from rota.domain.fingerprint import fingerprint, normalised

SAME = [
    ("timeout after 30 s", "timeout after 31.5 s"),
    ("order 0190a5b6-0000-7000-8000-000000000000 is gone", "order 0190a5b6-ffff-7000-8000-00000000beef is gone"),
    ("no file '/data/in/2026-11-01.csv'", "no file '/data/in/2026-11-02.csv'"),
    ("no file /data/in/a.csv", "no file /var/lib/b.csv"),
    ("<Lock object at 0x7f03316b9590>", "<Lock object at 0x7fffffff0000>"),
    ('customer "Ana" is unknown', 'customer "Bob" is unknown'),
    ("commit 3f2a9bc failed", "commit 99aa0d1 failed"),
    ("a  b\n c", "a b c"),
]
OTHER = [
    ("connection refused", "connection reset"),
    ("timeout", "time out"),
    ("", "x"),
    ("can't reach the shop, it's closed", "can't reach the bank, it's closed"),
    ("the customers' orders can't be read", "the customers' orders won't be read"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_what_varies_does_not_count(one: str, other: str) -> None:
    assert fingerprint(one, None) == fingerprint(other, None)
    assert normalised(one) == normalised(other)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_what_is_said_does(one: str, other: str) -> None:
    assert fingerprint(one, None) != fingerprint(other, None)


def test_the_innermost_frames_count_and_not_their_lines() -> None:
    def stack(line: int, function: str) -> str:
        return f'File "/a/main.py", line 1, in main\n  File "/a/shop.py", line {line}, in {function}\n'

    assert fingerprint("no", stack(3, "pay")) == fingerprint("no", stack(99, "pay"))
    assert fingerprint("no", stack(3, "pay")) != fingerprint("no", stack(3, "ship"))


def test_nothing_told_is_a_kind_too() -> None:
    assert normalised(None) == "no error was told"
    assert len(fingerprint(None, None)) == 16
    assert fingerprint("\ud800", "\udfff")
