"""The warm processes of a worker: started on demand, kept warm, replaced when one dies."""

import asyncio
import contextlib
import os
from collections import deque
from collections.abc import Coroutine, Sequence
from typing import Any

from rota.domain.outcome import Failed, Outcome
from rota.executors.base import Context
from rota.executors.python.process import ProcessGone, StartFailed, WarmProcess

START_SECONDS = 60.0
"""How long importing the application may take."""

_KEPT = 2
"""How many idle processes stay however long nothing happens."""
_RETIRE_SECONDS = 2.0
_REFUSE_SECONDS = 5.0
"""How long jobs are refused after a failed start before another one is tried: a broken application is no reason for
a storm of processes."""
_STARTS_AT_ONCE = max(1, os.cpu_count() or 1)


class Pool:
    """At most `limit` processes. Each runs one job at a time; jobs wait for one in the order they came."""

    def __init__(self, modules: Sequence[str], *, limit: int, worker_id: str, idle_seconds: float = 60.0) -> None:
        self._loop = asyncio.get_running_loop()
        self._modules = modules
        self._limit = max(1, limit)
        self._worker_id = worker_id
        self._idle_seconds = idle_seconds
        self._processes: set[WarmProcess] = set()
        self._idle: list[WarmProcess] = []
        self._waiting: deque[asyncio.Future[WarmProcess]] = deque()
        self._starts: set[asyncio.Task[None]] = set()
        self._retirements: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._failure: StartFailed | None = None
        self._refuse_until = 0.0
        self._closed = False

    @property
    def pids(self) -> list[int]:
        """The process ids, sorted."""
        return sorted(process.pid for process in self._processes)

    async def warm(self, count: int) -> None:
        """Start processes until `count` are there, and wait until they are ready. Raises StartFailed."""
        while len(self._processes) < min(count, self._limit) and self._start():
            pass
        while self._starts:
            await asyncio.wait(set(self._starts))
        if self._failure is not None:
            raise self._failure

    async def run(self, job: bytes, context: Context) -> Outcome:
        """Run one job in a process. When cancelled, the process is gone before the cancellation goes on."""
        while True:
            try:
                process = self._idle.pop() if self._idle else await self._next()
            except StartFailed as error:
                return Failed(str(error), retryable=error.retryable)
            try:
                outcome = await process.run(job, context.log, context.progress)
            except ProcessGone:
                continue
            except asyncio.CancelledError:
                await _uninterrupted(process.stop(context.grace))
                raise
            if process.ready:
                self._release(process)
            else:  # it died; what it started may still be there
                await _uninterrupted(process.stop(0))
            return outcome

    async def close(self) -> None:
        """Stop every process."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        for waiter in self._waiting:
            waiter.cancel()
        for start in self._starts:
            start.cancel()
        retirements = (process.retire(_RETIRE_SECONDS) for process in list(self._processes))
        await asyncio.gather(*self._starts, *self._retirements, *retirements, return_exceptions=True)

    async def _next(self) -> WarmProcess:
        """The next process that becomes free. StartFailed when there is none and none can be started."""
        waiter: asyncio.Future[WarmProcess] = self._loop.create_future()
        self._waiting.append(waiter)
        self._grow()
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self._release(waiter.result())
            raise

    def _release(self, process: WarmProcess) -> None:
        """Give a free process to the job that waits longest, or keep it warm."""
        if not process.ready or self._closed:
            return
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(process)
                return
        process.idle_since = self._loop.time()
        self._idle.append(process)
        if self._timer is None and len(self._idle) > _KEPT:
            self._timer = self._loop.call_later(self._idle_seconds, self._retire)

    def _grow(self) -> None:
        """Start what the waiting jobs need, few at a time: short jobs are served sooner by those that are there."""
        if self._closed:
            return
        if self._failure is not None and self._loop.time() < self._refuse_until:
            if not any(process.ready for process in self._processes):
                self._refuse_all(self._failure)
            return
        wanted = min(_STARTS_AT_ONCE, sum(not waiter.done() for waiter in self._waiting))
        while len(self._starts) < wanted and len(self._processes) < self._limit and self._start():
            pass

    def _start(self) -> bool:
        """Start one process; it serves as soon as it is ready. Whether that worked so far."""
        try:
            process = WarmProcess(self._modules, self._worker_id, self._on_exit)
        except OSError as error:
            self._on_failed_start(StartFailed(f"a warm process could not start: {error}"))
            return False
        self._processes.add(process)
        task = self._loop.create_task(self._become_ready(process))
        self._starts.add(task)
        task.add_done_callback(self._on_started)
        return True

    async def _become_ready(self, process: WarmProcess) -> None:
        try:
            await asyncio.wait_for(asyncio.shield(process.started), START_SECONDS)
        except StartFailed as error:
            self._on_failed_start(error)
        except TimeoutError:
            self._on_failed_start(StartFailed(f"importing the application took longer than {START_SECONDS:g} s"))
            await process.stop(0)
        else:
            self._failure = None
            self._release(process)

    def _on_started(self, task: "asyncio.Task[None]") -> None:
        self._starts.discard(task)
        self._grow()

    def _on_failed_start(self, failure: StartFailed) -> None:
        self._failure = failure
        self._refuse_until = self._loop.time() + _REFUSE_SECONDS
        if not any(process.ready for process in self._processes):
            self._refuse_all(failure)

    def _refuse_all(self, failure: StartFailed) -> None:
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_exception(failure)

    def _on_exit(self, process: WarmProcess) -> None:
        self._processes.discard(process)
        with contextlib.suppress(ValueError):
            self._idle.remove(process)
        self._grow()

    def _retire(self) -> None:
        """End what has been idle for long; the longest idle stand first."""
        self._timer = None
        latest = self._loop.time() - self._idle_seconds
        while len(self._idle) > _KEPT and self._idle[0].idle_since <= latest:
            task = self._loop.create_task(self._idle.pop(0).retire(_RETIRE_SECONDS))
            self._retirements.add(task)
            task.add_done_callback(self._retirements.discard)
        if len(self._idle) > _KEPT:
            self._timer = self._loop.call_later(self._idle_seconds, self._retire)


async def _uninterrupted(work: Coroutine[Any, Any, None]) -> None:
    """Finish `work`, also when the task is cancelled again meanwhile."""
    task = asyncio.ensure_future(work)
    while not task.done():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.shield(task)
    task.result()
