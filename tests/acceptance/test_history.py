"""The judge of histories is judged: a right history passes, and every kind of wrong one is called what it is."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import pytest
from history import Held, Kill, Line, Try, judge


@dataclass
class History:
    """Two executions and one kill: `a` was cut short and ran again, `b` ended before."""

    accepted: set[str] = field(default_factory=lambda: {"a", "b"})
    told: dict[str, Any] = field(
        default_factory=lambda: {
            "a": {
                "state": "Succeeded",
                "attempts": [
                    {"token": 1, "number": 1, "state": "Lost"},
                    {"token": 3, "number": 2, "state": "Succeeded"},
                ],
            },
            "b": {"state": "Succeeded", "attempts": [{"token": 2, "number": 1, "state": "Succeeded"}]},
        }
    )
    held: Held = field(
        default_factory=lambda: Held(
            ends={"a": ["Succeeded"], "b": ["Succeeded"]},
            tries={"a": [Try(1, 1, "Lost"), Try(3, 2, "Succeeded")], "b": [Try(2, 1, "Succeeded")]},
        )
    )
    lines: list[Line] = field(
        default_factory=lambda: [
            Line("start", "a", 1, 1, 10),
            Line("start", "b", 1, 2, 11),
            Line("end", "b", 1, 2, 12),
            Line("start", "a", 2, 3, 30),
            Line("end", "a", 2, 3, 31),
        ]
    )
    kills: list[Kill] = field(default_factory=lambda: [Kill(at=20, gone=21)])

    def wrong(self) -> list[str]:
        return judge(self.accepted, self.told, self.held, self.lines, self.kills).wrong


def test_a_right_history() -> None:
    assert History().wrong() == []


def test_what_is_killed_may_witness_until_it_is_gone() -> None:
    history = History()
    history.lines[0] = Line("start", "a", 1, 1, 21)
    assert history.wrong() == []


def told_state(history: History, state: str) -> None:
    history.told["b"]["state"] = state


@pytest.mark.parametrize(
    ("corrupt", "called"),
    [
        (lambda h: told_state(h, "Running"), "lost"),
        (lambda h: h.held.ends.pop("b"), "lost"),
        (lambda h: h.held.live.add("b"), "lost"),
        (lambda h: told_state(h, "Failed"), "not_succeeded"),
        (lambda h: h.held.ends["b"].append("Failed"), "several_ends"),
        (lambda h: h.held.live.add("a"), "several_ends"),
        (lambda h: h.told["a"]["attempts"].pop(), "disagreeing"),
        (lambda h: h.told["b"]["attempts"][0].update(token=9), "disagreeing"),
        (lambda h: h.held.tries["a"].reverse(), "stale"),
        (lambda h: h.held.tries.update(a=[Try(1, 1, "Succeeded"), Try(3, 2, "Succeeded")]), "stale"),
        (lambda h: h.held.tries.update(a=[Try(1, 1, "Succeeded"), Try(3, 2, "Lost")]), "stale"),
        (lambda h: h.held.tries.update(a=[Try(1, 1, "Lost"), Try(3, 1, "Succeeded")]), "stale"),
        (lambda h: h.lines.pop(), "stale"),
        (lambda h: h.held.tries.update(a=[Try(3, 2, "Succeeded")]), "unexplained"),
        (lambda h: h.held.tries.update(b=[Try(2, 1, "Cancelled")]), "unexplained"),
        (lambda h: h.lines.append(Line("start", "b", 2, 5, 13)), "unexplained"),
        (lambda h: h.lines.append(Line("start", "b", 1, 2, 13)), "beside_living"),
        (lambda h: h.kills.clear(), "beside_living"),
        (lambda h: h.lines.append(Line("start", "a", 2, 3, 40)), "beside_living"),
    ],
)
def test_a_wrong_history(corrupt: Callable[[History], object], called: str) -> None:
    history = deepcopy(History())
    corrupt(history)
    assert called in history.wrong()
