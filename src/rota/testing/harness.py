"""Runs a whole Rota by hand: no threads, no waiting, no ports."""

import asyncio
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any

from rota.app import App
from rota.config import load
from rota.domain.access import SYSTEM
from rota.domain.instant import Instant, parse_duration
from rota.scheduler.rescuer import Rescuer
from rota.scheduler.ticker import Ticker
from rota.sdk import submission
from rota.sdk.functions import Functions
from rota.service.context import ServiceContext
from rota.service.submission import StoreSubmitter
from rota.stores import schedules, workers
from rota.testing.clock import ManualClock


class Harness:
    """A Rota for one test.

    `functions` are the job functions to know; without them those that `@job` registered. While the harness is open,
    `enqueue` goes to its store. Nothing runs until `run_until_idle` or `travel`.
    """

    def __init__(
        self,
        folder: str | Path | None = None,
        *,
        clock: ManualClock | None = None,
        functions: Functions | None = None,
        flags: dict[str, Any] | None = None,
    ) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="rota-") if folder is None else None
        file = Path(folder if self._temporary is None else self._temporary.name) / "rota.db"  # type: ignore[arg-type]
        self.clock = clock or ManualClock()
        config = load(flags={"db": f"sqlite:///{file}", "log": "quiet", **(flags or {})})
        self.app = App(config, clock=self.clock, functions=functions, durable=False)
        self.app.open()
        self.app.prepare()
        self.database = self.app.database
        self._loop = asyncio.new_event_loop()
        self._ticker = Ticker(self.database, config.environment, self.app.telemetry)
        self._rescuer = Rescuer(self.database, config.lease, self.app.telemetry)
        self._worker = self.app.worker()
        self._loop.run_until_complete(self._worker.register())
        submission.install(StoreSubmitter(self.context))

    @property
    def context(self) -> ServiceContext:
        """The first argument of service functions, with every right."""
        return self.app.context(SYSTEM)

    def run_until_idle(self) -> int:
        """Fire what is due and run what is pending, until nothing is left to do now. Returns the attempts that ended."""
        lease = self.app.config.lease.duration
        self.database.writing(lambda tx: workers.beat(tx, self._worker.identity.id, lease))
        count = 0
        while True:
            for step in (self._ticker, self.app.prober):
                while step.run_once() <= 0:
                    pass
            self._rescuer.run_once()
            ended = self._loop.run_until_complete(self._worker.work_off())
            count += ended
            if not ended:
                return count

    def travel(self, duration: object) -> int:
        """Let time pass, stopping at every instant at which something becomes due. Returns the attempts that ended."""
        until = self.clock.now() + parse_duration(duration)
        count = self.run_until_idle()
        while (next_at := self._next_due()) is not None and next_at <= until:
            self.clock.set(max(next_at, self.clock.now()))
            count += self.run_until_idle()
        self.clock.set(until)
        return count + self.run_until_idle()

    def _next_due(self) -> Instant | None:
        times = (self.database.reading(schedules.next_due_at), self._worker.next_due)
        return min((at for at in times if at is not None), default=None)

    def close(self) -> None:
        """Stop warm processes and give everything back."""
        submission.install(None)
        self._loop.run_until_complete(self._worker.close())
        self._loop.close()
        self.app.close()
        if self._temporary is not None:
            self._temporary.cleanup()

    def __enter__(self) -> "Harness":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
