"""The account of a schedule: what its rule named in a stretch of time against what the ledger says was decided."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from rota.domain.instant import Instant
from rota.domain.named import Named
from rota.domain.occurrence import Decision

_MOST_TOLD = 100


class Pending(StrEnum):
    """Why nothing has been decided about an instant."""

    PAUSED = "paused"
    LATE = "late"
    FORGOTTEN = "forgotten"
    MISSING = "missing"

    @property
    def says(self) -> str:
        """The same in words."""
        return _WORDS[self]


_WORDS = {
    Pending.PAUSED: "the schedule is paused; its instants are written down when it is resumed",
    Pending.LATE: "the tick is late",
    Pending.FORGOTTEN: "its row may be beyond the retention of the history",
    Pending.MISSING: "it has no row: the calendar or an exception has changed since, or the row was lost",
}


@dataclass(frozen=True, slots=True)
class Undecided:
    """An instant about which nothing is decided."""

    nominal: Instant
    why: Pending


@dataclass(frozen=True, slots=True)
class Account:
    """The account from `since` to `until`, both included. `cut` says that more was asked than is looked at in one go.

    `named` counts the instants that today's rule names, `unnamed` the decided ones that it does not. `undecided` holds
    the first hundred of those without a decision, `waiting` counts all of them by why.
    """

    since: Instant
    until: Instant
    named: int
    by_decision: Mapping[Decision, int]
    unnamed: int
    undecided: Sequence[Undecided]
    waiting: Mapping[Pending, int]
    cut: bool

    @property
    def decided(self) -> int:
        """How many instants are decided, whether today's rule names them or not."""
        return sum(self.by_decision.values())

    @property
    def complete(self) -> bool:
        """Whether every instant that was asked about is decided."""
        return not self.waiting and not self.cut


@dataclass(frozen=True, slots=True)
class Position:
    """Where a schedule stands: decided up to `decided_until`; rows older than `kept_since` may be gone."""

    decided_until: Instant
    paused: bool
    kept_since: Instant

    def why(self, nominal: Instant) -> Pending:
        """Why an instant of the past has no row."""
        if nominal > self.decided_until:
            return Pending.PAUSED if self.paused else Pending.LATE
        return Pending.FORGOTTEN if nominal < self.kept_since else Pending.MISSING


def account(since: Instant, found: Named, rows: Mapping[Instant, Decision], position: Position) -> Account:
    """Hold what the rule names against the ledger's rows of the same stretch."""
    instants = [moment.instant for moment in found.moments]
    counted = {nominal: decision for nominal, decision in rows.items() if nominal <= found.until}
    open_ones = [Undecided(nominal, position.why(nominal)) for nominal in instants if nominal not in counted]
    return Account(
        since=since,
        until=found.until,
        named=len(instants),
        by_decision=Counter(counted.values()),
        unnamed=len(counted.keys() - set(instants)),
        undecided=open_ones[:_MOST_TOLD],
        waiting=Counter(one.why for one in open_ones),
        cut=found.cut,
    )
