"""The engine on a thread and an event loop of its own, so that the code of jobs and the API do not slow each other."""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable

from rota.engine.supervisor import Supervisor
from rota.telemetry import Telemetry

_PAUSE_SECONDS = 0.5


class EngineThread:
    """Runs a supervisor until it is stopped and drained."""

    def __init__(self, supervisor: Supervisor, telemetry: Telemetry) -> None:
        self._supervisor = supervisor
        self._telemetry = telemetry
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ready = threading.Event()
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="rota-engine", daemon=True)

    def start(self) -> None:
        """Begin, and wait until the worker is registered. Raises what kept it from that."""
        self._thread.start()
        self._ready.wait()
        if self._error is not None:
            raise self._error

    def stop(self, *, now: bool = False) -> None:
        """Drain; with `now`, hand running work back at once. Does not wait."""
        self._supervisor.stopping = True  # between two loops there is none to be told
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # it is closed
                self._loop.call_soon_threadsafe(lambda: self._supervisor.stop(now=now))

    def join(self) -> None:
        """Wait until everything has ended."""
        self._thread.join()

    @property
    def alive(self) -> bool:
        """Whether it is still running."""
        return self._thread.is_alive()

    def on_end(self, call: Callable[[], None]) -> None:
        """Call `call`, from a thread of its own, once the engine has ended."""

        def wait() -> None:
            self._thread.join()
            call()

        threading.Thread(target=wait, name="rota-engine-end", daemon=True).start()

    def _run(self) -> None:
        """A job can end the event loop (`loop.stop`, `sys.exit` in a task of its own): then another takes its place."""
        while True:
            try:
                asyncio.run(self._main())
            except BaseException as error:
                if not self._ready.is_set():
                    self._error = error
                    break
                self._telemetry.loop_failed("engine", error)
            if self._supervisor.stopping:
                break
            time.sleep(_PAUSE_SECONDS)
        self._ready.set()

    async def _main(self) -> None:
        self._loop = asyncio.get_running_loop()
        await self._supervisor.run(ready=self._ready.set)
