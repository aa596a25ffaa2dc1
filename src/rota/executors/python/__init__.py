"""Python functions: async ones on the worker's loop, sync ones in warm processes, or in threads where asked for."""

import asyncio
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

from rota.domain.errors import ConfigurationInvalid, InvalidInput
from rota.domain.outcome import Failed, Outcome
from rota.executors.base import Context, Setting
from rota.executors.python import printing
from rota.executors.python.pool import Pool
from rota.executors.python.printing import printing_to
from rota.sdk.context import Context as FunctionContext
from rota.sdk.function import Isolation, JobFunction
from rota.sdk.functions import Functions
from rota.sdk.result import failure_of, outcome_of

_ISOLATIONS: dict[str, Isolation] = {
    "inline": "inline",
    "thread": "thread",
    "process": "process",
    "outofprocess": "process",
}


_MOST_PROCESSES = 32


def build(setting: Setting) -> "PythonExecutor":
    """The executor of a worker: as many processes as it has slots, unless the configuration names a number."""
    engine = setting.config.engine
    return PythonExecutor(
        setting.functions,
        app_modules=setting.config.app,
        max_processes=engine.max_processes or min(engine.max_concurrent_jobs, _MOST_PROCESSES),
        worker_id=setting.worker_id,
    )


class PythonExecutor:
    """Runs registered job functions. Its processes live and die with the thread of the loop that it runs on."""

    kind: ClassVar[str] = "python"

    def __init__(
        self, functions: Functions, *, app_modules: Sequence[str] = (), max_processes: int = 4, worker_id: str = ""
    ) -> None:
        self._functions = functions
        self._pool: Pool | None = None
        self._make_pool: Callable[[], Pool] = lambda: Pool(app_modules, limit=max_processes, worker_id=worker_id)
        self._routing = False

    @property
    def pool(self) -> Pool:
        """The warm processes; none is started before it is needed."""
        if self._pool is None:
            self._pool = self._make_pool()
        return self._pool

    def check(self, job_type: str, parameters: Mapping[str, object]) -> None:
        """Refuse parameters that the function would not accept. A function of another worker is not judged."""
        function = self._functions.get(job_type)
        if function is not None:
            function.signature.bind(parameters)

    async def run(self, context: Context) -> Outcome:
        """Run one attempt where its function wants to run."""
        if not self._routing:
            self._routing = True
            printing.install()
        claim = context.claim
        function = self._functions.get(claim.type)
        if function is None:
            return Failed(f"no function {claim.type!r} is registered on this worker", retryable=False)
        isolation = function.isolation if claim.isolation is None else _isolation(function, claim.isolation)
        try:
            if isolation == "inline":
                return await _inline(function, context)
            if isolation == "process":
                return await self._in_process(function, context)
            if isolation == "thread":
                return await _in_thread(function, context)
        except (InvalidInput, ConfigurationInvalid) as error:
            return Failed(error.detail, retryable=False)
        return Failed(f"isolation {claim.isolation!r} is not available for python functions", retryable=False)

    async def close(self) -> None:
        """Stop the warm processes, and give the output of the process back."""
        if self._routing:
            self._routing = False
            printing.uninstall()
        if self._pool is not None:
            await self._pool.close()

    async def _in_process(self, function: JobFunction[..., Any], context: Context) -> Outcome:
        about = None if function.signature.context is None else _about(context)
        job = json.dumps([function.name, context.parameters, about], separators=(",", ":")).encode()
        return await self.pool.run(job, context)


async def _inline(function: JobFunction[..., Any], context: Context) -> Outcome:
    """Call the function on this loop. This is the hot path: nothing here may cost what an empty job does not need."""
    arguments = _arguments(function, context, context.progress, _asked_to_stop)
    printer = printing_to(context.log)
    try:
        value = function.function(**arguments)
        if function.is_async:
            value = await value
    except asyncio.CancelledError as error:
        if _asked_to_stop():
            raise
        return failure_of(error)
    except (Exception, SystemExit) as error:
        return failure_of(error)
    finally:
        printer.close()
    return outcome_of(value)


async def _in_thread(function: JobFunction[..., Any], context: Context) -> Outcome:
    """Call the function in a thread of its own.

    A thread cannot be killed. One that does not return within the grace time after a cancellation is left behind, and
    the log says so; it is a daemon thread, so that it does not keep the worker from stopping.
    """
    loop = asyncio.get_running_loop()
    stop = threading.Event()
    done: asyncio.Future[Outcome] = loop.create_future()

    def progress(fraction: float, message: str) -> None:
        loop.call_soon_threadsafe(context.progress, fraction, message)

    arguments = _arguments(function, context, progress, stop.is_set)

    def work() -> None:
        printer = printing_to(context.log)
        outcome = _called(function, arguments)
        printer.close()
        try:
            loop.call_soon_threadsafe(_settle, done, outcome)
        except RuntimeError:
            return  # the loop is closed: nobody waits any more

    threading.Thread(target=work, name=f"rota-{context.claim.id}", daemon=True).start()
    try:
        return await asyncio.shield(done)
    except asyncio.CancelledError:
        stop.set()
        await asyncio.wait({done}, timeout=context.grace)
        if not done.done():
            context.log("the thread did not stop and was left running: only a process can be killed", "log")
        raise


def _called(function: JobFunction[..., Any], arguments: dict[str, Any]) -> Outcome:
    try:
        return outcome_of(function.function(**arguments))
    except BaseException as error:
        return failure_of(error)


def _settle(done: "asyncio.Future[Outcome]", outcome: Outcome) -> None:
    if not done.done():
        done.set_result(outcome)


def _arguments(
    function: JobFunction[..., Any],
    context: Context,
    progress: Callable[[float, str], None],
    cancelled: Callable[[], bool],
) -> dict[str, Any]:
    arguments = function.signature.bind(context.parameters)
    name = function.signature.context
    if name is not None:
        claim, log = context.claim, context.log
        arguments[name] = FunctionContext(
            execution_id=claim.id,
            job_id=claim.job_id,
            attempt=claim.attempt,
            max_attempts=claim.retry.max_attempts,
            fencing_token=claim.token,
            deadline=context.deadline,
            schedule_id=claim.schedule_id,
            nominal_at=claim.nominal_at,
            handle=claim.handle,
            log=lambda line: log(line, "log"),
            progress=progress,
            cancelled=cancelled,
        )
    return arguments


def _about(context: Context) -> list[object]:
    """What a warm process needs to make the function's context, in the order that `child.py` expects."""
    claim = context.claim
    return [
        claim.id,
        claim.job_id,
        claim.attempt,
        claim.retry.max_attempts,
        claim.token,
        context.deadline,
        claim.schedule_id,
        claim.nominal_at,
        claim.handle,
    ]


def _asked_to_stop() -> bool:
    """Whether the current task was cancelled. Code that runs inline is the task."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _isolation(function: JobFunction[..., Any], asked: str) -> Isolation | None:
    """Where the job wants its function to run; None for what does not exist here.

    `inProcess` means the worker's own process: the loop for async functions, a thread for sync ones that chose no place.
    """
    word = asked.lower().replace("-", "").replace("_", "")
    if word == "inprocess":
        return function.isolation if function.isolation != "process" else "inline" if function.is_async else "thread"
    if word == "thread" and function.is_async:
        return "inline"
    return _ISOLATIONS.get(word)
