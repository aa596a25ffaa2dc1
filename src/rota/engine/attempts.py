"""The attempts that run here: begun, timed out, stopped, and ended, with what they said meanwhile."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence

from rota.config import Config
from rota.domain.execution import Claim
from rota.domain.instant import SECOND, Instant
from rota.domain.outcome import Cancelled, Outcome, TimedOut
from rota.engine.attempt import Attempt
from rota.engine.deadlines import Deadlines
from rota.engine.runner import Runner
from rota.engine.work_source import Ended, Notes
from rota.processes import kill_marked
from rota.telemetry import Telemetry

_NOTE_SECONDS = 0.5
_ABANDON_SECONDS = 5.0
_TIMEOUT_GRACE_SECONDS = 1.0
_LONGEST_GRACE_SECONDS = 600.0


class Attempts:
    """Runs claims on the event loop. What has ended waits in `ended` until the worker takes it."""

    def __init__(
        self,
        runner: Runner,
        clock: Callable[[], Instant],
        config: Config,
        worker_id: str,
        telemetry: Telemetry,
        on_end: Callable[[], None],
    ) -> None:
        """`on_end` is called whenever an attempt ends."""
        self._runner = runner
        self._clock = clock
        self._config = config.engine
        self._worker_id = worker_id
        self._telemetry = telemetry
        self._on_end = on_end
        self._running: dict[str, Attempt] = {}
        self._deadlines = Deadlines(self._running, self._time_out)
        self._noted_at = 0.0
        self.untold = Notes()
        self.ended: list[Ended] = []

    def __len__(self) -> int:
        return len(self._running)

    def held(self) -> set[str]:
        """The executions that are in hand: running, or ended and not yet settled."""
        return {*self._running, *(item.claim.id for item in self.ended)}

    def begin(self, claims: Sequence[Claim]) -> None:
        """Start what was claimed."""
        begun = time.monotonic()
        for claim in claims:
            attempt = Attempt(claim, self._clock, self._config.log_bytes, begun + claim.timeout / SECOND)
            self._running[claim.id] = attempt
            self._deadlines.watch(attempt)
            attempt.task = asyncio.create_task(self._attend(attempt))

    async def _attend(self, attempt: Attempt) -> None:
        self._finish(attempt, await self._runner.run(attempt))

    def _finish(self, attempt: Attempt, outcome: Outcome) -> None:
        if attempt.ended:
            return
        attempt.ended = True
        if self._running.get(attempt.claim.id) is attempt:
            del self._running[attempt.claim.id]
        self.ended.append(Ended(attempt.claim, outcome, attempt.take_lines()))
        self._on_end()

    def cancel(self, asked: Mapping[str, Mapping[str, object]]) -> None:
        """Stop the executions whose cancellation somebody asked for."""
        for execution_id, cancellation in asked.items():
            attempt = self._running.get(execution_id)
            if attempt is not None:
                grace = cancellation.get("graceSeconds")
                seconds = float(grace) if isinstance(grace, int | float) else self._config.cancel_grace_seconds
                reason = Cancelled(str(cancellation.get("reason") or "cancelled"))
                self._stop(attempt, reason, min(seconds, _LONGEST_GRACE_SECONDS))

    def stop_all(self, reason: Outcome, grace: float) -> None:
        """Stop everything within `grace` seconds, whatever it was granted before; what is a process is killed then."""
        for attempt in list(self._running.values()):
            self._stop(attempt, reason, grace)
        if self._running:
            asyncio.get_running_loop().call_later(grace + 0.5, self._kill_processes)

    async def end_all(self, reason: Outcome, grace: float) -> None:
        """Stop everything and wait until it is gone or given up."""
        self.stop_all(reason, grace)
        deadline = time.monotonic() + grace + 2 * _ABANDON_SECONDS
        while self._running and time.monotonic() < deadline:
            await asyncio.wait([attempt.task for attempt in self._running.values() if attempt.task], timeout=0.1)

    def longest(self) -> float:
        """When every timeout that now runs is over for good, in monotonic seconds; the past when nothing runs."""
        last = max((attempt.deadline for attempt in self._running.values()), default=0.0)
        return last + _TIMEOUT_GRACE_SECONDS + _ABANDON_SECONDS

    def has_notes(self) -> bool:
        """Whether a running attempt said anything that is not written yet."""
        return any(attempt.has_notes for attempt in self._running.values())

    def take_notes(self) -> Notes:
        """What running attempts said, at most twice a second, behind what could not be told before."""
        notes, self.untold = self.untold, Notes()
        if not self._running or time.monotonic() - self._noted_at < _NOTE_SECONDS:
            return notes
        self._noted_at = time.monotonic()
        for attempt in self._running.values():
            notes.lines += attempt.take_lines()
            progress = attempt.take_progress()
            if progress is not None:
                notes.progress.append((attempt.claim.id, attempt.claim.token, *progress))
        return notes

    def put_back(self, notes: Notes) -> None:
        """They could not be told: they come first the next time."""
        self.untold = Notes([*notes.lines, *self.untold.lines], [*notes.progress, *self.untold.progress])

    def close(self) -> None:
        """Mind no deadline any more."""
        self._deadlines.close()

    def _time_out(self, attempt: Attempt) -> None:
        self._stop(attempt, TimedOut(attempt.claim.timeout), _TIMEOUT_GRACE_SECONDS)

    def _stop(self, attempt: Attempt, reason: Outcome, grace: float) -> None:
        """Tell an attempt to stop; give it up when it neither ends nor can be killed."""
        if attempt.stop_because(reason, grace):
            asyncio.get_running_loop().call_later(grace + _ABANDON_SECONDS, self._abandon, attempt)
            if attempt.task is not None:  # one that is told so before its first step never takes it
                attempt.task.add_done_callback(lambda _: self._finish(attempt, attempt.stop or reason))

    def _abandon(self, attempt: Attempt) -> None:
        if not attempt.ended and attempt.stop is not None:
            self._telemetry.abandoned(attempt.claim)
            self._finish(attempt, attempt.stop)

    def _kill_processes(self) -> None:
        if self._running:
            asyncio.get_running_loop().run_in_executor(None, kill_marked, f"ROTA_WORKER={self._worker_id}")
