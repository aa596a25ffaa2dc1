"""Sync functions in warm processes: real processes that hang, crash, print and are killed."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from rota.domain.execution import Claim
from rota.domain.instant import MINUTE, SECOND
from rota.domain.outcome import Deferred, Failed, Outcome, Succeeded
from rota.executors.base import Context
from rota.executors.python import PythonExecutor
from rota.executors.python.pool import Pool
from rota.sdk import submission
from rota.sdk.functions import registry

APPLICATION = str(Path(__file__).with_name("warm_functions.py"))


class Attempt:
    """Keeps what an attempt says, and lets a test wait for it."""

    def __init__(self, grace: float = 5.0) -> None:
        self.grace = grace
        self.lines: list[tuple[str, str]] = []
        self.reports: list[tuple[float, str]] = []
        self._said = asyncio.Event()

    def log(self, line: str, stream: str) -> None:
        self.lines.append((stream, line))
        self._said.set()

    def progressed(self, fraction: float, message: str) -> None:
        self.reports.append((fraction, message))

    async def said(self, words: str) -> str:
        """The line that contains the words."""
        while True:
            for _, line in self.lines:
                if words in line:
                    return line
            self._said.clear()
            await asyncio.wait_for(self._said.wait(), 20)


def context(job_type: str, parameters: object = None, attempt: Attempt | None = None, **claim: Any) -> Context:
    made = Claim("execution-1", "job-1", job_type, None, claim.pop("number", 1), claim.pop("token", 7), **claim)
    return Context(
        made,
        {} if parameters is None else parameters,
        worker_id="worker-1",
        deadline=time.monotonic() + 60,
        attempt=attempt or Attempt(),
    )


@asynccontextmanager
async def executor(processes: int = 2) -> AsyncIterator[PythonExecutor]:
    registry.load([APPLICATION])
    made = PythonExecutor(registry, app_modules=[APPLICATION], max_processes=processes, worker_id="worker-1")
    try:
        yield made
    finally:
        pids = made.pool.pids
        await made.close()
        assert not [pid for pid in pids if alive(pid)]


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    before = set(os.listdir("/proc/self/fd"))
    asyncio.run(test())
    assert len(os.listdir("/proc/self/fd")) <= len(before)


def outcome(job_type: str, parameters: object = None, attempt: Attempt | None = None, **claim: Any) -> Outcome:
    """Run one job in a pool of its own."""
    found: list[Outcome] = []

    async def once() -> None:
        async with executor(1) as made:
            found.append(await made.run(context(job_type, parameters, attempt, **claim)))

    run(once)
    return found[0]


async def cancelled(work: Awaitable[Outcome], when: Awaitable[Any]) -> None:
    """Start the work, wait, cancel it, and see that the cancellation arrives."""
    task = asyncio.ensure_future(work)
    await when
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def until(condition: Callable[[], bool]) -> None:
    """Wait until the condition holds; the test's own time limit is the bound."""
    while not condition():
        await asyncio.sleep(0.005)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_one_process_runs_many_jobs() -> None:
    async def test() -> None:
        async with executor(1) as python:
            results = [await python.run(context("warm.pid")) for _ in range(3)]
            assert results == [results[0]] * 3
            assert results[0] != Succeeded(os.getpid())
            assert await python.run(context("warm.nothing")) == Succeeded(None)

    run(test)


def test_jobs_wait_for_a_process_and_all_are_served() -> None:
    async def test() -> None:
        async with executor(2) as python:
            sums = await asyncio.gather(*(python.run(context("warm.add", {"left": n})) for n in range(50)))
            assert sums == [Succeeded(n + 10) for n in range(50)]
            assert len(python.pool.pids) <= 2

    run(test)


def test_parameters_are_validated_and_coerced() -> None:
    async def test() -> None:
        async with executor(1) as python:
            assert await python.run(context("warm.add", {"left": "1", "right": 2})) == Succeeded(3)
            tree = {"name": "root", "children": [{"name": "leaf", "children": []}]}
            counted = await python.run(context("warm.count", {"node": tree, "day": "2026-11-21"}))
            assert counted == Succeeded({"nodes": 2, "day": "2026-11-21"})
            assert await python.run(context("warm.shout", "Hello")) == Succeeded("HELLO")
            refused = await python.run(context("warm.add", {"left": "secret", "rihgt": 2}))
            assert isinstance(refused, Failed)
            assert not refused.retryable
            assert "left" in refused.error
            assert "rihgt" in refused.error
            assert "secret" not in refused.error

    run(test)


def test_the_context_reaches_the_process() -> None:
    async def test() -> None:
        attempt = Attempt()
        async with executor(1) as python:
            found = await python.run(
                context("warm.logs", None, attempt, number=2, token=9, nominal_at=SECOND, handle='{"batch":7}')
            )
        assert found == Succeeded(
            {
                "execution": "execution-1",
                "job": "job-1",
                "attempt": [2, 4],
                "token": 9,
                "key": "execution-1",
                "remaining": True,
                "nominal": "1970-01-01T00:00:01+00:00",
                "handle": {"batch": 7},
                "cancelled": False,
            }
        )
        assert attempt.lines == [("log", 'loaded rows=3 file="two words"'), ("log", "slow level=warning")]
        assert attempt.reports == [(0.5, "half")]

    run(test)


