"""The worker on a real store: what becomes of work that ends well, badly, late, or not at all."""

import asyncio
import sqlite3
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from rota.config import LeaseConfig
from rota.domain.execution import AttemptState, State
from rota.domain.instant import MILLISECOND, SECOND
from rota.domain.outcome import Deferred, Failed, Succeeded
from rota.domain.retry import RetryPolicy
from rota.executors.base import Context
from rota.stores import workers
from rota.stores.database import Database
from rota.stores.schema import migrate
from rota.stores.sqlite import connection

SOON = RetryPolicy(retries=2, base_delay=MILLISECOND)
ONCE = RetryPolicy(retries=0)


def nothing(context: Context) -> None:
    """The least that a job can do."""


def test_a_thousand_empty_jobs_all_succeed(start: Callable[..., Any], eventually: Callable[..., None]) -> None:
    engine = start({"nothing": nothing}, engine={"max_concurrent_jobs": 50})
    ids = engine.enqueue(*["nothing"] * 1000)
    eventually(lambda: engine.telemetry.counters.get("settled") == 1000)
    assert {engine.state(id) for id in ids} == {State.SUCCEEDED}
    assert len(engine.made) == 1


def test_no_more_run_at_once_than_there_are_slots(
    start: Callable[..., Any], eventually: Callable[..., None], gate: Any
) -> None:
    engine = start({"wait": gate.wait}, engine={"max_concurrent_jobs": 3})
    ids = engine.enqueue(*["wait"] * 7)
    eventually(lambda: gate.came == 3)
    assert sorted(engine.state(id).value for id in ids) == ["Pending"] * 4 + ["Running"] * 3
    gate.open()
    eventually(lambda: all(engine.state(id) is State.SUCCEEDED for id in ids))


def test_a_failure_is_tried_again_until_it_succeeds(start: Callable[..., Any], eventually: Callable[..., None]) -> None:
    def third_time(context: Context) -> int:
        if context.claim.attempt < 3:
            raise LookupError("not yet")
        return context.claim.attempt

    engine = start({"third": third_time})
    (id,) = engine.enqueue("third", retry=SOON)
    eventually(lambda: engine.state(id) is State.SUCCEEDED)
    assert engine.get(id).result == "3"
    assert [(a.number, a.state.value, a.error) for a in engine.attempts(id)] == [
        (1, "Failed", "LookupError: not yet"),
        (2, "Failed", "LookupError: not yet"),
        (3, "Succeeded", None),
    ]
    assert "third_time" in (engine.attempts(id)[0].stack or "")


def test_attempts_used_up_or_a_permanent_error_is_failed(
    start: Callable[..., Any], eventually: Callable[..., None]
) -> None:
    def broken(context: Context) -> None:
        raise ValueError

    engine = start({"broken": broken, "permanent": lambda context: Failed("no", retryable=False)})
    broken_id, permanent = engine.enqueue("broken", "permanent", retry=SOON)
    eventually(lambda: {engine.state(broken_id), engine.state(permanent)} == {State.FAILED})
    assert [engine.get(id).attempt for id in (broken_id, permanent)] == [3, 1]
    assert engine.get(broken_id).error == "ValueError"


def test_a_timeout_stops_the_work(start: Callable[..., Any], eventually: Callable[..., None], gate: Any) -> None:
    engine = start({"wait": gate.wait})
    (id,) = engine.enqueue("wait", timeout=50 * MILLISECOND, retry=ONCE)
    eventually(lambda: engine.state(id) is State.FAILED)
    assert (gate.stopped, engine.attempts(id)[0].state) == (1, AttemptState.TIMED_OUT)
    assert engine.get(id).error == "timed out after 0.05 s"


def test_a_timeout_stands_though_the_work_succeeds_late(
    start: Callable[..., Any], eventually: Callable[..., None], gate: Any
) -> None:
    engine = start({"stubborn": gate.wait_whatever_happens})
    (id,) = engine.enqueue("stubborn", timeout=20 * MILLISECOND, retry=ONCE)
    eventually(lambda: gate.stopped == 1)
    gate.open()
    eventually(lambda: engine.state(id) is State.FAILED)
    assert engine.attempts(id)[0].state is AttemptState.TIMED_OUT


def test_running_work_is_cancelled(start: Callable[..., Any], eventually: Callable[..., None], gate: Any) -> None:
    engine = start({"wait": gate.wait}, engine={"poll_seconds": 30})
    (id,) = engine.enqueue("wait")
    eventually(lambda: gate.came == 1)
    engine.cancel(id, reason="by ann")
    eventually(lambda: engine.state(id) is State.CANCELLED)
    assert gate.stopped == 1
    assert engine.get(id).error == "by ann"
    assert engine.events(id)[-2:] == ["execution.cancelling", "execution.cancelled"]


def test_work_that_succeeds_in_spite_of_its_cancellation_has_succeeded(
    start: Callable[..., Any], eventually: Callable[..., None], gate: Any
) -> None:
    engine = start({"stubborn": gate.wait_whatever_happens})
    (id,) = engine.enqueue("stubborn")
    eventually(lambda: gate.came == 1)
    engine.cancel(id)
    eventually(lambda: gate.stopped == 1)
    gate.open()
    eventually(lambda: engine.state(id) is State.SUCCEEDED)


