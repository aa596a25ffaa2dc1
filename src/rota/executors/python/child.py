"""What runs in a warm process: it imports the application once, then runs one job at a time.

The worker starts this file by its path, so that the executor's own imports are not paid for here. Both sides speak
over one socket in frames: four bytes of length (big-endian), one byte of kind, then JSON.

    worker to process   I [sys.path, modules]      J [name, parameters, context]     A [id, error]
    process to worker   + (ready)  ! [error]       R result    O [outcome, fields]
                        L line     P [fraction, message]       S [type, parameters, choices]
"""

import contextlib
import ctypes
import faulthandler
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Coroutine
from functools import partial
from types import FrameType
from typing import Any, NoReturn

from rota.domain import errors
from rota.domain.errors import RotaError
from rota.domain.outcome import Failed, Outcome
from rota.sdk import submission
from rota.sdk.context import Context
from rota.sdk.function import JobFunction
from rota.sdk.functions import registry
from rota.sdk.result import failure_of, is_outcome, outcome_of, pack, to_json

_RECEIVE_BYTES = 65_536
_PR_SET_PDEATHSIG = 1
_UNKNOWN = "the process does not know {!r}: the module of the function must be among the application's (--app)"
_TERMINATED = 128 + signal.SIGTERM
_CONTEXT_FIELDS = (
    "execution_id",
    "job_id",
    "attempt",
    "max_attempts",
    "fencing_token",
    "deadline",
    "schedule_id",
    "nominal_at",
    "handle",
)


class Stopped(BaseException):
    """Raised in a function that takes no context when its process is asked to stop."""


