"""The jobs that Rota brings along and that look at Rota itself: health check, daily statistics, clean-up.

They are bound to the store of their process, and run in threads because their work is SQL.
"""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from rota.sdk.function import JobFunction, Options
from rota.sdk.functions import Functions
from rota.service import health, reports, retention
from rota.service.context import ServiceContext


def register(functions: Functions, ctx: ServiceContext) -> None:
    """Make the built-in jobs known as `rota.health_check`, `rota.daily_statistics` and `rota.clean_up`."""

    def health_check() -> dict[str, Any]:
        """Fail unless the store answers and has the schema of this version."""
        health.require_ready(ctx.database)
        return {"status": "ready"}

    def daily_statistics(days: int = 1) -> dict[str, Any]:
        """Count what ended in each of the last days, by outcome."""
        return {"days": [asdict(day) for day in reports.trends(ctx, days=days)]}

    def clean_up(days: float = 30) -> dict[str, Any]:
        """Delete finished executions older than some days."""
        return {"deleted": retention.clean_up(ctx, days=days)}

    for function in (health_check, daily_statistics, clean_up):
        functions.register(_bound(function), built_in=True)


def _bound(function: Callable[..., Any]) -> JobFunction[..., Any]:
    return JobFunction(function, name=f"rota.{function.__name__}", options=Options(isolation="thread"))
