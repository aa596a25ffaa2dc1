"""A job function: a plain function that also knows how it is to be run, and how to submit itself."""

import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, update_wrapper
from pathlib import Path
from typing import Any, Generic, Literal, ParamSpec, TypeVar

from rota.domain.instant import Duration, Instant, from_datetime, parse_instant, seconds
from rota.sdk import submission
from rota.sdk.failures import DurationLike, duration_of
from rota.sdk.signature import Signature

P = ParamSpec("P")
R = TypeVar("R")

Isolation = Literal["inline", "thread", "process"]
"""Where a function runs: on the worker's loop, in a thread of the worker, or in a process of its own."""


@dataclass(frozen=True)
class Retry:
    """When a failed attempt is tried again. `retries` counts the tries after the first."""

    retries: int | None = None
    strategy: Literal["fixed", "linear", "exponential", "exponentialJitter"] | None = None
    base_delay: DurationLike | None = None
    max_delay: DurationLike | None = None


@dataclass(frozen=True)
class Options:
    """How a job runs and who owns it. What is None is left to the configuration of the installation."""

    schedules: tuple[Mapping[str, Any], ...] = ()
    retry: Retry = field(default_factory=Retry)
    timeout: Duration | None = None
    queue: str | None = None
    priority: int | None = None
    isolation: Isolation | None = None
    tags: tuple[str, ...] = ()
    description: str | None = None
    category: str | None = None
    owner: str | None = None
    team: str | None = None
    max_concurrent: int | None = None
    concurrency_key: str | None = None
    max_per_key: int | None = None
    rate_limit: str | None = None
    on_lost: Literal["retry", "fail"] | None = None
    environments: tuple[str, ...] = ()


class JobFunction(Generic[P, R]):
    """What `@job` returns. Calling it calls the function; `enqueue` has a worker call it later."""

    def __init__(self, function: Callable[P, R], *, name: str | None = None, options: Options | None = None) -> None:
        update_wrapper(self, function)
        self.function = function
        self.name = name or _default_name(function)
        self.options = options or Options()
        self.signature = Signature(function, self.name)
        self.is_async = inspect.iscoroutinefunction(function)
        self.isolation: Isolation = self.options.isolation or ("inline" if self.is_async else "process")

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the function here and now, with nothing of a job around it."""
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<job {self.name}>"

    @cached_property
    def origin(self) -> tuple[str, str]:
        """The file and the qualified name of the function: two loads of one function agree on it."""
        function = inspect.unwrap(self.function)
        code = getattr(function, "__code__", None)
        file = code.co_filename if code else getattr(function, "__module__", "?")
        return file, getattr(function, "__qualname__", repr(function))

    @cached_property
    def target(self) -> str | None:
        """Where code finds it: `module:callable`, which a job's type may say in place of its name.

        None for a function inside another: its place is not its own.
        """
        if "<" in getattr(self.function, "__qualname__", "<"):
            return None
        return ":".join(_place(self.function))

    def definition(self) -> dict[str, Any]:
        """The job as the JSON document of `/api/jobs`, with its schedules. What was not chosen is left out."""
        options, retry = self.options, self.options.retry
        document = {
            "name": self.name,
            "jobType": self.name,
            "parametersSchema": self.signature.schema,
            "queue": options.queue,
            "priority": options.priority,
            "timeoutSeconds": _seconds(options.timeout),
            "retryCount": retry.retries,
            "retryStrategy": retry.strategy,
            "baseDelaySeconds": _seconds(_duration(retry.base_delay)),
            "maxDelaySeconds": _seconds(_duration(retry.max_delay)),
            "isolation": options.isolation,
            "description": options.description or inspect.getdoc(self.function),
            "category": options.category,
            "tags": list(options.tags) or None,
            "ownerName": options.owner,
            "teamName": options.team,
            "maxConcurrentExecutions": options.max_concurrent,
            "concurrencyKey": options.concurrency_key,
            "maxConcurrentPerKey": options.max_per_key,
            "rateLimit": options.rate_limit,
            "onLost": options.on_lost,
            "allowedEnvironments": list(options.environments) or None,
            "schedules": [dict(schedule) for schedule in options.schedules] or None,
        }
        return {key: value for key, value in document.items() if value is not None}

    def with_(
        self,
        *,
        delay: DurationLike | None = None,
        run_at: str | datetime | None = None,
        key: str | None = None,
        queue: str | None = None,
        priority: int | None = None,
        timeout: DurationLike | None = None,
        retries: int | None = None,
        connection: object | None = None,
    ) -> "Submission":
        """The same function with other choices for the submissions that follow: `f.with_(queue="slow").enqueue(...)`.

        `key` makes a submission idempotent: a second one with the same key answers the id of the first.
        `connection` (of `sqlite3`, `psycopg` or `pymysql`, or of SQLAlchemy on one of them) has a transaction open on
        the store's database: the submission is part of it, and exists if the application commits.
        """
        if delay is not None and run_at is not None:
            raise ValueError("give delay or run_at, not both")
        choices = Choices(
            delay=_duration(delay),
            run_at=None if run_at is None else _instant(run_at),
            key=key,
            queue=queue,
            priority=priority,
            timeout=_duration(timeout),
            retries=retries,
            connection=connection,
        )
        return Submission(self.name, self.signature, choices)

    async def enqueue(
        self,
        *args: Any,
        delay: DurationLike | None = None,
        run_at: str | datetime | None = None,
        key: str | None = None,
        **parameters: Any,
    ) -> str:
        """Submit one execution with these parameters and return its id; it is durable by then.

        InvalidInput names each parameter that the function would not accept. A function with a parameter that is
        itself called `delay`, `run_at` or `key` is submitted through `with_()`, which keeps the two apart.
        """
        return await self.with_(delay=delay, run_at=run_at, key=key).enqueue(*args, **parameters)

    def enqueue_now(
        self,
        *args: Any,
        delay: DurationLike | None = None,
        run_at: str | datetime | None = None,
        key: str | None = None,
        **parameters: Any,
    ) -> str:
        """The blocking twin of `enqueue`."""
        return self.with_(delay=delay, run_at=run_at, key=key).enqueue_now(*args, **parameters)


@dataclass(frozen=True)
class Choices:
    """What a submission chooses besides the parameters. None leaves it to the job's definition."""

    delay: Duration | None = None
    run_at: Instant | None = None
    key: str | None = None
    queue: str | None = None
    priority: int | None = None
    timeout: Duration | None = None
    retries: int | None = None
    connection: object | None = None