def test_work_that_swallows_its_cancellation_is_given_up_and_its_slot_is_free(
    start: Callable[..., Any], eventually: Callable[..., None], gate: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rota.engine.attempts._ABANDON_SECONDS", 0.1)
    engine = start({"stubborn": gate.wait_whatever_happens, "nothing": nothing}, engine={"max_concurrent_jobs": 1})
    (stubborn,) = engine.enqueue("stubborn")
    eventually(lambda: gate.came == 1)
    engine.cancel(stubborn, graceSeconds=0.05)
    eventually(lambda: engine.state(stubborn) is State.CANCELLED)
    assert engine.telemetry.counters["abandoned"] == 1
    (neighbour,) = engine.enqueue("nothing")
    eventually(lambda: engine.state(neighbour) is State.SUCCEEDED)
    gate.open()
    engine.stop()
    assert engine.state(stubborn) is State.CANCELLED
    assert [a.state for a in engine.attempts(stubborn)] == [AttemptState.CANCELLED]


def test_a_deferred_execution_comes_back_with_its_handle(
    start: Callable[..., Any], eventually: Callable[..., None]
) -> None:
    def remote(context: Context) -> object:
        return Deferred(MILLISECOND, {"run": 7}) if context.claim.handle is None else Succeeded(context.claim.handle)

    engine = start({"remote": remote})
    (id,) = engine.enqueue("remote", retry=ONCE)
    eventually(lambda: engine.state(id) is State.SUCCEEDED)
    assert engine.get(id).result == '"{\\"run\\":7}"'
    assert [a.number for a in engine.attempts(id)] == [1]


@pytest.mark.parametrize("value", [object(), {1, 2}, float("nan"), "\ud800", {"a": [b"bytes"]}])
def test_a_result_that_cannot_be_stored_fails_alone(
    start: Callable[..., Any], eventually: Callable[..., None], gate: Any, value: object
) -> None:
    async def odd(context: Context) -> object:
        await gate.wait()
        return value

    engine = start({"odd": odd, "wait": gate.wait}, engine={"max_concurrent_jobs": 5})
    ids = engine.enqueue("wait", "wait", "odd", "wait", "wait")
    eventually(lambda: gate.came == 5)
    gate.open()
    eventually(lambda: all(engine.get(id).finished_at for id in ids))
    assert [engine.state(id).value for id in ids] == ["Succeeded"] * 2 + ["Failed"] + ["Succeeded"] * 2
    assert engine.get(ids[2]).error == "the result cannot be stored: it is not plain JSON"
    assert (engine.get(ids[2]).attempt, len(engine.made)) == (1, 1)


def test_lines_are_kept_up_to_the_cap(start: Callable[..., Any], eventually: Callable[..., None]) -> None:
    def chatty(context: Context) -> None:
        for number in range(100):
            context.log(f"line {number:03} of a hundred lines, each of them long", "stdout")

    engine = start({"chatty": chatty}, engine={"log_bytes": 5 * 47})
    (id,) = engine.enqueue("chatty")
    eventually(lambda: engine.state(id) is State.SUCCEEDED)
    kept = engine.lines(id)
    assert [line[:8] for line in kept] == [f"line {number:03}" for number in range(5)] + ["… the lo"]


def test_lines_and_progress_are_told_while_the_work_runs(
    start: Callable[..., Any], eventually: Callable[..., None], gate: Any
) -> None:
    async def slow(context: Context) -> None:
        context.log("begun\x00 \ud800", "log")
        context.progress(0.25, "a quarter")
        await gate.wait()

    engine = start({"slow": slow})
    (id,) = engine.enqueue("slow")
    eventually(lambda: engine.get(id).progress)
    assert engine.state(id) is State.RUNNING
    assert engine.lines(id) == ["begun\u2400 ?"]
    assert engine.get(id).progress == '{"fraction":0.25,"message":"a quarter"}'
    gate.open()
    eventually(lambda: engine.state(id) is State.SUCCEEDED)
    assert len(engine.lines(id)) == 1


def test_a_job_knows_who_and_what_it_is(start: Callable[..., Any], eventually: Callable[..., None]) -> None:
    def introspective(context: Context) -> object:
        return {"parameters": context.parameters, **context.environment()}

    engine = start({"who": introspective})
    (id,) = engine.enqueue("who", parameters={"a": 1})
    eventually(lambda: engine.state(id) is State.SUCCEEDED)
    record = engine.get(id)
    assert f'"ROTA_FENCING_TOKEN":"{record.token}"' in (record.result or "")
    assert f'"ROTA_IDEMPOTENCY_KEY":"{id}"' in (record.result or "")
    assert '"parameters":{"a":1}' in (record.result or "")


def test_what_it_cannot_run_it_leaves_to_others(start: Callable[..., Any], eventually: Callable[..., None]) -> None:
    engine = start({"nothing": nothing})
    script, stranger, mine = engine.enqueue("script", "strange", "nothing")
    eventually(lambda: engine.state(mine) is State.SUCCEEDED)
    assert {engine.state(script), engine.state(stranger)} == {State.PENDING}
    assert engine.worker().types == ["nothing"]


def test_a_worker_that_is_told_to_drain_in_the_store_takes_nothing_new(
    start: Callable[..., Any], eventually: Callable[..., None], gate: Any
) -> None:
    engine = start({"wait": gate.wait, "nothing": nothing})
    (running,) = engine.enqueue("wait")
    eventually(lambda: gate.came == 1)
    assert engine.database.writing(lambda tx: workers.drain(tx, engine.made[0].identity.id))
    (later,) = engine.enqueue("nothing")
    gate.open()
    eventually(lambda: engine.state(running) is State.SUCCEEDED)
    assert engine.state(later) is State.PENDING


class TestStopping:
    def test_what_is_short_ends_and_what_is_long_is_handed_back(
        self, start: Callable[..., Any], eventually: Callable[..., None], gate: Any, new_gate: Callable[[], Any]
    ) -> None:
        engine = start({"short": gate.wait, "long": new_gate().wait}, engine={"drain_seconds": 0.5})
        short, long = engine.enqueue("short", "long")
        eventually(lambda: {engine.state(short), engine.state(long)} == {State.RUNNING} and gate.came == 1)
        engine.thread.stop()
        gate.open()
        engine.thread.join()
        assert (engine.state(short), engine.state(long)) == (State.SUCCEEDED, State.PENDING)
        assert engine.get(long).attempt == 0
        assert [(a.number, a.state.value) for a in engine.attempts(long)] == [(1, "Cancelled")]
        assert engine.events(long)[-1] == "execution.handedBack"
        assert engine.worker().state == "Stopped"
        assert engine.executors[0].closed

    def test_nothing_new_is_begun_while_it_drains(
        self, start: Callable[..., Any], eventually: Callable[..., None], gate: Any
    ) -> None:
        engine = start({"wait": gate.wait})
        (running,) = engine.enqueue("wait")
        eventually(lambda: gate.came == 1)
        engine.thread.stop()
        (later,) = engine.enqueue("wait")
        gate.open()
        engine.thread.join()
        assert (engine.state(running), engine.state(later)) == (State.SUCCEEDED, State.PENDING)
        assert engine.get(later).attempt == 0

    def test_now_means_at_once(self, start: Callable[..., Any], eventually: Callable[..., None], gate: Any) -> None:
        engine = start({"wait": gate.wait}, engine={"drain_seconds": 3600})
        (id,) = engine.enqueue("wait")
        eventually(lambda: gate.came == 1)
        engine.thread.stop()
        engine.stop(now=True)
        assert (engine.state(id), engine.get(id).attempt, gate.stopped) == (State.PENDING, 0, 1)

    def test_an_idle_worker_ends_at_once_and_says_goodbye(self, start: Callable[..., Any]) -> None:
        engine = start({})
        engine.stop()
        assert engine.worker().state == "Stopped"
        engine.thread.stop()


def test_nothing_is_lost_while_the_store_does_not_answer(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    start: Callable[..., Any],
    eventually: Callable[..., None],
    gate: Any,
    new_gate: Callable[[], Any],
) -> None:
    """Somebody holds SQLite's lock for longer than anybody waits for it."""
    monkeypatch.setattr(connection, "_BUSY_MILLISECONDS", 20)
    database = Database(f"sqlite:///{tmp_path}/busy.db", durable=False)
    migrate(database)
    last = new_gate()

    async def ending(context: Context) -> None:
        context.log("before", "log")
        await gate.wait()

    async def counting(context: Context) -> int:
        for number in count():
            context.log(str(number), "log")
            if last.is_open:
                return number
            await asyncio.sleep(0.01)
        raise AssertionError

    engine = start({"ending": ending, "counting": counting}, store=database)
    ends, counts = engine.enqueue("ending", "counting")
    eventually(lambda: engine.lines(ends) and engine.lines(counts))
    other = sqlite3.connect(str(database.url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    gate.open()
    until = time.monotonic() + 1.2  # longer than running work keeps its notes to itself
    eventually(lambda: "the store is busy" in caplog.text and time.monotonic() > until)
    other.execute("ROLLBACK")
    other.close()
    eventually(lambda: engine.state(ends) is State.SUCCEEDED)
    last.open()
    eventually(lambda: engine.state(counts) is State.SUCCEEDED)
    assert [a.state for a in engine.attempts(ends)] == [AttemptState.SUCCEEDED]
    assert engine.lines(ends) == ["before"]
    assert engine.lines(counts) == [str(number) for number in range(int(engine.get(counts).result or "") + 1)]
    assert len(engine.made) == 1
    engine.stop()
    database.close()


def test_the_lease_must_allow_for_two_failed_beats() -> None:
    assert LeaseConfig().duration == 30 * SECOND
    with pytest.raises(ValueError, match="two failed heartbeats"):
        LeaseConfig(seconds=30, heartbeat_seconds=11, margin_seconds=3)
