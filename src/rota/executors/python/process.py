"""One warm process, as the worker sees it: its socket, its output, its end."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any

from rota import processes
from rota.domain.errors import RotaError
from rota.domain.outcome import Failed, Outcome, Succeeded
from rota.executors.python.output import Output
from rota.sdk import submission
from rota.sdk.result import ERROR_CHARACTERS, printable, unpack

MARKER = "ROTA_PROCESS"
"""The environment variable that everything carries that one warm process starts."""

_CHILD = str(Path(__file__).with_name("child.py"))
_RECEIVE_BYTES = 262_144
_OUTPUT_BYTES = 65_536
_READS_AT_END = 32
"""How often what is left in an output pipe is read when a job ends; a pipe holds less."""
_CLOSED_SECONDS = 1.0
"""How long a process that closed its socket may take to exit."""

LogSink = Callable[[str, str], None]
"""Takes one line and its stream: `stdout`, `stderr` or `log`."""

Progress = Callable[[float, str], None]


class ProcessGone(Exception):
    """The process died before the job reached it: another one may run it."""


class StartFailed(Exception):
    """A process could not be made ready. `retryable` is False when the application itself cannot be imported."""

    def __init__(self, message: str, *, retryable: bool = True) -> None:
        super().__init__(message)
        self.retryable = retryable


class WarmProcess:
    """A process that runs one job at a time.

    `started` is done when the application is imported; its exception says why it could not be. `exited` is done when
    the process is gone and has been collected.
    """

    def __init__(self, modules: Sequence[str], worker_id: str, on_exit: Callable[["WarmProcess"], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_exit = on_exit
        identity = uuid.uuid4().hex
        self._marker = f"{MARKER}={identity}"
        self._buffer = b""
        self._job: asyncio.Future[Outcome] | None = None
        self._log: LogSink | None = None
        self._progress: Progress | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._last_words = ""
        self._reason: str | None = None
        self._pidfd: int | None = None
        self.stopping = False
        self.idle_since = 0.0
        self.started: asyncio.Future[None] = self._loop.create_future()
        self.exited: asyncio.Future[None] = self._loop.create_future()
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = _spawn(theirs.fileno(), {"ROTA_WORKER": worker_id, MARKER: identity})
        processes.limit(self.pid, {})
        self._socket.setblocking(False)
        self._output = [Output(self._process.stdout, "stdout"), Output(self._process.stderr, "stderr")]
        self.started.add_done_callback(_seen)
        self._watch()
        self._send(b"I", json.dumps([sys.path, list(modules)]).encode())

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def ready(self) -> bool:
        """Whether the process has started and may be given work, or has some."""
        return self.started.done() and not self.stopping and not self.exited.done()

    async def run(self, job: bytes, log: LogSink, progress: Progress) -> Outcome:
        """Have the process run one job. ProcessGone when it was dead before."""
        done: asyncio.Future[Outcome] = self._loop.create_future()
        self._job = done
        self._log, self._progress = log, progress
        self._last_words = ""
        try:
            self._send(b"J", job)
        except OSError:
            raise ProcessGone from None
        try:
            return await done
        except asyncio.CancelledError:
            if done.cancelled():
                raise
            return done.result()  # it had ended before it was cancelled

    async def stop(self, grace: float) -> None:
        """Ask the process and all it started to stop, kill what has not after `grace` seconds, and wait for its end."""
        self.stopping = True
        await processes.stop_tree(self.pid, self._marker, grace)
        if not self.exited.done():
            self._process.kill()
        await asyncio.shield(self.exited)

    async def retire(self, patience: float) -> None:
        """Let the idle process exit by itself, then stop whatever is left of it."""
        self.stopping = True
        if not self.exited.done():
            self._socket.shutdown(socket.SHUT_WR)
            await asyncio.wait({self.exited}, timeout=patience)
        await self.stop(0)

    def _watch(self) -> None:
        self._loop.add_reader(self._socket, self._on_readable)
        for output in self._output:
            self._loop.add_reader(output.descriptor, self._on_output, output)
        try:  # a pidfd tells of the end even where a forked grandchild holds the socket open
            self._pidfd = os.pidfd_open(self.pid)
            self._loop.add_reader(self._pidfd, self._on_end)
        except (AttributeError, OSError):  # a kernel before 5.3
            threading.Thread(target=self._wait, name=f"rota-wait-{self.pid}", daemon=True).start()

    def _wait(self) -> None:
        self._process.wait()
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(self._on_end)

    def _send(self, kind: bytes, body: bytes) -> None:
        frame = (len(body) + 1).to_bytes(4) + kind + body
        try:
            sent = self._socket.send(frame)
        except BlockingIOError:
            sent = 0
        if sent < len(frame):
            self._spawn_task(self._send_rest(frame[sent:]))

    async def _send_rest(self, rest: bytes) -> None:
        try:
            await self._loop.sock_sendall(self._socket, rest)
        except OSError:
            return  # the process died; its end is reported by `_on_end`

    def _on_readable(self) -> None:
        data = self._received()
        if data:
            self._on_data(data)
        elif data is not None:
            self._loop.remove_reader(self._socket)
            self._loop.call_later(_CLOSED_SECONDS, self._kill, "it closed its connection to the worker")

    def _received(self) -> bytes | None:
        """What came: None for nothing yet, empty when the other end is closed."""
        try:
            return self._socket.recv(_RECEIVE_BYTES)
        except BlockingIOError:
            return None
        except OSError:
            return b""

    def _on_data(self, data: bytes) -> None:
        buffer = self._buffer + data if self._buffer else data
        start, size = 0, len(buffer)
        while size - start >= 4 and (end := start + 4 + int.from_bytes(buffer[start : start + 4])) <= size:
            self._take(buffer[start + 4 : start + 5], buffer[start + 5 : end])
            start = end
        self._buffer = buffer[start:]

    def _take(self, kind: bytes, body: bytes) -> None:
        """Handle one frame. What goes wrong ends the attempt: raised here, it would be lost and the job would hang."""
        try:
            self._on_frame(kind, body)
        except Exception as error:
            cause = f"what it said cannot be read: {type(error).__name__}: {printable(str(error))[:ERROR_CHARACTERS]}"
            self._log = None  # it may be what has raised
            if kind in (b"R", b"O"):
                self._settle(Failed(f"the process has ended the job, but {cause}", retryable=False))
            else:  # the job still runs: no other one may begin in this process
                self._kill(cause)

    def _on_frame(self, kind: bytes, body: bytes) -> None:
        if kind == b"R":
            self._settle(Succeeded(None if body == b"null" else json.loads(body)))
        elif kind == b"O":
            self._settle(unpack(json.loads(body)))
        elif kind == b"+":
            self.started.set_result(None)
        elif kind == b"!":
            self.started.set_exception(StartFailed(json.loads(body)[0], retryable=False))
        elif kind == b"L" and self._log is not None:
            self._log(body.decode("utf-8", "replace"), "log")
        elif kind == b"P" and self._progress is not None:
            self._progress(*json.loads(body))
        elif kind == b"S":
            self._spawn_task(self._submit(*json.loads(body)))

    async def _submit(self, job_type: str, parameters: object, choices: dict[str, Any]) -> None:
        """Queue an execution on behalf of the process, which has no access to the store."""
        answer: list[object]
        try:
            submitter = submission.current()
            answer = [await asyncio.to_thread(lambda: submitter.submit(job_type, parameters, **choices)), None]
        except RotaError as error:
            answer = [None, [type(error).__name__, error.detail]]
        except Exception as error:
            answer = [None, ["Unavailable", f"{type(error).__name__}: {error}"]]
        if not self.exited.done():
            self._send(b"A", json.dumps(answer).encode())

    def _settle(self, outcome: Outcome) -> None:
        for output in self._output:
            self._drain(output)
        job, self._job = self._job, None
        self._log = self._progress = None
        if job is not None and not job.done():
            job.set_result(outcome)

    def _drain(self, output: Output) -> None:
        """Hand on what is in the pipe, and a last line without an end."""
        for _ in range(_READS_AT_END):
            if not self._on_output(output):
                break
        if line := output.rest():
            self._on_line(line, output.stream)

    def _on_output(self, output: Output) -> bool:
        try:
            data = os.read(output.descriptor, _OUTPUT_BYTES)
        except BlockingIOError:
            return False
        if not data:
            self._loop.remove_reader(output.descriptor)
            return False
        for line in output.lines(data):
            self._on_line(line, output.stream)
        return True

    def _on_line(self, line: str, stream: str) -> None:
        if self._log is not None:
            self._log(line, stream)
        elif line.strip():
            self._last_words = line

    def _kill(self, reason: str) -> None:
        if not self.exited.done():
            self._reason = reason
            self._process.kill()

    def _on_end(self) -> None:
        """The process is gone: take what it still said, then say so."""
        code = self._process.wait()
        for _ in range(_READS_AT_END):
            if not (data := self._received()):
                break
            self._on_data(data)
        reason = self._reason or _how(code)
        self._settle(Failed(f"the process died: {reason}"))
        if not self.started.done():
            words = f": {self._last_words}" if self._last_words else ""
            self.started.set_exception(StartFailed(f"a warm process could not start: {reason}{words}"))
        self._close()
        self.exited.set_result(None)
        self._on_exit(self)

    def _close(self) -> None:
        """Give back every descriptor."""
        self._loop.remove_reader(self._socket)
        self._socket.close()
        for output in self._output:
            self._loop.remove_reader(output.descriptor)
            output.close()
        if self._pidfd is not None:
            self._loop.remove_reader(self._pidfd)
            os.close(self._pidfd)
        for task in self._tasks:
            task.cancel()

    def _spawn_task(self, work: Coroutine[Any, Any, None]) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _spawn(descriptor: int, variables: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start the child file in its own session, with the application's environment and without Rota's own settings."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ROTA_")}
    return subprocess.Popen(
        [sys.executable, "-P", _CHILD, str(descriptor), str(os.getpid())],
        bufsize=0,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment | dict(variables),
        pass_fds=(descriptor,),
        start_new_session=True,
    )


def _how(code: int) -> str:
    """How a process ended, from its return code."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by signal {-code} ({signal.Signals(-code).name})"
    except ValueError:
        return f"killed by signal {-code}"


def _seen(started: "asyncio.Future[None]") -> None:
    """Take note of a failed start that nobody waits for any more."""
    if not started.cancelled():
        started.exception()
