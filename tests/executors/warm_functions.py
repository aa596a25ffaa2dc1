"""The application whose functions the tests of the python executor run, here and in warm processes."""

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import date
from typing import Any

from rota import Context, Deferred, PermanentError, RetryLater, job


@dataclass
class Node:
    """A parameter that contains itself."""

    name: str
    children: "list[Node]"


@job(name="warm.nothing")
def nothing() -> None: ...


@job(name="warm.pid")
def pid() -> int:
    return os.getpid()


@job(name="warm.add")
def add(left: int, right: int = 10) -> int:
    return left + right


@job(name="warm.count")
def count(node: Node, day: date) -> dict[str, Any]:
    return {"nodes": 1 + sum(count(child, day)["nodes"] for child in node.children), "day": day}


@job(name="warm.shout")
def shout(text: str) -> str:
    return text.upper()


@job(name="warm.spin")
def spin() -> None:
    print("spinning")
    while True:
        pass


@job(name="warm.stubborn")
def stubborn() -> None:
    """Ignores every request to stop, and so does what it starts."""
    helper = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(600)",
        ],
        start_new_session=True,
    )
    print(f"helper {helper.pid}")
    while True:
        try:
            time.sleep(600)
        except BaseException:
            continue


@job(name="warm.polite")
def polite(path: str, *, ctx: Context) -> None:
    """Stops by itself when it is asked to."""
    ctx.log.info("waiting")
    while not ctx.cancelled:
        time.sleep(0.005)
    with open(path, "w") as file:
        file.write("cleaned up")


@job(name="warm.unwinds")
def unwinds(path: str) -> None:
    """Takes no context: the request to stop arrives as an exception."""
    try:
        print("waiting")
        time.sleep(600)
    finally:
        with open(path, "w") as file:
            file.write("unwound")


@job(name="warm.exits")
def exits(code: int) -> None:
    print("last words", end="", flush=True)
    os._exit(code)


@job(name="warm.crashes")
def crashes() -> None:
    ctypes.string_at(0)


@job(name="warm.killed")
def killed() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@job(name="warm.leaves_politely")
def leaves() -> None:
    sys.exit(3)


@job(name="warm.prints")
def prints(times: int = 1) -> None:
    for _ in range(times):
        print("to stdout")
    print("to stderr", file=sys.stderr)
    os.write(1, b"from below python\n")
    subprocess.run([sys.executable, "-c", "print('from a subprocess')"], check=True)
    print("no end of line", end="")


@job(name="warm.logs")
def logs(*, ctx: Context) -> dict[str, Any]:
    ctx.log.info("loaded", rows=3, file="two words")
    ctx.log.warning("slow")
    ctx.progress(0.5, "half")
    return {
        "execution": ctx.execution_id,
        "job": ctx.job_id,
        "attempt": [ctx.attempt, ctx.max_attempts],
        "token": ctx.fencing_token,
        "key": ctx.idempotency_key,
        "remaining": ctx.remaining > 0,
        "nominal": ctx.nominal_at,
        "handle": ctx.handle,
        "cancelled": ctx.cancelled,
    }


@job(name="warm.raises")
def raises() -> None:
    raise ValueError("boom")


@job(name="warm.permanent")
def permanent() -> None:
    raise PermanentError("no such customer")


@job(name="warm.later")
def later() -> None:
    raise RetryLater("90s", "the target is busy")


@job(name="warm.defers")
def defers(*, ctx: Context) -> Deferred:
    return ctx.defer("5m", {"batch": 7})


@job(name="warm.huge")
def huge() -> str:
    return "x" * 1_048_576


@job(name="warm.large")
def large(text: str) -> str:
    return text


@job(name="warm.not_json")
def not_json() -> object:
    return object()


@job(name="warm.forks")
def forks() -> str:
    """What it forks returns into the same code; only the original may answer."""
    child = os.fork()
    if child == 0:
        return "forked"
    os.waitpid(child, 0)
    return "original"


@job(name="warm.environment")
def environment() -> list[str]:
    return sorted(name for name in os.environ if name.startswith("ROTA_") or name == "APPLICATION_SETTING")


@job(name="warm.enqueues")
def enqueues() -> str:
    return add.enqueue_now(1, right=2, delay="10s", key="once")


@job(name="warm.async_sum", isolation="process")
async def async_sum(left: int, right: int) -> int:
    await asyncio.sleep(0)
    return left + right


@job(name="warm.async_waits", isolation="process")
async def async_waits(path: str) -> None:
    try:
        print("waiting")
        await asyncio.sleep(600)
    finally:
        with open(path, "w") as file:
            file.write("cancelled")


@job(name="warm.closes")
def closes() -> None:
    """Closes every descriptor, as programs do that turn themselves into daemons."""
    os.closerange(3, 256)
    time.sleep(600)


@job(name="warm.deep")
def deep(levels: int) -> list[Any]:
    made: list[Any] = []
    for _ in range(levels):
        made = [made]
    return made


@job(name="warm.reports")
def reports(*, ctx: Context) -> str:
    ctx.progress(float("nan"), "not a number")
    ctx.progress(0.5, 42)  # type: ignore[arg-type]
    ctx.progress(0.75, None)  # type: ignore[arg-type]
    return "done"


@job(name="warm.babbles")
def babbles() -> str:
    """Writes a frame that nobody can read on the socket to its worker, and works on."""
    descriptor = int(sys.argv[1])
    os.write(descriptor, (4).to_bytes(4) + b"P{}!")
    time.sleep(600)
    return "never"
