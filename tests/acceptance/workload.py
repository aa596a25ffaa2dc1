"""The job functions of the acceptance tests: an application module, given to Rota with `--app`."""

import asyncio
import ctypes
import os
import sys
import time

from rota import Context, job


def witness(file: str, what: str, ctx: Context) -> None:
    """One line outside the store, in one write: what happened, execution, attempt, token, pid, monotonic ns."""
    line = f"{what} {ctx.execution_id} {ctx.attempt} {ctx.fencing_token} {os.getpid()} {time.monotonic_ns()}\n"
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    try:
        os.write(descriptor, line.encode())
    finally:
        os.close(descriptor)


@job(name="witnessed-async")
async def witnessed_async(file: str, seconds: float, *, ctx: Context) -> None:
    """Sleep on the worker's loop."""
    witness(file, "start", ctx)
    await asyncio.sleep(seconds)
    witness(file, "end", ctx)


@job(name="witnessed-sync")
def witnessed_sync(file: str, seconds: float, *, ctx: Context) -> None:
    """Sleep in a warm process."""
    witness(file, "start", ctx)
    time.sleep(seconds)
    witness(file, "end", ctx)


@job(name="spin")
def spin() -> None:
    """Never return, never look at a signal."""
    while True:
        pass


@job(name="exit-hard")
def exit_hard() -> None:
    """Take the process away under the worker."""
    os._exit(3)


@job(name="segfault")
def segfault() -> None:
    """Crash the interpreter."""
    ctypes.string_at(0)


@job(name="system-exit")
def system_exit() -> None:
    """Leave as a script would."""
    sys.exit("enough")


@job(name="system-exit-inline")
async def system_exit_inline() -> None:
    """Leave as a script would, on the worker's own loop."""
    raise SystemExit(7)


@job(name="flood")
def flood(megabytes: int) -> None:
    """Print far more than anybody would read."""
    text = "x" * 99 + "\n"
    for _ in range(megabytes * 10):
        print(text * 1000, end="")


@job(name="block-the-loop")
async def block_the_loop(seconds: float) -> None:
    """Do what no async function should."""
    time.sleep(seconds)


@job(name="neighbour")
def neighbour(number: int) -> int:
    """Ordinary work in a warm process."""
    return number


@job
def rows() -> int:
    return 42


@job(name="fan-out")
def fan_out() -> list[str]:
    return [neighbour.enqueue_now(number=number) for number in range(2)]


@job(name="SalesReports:DailyReportJob")
def daily_report() -> dict[str, int]:
    """What an assembly and the name of a type in it lead to."""
    return {"rows": 42}


@job(name="MyNamespace.MyCustomJob, MyAssembly")
async def my_custom_job(configKey: str) -> str:
    """A job under an assembly-qualified name."""
    return configKey


@job(name="SchedulerService.Infrastructure.Jobs.HealthCheckJob, SchedulerService.Infrastructure")
async def health_check_job() -> str:
    """A job under an assembly-qualified name, without parameters."""
    return "healthy"
