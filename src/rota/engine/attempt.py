"""One attempt while it runs here: what it logs, how far it is, and why it is to stop."""

import asyncio
from collections.abc import Callable
from itertools import count

from rota.domain.execution import Claim
from rota.domain.instant import Instant
from rota.domain.outcome import Outcome
from rota.domain.text import LOG_IS_FULL, storable

_LONGEST_LINE = 16_384
_LEAST_COST = 32
"""What a line takes of the budget at the least, however short: a flood of empty lines is a flood too."""


class Attempt:
    """The worker's side of a `Claim`. `log` and `progressed` may be called from any thread."""

    __slots__ = (
        "_budget",
        "_clock",
        "_lines",
        "_numbers",
        "claim",
        "deadline",
        "ended",
        "grace",
        "progress",
        "stop",
        "task",
    )

    def __init__(self, claim: Claim, clock: Callable[[], Instant], log_bytes: int, deadline: float) -> None:
        """`deadline` is when its timeout is over, in monotonic seconds."""
        self.claim = claim
        self.deadline = deadline
        self.task: asyncio.Task[None] | None = None
        self.stop: Outcome | None = None
        """Why it was told to stop: `TimedOut`, `Cancelled`, `Interrupted` or `Lost`."""
        self.grace = 0.0
        self.ended = False
        self.progress: tuple[float, str] | None = None
        self._clock = clock
        self._budget = log_bytes
        self._lines: list[tuple[str, int, int, Instant, str, str]] = []
        self._numbers = count(1)

    def log(self, line: str, stream: str) -> None:
        """Keep one line; beyond the budget of the attempt, say so once and drop the rest."""
        if self._budget < 0:
            return
        self._budget -= max(len(line) + 1, _LEAST_COST)
        if self._budget < 0:
            line, stream = LOG_IS_FULL, "log"
        elif len(line) > _LONGEST_LINE:
            line = line[:_LONGEST_LINE] + " …"
        self._lines.append(
            (self.claim.id, self.claim.token, next(self._numbers), self._clock(), stream, storable(line))
        )

    def progressed(self, fraction: float, message: str) -> None:
        """Note how far the work is, from 0 to 1."""
        self.progress = (min(max(float(fraction), 0.0), 1.0), storable(message)[:500])

    @property
    def has_notes(self) -> bool:
        """Whether it said anything that is not written yet."""
        return bool(self._lines) or self.progress is not None

    def take_progress(self) -> tuple[float, str] | None:
        """The newest progress since the last call."""
        progress, self.progress = self.progress, None
        return progress

    def take_lines(self) -> list[tuple[str, int, int, Instant, str, str]]:
        """The lines since the last call."""
        lines = self._lines[:]
        del self._lines[: len(lines)]  # another thread may have added one meanwhile
        return lines

    def stop_because(self, reason: Outcome, grace: float) -> bool:
        """Tell the work to stop within `grace` seconds. The first reason stands; False when nothing has changed.

        A later, shorter grace does not reach the work itself, which has been told; whoever waits for it stops waiting.
        """
        if self.ended or self.task is None or (self.stop is not None and grace >= self.grace):
            return False
        self.grace = grace
        if self.stop is None:
            self.stop = reason
            self.task.cancel()
        return True
