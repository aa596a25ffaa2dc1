"""A schedule of faults that was drawn from a seed, is written to a file, and can be replayed from it.

`FAULTS_SEED=N` draws the same again; `FAULTS_PLAN=FILE` replays a file, edited or not.
"""

import json
import os
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Step:
    """One fault to come: when, in seconds from the beginning; what, to whom, and for how many seconds."""

    at: float
    kind: str
    target: str
    seconds: float = 0.0


def seed_from_environment() -> int:
    """FAULTS_SEED, or one that is drawn."""
    return int(os.environ.get("FAULTS_SEED") or random.SystemRandom().randrange(10**6))


def drawn(name: str, folder: Path, draw: Callable[[], Sequence[Step]]) -> list[Step]:
    """The plan of this run: the file that FAULTS_PLAN names or, if it names none, what `draw` gives. It is written down."""
    given = os.environ.get("FAULTS_PLAN")
    if given:
        steps = [Step(**one) for one in json.loads(Path(given).read_text())]
    else:
        steps = sorted(draw(), key=lambda step: step.at)
    file = folder / f"{name}.plan.json"
    file.write_text(json.dumps([asdict(step) for step in steps], indent=1))
    print(f"plan: FAULTS_PLAN={file}")
    return steps


def carry_out(
    steps: Sequence[Step], acts: Mapping[str, Callable[[Step], None]], stopped: threading.Event | None = None
) -> list[threading.Thread]:
    """Do each step at its time, each in a thread of its own, so that faults overlap. Returns the threads to wait for."""
    begun = time.monotonic()
    threads = []
    for step in steps:
        wait = begun + step.at - time.monotonic()
        if stopped is not None:
            if stopped.wait(max(0.0, wait)):
                break
        elif wait > 0:
            time.sleep(wait)  # the plan says when
        thread = threading.Thread(target=acts[step.kind], args=(step,), name=f"{step.kind} {step.target}")
        thread.start()
        threads.append(thread)
    return threads
