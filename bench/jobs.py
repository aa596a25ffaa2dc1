"""The jobs that are measured: they do nothing, so that what is left is the cost of running them."""

import time

from rota import job

starts: dict[int, int] = {}
"""When each numbered execution of `mark` began (monotonic nanoseconds); only in the process that ran it."""


@job(name="bench.noop")
async def noop() -> None:
    """Nothing, on the worker's loop."""


@job(name="bench.sync")
def sync() -> None:
    """Nothing, in a warm process."""


@job(name="bench.mark")
async def mark(payload: object = None) -> None:
    """Note when the execution of this number began."""
    if isinstance(payload, int):
        starts[payload] = time.monotonic_ns()


@job(name="bench.clock")
async def clock() -> int:
    """When the function itself began, in microseconds of wall-clock time."""
    return time.time_ns() // 1000
