"""What holds work back on purpose: caps on what runs at once, and rates of starts. Who may start now is decided here.

Caps and rates have names; whoever is under the same name shares it. Nothing here knows where the counts come from.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from rota.domain.instant import DAY, SECOND, Duration, Instant, format_duration, parse_duration

MOST = 1_000_000
"""The largest cap, and the largest count of a rate."""

_RATE = re.compile(r"\s*(\d{1,9})\s*/\s*(\S.*?)\s*")
_LONGEST_PERIOD: Duration = 366 * DAY
_SHORTEST_PERIOD: Duration = SECOND // 1000
_MOST_MARKS = 64


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `count` starts in any stretch of time of the length `per`."""

    count: int
    per: Duration

    def __str__(self) -> str:
        return f"{self.count}/{format_duration(self.per)}"


def parse_rate(value: object) -> Rate:
    """Read `"100/1m"` or `{"count": 100, "per": "1m"}`; in the text, the number before the unit may be left out.

    ValueError says what is wrong.
    """
    if isinstance(value, Mapping) and set(value) == {"count", "per"}:
        count, per = value["count"], value["per"]
    elif isinstance(value, str) and (found := _RATE.fullmatch(value)) is not None:
        count, per = int(found[1]), found[2] if found[2][0].isdigit() or found[2][0] == "P" else f"1{found[2]}"
    else:
        raise ValueError('a rate such as "100/1m" or {"count": 100, "per": "1m"}')
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= MOST:
        raise ValueError(f"the count of a rate is a whole number from 1 to {MOST}")
    try:
        length = parse_duration(per)
    except ValueError as error:
        raise ValueError(f"the period of a rate: {error}") from None
    if not _SHORTEST_PERIOD <= length <= _LONGEST_PERIOD:
        raise ValueError("the period of a rate is from 1 millisecond to 366 days")
    return Rate(count, length)


@dataclass(frozen=True, slots=True)
class Limits:
    """What one execution is under: caps and rates, each by its name."""

    caps: tuple[tuple[str, int], ...] = ()
    rates: tuple[tuple[str, Rate], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.caps or self.rates)

    def __add__(self, other: "Limits") -> "Limits":
        return Limits(self.caps + other.caps, self.rates + other.rates)

    def to_json(self) -> str | None:
        """The JSON text, as stored; None where nothing limits."""
        if not self:
            return None
        rates = [[name, rate.count, rate.per] for name, rate in self.rates]
        return json.dumps([self.caps, rates], ensure_ascii=False, separators=(",", ":"))

    @staticmethod
    def from_json(text: str | None) -> "Limits":
        """Read what `to_json` wrote; cached by the text."""
        return UNLIMITED if text is None else _from_json(text)


UNLIMITED = Limits()


@lru_cache(maxsize=4096)
def _from_json(text: str) -> Limits:
    caps, rates = json.loads(text)
    return Limits(
        tuple((name, most) for name, most in caps), tuple((name, Rate(count, per)) for name, count, per in rates)
    )


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
    with what is admitted. What is refused once stays refused: room only shrinks here.
    """

    now: Instant
    running: dict[str, int] = field(default_factory=dict)
    starts: dict[str, Starts] = field(default_factory=dict)
    opens_at: Instant | None = None
    """When the first of the rates that refused somebody opens."""

    def refusing(self, limits: Limits) -> Iterator[str]:
        """The names under which there is no room for one more, in the order of the limits."""
        for name, most in limits.caps:
            if self.running.get(name, 0) >= most:
                yield name
        for name, rate in limits.rates:
            starts = self.starts.get(name)
            if starts is not None and not starts.free(rate, self.now):
                yield name

    def admit(self, limits: Limits) -> str | None:
        """Take a place under every name, or none and say which name refuses."""
        refusal = next(self.refusing(limits), None)
        if refusal is not None:
            self._await(limits)
            return refusal
        for name, _ in limits.caps:
            self.running[name] = self.running.get(name, 0) + 1
        for name, rate in limits.rates:
            self.starts[name] = self.starts.get(name, Starts()).after(rate, self.now, 1)
        return None

    def _await(self, limits: Limits) -> None:
        """Note when the rates let this candidate in; what a cap refuses waits for no time."""
        if any(self.running.get(name, 0) >= most for name, most in limits.caps):
            return
        opening = max(self.starts.get(name, Starts()).opens_at(rate, self.now) for name, rate in limits.rates)
        self.opens_at = opening if self.opens_at is None else min(self.opens_at, opening)
