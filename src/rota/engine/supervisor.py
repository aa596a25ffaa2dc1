"""Keeps a worker working: an incarnation that lost its lease is replaced by a new one, a store that is away is awaited."""

import asyncio
from collections.abc import Callable

from rota.domain.errors import Forbidden, Unauthenticated, Unavailable
from rota.engine.work_source import LeaseLostForGood
from rota.engine.worker import Worker
from rota.telemetry import Telemetry

_PAUSE_SECONDS = 0.5


class Supervisor:
    """Runs one worker after another on the current event loop until `stop`."""

    def __init__(self, make: Callable[[], Worker], telemetry: Telemetry) -> None:
        """`make` builds a worker with a new identity and executors of its own."""
        self._make = make
        self._telemetry = telemetry
        self._worker: Worker | None = None
        self.stopping = False

    async def run(self, *, ready: Callable[[], None] = lambda: None) -> None:
        """Work until `stop`. What keeps the first worker from beginning is raised; later mistakes are told and outlived.

        A credential that is refused ends it at any time: Unauthenticated or Forbidden.
        """
        began = False

        def begun() -> None:
            nonlocal began
            began = True
            ready()

        while not self.stopping:
            self._worker = self._make()
            try:
                await self._worker.run(ready=begun)
            except LeaseLostForGood:
                continue
            except (Unauthenticated, Forbidden):
                raise  # its credential was revoked: another worker would be refused too
            except Unavailable as error:
                self._telemetry.store_unavailable(error)
                await asyncio.sleep(_PAUSE_SECONDS)
            except Exception as error:
                if not began:
                    raise
                self._telemetry.loop_failed("worker", error)
                await asyncio.sleep(_PAUSE_SECONDS)

    def stop(self, *, now: bool = False) -> None:
        """Drain the worker and end. Called on the event loop; with `now`, running work is handed back at once."""
        self.stopping = True
        if self._worker is not None:
            self._worker.stop(now=now)
