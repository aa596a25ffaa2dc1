"""What one seed draws before anything happens: how many of whom, which faults, and how often each of them strikes."""

import json
from dataclasses import asdict, dataclass, field
from random import Random

from rota.domain.instant import SECOND, Duration

LEASE, HEARTBEAT, REAPER, MARGIN = 6 * SECOND, 2 * SECOND, 2 * SECOND, SECOND

CALL_FAULTS = ("lost", "replyLost", "slow", "torn", "repeated")
"""Of one call to the store: it does not arrive; its answer does not; it or its answer is late, by up to 3 L; it breaks in
the middle of its statements; it arrives twice (over HTTP only, the second time up to 2 L later)."""
PROCESS_FAULTS = ("killWorker", "killGuard", "pauseWorker", "freezeWorker", "killCoordinator", "pauseCoordinator")
"""Of processes, at moments drawn: a guard that lives buries its worker; a pause lasts up to 4 L; `freeze` stops the guard
too."""
STORE_FAULTS = ("storeDown", "diskFull")
OPERATOR_FAULTS = ("cancel", "drain", "pauseJob")
_OFF = 0.5
"""The chance that a seed leaves out a fault altogether, so that rare combinations are not drowned by frequent ones."""


@dataclass(frozen=True)
class Plan:
    """Everything that a seed decides beforehand. Durations are microseconds, rates are per call or per minute."""

    seed: int
    until: Duration
    """The faults happen until then; after it everything heals."""
    workers: int
    """Workers with access to the store."""
    exchangers: int
    """Workers over HTTP of Rota's own making: one numbered request a turn."""
    remotes: int
    """Workers over HTTP of anybody's making: acquire, complete, beat."""
    coordinators: int
    slots: int
    submissions: int
    schedules: int
    call_rates: dict[str, float] = field(default_factory=dict)
    minute_rates: dict[str, float] = field(default_factory=dict)

    def as_text(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self))


def draw_plan(seed: int) -> Plan:
    """The plan of a seed."""
    draw = Random(f"plan {seed}")
    workers, exchangers, remotes = draw.choice(
        [(1, 1, 1), (2, 1, 0), (2, 0, 1), (3, 0, 0), (0, 2, 0), (0, 0, 2), (1, 2, 0)]
    )
    return Plan(
        seed,
        until=draw.randint(20, 45) * SECOND,
        workers=workers,
        exchangers=exchangers,
        remotes=remotes,
        coordinators=draw.choice([1, 1, 2]),
        slots=draw.choice([1, 2, 4]),
        submissions=draw.randint(8, 24),
        schedules=draw.choice([0, 1, 2]),
        call_rates={kind: _rate(draw, 0.005, 0.12) for kind in CALL_FAULTS if draw.random() > _OFF},
        minute_rates={
            kind: _rate(draw, 1, 10)
            for kind in (*PROCESS_FAULTS, *STORE_FAULTS, *OPERATOR_FAULTS)
            if draw.random() > _OFF
        },
    )


def _rate(draw: Random, least: float, most: float) -> float:
    """A rate whose magnitude is drawn evenly."""
    return round(least * (most / least) ** draw.random(), 4)
