"""What an execution may do: a model of a few lines that the journal of one execution is walked through.

The store orders all changes of one execution, so the journal itself is the order in which they took effect
(linearizability is local); what is left to check is that each step is one that the model allows, and that every request
took effect between its asking and its answer (`checker.requests`).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from checker.journal import Change
from rota.domain.execution import LEGAL, State

Found = tuple[str, str]
"""An invariant, and what is wrong."""

ACCEPTED, STARTED, CANCELLING, LOST, HANDED_BACK = (
    "execution.accepted", "execution.started", "execution.cancelling", "execution.lost", "execution.handedBack",
)  # fmt: skip
_ENDS = {
    "execution.succeeded": {"Succeeded"},
    "execution.failed": {"Failed"},
    "execution.timedOut": {"Failed", "Waiting"},
    "execution.cancelled": {"Cancelled"},
    "execution.retrying": {"Retrying", "Waiting"},
    "execution.handedBack": {"Pending", "Waiting"},
    "execution.deferred": {"Scheduled", "Waiting"},
    LOST: {"Retrying", "Failed", "Cancelled", "Waiting"},
}
"""What ends an attempt, and where it may lead. `Waiting`: its job was paused meanwhile."""
_UNRUN = {"execution.cancelled": "Cancelled", "execution.expired": "Expired", "execution.skipped": "Skipped"}
"""What ends an execution that nobody holds."""
_UNCOUNTED = {"execution.handedBack", "execution.deferred"}
"""After these the attempt does not count."""
_EDGES = {(before.value, after.value) for before, follow in LEGAL.items() for after in follow}
TERMINAL = {state.value for state in State if not LEGAL[state]}


@dataclass(slots=True)
class Span:
    """An attempt as the journal has it: from its claim to its settlement (None = it is held at the end)."""

    begin: Change
    end: Change | None = None

    @property
    def token(self) -> int:
        """The token of the claim."""
        return self.begin.token or 0


class Model:
    """One execution, walked through its journal. `state` is `Queued` while nobody holds it and it has not ended."""

    __slots__ = ("attempt", "held", "max_attempts", "spans", "state", "terminal", "token")

    def __init__(self, max_attempts: int | None) -> None:
        self.state = "Queued"
        self.attempt = 0
        self.token = 0
        self.max_attempts = max_attempts
        self.held: Span | None = None
        self.spans: list[Span] = []
        self.terminal: Change | None = None

    def apply(self, change: Change) -> Iterator[Found]:
        """Take one step. Whatever is wrong with it, it is taken, so that what follows is judged by what happened."""
        if change.kind == STARTED:
            yield from self._start(change)
        elif change.kind == CANCELLING:
            yield from self._cancelling(change)
        elif change.token is None and change.kind in _UNRUN:
            yield from self._end_unrun(change)
        elif change.kind in _ENDS:
            yield from self._settle(change)
        elif change.kind == ACCEPTED:
            if self.spans or self.terminal:
                yield "I7", "it is accepted after it began or ended"
        else:
            yield "I7", f"the journal has a change that the model does not know: {change.kind}"

    def _start(self, change: Change) -> Iterator[Found]:
        token, attempt = change.token or 0, change.attempt or 0
        if self.terminal:
            yield "I7", f"it is claimed (token {token}) after it ended {self.terminal.state}"
        if self.held:
            yield "I4", f"it is claimed (token {token}) while the attempt under token {self.held.token} still holds it"
        if token <= self.token:
            yield "I5", f"token {token} is not above token {self.token}, which was given out before"
        if attempt != self.attempt + 1:
            yield "I6", f"attempt {attempt} follows attempt {self.attempt}"
        if self.max_attempts is not None and attempt > self.max_attempts:
            yield "I6", f"attempt {attempt} begins, and {self.max_attempts} are allowed"
        self.state, self.attempt, self.token = "Running", attempt, max(token, self.token)
        self.held = Span(change)
        self.spans.append(self.held)

    def _cancelling(self, change: Change) -> Iterator[Found]:
        if self.held is None:
            yield "I7", f"nobody holds it, and it becomes Cancelling from {self.state}"
        self.state = "Cancelling"

    def _end_unrun(self, change: Change) -> Iterator[Found]:
        change.state = _UNRUN[change.kind]
        if self.terminal:
            yield "I2", f"it ends {change.state} after it ended {self.terminal.state}"
        elif self.held:
            yield "I7", f"it ends {change.state} as if nobody held it, under token {self.held.token}"
        self.state, self.terminal = change.state, change

    def _settle(self, change: Change) -> Iterator[Found]:
        after = change.state or ""
        if self.terminal:
            yield "I2", f"it is settled again ({after}, token {change.token}) after it ended {self.terminal.state}"
        elif self.held is None:
            yield "I3", f"it is settled ({after}) under token {change.token}, which no longer holds it"
        else:
            if change.token != self.held.token:
                yield "I3", f"it is settled ({after}) under token {change.token}; token {self.held.token} holds it"
            if (self.state, after) not in _EDGES:
                yield "I7", f"{self.state} -> {after} is no edge of the state machine"
            if after not in _ENDS[change.kind]:
                yield "I7", f"{change.kind} leads to {after}"
            if change.attempt != self.attempt:
                yield "I6", f"attempt {change.attempt} is settled; attempt {self.attempt} was claimed"
        if self.held:
            self.held.end, self.held = change, None
        if change.kind in _UNCOUNTED:
            self.attempt -= 1
        self.state = after if after in TERMINAL else "Queued"
        if after in TERMINAL:
            self.terminal = change
