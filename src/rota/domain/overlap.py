"""What must not overlap: whether an instant fires while an earlier execution has not ended, and what it ends."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from rota.domain.execution import LEASED, State
from rota.domain.missed import Overlap
from rota.domain.occurrence import Decision, Occurrence
from rota.domain.schedule import Schedule

_SERIAL = frozenset({Overlap.QUEUE_ONE, Overlap.QUEUE_ALL, Overlap.CANCEL_PREVIOUS, Overlap.KILL_PREVIOUS})
_CANCELLING = {Overlap.CANCEL_PREVIOUS: None, Overlap.KILL_PREVIOUS: 0}
"""The overlap policies that end what runs, with the grace they give (seconds; None = the worker's own)."""

LiveExecution = tuple[str, State]
"""An execution that has not ended: its id, empty where it has none yet, and its state."""


def lane_of_runs(schedule: Schedule, schedule_id: str) -> str | None:
    """The lane in which the executions of a schedule wait for each other; None where nothing makes them wait."""
    return schedule.lane(schedule_id) if schedule.overlap in _SERIAL or schedule.overlap_key is not None else None


def overlaps_with(schedule: Schedule, schedule_id: str) -> str:
    """Under which name the executions stand that a schedule must not overlap: its own id, or the lane that it shares."""
    return schedule_id if schedule.overlap_key is None else schedule.lane(schedule_id)


@dataclass(slots=True)
class Overlaps:
    """The overlap policies of a batch of instants, decided one after the other.

    `live` are the unfinished executions when the batch begins, oldest first, by `overlaps_with`. `ends` collects the
    executions that are to be cancelled, each with its grace (seconds; None = the worker's own).
    """

    live: Mapping[str, list[LiveExecution]]
    ends: list[tuple[str, int | None]] = field(default_factory=list)
    _known: dict[str, list[LiveExecution]] = field(default_factory=dict)

    def decide(self, schedule: Schedule, schedule_id: str, occurrence: Occurrence) -> Occurrence:
        """The occurrence after the overlap policy has spoken. What fires is live for those that come after it."""
        policy = schedule.overlap
        if occurrence.decision is not Decision.FIRED or policy is Overlap.ALLOW:
            return occurrence
        live = self._of(overlaps_with(schedule, schedule_id))
        if live:
            waiting = any(state not in LEASED for _, state in live)
            if policy is Overlap.SKIP or (policy is Overlap.QUEUE_ONE and waiting):
                what = "still runs" if policy is Overlap.SKIP else "already waits"
                holder = live[0][0] or "the occurrence before it"
                return replace(occurrence, decision=Decision.SKIPPED_OVERLAP, reason=f"{holder} {what}")
            if policy in _CANCELLING:
                self.ends += [(id, _CANCELLING[policy]) for id, state in live if id and state is not State.CANCELLING]
        live.append(("", State.PENDING))
        return occurrence

    def _of(self, name: str) -> list[LiveExecution]:
        if name not in self._known:
            self._known[name] = list(self.live.get(name, ()))
        return self._known[name]
