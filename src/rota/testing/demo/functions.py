"""The python jobs of the demo, for a worker that goes on with a store of it: they wait a little and say so.

Load it with `rota up --app rota.testing.demo.functions`. The functions are types of jobs and no jobs by themselves, so
that nothing is defined beside what the store has. The seed of the store is taken from ROTA_DEMO_SEED (1).
"""

import asyncio
import os
from random import Random

from rota.sdk.context import Context
from rota.sdk.function import JobFunction
from rota.sdk.functions import Functions, registry
from rota.testing.demo.blueprints import blueprints
from rota.testing.demo.failures import FAMILIES
from rota.testing.demo.size import Size

_FAILS = 0.04
_STEPS = 8
_LONGEST_SECONDS = 40.0


async def work(source: str = "", batch: int = 500, *, ctx: Context) -> dict[str, object]:
    """Wait between a moment and half a minute, in steps that are told; now and then fail."""
    random = Random(f"{ctx.execution_id}/{ctx.attempt}")
    seconds = min(_LONGEST_SECONDS, random.lognormvariate(1.2, 0.9))
    failing = random.choice(FAMILIES) if random.random() < _FAILS else None
    ctx.log.info("connected", source=source or "none", batch=batch)
    rows = 0
    for step in range(1, _STEPS + 1):
        await asyncio.sleep(seconds / _STEPS)
        rows += random.randrange(batch)
        ctx.log.info("batch written", number=step, rows=rows)
        ctx.progress(step / _STEPS, f"{rows} rows")
        if failing is not None and step == _STEPS // 2:
            ctx.log.error("giving up")
            raise RuntimeError(failing.message(random))
    ctx.log.info("done", rows=rows)
    return {"rows": rows, "source": source}


def register(functions: Functions, size: Size) -> None:
    """Make the functions known that the jobs of a seed are made of."""
    for blueprint in blueprints(size):
        if blueprint.family.kind == "python":
            functions.register(JobFunction(work, name=blueprint.name), built_in=True)


register(registry, Size(seed=int(os.environ.get("ROTA_DEMO_SEED", "1"))))
