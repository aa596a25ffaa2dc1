"""Which instants of the past a backfill runs: those that the rule names today and that did not fire then."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rota.domain.instant import Instant
from rota.domain.occurrence import Decision
from rota.domain.zone import Moment

MOST_RUNS = 10_000
"""Of one backfill."""

Row = tuple[Decision, str | None]
"""What the ledger says of an instant: the decision and its reason."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """What is on record about a schedule.

    Up to `decided_until` the schedule itself decides nothing any more. Rows older than `kept_since` may be gone; before
    `created_at` there were none.
    """

    rows: Mapping[Instant, Row]
    decided_until: Instant
    created_at: Instant
    kept_since: Instant


@dataclass(slots=True)
class Backfill:
    """The instants to run, oldest first, and what becomes of the others.

    `replaced` counts the rows that give way by what they said, `unrecorded` the instants to run that have none.
    `already_fired`, `withheld` (by the calendar, an exception or a change of the clock), `undecided` (the schedule still
    decides about them), `forgotten` (their rows are beyond the retention: they may have fired) and `left` (beyond the
    number of runs that was asked for) are not run.
    """

    instants: list[Instant] = field(default_factory=list)
    replaced: Counter[Decision] = field(default_factory=Counter)
    unrecorded: int = 0
    already_fired: int = 0
    withheld: int = 0
    undecided: int = 0
    forgotten: int = 0
    left: int = 0

    @property
    def first(self) -> Instant | None:
        """The oldest instant to run."""
        return self.instants[0] if self.instants else None

    @property
    def last(self) -> Instant | None:
        """The newest instant to run."""
        return self.instants[-1] if self.instants else None


def backfill(moments: Sequence[Moment], ledger: Ledger, most: int) -> Backfill:
    """Choose among the moments that a rule names, oldest first."""
    chosen = Backfill()
    for moment in moments:
        instant, row = moment.instant, ledger.rows.get(moment.instant)
        if row is not None and row[0] is Decision.FIRED:
            chosen.already_fired += 1
        elif not moment.fires:
            chosen.withheld += 1
        elif row is None and instant > ledger.decided_until:
            chosen.undecided += 1
        elif row is None and ledger.created_at <= instant < ledger.kept_since:
            chosen.forgotten += 1
        elif len(chosen.instants) == most:
            chosen.left += 1
        else:
            chosen.instants.append(instant)
            if row is None:
                chosen.unrecorded += 1
            else:
                chosen.replaced[row[0]] += 1
    return chosen


def reason(by: str, row: Row | None) -> str:
    """What the ledger says of an instant that a backfill fires: who asked for it, and what was said before."""
    if row is None:
        return f"backfill by {by}"
    decision, why = row
    return f"backfill by {by} (was {decision.value}{f': {why}' if why else ''})"
