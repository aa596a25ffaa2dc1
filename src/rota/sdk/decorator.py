"""`@job`: makes a function a job, and registers it under its name."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction
from typing import Any, Literal, ParamSpec, TypeVar, overload

from rota.domain.errors import ConfigurationInvalid
from rota.sdk.failures import DurationLike, duration_of
from rota.sdk.function import Isolation, JobFunction, Options, Retry
from rota.sdk.functions import registry
from rota.sdk.rules import Rule, documents

P = ParamSpec("P")
R = TypeVar("R")

Schedule = Rule | Mapping[str, Any] | Sequence[Rule | Mapping[str, Any]]


@overload
def job(function: Callable[P, R], /) -> JobFunction[P, R]: ...


@overload
def job(
    *,
    name: str | None = None,
    schedule: Schedule | None = None,
    retries: int | None = None,
    retry: Retry | None = None,
    timeout: DurationLike | None = None,
    queue: str | None = None,
    priority: int | None = None,
    isolation: Isolation | None = None,
    tags: Sequence[str] = (),
    description: str | None = None,
    category: str | None = None,
    owner: str | None = None,
    team: str | None = None,
    max_concurrent: int | None = None,
    concurrency_key: str | None = None,
    max_per_key: int | None = None,
    rate_limit: str | None = None,
    on_lost: Literal["retry", "fail"] | None = None,
    environments: Sequence[str] = (),
) -> Callable[[Callable[P, R]], JobFunction[P, R]]: ...


def job(
    function: Callable[P, R] | None = None,
    /,
    *,
    name: str | None = None,
    schedule: Schedule | None = None,
    retries: int | None = None,
    retry: Retry | None = None,
    timeout: DurationLike | None = None,
    tags: Sequence[str] = (),
    environments: Sequence[str] = (),
    **choices: Any,
) -> JobFunction[P, R] | Callable[[Callable[P, R]], JobFunction[P, R]]:
    """Make a function a job. It stays callable as the plain function that it is.

    An async function runs on the worker's loop, a sync one in a warm process, unless `isolation` says otherwise: only
    a process can be stopped against its will. The name is `module.function` unless `name` gives another. What is not
    chosen here is left to the configuration. ConfigurationInvalid when the name is taken.

    `max_concurrent` bounds how many of it run at once in the whole fleet. `concurrency_key`, a template over the
    parameters such as `"customer:{customer_id}"`, bounds those with the same key to `max_per_key` (1), whatever their
    job. `rate_limit`, such as `"100/1m"`, bounds the starts in any stretch of time of that length.
    """
    policy = retry or Retry()
    options = Options(
        schedules=tuple(documents(schedule)),
        retry=policy if retries is None else replace(policy, retries=retries),
        timeout=None if timeout is None else duration_of(timeout),
        tags=tuple(tags),
        environments=tuple(environments),
        **choices,
    )

    def register(target: Callable[P, R]) -> JobFunction[P, R]:
        if isgeneratorfunction(target) or isasyncgenfunction(target):
            raise ConfigurationInvalid(f"{target.__qualname__} is a generator; a job is a function that returns")
        if choices.get("isolation") == "thread" and iscoroutinefunction(target):
            raise ConfigurationInvalid(f"{target.__qualname__} is async and runs on the loop, not in a thread")
        made = JobFunction(target, name=name, options=options)
        registry.register(made)
        return made

    return register if function is None else register(function)
