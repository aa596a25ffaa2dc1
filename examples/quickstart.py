"""The jobs that `make run` starts. Each of them shows one thing; together they show that Rota works."""

import os

from rota import Context, Retry, after, define, every, job

ADDRESS = os.environ.get("ROTA_URL", "http://127.0.0.1:8400")

define(
    "examples.health",
    f"{ADDRESS}/health/ready",
    {"HttpMethod": "GET"},
    schedule=[after("1s"), every("10s", missed="skip")],
    description="Ask Rota itself whether it is ready: an HTTP job.",
    timeoutSeconds=5,
    retryCount=0,
)

define(
    "examples.disk-use",
    "script",
    {"command": "df -h . | tail -1"},
    schedule=[after("1s"), every("10s", missed="skip")],
    description="Report the disk use: a script job whose output is kept.",
    timeoutSeconds=10,
)

define(
    "examples.daily-statistics",
    "rota.daily_statistics",
    {"days": 1},
    schedule=[after("1s"), every("10s", missed="skip")],
    description="Count what ran today: a python job that reads the store.",
)


@job(
    name="examples.third-time-lucky",
    schedule=[after("1s"), every("10s", missed="skip")],
    retry=Retry(strategy="fixed", base_delay="1s"),
)
async def third_time_lucky(ctx: Context) -> str:
    """Fail twice, then succeed: retries are states that you can look at."""
    if ctx.attempt < 3:
        raise RuntimeError(f"attempt {ctx.attempt} fails on purpose")
    ctx.log.info("this time it works", attempt=ctx.attempt)
    return f"succeeded at attempt {ctx.attempt}"
