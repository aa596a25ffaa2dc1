"""How much is made, and how often the frequent jobs have to run for it."""

from dataclasses import dataclass
from random import Random

from rota.domain.instant import DAY, MINUTE, Duration

_USUAL_A_DAY = 1_000_000 / 90
_STEPS = (1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 240, 360, 480, 720, 1440)
"""Intervals in minutes, each of which divides a day."""
_BIG_LOG_MB = 200


@dataclass(frozen=True, slots=True)
class Size:
    """What was asked for. The same seed gives the same jobs; what is random of one thing does not depend on another."""

    days: int = 90
    executions: int = 1_000_000
    seed: int = 1
    big_log_mb: int | None = None

    @property
    def span(self) -> Duration:
        """How far the past goes back."""
        return self.days * DAY

    @property
    def big_log(self) -> int:
        """The bytes of the one big log: 200 MB beside a million executions, and in proportion."""
        chosen = self.big_log_mb
        return (self.executions * _BIG_LOG_MB // 1_000_000 if chosen is None else chosen) * 1_000_000

    def random(self, purpose: str) -> Random:
        """The chance of one purpose."""
        return Random(f"{self.seed}/{purpose}")

    def interval(self, usual_minutes: int) -> Duration:
        """How often something runs that usually runs every so many minutes, so that the executions come together."""
        wanted = usual_minutes * _USUAL_A_DAY / (self.executions / self.days)
        return min(_STEPS, key=lambda step: abs(step - wanted)) * MINUTE
