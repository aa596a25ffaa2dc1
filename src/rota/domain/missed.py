"""What becomes of the instants that are due: fire, catch up, coalesce, or write down why not."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from rota.domain.instant import MINUTE, SECOND, Duration, Instant, format_duration, format_instant
from rota.domain.occurrence import Decision

ON_TIME: Duration = SECOND
"""An instant younger than this is on time, however many are due."""
TICK_LATENCY: Duration = MINUTE
"""The latest due instant is still on time up to this age: what a slow tick or a restart costs."""
MOST_CATCHUP_RUNS = 1000


class Missed(StrEnum):
    """What to do with instants that passed while nobody could fire them."""

    RUN_LATEST = "runLatest"
    RUN_EARLIEST = "runEarliest"
    RUN_ALL = "runAll"
    SKIP = "skip"


class Overlap(StrEnum):
    """What to do when an instant fires while an earlier execution under the same key has not ended."""

    SKIP = "skip"
    QUEUE_ONE = "queueOne"
    QUEUE_ALL = "queueAll"
    CANCEL_PREVIOUS = "cancelPrevious"
    KILL_PREVIOUS = "killPrevious"
    ALLOW = "allow"


@dataclass(frozen=True, slots=True)
class Backlog:
    """Every due instant that is known, oldest first, and what their judgement depends on.

    `following` is the instant that the rule names after the last of them, whatever the schedule's end, or None.
    `truncated` says that later due instants exist. `caught_up` counts the catch-up runs that earlier, truncated
    backlogs of the same outage have fired.
    """

    instants: Sequence[Instant]
    now: Instant
    following: Instant | None
    truncated: bool = False
    caught_up: int = 0

    def lateness(self, position: int) -> Duration:
        """How old the instant is."""
        return self.now - self.instants[position]

    def is_last(self, position: int) -> bool:
        """Whether no later instant is due."""
        return not self.truncated and position == len(self.instants) - 1

    def is_on_time(self, position: int) -> bool:
        """Younger than a second, or the latest due instant and no older than a slow tick explains."""
        late = self.lateness(position)
        return late < ON_TIME or (self.is_last(position) and late <= TICK_LATENCY)


Verdict = tuple[Decision, str | None]


def judge(
    backlog: Backlog, missed: Missed, max_lateness: Duration | None, max_catchup_runs: int | None
) -> list[Verdict]:
    """Decide every instant of a backlog.

    - On time: fired, whatever the policy.
    - Older than `max_lateness` (but never younger than a second): expired. Without one, `runLatest` bounds its single
      catch-up run by one interval, so a schedule that ended long ago stays ended; the other policies know no bound.
    - The rest is missed: `runLatest` fires the latest due instant, `runEarliest` the earliest that has not expired, and
      the others coalesce into it; `runAll` fires the latest `max_catchup_runs` (default 1000); `skip` fires none.
    """
    late = [p for p in range(len(backlog.instants)) if not backlog.is_on_time(p)]
    expired = {p for p in late if max_lateness is not None and backlog.lateness(p) > max(max_lateness, ON_TIME)}
    if max_lateness is None and missed is Missed.RUN_LATEST and _past_one_interval(backlog):
        expired = {len(backlog.instants) - 1}
    catch_up = [p for p in late if p not in expired]
    verdicts: list[Verdict] = [(Decision.FIRED, None)] * len(backlog.instants)
    for position in expired:
        verdicts[position] = (Decision.EXPIRED, _late(backlog, position, "beyond maxLateness"))
    for position, verdict in zip(catch_up, _catch_up(backlog, catch_up, missed, max_catchup_runs), strict=True):
        verdicts[position] = verdict
    return verdicts


def most_needed_ahead(missed: Missed, max_catchup_runs: int | None) -> int:
    """How many later instants must be known to decide one: for `runAll`, those that may be late and the one on time."""
    return (max_catchup_runs or MOST_CATCHUP_RUNS) + 1 if missed is Missed.RUN_ALL else 1


def _past_one_interval(backlog: Backlog) -> bool:
    """Whether even the latest due instant is late by more than one interval, as after the schedule's end."""
    if backlog.truncated or backlog.following is None or not backlog.instants:
        return False
    last = len(backlog.instants) - 1
    return not backlog.is_on_time(last) and backlog.now >= backlog.following


def _catch_up(backlog: Backlog, late: list[int], missed: Missed, max_catchup_runs: int | None) -> list[Verdict]:
    """The verdicts of late instants that have not expired, oldest first."""
    if missed is Missed.SKIP:
        return [(Decision.MISSED, _late(backlog, position, "missed is skip")) for position in late]
    if missed is Missed.RUN_ALL:
        first = len(late) - (max_catchup_runs or MOST_CATCHUP_RUNS)
        return [
            _fired_late(backlog, position)
            if order >= first
            else (Decision.MISSED, _late(backlog, position, "beyond maxCatchupRuns"))
            for order, position in enumerate(late)
        ]
    if missed is Missed.RUN_EARLIEST:
        return [
            _fired_late(backlog, position)
            if order == 0 and not backlog.caught_up
            else (Decision.COALESCED, _late(backlog, position, "left to the earliest missed run"))
            for order, position in enumerate(late)
        ]
    return [
        _fired_late(backlog, position)
        if backlog.is_last(position)
        else (Decision.COALESCED, _late(backlog, position, _into_latest(backlog)))
        for position in late
    ]


def _into_latest(backlog: Backlog) -> str:
    return "left to a later run" if backlog.truncated else f"left to {format_instant(backlog.instants[-1])}"


def _fired_late(backlog: Backlog, position: int) -> Verdict:
    return Decision.FIRED, _late(backlog, position, "catch-up run")


def _late(backlog: Backlog, position: int, why: str) -> str:
    lateness = backlog.lateness(position)
    return f"{format_duration(lateness - lateness % SECOND)} late; {why}"