class Submission:
    """A job function with choices made, ready to be given its parameters."""

    def __init__(self, name: str, signature: Signature, choices: Choices) -> None:
        self._name = name
        self._signature = signature
        self._choices = choices

    async def enqueue(self, *args: Any, **parameters: Any) -> str:
        """Submit one execution and return its id; it is durable by then, or with the transaction it is part of."""
        if self._choices.connection is not None:  # stays on the thread that its transaction is used on
            return self.enqueue_now(*args, **parameters)
        import asyncio  # a warm process that never enqueues is spared its 40 ms

        return await asyncio.to_thread(self.enqueue_now, *args, **parameters)

    def enqueue_now(self, *args: Any, **parameters: Any) -> str:
        """The blocking twin of `enqueue`."""
        payload = self._signature.payload(args, parameters)
        return submission.current().submit(self._name, payload, **vars(self._choices))


def _default_name(function: Callable[..., Any]) -> str:
    """`reports.daily` for the function `daily` of the module `company.reports`."""
    module, name = _place(function)
    return f"{module.rpartition('.')[2]}.{name}"


def _place(function: Callable[..., Any]) -> tuple[str, str]:
    """The module and the name inside it."""
    module = getattr(function, "__module__", None) or "jobs"
    if module == "__main__":
        file = getattr(sys.modules["__main__"], "__file__", None)
        module = Path(file).stem if file else "main"
    qualified = getattr(function, "__qualname__", type(function).__name__)
    return module, qualified.rpartition("<locals>.")[2]


def _seconds(duration: Duration | None) -> float | None:
    return None if duration is None else seconds(duration)


def _duration(value: DurationLike | None) -> Duration | None:
    return None if value is None else duration_of(value)


def _instant(value: str | datetime) -> Instant:
    return from_datetime(value) if isinstance(value, datetime) else parse_instant(value)