class Connection:
    """The socket to the worker. Any thread may send; only one exchange goes on at a time."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._sending = threading.Lock()
        self.exchange = threading.Lock()

    def send(self, kind: bytes, body: bytes = b"") -> None:
        """Send one frame."""
        frame = (len(body) + 1).to_bytes(4) + kind + body
        with self._sending:
            sent = os.write(self._descriptor, frame)
            while sent < len(frame):
                sent += os.write(self._descriptor, memoryview(frame)[sent:])

    def receive(self) -> bytes | None:
        """The next frame, kind first; None when the worker is gone."""
        data = self._read(_RECEIVE_BYTES)
        while len(data) < 4 or len(data) < 4 + int.from_bytes(data[:4]):
            more = self._read(_RECEIVE_BYTES * 16)
            if not more:
                return None
            data += more
        return data[4:]

    def close(self) -> None:
        """Give the socket back."""
        os.close(self._descriptor)

    def _read(self, size: int) -> bytes:
        try:
            return os.read(self._descriptor, size)
        except ConnectionError:
            return b""


class WorkerSubmitter:
    """Submits through the worker, so that the process needs no credentials of the store."""

    def __init__(self, connection: Connection, busy: Callable[[], bool]) -> None:
        self._connection = connection
        self._busy = busy

    def submit(self, type: str, parameters: object, **choices: Any) -> str:
        """Ask the worker to queue one execution; waits for its answer."""
        if not self._busy():
            raise errors.Conflict("the job that started this thread has ended; only a running job can enqueue")
        if choices.pop("connection", None) is not None:
            raise errors.InvalidInput.field(
                "connection", msg="a warm process submits through its worker; use isolation='thread' to take part here"
            )
        with self._connection.exchange:
            self._connection.send(b"S", json.dumps([type, parameters, choices]).encode())
            frame = self._connection.receive()
        if frame is None:
            raise errors.Unavailable("the worker is gone")
        identity, error = json.loads(frame[1:])
        if error is not None:
            kind = getattr(errors, error[0], RotaError)
            raise kind(error[1])
        return str(identity)


class Process:
    """The state of this process: at most one job."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._stopping = False
        self._busy = False
        self._interrupt: Callable[[], object] | None = None

    def busy(self) -> bool:
        """Whether a job function runs."""
        return self._busy

    def serve(self) -> None:
        """Run jobs until the worker closes the connection or asks the process to stop."""
        signal.signal(signal.SIGTERM, self._on_terminate)
        os.register_at_fork(after_in_child=self._on_fork)
        while not self._stopping:
            with self._connection.exchange:  # a thread that a job left behind may still wait for an answer
                frame = self._connection.receive()
            if frame is None:
                return
            signal.signal(signal.SIGTERM, self._on_terminate)  # again each time: a job may have set its own
            kind, body = self._run(frame[1:])
            _flush()
            if self._stopping:
                raise SystemExit(_TERMINATED)
            self._connection.send(kind, body)

    def _run(self, job: bytes) -> tuple[bytes, bytes]:
        """Run one job. The busy mark comes first and goes last: a signal in between always finds its receiver."""
        try:
            name, parameters, about = json.loads(job)
            function = _find(name)
            if function is None:
                return _packed(Failed(_UNKNOWN.format(name), retryable=False))
            try:
                arguments = function.signature.bind(parameters)
            except RotaError as error:
                return _packed(Failed(error.detail, retryable=False))
            if about is not None and function.signature.context is not None:
                arguments[function.signature.context] = self._context(about)
            return self._call(function, arguments, cooperative=function.signature.context is not None)
        except Stopped:
            return _packed(Failed("the process was asked to stop"))
        finally:
            self._busy = False

    def _call(
        self, function: JobFunction[..., Any], arguments: dict[str, Any], cooperative: bool
    ) -> tuple[bytes, bytes]:
        try:
            self._interrupt = None if cooperative else _raise_stopped
            self._busy = True
            value = function.function(**arguments)
            if function.is_async:
                value = self._run_async(value)
        except (Exception, SystemExit, KeyboardInterrupt) as error:
            return _packed(failure_of(error))
        finally:
            self._busy = False
        if is_outcome(value):
            return _packed(outcome_of(value))
        try:
            return b"R", b"null" if value is None else to_json(value)
        except ValueError as error:
            return _packed(Failed(str(error), retryable=False))

    def _run_async(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        import asyncio  # most functions that come here are sync ones

        async def entry() -> Any:
            task = asyncio.current_task()
            loop = asyncio.get_running_loop()
            assert task is not None
            self._interrupt = partial(loop.call_soon_threadsafe, task.cancel)
            return await coroutine

        try:
            return asyncio.run(entry())
        except asyncio.CancelledError as error:
            if self._stopping:
                raise Stopped from error
            raise RuntimeError("the function was cancelled from within") from error

    def _context(self, about: list[Any]) -> Context:
        return Context(
            **dict(zip(_CONTEXT_FIELDS, about, strict=True)),
            log=lambda line: self._connection.send(b"L", line.encode("utf-8", "replace")),
            progress=lambda *report: self._connection.send(b"P", json.dumps(report).encode()),
            cancelled=lambda: self._stopping,
        )

    def _on_terminate(self, number: int, frame: FrameType | None) -> None:
        self._stopping = True
        if not self._busy:
            raise SystemExit(_TERMINATED)
        if self._interrupt is not None:
            self._interrupt()

    def _on_fork(self) -> None:
        """A process that user code forked must not speak for this one."""
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        self._connection.close()


def _find(name: str) -> JobFunction[..., Any] | None:
    function = registry.get(name)
    if function is None:
        from rota.sdk.builtin import register_builtin

        register_builtin(registry)
        function = registry.get(name)
    return function


def _packed(outcome: Outcome) -> tuple[bytes, bytes]:
    return b"O", json.dumps(pack(outcome)).encode()


def _raise_stopped() -> NoReturn:
    raise Stopped


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):  # user code may have closed or replaced it
            stream.flush()


def _prefer_in_shortage() -> None:
    """When memory runs out, have the kernel take this process before the worker."""
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write("500")


def _die_with(worker: int) -> None:
    """Have the kernel kill this process when the worker dies, also while user code keeps it busy."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != worker:
        os._exit(0)


def main(descriptor: int, worker: int) -> None:
    """Start up, say whether the application could be imported, and serve."""
    _die_with(worker)
    _prefer_in_shortage()
    faulthandler.enable()
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)  # type: ignore[union-attr]
    connection = Connection(descriptor)
    frame = connection.receive()
    if frame is None:
        return
    sys.path[:], modules = json.loads(frame[1:])
    try:
        registry.load(modules)
    except RotaError as error:
        connection.send(b"!", json.dumps([error.detail]).encode())
        raise SystemExit(1) from None
    process = Process(connection)
    submission.install(WorkerSubmitter(connection, process.busy))
    connection.send(b"+")
    process.serve()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