def test_everything_that_is_printed_is_captured_before_the_job_ends() -> None:
    async def test() -> None:
        async with executor(1) as python:
            for _ in range(2):
                attempt = Attempt()
                await python.run(context("warm.prints", {"times": 3}, attempt))
                stdout = [line for stream, line in attempt.lines if stream == "stdout"]
                assert stdout == ["to stdout"] * 3 + ["from below python", "from a subprocess", "no end of line"]
                assert ("stderr", "to stderr") in attempt.lines

    run(test)


def test_much_output_is_captured_whole() -> None:
    async def test() -> None:
        attempt = Attempt()
        async with executor(1) as python:
            await python.run(context("warm.prints", {"times": 50_000}, attempt))
        assert attempt.lines.count(("stdout", "to stdout")) == 50_000

    run(test)


def test_large_parameters_and_results_pass() -> None:
    text = "ä" * 400_000
    assert outcome("warm.large", {"text": text}) == Succeeded(text)


@pytest.mark.parametrize(
    ("job_type", "expected"),
    [
        ("warm.permanent", Failed("no such customer", retryable=False)),
        ("warm.later", Failed("the target is busy", retry_after=90 * SECOND)),
        ("warm.raises", Failed("ValueError: boom")),
        ("warm.leaves_politely", Failed("SystemExit: 3")),
    ],
)
def test_what_the_function_raises(job_type: str, expected: Failed) -> None:
    found = outcome(job_type)
    assert isinstance(found, Failed)
    assert (found.error, found.retryable, found.retry_after) == (
        expected.error,
        expected.retryable,
        expected.retry_after,
    )
    assert found.stack is not None
    assert "warm_functions.py" in found.stack
    assert "child.py" not in found.stack


def test_an_outcome_passes_through() -> None:
    assert outcome("warm.defers") == Deferred(5 * MINUTE, {"batch": 7})


def test_progress_takes_any_message() -> None:
    attempt = Attempt()
    assert outcome("warm.reports", None, attempt) == Succeeded("done")
    assert attempt.reports == [(0.5, "42"), (0.75, "None")]


@pytest.mark.parametrize(
    ("job_type", "parameters", "says"),
    [
        ("warm.huge", None, "the limit is 1048576"),
        ("warm.not_json", None, "not JSON"),
        ("warm.deep", {"levels": 32}, "more than 32 levels"),
        ("warm.deep", {"levels": 300}, "more than 32 levels"),
        ("warm.deep", {"levels": 5000}, "more than 32 levels"),
    ],
)
def test_results_have_limits(job_type: str, parameters: object, says: str) -> None:
    found = outcome(job_type, parameters)
    assert isinstance(found, Failed)
    assert says in found.error
    assert not found.retryable


@pytest.mark.parametrize(
    ("job_type", "parameters", "error"),
    [
        ("warm.exits", {"code": 3}, "the process died: exit code 3"),
        ("warm.crashes", None, "the process died: killed by signal 11 (SIGSEGV)"),
        ("warm.killed", None, "the process died: killed by signal 9 (SIGKILL)"),
        ("warm.closes", None, "the process died: it closed its connection to the worker"),
        (
            "warm.babbles",
            None,
            "the process died: what it said cannot be read: JSONDecodeError: Extra data: line 1 column 3 (char 2)",
        ),
    ],
)
def test_a_crash_fails_that_job_alone(job_type: str, parameters: object, error: str) -> None:
    async def test() -> None:
        attempt = Attempt()
        async with executor(2) as python:
            await python.pool.warm(2)
            neighbour = asyncio.ensure_future(python.run(context("warm.polite", {"path": os.devnull}, attempt)))
            await attempt.said("waiting")
            assert await python.run(context(job_type, parameters, attempt)) == Failed(error)
            assert await python.run(context("warm.add", {"left": 1})) == Succeeded(11)
            assert not neighbour.done()
            neighbour.cancel()
            await asyncio.wait({neighbour})
        if job_type == "warm.exits":
            assert ("stdout", "last words") in attempt.lines
        if job_type == "warm.crashes":
            assert any("Segmentation fault" in line for _, line in attempt.lines)

    run(test)


def test_an_endless_loop_is_stopped() -> None:
    async def test() -> None:
        attempt = Attempt()
        async with executor(1) as python:
            await cancelled(python.run(context("warm.spin", None, attempt)), attempt.said("spinning"))
            assert await python.run(context("warm.add", {"left": 1})) == Succeeded(11)

    run(test)


def test_a_stubborn_job_is_killed_with_all_it_started() -> None:
    async def test() -> None:
        attempt = Attempt(grace=0.05)
        async with executor(1) as python:
            await cancelled(python.run(context("warm.stubborn", None, attempt)), attempt.said("up"))
            helper = int((await attempt.said("helper")).split()[1])
            assert not alive(helper)

    run(test)


