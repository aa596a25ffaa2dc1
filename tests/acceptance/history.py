"""What became of executions under faults, judged from three sides that do not trust each other: witness, API, store."""

import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

TERMINAL = {"Succeeded", "Failed", "Cancelled", "Skipped", "Expired"}


@dataclass(frozen=True)
class Line:
    """What a job witnessed, by one write to a file outside the store; `at` is monotonic ns."""

    what: str
    execution: str
    attempt: int
    token: int
    at: int


@dataclass
class Kill:
    """One kill. `at`, `gone` (nothing was left) and `ready` are monotonic ns, `wall` seconds as the store counts them."""

    at: int
    wall: float = 0.0
    running: int = 0
    children: int = 0
    power: bool = False
    gone: int = 0
    ready: int = 0


@dataclass(frozen=True)
class Try:
    """An attempt as the store holds it."""

    token: int
    number: int
    state: str


@dataclass
class Held:
    """What a store holds."""

    integrity: str = "ok"
    live: set[str] = field(default_factory=set)
    ends: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """The terminal states of each execution: one and only one is right."""
    tries: dict[str, list[Try]] = field(default_factory=lambda: defaultdict(list))
    """By token."""
    lost_at: list[float] = field(default_factory=list)
    """When attempts were called lost, in seconds."""


@dataclass
class Verdict:
    """What is wrong; every list should be empty."""

    lost: list[str]
    not_succeeded: list[str]
    several_ends: list[str]
    disagreeing: list[str]
    stale: list[str]
    unexplained: list[Line]
    beside_living: list[Line]

    @property
    def wrong(self) -> list[str]:
        """The names of what is not empty."""
        return [each.name for each in fields(self) if getattr(self, each.name)]


def connect(store: Path) -> sqlite3.Connection:
    """A read-only connection to the file of a store; close it."""
    return sqlite3.connect(f"file:{store}?mode=ro", uri=True, timeout=30)


def read_store(store: Path) -> Held:
    """Read a store from its file."""
    held = Held()
    with closing(connect(store)) as connection:
        held.integrity = "; ".join(row[0] for row in connection.execute("PRAGMA integrity_check"))
        held.live = {id for (id,) in connection.execute("SELECT id FROM executions")}
        for id, state in connection.execute("SELECT id, state FROM history"):
            held.ends[id].append(state)
        for id, *rest in connection.execute(
            "SELECT execution_id, token, number, state FROM attempts ORDER BY execution_id, token"
        ):
            held.tries[id].append(Try(*rest))
        held.lost_at = [
            at / 1e6 for (at,) in connection.execute("SELECT finished_at FROM attempts WHERE state = 'Lost'")
        ]
    return held


def read_witness(file: Path) -> list[Line]:
    """All lines; one that was not written whole fails here."""
    lines = []
    for text in file.read_text().splitlines():
        what, execution, attempt, token, _pid, at = text.split()
        lines.append(Line(what, execution, int(attempt), int(token), int(at)))
    return lines


def judge(
    accepted: Collection[str],
    told: Mapping[str, Mapping[str, Any]],
    held: Held,
    lines: Sequence[Line],
    kills: Sequence[Kill],
) -> Verdict:
    """Judge the executions `accepted`. `told` is what the API says of each, with its attempts."""
    ended = {(line.execution, line.token) for line in lines if line.what == "end"}
    return Verdict(
        lost=[id for id in accepted if told[id]["state"] not in TERMINAL or id in held.live or not held.ends.get(id)],
        not_succeeded=[id for id in accepted if told[id]["state"] != "Succeeded"],
        several_ends=[id for id, ends in held.ends.items() if len(ends) != 1 or id in held.live],
        disagreeing=[id for id in accepted if not _agree(told[id], held.ends.get(id, []), held.tries.get(id, []))],
        stale=[id for id, tries in held.tries.items() if _accepted_stale(id, tries, ended)],
        unexplained=list(_unexplained(lines, held)),
        beside_living=list(_beside_living(lines, kills)),
    )


def _agree(told: Mapping[str, Any], ends: Sequence[str], tries: Sequence[Try]) -> bool:
    """Whether the API tells of an execution what the store holds."""
    attempts = [Try(one["token"], one["number"], one["state"]) for one in told["attempts"]]
    return [told["state"]] == list(ends) and attempts == list(tries)


def _accepted_stale(id: str, tries: Sequence[Try], ended: Collection[tuple[str, int]]) -> bool:
    """Whether a result was taken that is not the last attempt's, that no attempt came to, or beside another one."""
    won = [one.token for one in tries if one.state == "Succeeded"]
    numbers = [one.number for one in tries]
    return won != [tries[-1].token] or (id, won[0]) not in ended or numbers != sorted(set(numbers))


def _unexplained(lines: Sequence[Line], held: Held) -> Iterator[Line]:
    """Starts whose attempt the store does not know, or knows as something that can not have begun."""
    known = {(id, one.token): one for id, tries in held.tries.items() for one in tries}
    for line in lines:
        attempt = known.get((line.execution, line.token))
        if attempt is None or attempt.number != line.attempt or attempt.state not in ("Succeeded", "Lost"):
            yield line


def _beside_living(lines: Sequence[Line], kills: Sequence[Kill]) -> Iterator[Line]:
    """Later starts of an execution that no kill separates from the one before.

    What was started before a kill may still witness until its guard ended it.
    """
    before: dict[str, int] = {}
    for line in sorted((line for line in lines if line.what == "start"), key=lambda line: line.at):
        since = before.get(line.execution)
        if since is not None and not any(since <= kill.gone and kill.at <= line.at for kill in kills):
            yield line
        before[line.execution] = line.at
