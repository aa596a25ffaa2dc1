"""The jobs of the console's tests: each shows one thing that a screen must show well."""

import asyncio
import time
from datetime import date
from typing import Annotated, Literal

from annotated_types import Ge, Le

from rota import Context, PermanentError, daily, every, job


@job(name="shop.quick", tags=["shop", "demo"], owner="ada", team="orders", schedule=every("1h"), category="etl")
def quick() -> dict[str, int]:
    """Count the orders: ends at once with a result."""
    return {"orders": 42}


@job(name="shop.slow", tags=["shop"], owner="grace", team="orders", timeout="10m")
def slow(seconds: float = 20.0, *, ctx: Context) -> str:
    """Work for a while, with a line of log every 0.2 s and its progress."""
    steps = max(1, round(seconds / 0.2))
    for step in range(1, steps + 1):
        if ctx.cancelled:
            return "stopped"
        print(f"step {step} of {steps}", flush=True)
        ctx.progress(step / steps)
        time.sleep(0.2)
    return f"{steps} steps"


@job(name="shop.failing", tags=["billing"], owner="linus", team="billing", retries=0)
def failing(order: int = 4711) -> None:
    """Fail for good, with a stack trace."""
    raise PermanentError(f"order {order} has no address")


@job(
    name="shop.report",
    tags=["billing", "report"],
    owner="ada",
    team="billing",
    schedule=daily("06:00", tz="Europe/Berlin"),
)
def report(
    day: date,
    region: Literal["north", "south", "west"] = "north",
    copies: Annotated[int, Ge(1), Le(9)] = 1,
    send: bool = False,
    note: str = "",
) -> str:
    """Write the report of a day: parameters of every kind."""
    print(f"\x1b[32mreport\x1b[0m of {day} for {region}")
    return f"{day} {region} x{copies}{' sent' if send else ''} {note}".strip()


@job(name="shop.patient", tags=["shop"], timeout="1h", max_concurrent=1)
async def patient(seconds: float = 1800.0) -> None:
    """Be busy for long without a word: what runs, and the next one that waits for it."""
    await asyncio.sleep(seconds)
