"""A loop repeats its step whatever happens to it, and wakes when its bell rings."""

import threading
from collections.abc import Callable, Iterator

import pytest

from rota.config import LeaseConfig
from rota.domain.errors import Unavailable
from rota.domain.execution import NewExecution, State
from rota.scheduler.loop import Loop
from rota.scheduler.relay import Relay
from rota.scheduler.rescuer import Rescuer
from rota.stores import bell, events, executions, history, workers
from rota.stores.base import Offer
from rota.stores.database import Database, Transaction
from rota.telemetry import Telemetry

WORKER = "00000000-0000-7000-8000-00000000000a"


class Step:
    """Does what the test says, and counts."""

    name = "step"
    topic: str | None = bell.SCHEDULES

    def __init__(self, *answers: float | Exception) -> None:
        self.answers = list(answers)
        self.calls = 0

    def run_once(self) -> float:
        self.calls += 1
        answer = self.answers.pop(0) if self.answers else 3600.0
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def run(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Step], Loop]]:
    monkeypatch.setattr("rota.scheduler.loop._RETRY_SECONDS", 0.01)
    loops: list[Loop] = []

    def start(step: Step) -> Loop:
        loops.append(Loop(step, database, Telemetry()))
        loops[-1].start()
        return loops[-1]

    yield start
    for loop in loops:
        loop.stop()
        loop.join()


def test_it_steps_at_once_while_there_is_more(run: Callable[[Step], Loop], eventually: Callable[..., None]) -> None:
    step = Step(0, 0, 0, 0.001)
    loop = run(step)
    eventually(lambda: step.calls == 5)
    assert loop.healthy
    assert loop.name == "step"


def test_it_looks_by_itself_when_its_bell_hangs_in_another_process(
    run: Callable[[Step], Loop], eventually: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rota.scheduler.loop._LONGEST_WAIT_FOR_A_BELL_SECONDS", 0.01)
    step = Step(3600.0)
    run(step)
    eventually(lambda: step.calls >= 3)


def test_the_end_of_a_worker_wakes_the_rescuer(
    database: Database, run: Callable[[Step], Loop], eventually: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rota.scheduler.loop._LONGEST_WAIT_FOR_A_BELL_SECONDS", 3600.0)
    lease = LeaseConfig(reaper_seconds=3600)
    begun: list[float] = []

    class Watched(Rescuer):
        def run_once(self) -> float:
            begun.append(super().run_once())
            return begun[-1]

    def work(tx: Transaction) -> str:
        workers.register(tx, workers.NewWorker(WORKER, "w", 1, "database"), lease.duration)
        (id,) = executions.enqueue(tx, [NewExecution("echo")])
        assert len(executions.claim(tx, Offer(WORKER, 1, None))) == 1
        return id

    id = database.writing(work)
    run(Watched(database, lease, Telemetry()))  # type: ignore[arg-type]
    eventually(lambda: begun)
    assert begun[0] > 3000, "by itself it looks again in an hour"
    database.writing(lambda tx: workers.bury(tx, WORKER))
    eventually(lambda: database.reading(lambda tx: history.get(tx, id)).state is State.RETRYING)  # type: ignore[union-attr]


def test_it_goes_on_after_a_step_that_raised(
    run: Callable[[Step], Loop], eventually: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    step = Step(ValueError("one bad row"), Unavailable("the store is busy"), KeyError("x"), 0)
    loop = run(step)
    eventually(lambda: step.calls == 5)
    assert loop.healthy
    assert "one bad row" in caplog.text
    assert "the store is busy" in caplog.text


def test_the_bell_wakes_it(run: Callable[[Step], Loop], eventually: Callable[..., None], database: Database) -> None:
    step = Step()
    run(step)
    eventually(lambda: step.calls == 1)
    database.bell.ring([bell.SCHEDULES])
    eventually(lambda: step.calls == 2)
    database.bell.ring([bell.EVENTS])
    database.bell.ring([bell.SCHEDULES])
    eventually(lambda: step.calls == 3)


def test_a_loop_that_was_stopped_hears_no_bell(
    run: Callable[[Step], Loop], eventually: Callable[..., None], database: Database
) -> None:
    step = Step()
    loop = run(step)
    eventually(lambda: step.calls == 1)
    loop.stop()
    loop.join()
    database.bell.ring([bell.SCHEDULES])
    assert (step.calls, loop.healthy) == (1, False)
    assert threading.active_count() >= 1


def test_the_relay_counts_what_happens_after_it_began(database: Database) -> None:
    telemetry = Telemetry()
    relay = Relay(database, telemetry)

    def happen(kind: str, count: int) -> None:
        database.writing(lambda tx: events.write(tx, [(kind, None, None, None)] * count))

    happen("before", 1)
    relay.run_once()
    happen("a", 3)
    happen("b", 1)
    relay.run_once()
    relay.run_once()
    assert telemetry.counters == {"a": 3, "b": 1}
