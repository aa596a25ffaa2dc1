"""The testing kit: the real engine on a real store, with a clock that moves only when it is told to."""

from rota.testing.clock import ManualClock
from rota.testing.harness import Harness

__all__ = ["Harness", "ManualClock"]
