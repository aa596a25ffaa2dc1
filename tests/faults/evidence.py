"""What became of executions under faults, from four sides that do not trust each other: client, witness, API, store."""

import itertools
import json
import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

from driver import TERMINAL, Rota
from fleet import BOUND, HEARTBEAT, LEASE, MARGIN, REAPER, Fleet
from recording import Recorder
from witness import Line, read

import checker.journal as journal
from checker import Violation, check, told
from checker.journal import History, Member, Stored, Terms, Tried
from checker.store import read_store
from rota.domain.instant import SECOND
from rota.stores.database import Database

_PAGE = 500
_OVER = ("end", "stopped")
_SKEW = SECOND // 4
"""What two processes may disagree by about the clock of a server; the order of the journal is judged beside it."""

Told = dict[str, tuple[str, int]]
"""State and attempt number of executions."""


def ask_api(api: Rota) -> Told:
    """What the API tells of every execution."""
    answers: Told = {}
    cursor: dict[str, object] = {}
    while True:
        page = api.get("/api/executions", limit=_PAGE, **cursor)
        answers |= {item["id"]: (item["state"], item["attempt"]) for item in page["items"]}
        if page["nextCursor"] is None:
            return answers
        cursor = {"cursor": page["nextCursor"]}


@dataclass
class Verdict:
    """What is wrong; every list should be empty."""

    lost: list[str]
    several_ends: list[str]
    unexpected_ends: list[str]
    disagreeing: list[str]
    stale: list[str]
    in_lease: list[str]
    unexplained: list[Line]
    unwitnessed: list[str]
    beside_living: list[Line]
    convicted_alive: list[str]
    repeated: list[str]
    duplicate_fires: list[tuple[str, int]]

    @property
    def wrong(self) -> dict[str, list[Any]]:
        """What is not empty, a few of each."""
        return {each.name: found[:5] for each in fields(self) if (found := getattr(self, each.name))}


