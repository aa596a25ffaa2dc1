"""The one shape of everything that happens because time passes."""

import threading
import time
from typing import Protocol

from rota.domain.errors import Unavailable
from rota.stores.database import Database
from rota.telemetry import Telemetry

_LONGEST_SLEEP_SECONDS = 30.0
_LONGEST_WAIT_FOR_A_BELL_SECONDS = 5.0
"""What another coordinator was told rings no bell here, or not surely, and that coordinator may be gone since."""
_RETRY_SECONDS = 0.5


class Step(Protocol):
    """What a loop does again and again. Every step is one or a few short transactions."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def topic(self) -> str | None:
        """The bell that calls the next step before its time, if any."""

    def run_once(self) -> float:
        """Do what is due. Returns the seconds until there may be more to do; 0 = at once."""


class Loop:
    """A thread that repeats a step, whatever happens to it: an error is told and the step tried again.

    No sleep is longer than 30 s, so that a suspended machine or a stepped clock is noticed.
    """

    def __init__(self, step: Step, database: Database, telemetry: Telemetry) -> None:
        self._step = step
        self._database = database
        self._telemetry = telemetry
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name=f"rota-{step.name}", daemon=True)
        self.stepped_at = time.monotonic()

    @property
    def name(self) -> str:
        """The step's name."""
        return self._step.name

    @property
    def age(self) -> float:
        """Seconds since the last step that ended well."""
        return time.monotonic() - self.stepped_at

    @property
    def healthy(self) -> bool:
        """Whether it steps as it should."""
        return self._thread.is_alive() and self.age < 3 * _LONGEST_SLEEP_SECONDS

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Ask the loop to end after its current step."""
        self._stopping = True
        self._wake.set()

    def join(self) -> None:
        """Wait until it has ended."""
        self._thread.join()

    def _run(self) -> None:
        silence = self._database.bell.listen(self._step.topic, self._wake.set) if self._step.topic else None
        while not self._stopping:
            self._wake.clear()
            wait = self._guarded_step()
            if wait > 0:
                longest = _LONGEST_WAIT_FOR_A_BELL_SECONDS if self._step.topic else _LONGEST_SLEEP_SECONDS
                self._wake.wait(min(wait, longest))
        if silence:
            silence()

    def _guarded_step(self) -> float:
        try:
            wait = self._step.run_once()
        except Unavailable as error:
            self._telemetry.store_unavailable(error)
            return _RETRY_SECONDS
        except Exception as error:
            self._telemetry.loop_failed(self._step.name, error)
            return _RETRY_SECONDS
        self.stepped_at = time.monotonic()
        return wait
