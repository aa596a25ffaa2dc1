"""What an attempt says while it runs: numbered, capped, storable, and told once, from any thread."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from rota.config import Config
from rota.domain.execution import Claim
from rota.domain.outcome import Cancelled, Lost
from rota.domain.text import storable
from rota.engine.attempt import Attempt
from rota.engine.attempts import Attempts
from rota.engine.runner import Runner
from rota.telemetry import Telemetry

CLAIM = Claim(id="execution", job_id=None, type="echo", parameters=None, attempt=1, token=7)


def attempt(log_bytes: int = 1_000_000) -> Attempt:
    return Attempt(CLAIM, lambda: 42, log_bytes, 1e9)


def test_lines_are_numbered_and_taken_once() -> None:
    one = attempt()
    one.log("a", "stdout")
    one.log("b", "stderr")
    assert one.has_notes
    assert one.take_lines() == [("execution", 7, 1, 42, "stdout", "a"), ("execution", 7, 2, 42, "stderr", "b")]
    assert one.take_lines() == []
    one.log("c", "log")
    assert [line[2] for line in one.take_lines()] == [3]


def test_no_line_of_any_thread_is_lost_or_told_twice() -> None:
    one = attempt()
    told: list[str] = []

    def speak(speaker: int) -> None:
        for number in range(500):
            one.log(f"{speaker}:{number}", "log")

    with ThreadPoolExecutor(4) as pool:
        speakers = [pool.submit(speak, speaker) for speaker in range(4)]
        while not all(speaker.done() for speaker in speakers):
            told += [line[5] for line in one.take_lines()]
    told += [line[5] for line in one.take_lines()]
    assert sorted(told) == sorted(f"{speaker}:{number}" for speaker in range(4) for number in range(500))
    for speaker in range(4):
        own = [line for line in told if line.startswith(f"{speaker}:")]
        assert own == [f"{speaker}:{number}" for number in range(500)]


@pytest.mark.parametrize("line", ["", "x", "x" * 1000])
def test_the_budget_bounds_what_is_kept_and_says_so_once(line: str) -> None:
    one = attempt(10_000)
    for _ in range(100_000):
        one.log(line, "stdout")
    lines = one.take_lines()
    assert "the log is full" in lines[-1][5]
    assert sum("the log is full" in kept[5] for kept in lines) == 1
    assert sum(len(kept[5]) for kept in lines) <= 10_000 + 100
    assert len(lines) <= 400


def test_a_line_without_end_is_cut() -> None:
    one = attempt()
    one.log("x" * 100_000, "stdout")
    (line,) = one.take_lines()
    assert len(line[5]) < 17_000
    assert line[5].endswith(" …")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("plain", "plain"),
        ("a\x00b", "a\u2400b"),
        ("\ud800", "?"),
        ("日本語 🚀", "日本語 🚀"),
        ("é\x00\udfff", "é\u2400?"),
    ],
)
def test_what_no_database_takes_is_made_visible(text: str, kept: str) -> None:
    assert storable(text) == kept


@pytest.mark.parametrize(("given", "kept"), [(-1, 0.0), (0.5, 0.5), (2, 1.0)])
def test_progress_is_between_nothing_and_all_and_only_the_newest_counts(given: float, kept: float) -> None:
    one = attempt()
    one.progressed(0.1, "old")
    one.progressed(given, "new\x00" + "x" * 1000)
    fraction, message = one.take_progress() or (None, "")
    assert (fraction, message[:4], len(message)) == (kept, "new\u2400", 500)
    assert one.take_progress() is None


def test_the_first_reason_to_stop_stands() -> None:
    async def scenario() -> None:
        one = attempt()
        one.stop_because(Cancelled(), 1)
        assert one.stop is None
        one.task = asyncio.ensure_future(asyncio.sleep(3600))
        one.stop_because(Cancelled("first"), 2.5)
        one.stop_because(Lost(), 0)
        assert (one.stop, one.grace) == (Cancelled("first"), 0)
        assert not one.stop_because(Lost(), 1)
        with pytest.raises(asyncio.CancelledError):
            await one.task

    asyncio.run(scenario())


def test_an_attempt_that_is_stopped_before_its_first_step_has_ended() -> None:
    """A task that is cancelled before it began runs nothing, not even its own clean-up."""

    async def scenario() -> None:
        attempts = Attempts(Runner({}, "w"), lambda: 42, Config(), "w", Telemetry(), lambda: None)
        attempts.begin([CLAIM])
        begun = time.monotonic()
        await attempts.end_all(Lost(), 1)
        assert time.monotonic() - begun < 1
        assert [(item.claim, item.outcome) for item in attempts.ended] == [(CLAIM, Lost())]
        attempts.close()

    asyncio.run(scenario())