@dataclass
class Evidence:
    """All that is known once a fleet is at rest."""

    fleet: Fleet
    recorders: Sequence[Recorder]
    answers: Told
    history: History
    pids: dict[str, int]
    """Of each worker."""
    lines: list[Line]
    expected: frozenset[str]
    stored: dict[str, list[Stored]] = field(default_factory=lambda: defaultdict(list))
    tries: dict[str, list[Tried]] = field(default_factory=lambda: defaultdict(list))

    def __post_init__(self) -> None:
        for stored in self.history.stored:
            self.stored[stored.execution_id].append(stored)
        for tried in self.history.tried:
            self.tries[tried.execution_id].append(tried)

    @classmethod
    def gathered(cls, fleet: Fleet, *recorders: Recorder, expected: Collection[str] = ("Succeeded",)) -> "Evidence":
        """Ask everybody. `expected` are the ends that executions may come to. The fleet must be idle."""
        answers = ask_api(fleet.api)
        database = Database(fleet.store.url)
        try:
            history = read_store(database)
        finally:
            database.close()
        pids = {str(id): pid or 0 for id, pid in fleet.store.rows("SELECT id, pid FROM workers")}
        lines = read(fleet.witness)
        made = cls(fleet, recorders, answers, history, pids, lines, frozenset(expected))
        made._complete_history()
        return made

    def _complete_history(self) -> None:
        """Put what was seen outside beside what the store says."""
        worker_of = {(one.execution_id, one.token): one.worker_id or "" for one in self.history.tried}
        self.history.witness = [
            journal.Witnessed(
                line.what,
                line.execution,
                line.attempt,
                line.token,
                worker_of.get((line.execution, line.token), ""),
                line.at,
            )
            for line in self.lines
            if line.what != "stopped"
        ]
        words = {"ok": "ok", "fail": "refused", "info": "unknown"}
        self.history.requests = [
            journal.Request("submit", one.invoked, one.told, words[one.outcome], one.id, key=one.key)
            for recorder in self.recorders
            for one in recorder.operations
        ]
        now = time.monotonic_ns()
        for fault in self.fleet.faults:
            targets = {id for id, pid in self.pids.items() if pid in fault.pids} or {fault.target}
            if fault.target in self.fleet.workers and targets == {fault.target}:
                continue  # over HTTP: which incarnation it was is not known, and nobody else is the worse for it
            if fault.pids and fault.target in self.fleet.coordinators:
                targets = {fault.target} if fault.alone else set()
            made = [journal.Fault(fault.kind, target, fault.begin, fault.end or now) for target in targets]
            self.history.faults = [*self.history.faults, *made]
        self.history.terms = Terms(
            round(LEASE * SECOND),
            round(REAPER * SECOND),
            round(MARGIN * SECOND),
            watch=round((HEARTBEAT + MARGIN) * SECOND),
            offset=time.time_ns() - now,
        )

    @cached_property
    def accepted(self) -> set[str]:
        """The executions that a client was told of."""
        return {id for recorder in self.recorders for id in recorder.accepted}

    @cached_property
    def verdict(self) -> Verdict:
        """What is wrong with it."""
        ended = {(line.execution, line.token) for line in self.lines if line.what == "end"}
        known = {(one.execution_id, one.token) for one in self.history.tried}
        won = {(one.execution_id, one.token) for one in self.history.tried if one.state == "Succeeded"}
        finished = {id: rows for id, rows in self.stored.items() if not any(one.live for one in rows)}
        return Verdict(
            lost=[id for id in self.accepted if id not in finished or self.answers.get(id, ("",))[0] not in TERMINAL],
            several_ends=[id for id, rows in self.stored.items() if len(rows) != 1],
            unexpected_ends=[id for id, rows in finished.items() if rows[0].state not in self.expected],
            disagreeing=[
                id
                for id in {*self.answers, *finished}
                if [self.answers.get(id)] != [(one.state, one.attempt) for one in self.stored[id]]
            ],
            stale=[id for id, tries in self.tries.items() if _stale(tries)],
            in_lease=list(self._in_lease()),
            unexplained=[
                line for line in self.lines if line.what == "start" and (line.execution, line.token) not in known
            ],
            unwitnessed=[id for id, token in won if id in self.accepted and (id, token) not in ended],
            beside_living=list(self._beside_living()),
            convicted_alive=list(self._convicted_alive()),
            repeated=list(self._repeated()),
            duplicate_fires=self._duplicate_fires(),
        )

    def _in_lease(self) -> Iterator[str]:
        """Executions that began again, by the store's clock, before the attempt before was settled; and workers that
        were convicted before their lease had ended."""
        for id, tries in self.tries.items():
            if any(after.started_at < before.finished_at - _SKEW for before, after in itertools.pairwise(tries)):
                yield id
        for worker in self.history.members:
            if worker.state == "Dead" and worker.ended_at is not None and worker.ended_at < worker.lease_expires_at:
                yield worker.worker_id

    @cached_property
    def _over(self) -> dict[tuple[str, int], int]:
        return {(line.execution, line.token): line.at for line in self.lines if line.what in _OVER}

    @cached_property
    def _process(self) -> dict[tuple[str, int], int]:
        """The process that each attempt was under: the worker's own or, where the store does not know it, the witness."""
        said = {(line.execution, line.token): line.pid for line in self.lines if line.what == "start"}
        return {
            (one.execution_id, one.token): self.pids.get(one.worker_id or "")
            or said.get((one.execution_id, one.token), 0)
            for one in self.history.tried
        }

    def _beside_living(self) -> Iterator[Line]:
        """Later starts of an execution beside an earlier one that nothing had ended or befallen.

        An attempt whose process went down with it says nothing at its end; its worker has told that it failed.
        """
        failed = {(one.execution_id, one.token) for one in self.history.tried if one.state in ("Failed", "TimedOut")}
        before: dict[str, Line] = {}
        for line in self.lines:
            if line.what != "start":
                continue
            last, before[line.execution] = before.get(line.execution), line
            if last is None or (last.execution, last.token) in failed:
                continue
            if self._over.get((last.execution, last.token), line.at + 1) <= line.at:
                continue
            pid = self._process.get((last.execution, last.token)) or last.pid
            if not any(fault.befell(pid, last.at, line.at) for fault in self.fleet.faults):
                yield line

    def _convicted_alive(self) -> Iterator[str]:
        """Workers of the store that were convicted although nothing befell them."""
        for worker in self.history.members:
            if worker.state == "Dead" and worker.transport == "database":
                pid = self.pids[worker.worker_id]
                if not any(not fault.pids or pid in fault.pids for fault in self.fleet.faults):
                    yield worker.worker_id

    def convicted(self) -> list[Member]:
        """The workers that were declared dead by others: not by their own guard, which ends a lease as it buries."""
        return [one for one in self.history.members if one.state == "Dead" and one.ended_at != one.lease_expires_at]

    def _repeated(self) -> Iterator[str]:
        """Keys under which two executions were made."""
        made: dict[str, set[str]] = defaultdict(set)
        for recorder in self.recorders:
            for one in recorder.operations:
                if one.id is not None:
                    made[one.key].add(one.id)
        yield from (key for key, ids in made.items() if len(ids) > 1)

    def _duplicate_fires(self) -> list[tuple[str, int]]:
        """Instants of schedules that made several executions, or one that the ledger does not know, or none at all."""
        made = Counter(
            (one.schedule_id, one.nominal_at) for one in self.history.stored if one.schedule_id and one.nominal_at
        )
        fired = {(one.schedule_id, one.nominal_at) for one in self.history.decided if one.decision == "fired"}
        return sorted({*(fire for fire, count in made.items() if count > 1), *(fired ^ set(made))})

    def recoveries(self, *kinds: str) -> list[float]:
        """For every attempt that a fault cut short: seconds until its execution started again, sorted.

        Counted from the first fault that befell it or, when the store was away then, from the store's return.
        """
        outages = [one for one in self.fleet.faults if not one.pids and one.end]
        starts = {(line.execution, line.token): line.at for line in self.lines if line.what == "start"}
        befell: dict[int, list[Any]] = defaultdict(list)
        for fault in self.fleet.faults:
            for pid in fault.pids:
                befell[pid].append(fault)
        found = []
        for id, tries in self.tries.items():
            for one, after in itertools.pairwise(tries):
                claimed, again = self._monotonic(one.started_at), self._monotonic(after.started_at)
                again = starts.get((id, after.token), again)
                over = min(again, self._over.get((id, one.token), again))
                cut = [fault for fault in befell.get(self._process[id, one.token], ()) if claimed <= fault.begin < over]
                if one.state == "Lost" and cut and (not kinds or cut[0].kind in kinds):
                    since = cut[0].begin
                    since = max([since, *(out.end for out in outages if out.begin < again and since < out.end < again)])
                    found.append((again - since) / 1e9)
        return sorted(found)

    def _monotonic(self, instant: int) -> int:
        return instant * 1000 - self.history.terms.offset

    def attempts(self, state: str) -> int:
        """How many attempts came to this."""
        return sum(one.state == state for one in self.history.tried)

    @cached_property
    def violations(self) -> list[Violation]:
        """The broken invariants, as the checker of histories sees them."""
        return check(self.history)

    def require_nothing_wrong(self) -> None:
        """Fail with what is wrong."""
        first = {one.invariant: one for one in reversed(self.violations)}
        assert not first, "\n\n".join(
            told(self.history, [one, *(other for other in self.violations if other is not one)])
            for one in first.values()
        )
        assert not self.verdict.wrong, json.dumps(self.verdict.wrong, indent=1, default=str)


def _stale(tries: Sequence[Tried]) -> bool:
    """Whether a result was taken that is not the last attempt's, or beside another one; or an attempt counted wrong."""
    won = [one.token for one in tries if one.state == "Succeeded"]
    if won and won != [tries[-1].token]:
        return True
    number = 0
    for one in tries:
        if one.number != number + 1:
            return True
        number = one.number - (1 if one.state == "Cancelled" else 0)  # what was handed back does not count
    return False


def percentile(seconds: Sequence[float], share: float) -> float:
    """Of sorted durations; 0 when there are none."""
    return seconds[min(len(seconds) - 1, int(share * len(seconds)))] if seconds else 0.0


def spread(seconds: Sequence[float]) -> str:
    """Of sorted durations, as a sheet shows them."""
    if not seconds:
        return "none"
    return f"p50 {percentile(seconds, 0.5):.2f} p99 {percentile(seconds, 0.99):.2f} max {seconds[-1]:.2f} s"


__all__ = ["BOUND", "Evidence", "Verdict", "percentile", "spread"]
