"""Functions on the worker's own loop and in threads, and what their results come to."""

import asyncio
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from rota import Context as FunctionContext
from rota import Failed, PermanentError, RetryLater, Succeeded
from rota.domain.errors import InvalidInput
from rota.domain.execution import Claim
from rota.domain.instant import SECOND
from rota.domain.outcome import Deferred, Outcome
from rota.executors.base import Context
from rota.executors.python import PythonExecutor
from rota.sdk.builtin import register_builtin
from rota.sdk.function import JobFunction, Options
from rota.sdk.functions import Functions


class Attempt:
    """Keeps what an attempt says."""

    def __init__(self, grace: float = 5.0) -> None:
        self.grace = grace
        self.lines: list[tuple[str, str]] = []
        self.reports: list[tuple[float, str]] = []

    def log(self, line: str, stream: str) -> None:
        self.lines.append((stream, line))

    def progressed(self, fraction: float, message: str) -> None:
        self.reports.append((fraction, message))


def context(parameters: object = None, attempt: Attempt | None = None, isolation: str | None = None) -> Context:
    return Context(
        Claim("execution-1", None, "job", None, 1, 7, isolation=isolation),
        {} if parameters is None else parameters,
        worker_id="worker-1",
        deadline=time.monotonic() + 60,
        attempt=attempt or Attempt(),
    )


def executor(function: Callable[..., Any], isolation: Any = None) -> PythonExecutor:
    functions = Functions()
    functions.register(JobFunction(function, name="job", options=Options(isolation=isolation)))
    return PythonExecutor(functions)


def outcome(function: Callable[..., Any], parameters: object = None, isolation: Any = None) -> Outcome:
    return asyncio.run(closed(executor(function, isolation), context(parameters)))


async def closed(made: PythonExecutor, *contexts: Context) -> Outcome:
    """What the last of the contexts came to, with the executor closed again."""
    try:
        return (await asyncio.gather(*(made.run(one) for one in contexts)))[-1]
    finally:
        await made.close()


def test_an_async_function_runs_on_the_loop() -> None:
    async def where(left: int, right: int = 2) -> list[object]:
        return [left + right, threading.current_thread() is threading.main_thread()]

    assert outcome(where, {"left": "1"}) == Succeeded([3, True])


def test_a_sync_function_may_run_inline_or_in_a_thread() -> None:
    def where() -> bool:
        return threading.current_thread() is threading.main_thread()

    assert outcome(where, isolation="inline") == Succeeded(True)
    assert outcome(where, isolation="thread") == Succeeded(False)


def test_the_isolation_of_the_job_wins() -> None:
    def where() -> bool:
        return threading.current_thread() is threading.main_thread()

    run = executor(where).run
    assert asyncio.run(run(context(isolation="inProcess"))) == Succeeded(False)
    assert asyncio.run(run(context(isolation="inline"))) == Succeeded(True)
    refused = asyncio.run(run(context(isolation="container")))
    assert isinstance(refused, Failed)
    assert not refused.retryable


def test_an_unknown_function_is_a_permanent_failure() -> None:
    found = asyncio.run(PythonExecutor(Functions()).run(context()))
    assert found == Failed("no function 'job' is registered on this worker", retryable=False)


def test_the_context_is_injected_whatever_its_name() -> None:
    async def speaks(text: str, *, run: FunctionContext | None = None) -> str:
        assert run is not None
        run.log.info(text, n=1)
        run.progress(2.0, "all")
        assert not run.cancelled
        return run.execution_id

    attempt = Attempt()
    assert asyncio.run(executor(speaks).run(context({"text": "hello"}, attempt))) == Succeeded("execution-1")
    assert attempt.lines == [("log", "hello n=1")]
    assert attempt.reports == [(1.0, "all")]


def test_invalid_parameters_are_a_permanent_failure() -> None:
    async def takes(count: int) -> None: ...

    async def takes_none() -> None: ...

    for found in (outcome(takes, {"count": "many"}), outcome(takes, [1, 2]), outcome(takes_none, {"count": 1})):
        assert isinstance(found, Failed)
        assert not found.retryable
    with pytest.raises(InvalidInput):
        executor(takes).check("job", {"count": "many"})
    executor(takes).check("somewhere.else", {"count": "many"})


def test_what_the_function_raises_says_what_follows() -> None:
    def boom(error: BaseException) -> Callable[[], Awaitable[None]]:
        async def raises() -> None:
            raise error

        return raises

    found = outcome(boom(ValueError("boom")))
    assert isinstance(found, Failed)
    assert found.error == "ValueError: boom"
    assert found.retryable
    assert found.stack is not None
    assert "executors/python" not in found.stack
    assert "in raises" in found.stack
    permanent = outcome(boom(PermanentError("never")))
    assert isinstance(permanent, Failed)
    assert (permanent.error, permanent.retryable) == ("never", False)
    later = outcome(boom(RetryLater(30)))
    assert isinstance(later, Failed)
    assert later.retry_after == 30 * SECOND
    left = outcome(boom(SystemExit(3)))
    assert isinstance(left, Failed)
    assert left.error == "SystemExit: 3"
    inner = outcome(boom(asyncio.CancelledError()))
    assert isinstance(inner, Failed)
    assert inner.error == "CancelledError"


def test_a_deep_stack_is_cut() -> None:
    async def falls() -> None:
        def fall(depth: int) -> None:
            if depth == 0:
                raise ValueError("x" * 20_000)
            fall(depth - 1)

        fall(300)

    found = outcome(falls)
    assert isinstance(found, Failed)
    assert found.stack is not None
    assert len(found.stack.encode()) <= 16_384
    assert len(found.error) < 5_000


