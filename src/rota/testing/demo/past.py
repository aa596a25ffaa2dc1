"""The finished executions of the demo as rows: one of `history`, with its attempts, its ledger entry and its audit."""

import json
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from rota.domain.execution import DEFAULT_RETRY, DEFAULT_TIMEOUT, kind_of
from rota.domain.instant import MINUTE, SECOND, Instant
from rota.domain.occurrence import Decision
from rota.stores.identity import identity_at
from rota.stores.policies import retry_to_json
from rota.testing.demo.definitions import Defined
from rota.testing.demo.fires import OVERLAPPED, Entry, Happening
from rota.testing.demo.outcomes import Odds, Outcome, duration, waited
from rota.testing.demo.shifts import Shifts

HISTORY = (
    "id", "created_at", "due_at", "started_at", "finished_at", "state", "attempt", "token", "worker_id", "schedule_id",
    "nominal_at", "trigger", "actor", "metadata", "result", "error", "stack", "reason", "cancellation",
    "job_id", "name", "type", "kind", "queue", "priority", "parameters", "timeout", "retry", "max_attempts",
)  # fmt: skip
ATTEMPTS = ("execution_id", "token", "number", "state", "worker_id", "started_at", "finished_at", "error", "stack")
_NEWEST = 3000
_WHY_CANCELLED = ("wrong parameters", "superseded", "blocks the queue", "the customer asked for it")
_SYSTEMS = ("shop-backend", "ci-deploy", "crm-gateway", "pager")
_SLACK = 5 * SECOND

Row = tuple[Any, ...]


@dataclass(slots=True)
class Ended:
    """One finished execution, for what is told about it besides: its lines and events."""

    row: Row
    token: int | None

    def __getitem__(self, column: str) -> Any:
        return self.row[HISTORY.index(column)]


