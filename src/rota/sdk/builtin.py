"""Jobs that every worker knows: `sample` pretends to work, `echo` says what it was given."""

import asyncio
import json
from collections.abc import Mapping

from rota.sdk.context import Context
from rota.sdk.function import JobFunction
from rota.sdk.functions import Functions

_SAMPLE_SECONDS = 5.0


async def sample(payload: object = None, *, ctx: Context) -> None:
    """Work for five seconds, or for `seconds` of the payload."""
    wanted = payload.get("seconds") if isinstance(payload, Mapping) else None
    duration = float(wanted) if isinstance(wanted, int | float) and wanted >= 0 else _SAMPLE_SECONDS
    ctx.log.info("sample job started", seconds=f"{duration:g}", payload=_text(payload))
    await asyncio.sleep(duration)
    ctx.log.info("sample job finished")


async def echo(payload: object = None, *, ctx: Context) -> object:
    """Log the payload and return it."""
    ctx.log.info(_text(payload))
    return payload


def register_builtin(functions: Functions) -> None:
    """Make the built-in jobs known under their own names."""
    for function in (sample, echo):
        functions.register(JobFunction(function, name=function.__name__), built_in=True)


def _text(payload: object) -> str:
    return payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False)