def test_results_become_plain_json() -> None:
    @dataclass
    class Row:
        name: str
        at: datetime

    async def rows() -> dict[str, object]:
        return {
            "rows": [Row("a", datetime(2026, 11, 21, 6))],  # noqa: DTZ001
            "day": date(2026, 11, 21),
            "sum": Decimal("1.50"),
            "id": UUID(int=1),
            "pair": (1, 2),
        }

    assert outcome(rows) == Succeeded(
        {
            "rows": [{"name": "a", "at": "2026-11-21T06:00:00"}],
            "day": "2026-11-21",
            "sum": "1.50",
            "id": "00000000-0000-0000-0000-000000000001",
            "pair": [1, 2],
        }
    )


@pytest.mark.parametrize("value", [object(), {1, 2}, float("nan"), "\ud800", {"a": b"bytes"}])
def test_what_is_not_json_is_a_permanent_failure(value: object) -> None:
    async def returns() -> object:
        return value

    found = outcome(returns)
    assert isinstance(found, Failed)
    assert "not JSON" in found.error
    assert not found.retryable


def test_a_result_that_contains_itself_is_no_json() -> None:
    async def returns() -> object:
        knot: list[object] = []
        knot.append(knot)
        return knot

    found = outcome(returns)
    assert isinstance(found, Failed)
    assert "not JSON" in found.error


def test_the_size_of_a_result_is_limited() -> None:
    async def returns(size: int) -> str:
        return "x" * size

    assert isinstance(outcome(returns, {"size": 1_048_574}), Succeeded)
    found = outcome(returns, {"size": 1_048_575})
    assert isinstance(found, Failed)
    assert "1048576" in found.error


def test_outcomes_pass_through_with_their_payload_checked() -> None:
    async def defers() -> Deferred:
        return Deferred(SECOND, {"on": date(2026, 11, 21)})

    async def bad() -> Deferred:
        return Deferred(SECOND, object())

    assert outcome(defers) == Deferred(SECOND, {"on": "2026-11-21"})
    assert isinstance(outcome(bad), Failed)


def test_a_cancellation_reaches_the_coroutine() -> None:
    seen: list[bool] = []

    async def waits(*, ctx: FunctionContext) -> None:
        ctx.log.info("waiting")
        try:
            await asyncio.Event().wait()
        finally:
            seen.append(ctx.cancelled)

    async def test() -> None:
        task = asyncio.ensure_future(executor(waits).run(context()))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(test())
    assert seen == [True]


def test_a_thread_is_asked_to_stop_and_abandoned_when_it_does_not() -> None:
    release = threading.Event()
    started = threading.Event()

    def obeys(*, ctx: FunctionContext) -> None:
        started.set()
        while not ctx.cancelled:
            time.sleep(0.001)

    def ignores() -> None:
        started.set()
        release.wait(20)

    async def cancel(function: Callable[..., None], attempt: Attempt) -> None:
        started.clear()
        task = asyncio.ensure_future(executor(function, "thread").run(context(None, attempt)))
        await asyncio.to_thread(started.wait)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    obedient, deaf = Attempt(grace=20), Attempt(grace=0.01)
    asyncio.run(cancel(obeys, obedient))
    asyncio.run(cancel(ignores, deaf))
    release.set()
    assert obedient.lines == []
    assert "left running" in deaf.lines[0][1]
    for thread in threading.enumerate():
        if thread.name.startswith("rota-"):
            thread.join(20)


def test_the_builtin_jobs() -> None:
    functions = Functions()
    register_builtin(functions)
    assert functions.names() == ["echo", "sample"]

    def run(name: str, payload: object, attempt: Attempt) -> Outcome:
        made = context(payload, attempt)
        made.claim.type = name
        return asyncio.run(PythonExecutor(functions).run(made))

    said = Attempt()
    assert run("echo", "Hello, World!", said) == Succeeded("Hello, World!")
    assert said.lines == [("log", "Hello, World!")]
    assert run("echo", {"a": [1]}, said) == Succeeded({"a": [1]})
    assert run("sample", {"seconds": 0}, said) == Succeeded(None)
    assert len(said.lines) == 4


def test_what_a_function_prints_goes_to_its_own_log(capsys: pytest.CaptureFixture[str]) -> None:
    async def talk(name: str) -> None:
        print(f"hello {name}")
        await asyncio.sleep(0)
        print("bye", name, end="")

    def shout() -> None:
        print("from a thread", file=sys.stderr)

    attempts = [Attempt() for _ in range(3)]

    functions = Functions()
    functions.register(JobFunction(talk, name="talk"))
    functions.register(JobFunction(shout, name="shout", options=Options(isolation="thread")))
    contexts = [context({"name": "Ada"}, attempts[0]), context({"name": "Bob"}, attempts[1]), context({}, attempts[2])]
    for one, name in zip(contexts, ("talk", "talk", "shout"), strict=True):
        one.claim.type = name
    asyncio.run(closed(PythonExecutor(functions), *contexts))
    print("not of a job")
    assert [attempt.lines for attempt in attempts] == [
        [("stdout", "hello Ada"), ("stdout", "bye Ada")],
        [("stdout", "hello Bob"), ("stdout", "bye Bob")],
        [("stderr", "from a thread")],
    ]
    assert capsys.readouterr().out == "not of a job\n"
