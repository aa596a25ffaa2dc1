"""What jobs witness, outside every store: the application that the faults are tried on, and the reading of its files.

Given to Rota with `--app`. Each process appends to a file of its own in the folder that WITNESS names, one write a
line, with the monotonic time that all processes of one machine share.
"""

import asyncio
import ctypes
import os
import re
import resource
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rota import Context, job

FOLDER = "WITNESS"


@dataclass(frozen=True, slots=True)
class Line:
    """One line: `what` is start, end, stopped or effect; `at` is monotonic ns."""

    what: str
    execution: str
    attempt: int
    token: int
    pid: int
    at: int


def read(folder: Path) -> list[Line]:
    """All lines of all processes, in the order in which they happened. One that was not written whole fails here."""
    return sorted((line for file in folder.glob("*.witness") for line in _lines(file)), key=lambda line: line.at)


def _lines(file: Path) -> Iterator[Line]:
    for text in file.read_text().splitlines():
        what, execution, attempt, token, pid, at = text.split()
        yield Line(what, execution, int(attempt), int(token), int(pid), int(at))


def say(what: str, ctx: Context) -> None:
    """Append one line, in one write."""
    line = f"{what} {ctx.execution_id} {ctx.attempt} {ctx.fencing_token} {os.getpid()} {time.monotonic_ns()}\n"
    os.write(_file(), line.encode())


_opened: tuple[int, int] | None = None


def _file() -> int:
    """The file of this process, opened once."""
    global _opened
    if _opened is None or _opened[0] != os.getpid():
        path = Path(os.environ[FOLDER]) / f"{os.getpid()}.witness"
        _opened = (os.getpid(), os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT))
    return _opened[1]


@job(name="work")
async def work(seconds: float = 0.0, *, ctx: Context) -> None:
    """Ordinary work on the worker's loop."""
    say("start", ctx)
    try:
        if seconds:
            await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        say("stopped", ctx)
        raise
    say("end", ctx)


@job(name="work-in-process")
def work_in_process(seconds: float = 0.0, *, ctx: Context) -> None:
    """Ordinary work in a warm process."""
    say("start", ctx)
    time.sleep(seconds)
    say("end", ctx)


@job(name="ticking")
async def ticking(seconds: float, *, ctx: Context) -> None:
    """Work with a side effect ten times a second: it shows how long a zombie goes on."""
    say("start", ctx)
    until = time.monotonic() + seconds
    try:
        while time.monotonic() < until:
            await asyncio.sleep(0.1)
            say("effect", ctx)
            ctx.log.info("still here")
    except asyncio.CancelledError:
        say("stopped", ctx)
        raise
    say("end", ctx)


@job(name="block-the-loop")
async def block_the_loop(seconds: float, *, ctx: Context) -> None:
    """What no async function should do."""
    say("start", ctx)
    time.sleep(seconds)
    say("end", ctx)


@job(name="hold-the-interpreter")
def hold_the_interpreter(seconds: float, *, ctx: Context) -> None:
    """One call that never lets go of the interpreter's lock: a catastrophic regular expression, in a thread."""
    say("start", ctx)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        re.match(r"(a+)+$", "a" * 24 + "b")
    say("end", ctx)


hold_the_interpreter_inline = job(name="hold-the-interpreter-inline", isolation="thread")(hold_the_interpreter.function)


@job(name="exit-hard")
def exit_hard(*, ctx: Context) -> None:
    """Take the process away under the worker."""
    say("start", ctx)
    os._exit(3)


@job(name="segfault")
def segfault(*, ctx: Context) -> None:
    """Crash the interpreter."""
    say("start", ctx)
    ctypes.string_at(0)


@job(name="eat-memory")
def eat_memory(*, ctx: Context) -> None:
    """Take all the memory that there is, up to a limit of 256 MiB."""
    say("start", ctx)
    resource.setrlimit(resource.RLIMIT_AS, (256 << 20, 256 << 20))
    held = []
    try:
        while True:
            held.append(bytearray(16 << 20))
    except MemoryError:
        os.kill(os.getpid(), signal.SIGKILL)  # what the kernel does where memory has an end


@job(name="fork-bomb")
def fork_bomb(*, ctx: Context) -> None:
    """Children that have children; all of them would sleep far beyond the timeout."""
    say("start", ctx)
    for _ in range(6):
        os.fork()
    time.sleep(30)


@job(name="flood")
def flood(megabytes: int, *, ctx: Context) -> None:
    """Print far more than anybody would read."""
    say("start", ctx)
    text = "x" * 99 + "\n"
    for _ in range(megabytes * 10):
        print(text * 1000, end="")
    say("end", ctx)
