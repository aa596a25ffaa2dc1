"""A real engine on a real store: only the work itself is the test's own, as executors that are plug-ins."""

import asyncio
import inspect
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, get_args

import pytest
from sqlalchemy import select

sys.path.insert(0, str(Path(__file__).parents[1] / "acceptance"))
sys.path.insert(0, str(Path(__file__).parents[1] / "faults"))  # so that tests can say `from proxy import ChaosProxy`

from rota.config import load
from rota.domain.execution import NewExecution, State
from rota.domain.outcome import Outcome, Succeeded
from rota.engine.direct import DirectWork
from rota.engine.identity import Identity
from rota.engine.supervisor import Supervisor
from rota.engine.thread import EngineThread
from rota.engine.work_source import WorkSource
from rota.engine.worker import Worker
from rota.executors.base import Context
from rota.scheduler.rescuer import Rescuer
from rota.stores import control, executions, history, workers
from rota.stores.database import Database
from rota.stores.history import AttemptRecord, ExecutionRecord
from rota.stores.identity import new_id
from rota.stores.tables import events
from rota.stores.tables import workers as workers_table
from rota.telemetry import Telemetry

Job = Callable[[Context], object]


class Functions:
    """An executor of the functions that a test gives it. What they return is the outcome, or the result of a success."""

    kind: ClassVar[str] = "python"

    def __init__(self, jobs: Mapping[str, Job]) -> None:
        self.jobs = jobs
        self.closed = False

    def check(self, job_type: str, parameters: Mapping[str, object]) -> None:
        """Everything may be saved."""

    async def run(self, context: Context) -> Outcome:
        value: Any = self.jobs[context.claim.type](context)
        if inspect.isawaitable(value):
            value = await value
        return value if isinstance(value, get_args(Outcome)) else Succeeded(value)

    async def close(self) -> None:
        self.closed = True


class Engine:
    """Workers under a supervisor in a thread of their own."""

    def __init__(
        self,
        database: Database,
        jobs: Mapping[str, Job],
        flags: Mapping[str, Any],
        source: Callable[[], WorkSource] | None = None,
    ) -> None:
        """`source` makes what a worker takes its work from; without it that is the store itself."""
        self.database = database
        self.config = load(flags={"db": database.driver_url, **flags})
        self.telemetry = Telemetry()
        self.made: list[Worker] = []
        self.executors: list[Functions] = []
        self._jobs = jobs
        self._source = source or (lambda: DirectWork(database, self.config.lease))
        self.thread = EngineThread(Supervisor(self._make, self.telemetry), self.telemetry)
        self.rescuer = Rescuer(database, self.config.lease, self.telemetry)

    def _make(self) -> Worker:
        functions = Functions(self._jobs)
        identity = Identity(new_id(self.database.clock.now()), "test", "0")
        names = lambda: list(self._jobs)  # noqa: E731
        worker = Worker(self._source(), {"python": functions}, names, self.config, identity, self.telemetry)
        self.executors.append(functions)
        self.made.append(worker)
        return worker

    def start(self) -> "Engine":
        self.thread.start()
        return self

    def stop(self, *, now: bool = False) -> None:
        """Stop and wait for the end."""
        self.thread.stop(now=now)
        self.thread.join()

    def enqueue(self, *types: str, **fields: Any) -> list[str]:
        batch = [NewExecution(type, **fields) for type in types]
        return self.database.writing(lambda tx: executions.enqueue(tx, batch))

    def new(self, type: str) -> NewExecution:
        return NewExecution(type)

    def cancel(self, id: str, **note: object) -> None:
        self.database.writing(lambda tx: control.request_cancellation(tx, [id], {"by": "ann", **note}))

    def get(self, id: str) -> ExecutionRecord:
        found = self.database.reading(lambda tx: history.get(tx, id))
        assert found is not None
        return found

    def state(self, id: str) -> State:
        return self.get(id).state

    def attempts(self, id: str) -> list[AttemptRecord]:
        record = self.get(id)
        return self.database.reading(lambda tx: history.attempts_of(tx, record))

    def lines(self, id: str) -> list[str]:
        found = self.database.reading(lambda tx: history.lines_of(tx, id, limit=10_000))
        return [line.text for line in found]

    def worker(self, number: int = -1) -> workers.WorkerRecord:
        found = self.database.reading(lambda tx: workers.get(tx, self.made[number].identity.id))
        assert found is not None
        return found

    def convict(self) -> None:
        """Declare the worker dead, as another coordinator might, and take its work back."""
        dead = workers_table.update().where(workers_table.c.id == self.made[-1].identity.id).values(state="Dead")
        self.database.writing(lambda tx: tx.execute(dead))
        self.rescuer.run_once()

    def events(self, id: str) -> list[str]:
        told = select(events.c.kind).where(events.c.execution_id == id).order_by(events.c.seq)
        return self.database.reading(lambda tx: list(tx.connection.scalars(told)))


class Gate:
    """What jobs wait at until the test lets them pass. Counts who came."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self.came = 0
        self.stopped = 0

    def open(self) -> None:
        self._open.set()

    @property
    def is_open(self) -> bool:
        return self._open.is_set()

    async def wait(self, context: Context | None = None) -> str:
        """Pass when the gate is open, or be stopped."""
        self.came += 1
        try:
            while not self._open.is_set():
                await asyncio.sleep(0.002)
        except asyncio.CancelledError:
            self.stopped += 1
            raise
        return "passed"

    async def wait_whatever_happens(self, context: Context | None = None) -> str:
        """Pass when the gate is open; cannot be stopped."""
        self.came += 1
        while not self._open.is_set():
            try:
                await asyncio.sleep(0.002)
            except asyncio.CancelledError:
                self.stopped += 1
        return "passed"


@pytest.fixture
def new_gate() -> Callable[[], Gate]:
    return Gate


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def start(database: Database, gate: Gate) -> Iterator[Callable[..., Engine]]:
    """Starts an engine with these jobs and this configuration; stops it when the test is over."""
    engines: list[Engine] = []

    def make(
        jobs: Mapping[str, Job],
        *,
        store: Database = database,
        source: Callable[[], WorkSource] | None = None,
        **flags: Any,
    ) -> Engine:
        engines.append(Engine(store, jobs, {"engine": {"poll_seconds": 0.5}, **flags}, source))
        return engines[-1].start()

    yield make
    gate.open()
    for engine in engines:
        if engine.thread.alive:
            engine.stop(now=True)


@pytest.fixture
def short_lease() -> dict[str, float]:
    """L, H, M and R that let a lease run out while a test waits."""
    return {"seconds": 1.5, "heartbeat_seconds": 0.3, "margin_seconds": 0.3, "reaper_seconds": 0.1}


@pytest.fixture
def block() -> Callable[[float], None]:
    """Keeps the interpreter busy for some seconds, as a job that never yields does."""

    def busy(seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            pass

    return busy