@pytest.mark.parametrize(
    ("job_type", "left"),
    [("warm.polite", "cleaned up"), ("warm.unwinds", "unwound"), ("warm.async_waits", "cancelled")],
)
def test_a_job_may_stop_by_itself(tmp_path: Path, job_type: str, left: str) -> None:
    async def test() -> None:
        attempt = Attempt(grace=20)
        path = tmp_path / "left"
        async with executor(1) as python:
            work = python.run(context(job_type, {"path": str(path)}, attempt))
            await cancelled(work, attempt.said("waiting"))
        assert path.read_text() == left

    run(test)


def test_a_second_cancellation_does_not_leave_the_process_behind() -> None:
    async def test() -> None:
        attempt = Attempt(grace=0.2)
        async with executor(1) as python:
            task = asyncio.ensure_future(python.run(context("warm.stubborn", None, attempt)))
            await attempt.said("up")
            pids = python.pool.pids
            task.cancel()
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert not [pid for pid in pids if alive(pid)]

    run(test)


def test_a_job_that_waits_for_a_process_can_be_cancelled() -> None:
    async def test() -> None:
        attempt = Attempt()
        async with executor(1) as python:
            first = asyncio.ensure_future(python.run(context("warm.polite", {"path": os.devnull}, attempt)))
            await attempt.said("waiting")
            await cancelled(python.run(context("warm.nothing")), asyncio.sleep(0))
            first.cancel()
            await asyncio.wait({first})
            assert await python.run(context("warm.nothing")) == Succeeded(None)

    run(test)


def test_a_forked_copy_does_not_answer() -> None:
    assert outcome("warm.forks") == Succeeded("original")


def test_an_async_function_may_have_a_process() -> None:
    assert outcome("warm.async_sum", {"left": 1, "right": 2}) == Succeeded(3)


def test_the_process_sees_the_settings_of_the_application_but_none_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROTA_TOKEN", "secret")
    monkeypatch.setenv("APPLICATION_SETTING", "1")
    assert outcome("warm.environment") == Succeeded(["APPLICATION_SETTING", "ROTA_PROCESS", "ROTA_WORKER"])


class Submitted:
    """Takes submissions."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, object, dict[str, object]]] = []

    def submit(self, type: str, parameters: object, **choices: Any) -> str:
        self.calls.append((type, parameters, {k: v for k, v in choices.items() if v is not None}))
        return "new-execution"


def test_a_job_enqueues_through_its_worker() -> None:
    taken = Submitted()
    submission.install(taken)
    try:
        assert outcome("warm.enqueues") == Succeeded("new-execution")
    finally:
        submission.install(None)
    assert taken.calls == [("warm.add", {"left": 1, "right": 2}, {"delay": 10 * SECOND, "key": "once"})]


def test_an_application_that_cannot_be_imported(tmp_path: Path) -> None:
    broken = tmp_path / "broken_application.py"
    broken.write_text("import no_such_module_anywhere\n")

    async def test() -> None:
        pool = Pool([str(broken)], limit=4, worker_id="worker-1")
        first = await asyncio.gather(*(pool.run(b'["x",{},null]', context("x")) for _ in range(20)))
        for found in first:
            assert isinstance(found, Failed)
            assert "No module named 'no_such_module_anywhere'" in found.error
            assert "broken_application.py" in found.error
            assert not found.retryable
        assert isinstance(await pool.run(b'["x",{},null]', context("x")), Failed)
        await pool.close()

    run(test)


def test_an_application_that_kills_its_process(tmp_path: Path) -> None:
    broken = tmp_path / "deadly_application.py"
    broken.write_text("import os\nos.write(2, b'no licence\\n')\nos._exit(9)\n")

    async def test() -> None:
        pool = Pool([str(broken)], limit=1, worker_id="worker-1")
        found = await pool.run(b'["x",{},null]', context("x"))
        assert found == Failed("a warm process could not start: exit code 9: no licence")
        await pool.close()

    run(test)


def test_processes_that_are_idle_for_long_are_ended() -> None:
    async def test() -> None:
        pool = Pool([APPLICATION], limit=4, worker_id="worker-1", idle_seconds=0.05)
        await pool.warm(4)
        await until(lambda: len(pool.pids) == 2)
        assert await pool.run(b'["warm.nothing",{},null]', context("warm.nothing")) == Succeeded(None)
        await pool.close()

    run(test)


WORKER = """
import asyncio, sys, time
sys.path.insert(0, {tests!r})
from test_warm_processes import Attempt, context, executor

async def main():
    async with executor(2) as python:
        await python.pool.warm(2)
        attempt = Attempt()
        work = asyncio.ensure_future(python.run(context("warm.spin", None, attempt)))
        await attempt.said("spinning")
        print(*python.pool.pids, flush=True)
        await work

asyncio.run(main())
"""


def test_no_process_outlives_a_killed_worker() -> None:
    code = WORKER.format(tests=str(Path(__file__).parent))
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as worker:
        assert worker.stdout is not None
        pids = [int(word) for word in worker.stdout.readline().split()]
        assert len(pids) == 2
        worker.kill()
    asyncio.run(until(lambda: not any(alive(pid) for pid in pids)))
