"""The workers of the demo: two that are there now, and those that were there before the last releases."""

from bisect import bisect_right
from random import Random

from rota.domain.instant import DAY, HOUR, Instant
from rota.stores.identity import identity_at

NAMES = ("worker-eu-1:17", "worker-eu-2:17")
_RELEASE = 7 * DAY


class Shifts:
    """Who worked when: at every release both workers began anew."""

    def __init__(self, random: Random, start: Instant, now: Instant) -> None:
        releases = list(range(start - DAY, now - 9 * HOUR, _RELEASE))
        self.since = now - 5 * HOUR
        """When those began that are there now."""
        self._begun = [*releases, self.since]
        self._ids = [
            tuple(identity_at(at + number, random.getrandbits(62)) for number in range(len(NAMES)))
            for at in self._begun
        ]

    @property
    def present(self) -> tuple[str, ...]:
        """Those that are there now."""
        return self._ids[-1]

    @property
    def gone(self) -> tuple[str, ...]:
        """Those that they replaced."""
        return self._ids[-2]

    def worker(self, at: Instant, random: Random) -> str:
        """One of those that were there at a time."""
        there = self._ids[max(0, bisect_right(self._begun, at) - 1)]
        return there[random.random() < 0.45]
