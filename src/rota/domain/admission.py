"""Who may start now: room is taken under every cap and every rate of a candidate, or under none."""

from dataclasses import dataclass, field

from rota.domain.instant import Instant
from rota.domain.limits import Limits, Rate

_MOST_MARKS = 64


@dataclass(frozen=True, slots=True)
class Starts:
    """When work under a rate has started lately: how many at which instant, oldest first.

    At most 64 marks are kept. Beyond that the two that are nearest to each other become one at the later of their
    instants: then a place under the rate is free a little late, and never early.
    """

    marks: tuple[tuple[Instant, int], ...] = ()

    def within(self, rate: Rate, now: Instant) -> tuple[tuple[Instant, int], ...]:
        """The marks that count against a rate now. A clock that went back leaves none in the future."""
        return tuple((min(at, now), count) for at, count in self.marks if at > now - rate.per)

    def free(self, rate: Rate, now: Instant) -> int:
        """How many more may start now."""
        return max(0, rate.count - sum(count for _, count in self.within(rate, now)))

    def opens_at(self, rate: Rate, now: Instant) -> Instant:
        """When the next one may start."""
        marks = self.within(rate, now)
        surplus = sum(count for _, count in marks) - rate.count
        for at, count in marks:
            if surplus < 0:
                break
            surplus -= count
            if surplus < 0:
                return at + rate.per
        return now

    def after(self, rate: Rate, now: Instant, started: int) -> "Starts":
        """With `started` more that start now."""
        marks = list(self.within(rate, now))
        if marks and marks[-1][0] == now:
            started += marks.pop()[1]
        marks.append((now, started))
        while len(marks) > _MOST_MARKS:
            nearest = min(range(len(marks) - 1), key=lambda i: marks[i + 1][0] - marks[i][0])
            (_, one), (at, two) = marks[nearest : nearest + 2]
            marks[nearest : nearest + 2] = [(at, one + two)]
        return Starts(tuple(marks))


@dataclass(slots=True)
class Admission:
    """Admits one candidate after the other, as long as every cap and every rate that it is under has room.

    `running` says how many run under each name, `starts` what has started under each rate. Both are kept up to date
    with what is admitted. Whoever is refused once stays refused: room only shrinks here.
    """

    now: Instant
    running: dict[str, int] = field(default_factory=dict)
    starts: dict[str, Starts] = field(default_factory=dict)
    opens_at: Instant | None = None
    """When the first rate opens that was all that refused somebody."""

    def admit(self, limits: Limits) -> list[str]:
        """Take a place under every name, and return nothing; or take none, and return the names that refuse."""
        full = self.full(limits)
        shut = self.shut(limits)
        if shut and not full:
            opening = max(self.starts[name].opens_at(rate, self.now) for name, rate in limits.rates if name in shut)
            self.opens_at = opening if self.opens_at is None else min(self.opens_at, opening)
        if not full and not shut:
            for name, _ in limits.caps:
                self.running[name] = self.running.get(name, 0) + 1
            for name, rate in limits.rates:
                self.starts[name] = self.starts.get(name, Starts()).after(rate, self.now, 1)
        return full + shut

    def full(self, limits: Limits) -> list[str]:
        """The caps that are reached."""
        return [name for name, most in limits.caps if self.running.get(name, 0) >= most]

    def shut(self, limits: Limits) -> list[str]:
        """The rates that are used up."""
        return [
            name for name, rate in limits.rates if name in self.starts and not self.starts[name].free(rate, self.now)
        ]
