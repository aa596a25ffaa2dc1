"""F16: everything is killed at once, the database too, at a random moment, again and again."""

import os
import random
import threading
import time
from collections.abc import Callable

import pytest
from evidence import Evidence, spread
from fleet import Fleet
from recording import Recorder
from servers import Store

CRASHES = int(os.environ.get("FAULTS_CRASHES", "40"))
"""200 for a release."""
MOST_SECONDS = 1.2
"""How long Rota lives between two crashes, at most."""


@pytest.mark.faults
@pytest.mark.stores("sqlite", "postgres", "mariadb")
@pytest.mark.timeout(1800)
def test_f16_crash_loop(fleet: Fleet, seed: int, report: Callable[..., None]) -> None:
    crash_again_and_again(fleet, seed, report, CRASHES)


@pytest.mark.stores("sqlite")
def test_f16_a_few_crashes(fleet: Fleet, seed: int, report: Callable[..., None]) -> None:
    crash_again_and_again(fleet, seed, report, 3)


def crash_again_and_again(fleet: Fleet, seed: int, report: Callable[..., None], crashes: int) -> None:
    """Nothing that was accepted is lost, and every store that is opened again is sound."""
    draw = random.Random(seed)
    rota = fleet.coordinator("rota", "--concurrency", "50", command="up")
    recorder = Recorder([rota.url])
    ready, sound = [], 0
    for crash in range(crashes):
        bodies = [{"type": "work", "payload": {"seconds": draw.uniform(0, 0.5)}, "maxRetries": 1000} for _ in range(60)]
        burst = threading.Thread(
            target=recorder.submit, args=(bodies,), kwargs={"prefix": f"crash-{crash}", "threads": 2}
        )
        burst.start()
        time.sleep(draw.uniform(0, MOST_SECONDS))  # the moment is drawn: that is the fault
        fleet.kill("rota", whole=True)
        with fleet.outage() if fleet.store.kind != "sqlite" else fleet.told("file left", "sqlite"):
            burst.join()
        begun = time.monotonic()
        fleet.restart("rota")
        ready.append(time.monotonic() - begun)
        sound += _is_sound(fleet.store)
    fleet.wait_idle(120)
    evidence = Evidence.gathered(fleet, recorder)
    sound += _is_sound(fleet.store)
    fleet.stop()
    report(
        "F16",
        f"everything killed at once, {crashes} times",
        [
            ("unsound stores", crashes + 1 - sound, 0),
            ("several executions of a key", len(evidence.verdict.repeated), 0),
        ],
        evidence=evidence,
        note=f"start {spread(sorted(ready))}, unanswered {recorder.unknown}, lost attempts {evidence.attempts('Lost')}",
    )


def _is_sound(store: Store) -> bool:
    return store.integrity() == "ok"