@dataclass(slots=True)
class Past:
    """Turns happenings into rows, in order."""

    jobs: Sequence[Defined]
    odds: Odds
    shifts: Shifts
    random: Random
    start: Instant
    now: Instant
    kept: Sequence[Instant]
    """Of each job, since when the ledger is filled."""
    token: int = 0
    attempts: list[Row] = field(default_factory=list)
    ledger: list[Entry] = field(default_factory=list)
    audit: list[Row] = field(default_factory=list)
    newest: deque[Ended] = field(default_factory=lambda: deque(maxlen=_NEWEST))
    lengthy: Ended | None = None
    """The last run of a cluster job: the one with the big log."""
    runs: dict[str, int] = field(default_factory=dict)
    _fixed: list[Row] = field(default_factory=list)
    _last: dict[int, str] = field(default_factory=dict)
    _failed: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """What is the same in all rows of a job. The last one is of what is submitted without a job."""
        self._fixed = [_fixed(one) for one in self.jobs]
        nameless = (None, None, "echo", "python", "default", 0, '{"payload":"hello"}', DEFAULT_TIMEOUT, None, 4)
        self._fixed.append(nameless)

    def row(self, happening: Happening) -> Row | None:
        """The row of `history`; None for an instant that fired nothing."""
        at, number, which, nominal, what = happening
        schedule = None if nominal is None else self.jobs[number].schedules[which].id
        if what == OVERLAPPED:
            if number in self._last and schedule is not None:
                self._enter(number, schedule, at, Decision.SKIPPED_OVERLAP, f"{self._last[number]} still runs", None)
            return None
        fixed = self._fixed[number]
        outcome = self.odds.outcome(number, at, fixed[9], self.random)
        created = at + self.random.randrange(1000, 40_000)
        id = identity_at(created, self.random.getrandbits(62))
        self._last[number] = id
        if schedule is not None and nominal is not None:
            self.runs[schedule] = self.runs.get(schedule, 0) + 1
            self._enter(number, schedule, nominal, Decision.FIRED, _late(created - nominal), id)
        ran = self._run(id, number, created, outcome, what)
        who = ("schedule", None, None) if nominal is not None else self._who(number, id, created)
        row = (
            id,
            created,
            at,
            *ran[:2],
            outcome.state,
            outcome.attempts,
            *ran[2:4],
            schedule,
            nominal,
            *who,
            *ran[4:],
            *fixed,
        )
        self._remember(number, Ended(row, ran[2]), outcome)
        return row

    def _run(self, id: str, number: int, created: Instant, outcome: Outcome, what: int) -> Row:
        """Of the last attempt: started, finished, token, worker, result, error, stack, reason, cancellation."""
        begun = created + waited(created, self.random)
        if outcome.attempts == 0:
            return self._unrun(created, outcome)
        blueprint = self.jobs[number].blueprint if number >= 0 else None
        age = (created - self.start) / (self.now - self.start)
        error = stack = None
        for attempt in range(1, outcome.attempts + 1):
            begun = min(begun, self.now - 2 * _SLACK)
            took = max(duration(blueprint, age, self.random), what if what > OVERLAPPED else 0)
            fails = outcome.error is not None and (attempt < outcome.attempts or outcome.state == "Failed")
            if fails and outcome.error is not None:
                took = int(took * self.random.random())
                error = outcome.error.message(self.random)
                stack = outcome.error.stack(self.random, error)
            ended = min(begun + took + 900, self.now - self.random.randrange(_SLACK))
            self.token += 1
            worker = self.shifts.worker(begun, self.random)
            state = "Failed" if fails else outcome.state
            told = (error, stack) if fails else (None, None)
            self.attempts.append((id, self.token, attempt, state, worker, begun, ended, *told))
            begun, last = ended + attempt * 5 * SECOND, begun
        if outcome.state == "Succeeded":
            return (last, ended, self.token, worker, self._result(number), None, None, None, None)
        if outcome.state == "Failed":
            return (last, ended, self.token, worker, None, error, stack, None, None)
        return (last, ended, self.token, worker, None, None, None, *self._cancellation(number, id, ended))

    def _unrun(self, created: Instant, outcome: Outcome) -> Row:
        """Ended before it began."""
        ended = min(created + self.random.randrange(SECOND, 10 * MINUTE), self.now - self.random.randrange(_SLACK))
        reason = "not begun before its latest start" if outcome.state == "Expired" else "superseded"
        note = None if outcome.state == "Expired" else json.dumps({"by": "Ann Keller", "at": ended, "reason": reason})
        return (None, ended, None, None, None, None, None, reason, note)

    def _cancellation(self, number: int, id: str, at: Instant) -> Row:
        by, reason = self.random.choice(self.jobs[number].blueprint.team.people), self.random.choice(_WHY_CANCELLED)
        self.audit.append((at - SECOND, by, "cancel", "execution", id, {"reason": reason, "was": "Running"}))
        return reason, json.dumps({"by": by, "at": at - SECOND, "reason": reason, "graceSeconds": None})

    def _result(self, number: int) -> str | None:
        kind = self._fixed[number][3]
        if kind == "python":
            return f'{{"rows":{self.random.randrange(90_000)}}}'
        return '{"status":200}' if kind == "http" else '{"exitCode":0}'

    def _who(self, number: int, id: str, at: Instant) -> Row:
        """trigger, actor and metadata of what no schedule made."""
        if number < 0:
            return ("submission", self.random.choice(_SYSTEMS), None)
        one = self.jobs[number]
        if one.blueprint.rhythm == "none" and number not in self._failed:
            return ("manual", self.random.choice(_SYSTEMS), None)
        by, failed = self.random.choice(one.blueprint.team.people), self._failed.pop(number, None)
        if failed is None:
            self.audit.append((at, by, "trigger", "job", one.id, {"executionId": id, "parameters": False}))
            return ("manual", by, None)
        self.audit.append((at, by, "retry", "execution", failed, {"reason": "after the fix", "as": id}))
        return ("replay", by, json.dumps({"replayOf": failed}))

    def _enter(
        self, number: int, schedule: str, nominal: Instant, decision: Decision, reason: str | None, id: str | None
    ) -> None:
        if nominal >= self.kept[number]:
            self.ledger.append((schedule, nominal, decision.value, reason, id, nominal + SECOND // 5))

    def _remember(self, number: int, ended: Ended, outcome: Outcome) -> None:
        self.newest.append(ended)
        if outcome.state == "Failed":
            self._failed[number] = ended["id"]
        elif outcome.state == "Succeeded" and number >= 0 and self.jobs[number].blueprint.family.prefix == "spark":
            self.lengthy = ended


def _fixed(one: Defined) -> Row:
    job = one.job
    assert job is not None
    retry = None if job.retry == DEFAULT_RETRY else retry_to_json(job.retry)
    given = json.dumps(job.parameters, separators=(",", ":"))
    return (
        one.id, job.name, job.type, kind_of(job.type), job.queue, job.priority, given, job.timeout, retry,
        job.retry.max_attempts,
    )  # fmt: skip


def _late(lateness: int) -> str | None:
    """Why it fired, where not in time."""
    return f"{lateness // MINUTE} min late; catch-up run" if lateness > 3 * MINUTE else None
