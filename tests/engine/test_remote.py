"""The same engine, whose work comes over HTTP from a real coordinator: nothing is lost when requests and answers are."""

import asyncio
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from proxy import ChaosProxy

from rota.api.application import ApiDependencies, create_application
from rota.client.coordinators import Coordinators
from rota.client.heart import HttpHeart
from rota.config import Config, load
from rota.domain.access import SYSTEM, Role
from rota.domain.errors import ConfigurationInvalid, Unauthenticated
from rota.domain.execution import AttemptState, NewExecution, State
from rota.domain.outcome import Deferred, Failed
from rota.engine.remote import RemoteWork
from rota.executors.base import Context
from rota.service import access
from rota.service.context import ServiceContext
from rota.stores import executions, workers
from rota.stores.database import Database

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")

Start = Callable[..., Any]
Eventually = Callable[..., None]


class Everything:
    """A catalogue in which anything can run."""

    kinds = frozenset({"python"})

    def functions(self) -> set[str]:
        return set()

    def check(self, job_type: str, parameters: Mapping[str, object]) -> None:
        """Anything can run."""


class Coordinator:
    """The API of a store on a port, in a thread. It can be stopped and started again on the same port."""

    def __init__(self, database: Database, config: Config) -> None:
        self.database, self.config = database, config
        self.context = ServiceContext(database, config, SYSTEM, Everything())
        self.key, self.token = access.create(self.context, "remote", Role.WORKER)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> "Coordinator":
        self._services = ApiDependencies(self.database, self.config, Everything(), "0")
        settings = uvicorn.Config(
            create_application(self._services), port=self.port, log_config=None, timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(settings)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive()
        return self

    def stop(self) -> None:
        self._services.stopping.set()
        self._server.should_exit = True
        self._thread.join(60)
        assert not self._thread.is_alive()


@pytest.fixture
def coordinator(database: Database, request: pytest.FixtureRequest) -> Iterator[Coordinator]:
    made = Coordinator(database, load(flags=getattr(request, "param", None))).start()
    yield made
    made.stop()


@pytest.fixture
def remote(start: Start, coordinator: Coordinator) -> Start:
    """Starts an engine that works over HTTP, through `urls` where they are given."""

    def make(jobs: Mapping[str, Any], *urls: str, **flags: Any) -> Any:
        source = lambda: RemoteWork(Coordinators(urls or [coordinator.url], coordinator.token))  # noqa: E731
        return start(jobs, source=source, **flags)

    return make


@contextmanager
def through(coordinator: Coordinator) -> Iterator[tuple[ChaosProxy, str]]:
    with ChaosProxy(coordinator.port) as proxy:
        yield proxy, f"http://127.0.0.1:{proxy.port}"


def is_exchange(chunk: bytes) -> bool:
    return b"/exchange HTTP" in chunk


def test_what_the_engine_does_it_does_over_http(remote: Start, eventually: Eventually) -> None:
    def fails(context: Context) -> Failed:
        return Failed("no luck", retryable=False, result={"half": 1})

    def says(context: Context) -> object:
        for number in range(3):
            context.log(f"line {number}", "stdout")
        context.progress(0.5, "half")
        return {"given": context.parameters, "attempt": context.claim.attempt, "handle": context.claim.handle}

    def defers(context: Context) -> object:
        return Deferred(0, {"at": 7}) if context.claim.handle is None else context.claim.handle

    engine = remote({"says": says, "fails": fails, "defers": defers})
    said, failed, deferred = engine.enqueue("says", "fails", "defers", parameters={"ü": [1, None]})
    eventually(lambda: {engine.state(id) for id in (said, failed, deferred)} == {State.SUCCEEDED, State.FAILED})
    assert json.loads(engine.get(said).result) == {"given": {"ü": [1, None]}, "attempt": 1, "handle": None}
    assert engine.lines(said) == ["line 0", "line 1", "line 2"]
    assert (engine.get(failed).error, json.loads(engine.get(failed).result)) == ("no luck", {"half": 1})
    assert json.loads(engine.get(deferred).result) == '{"at":7}'
    worker = engine.worker()
    assert (worker.state, worker.transport, worker.types) == ("Alive", "http", ["defers", "fails", "says"])
    engine.stop()
    assert engine.worker().state == "Stopped"


@pytest.mark.parametrize("bad", [object(), float("nan"), "\0", "\ud800", 2**70, {"x": "y" * 17_000_000}])
def test_a_result_that_cannot_be_sent_fails_alone(remote: Start, eventually: Eventually, bad: object) -> None:
    """Also in a batch with others, and whoever notices: the worker, or the coordinator that refuses the request."""
    ready = threading.Event()

    async def waits(context: Context) -> object:
        while not ready.is_set():
            await asyncio.sleep(0.001)
        return bad if context.parameters == "bad" else context.parameters

    engine = remote({"waits": waits})
    good = engine.enqueue(*["waits"] * 4, parameters="good")
    (ill,) = engine.enqueue("waits", parameters="bad")
    eventually(lambda: engine.database.reading(lambda tx: workers.running_of(tx, engine.made[0].identity.id)) == 5)
    ready.set()
    eventually(lambda: engine.state(ill) is State.FAILED and all(engine.state(id) is State.SUCCEEDED for id in good))
    assert engine.get(ill).error.startswith("the result cannot be stored")
    assert (engine.get(ill).attempt, len(engine.made)) == (1, 1)


def test_much_to_say_goes_in_several_requests(remote: Start, eventually: Eventually) -> None:
    def says_much(context: Context) -> str:
        for _ in range(60):
            context.log("x" * 16_000, "stdout")
        return "y" * 900_000

    engine = remote({"much": says_much})
    ids = engine.enqueue(*["much"] * 8)
    eventually(lambda: all(engine.state(id) is State.SUCCEEDED for id in ids), within=60)
    assert {len(engine.get(id).result) for id in ids} == {900_002}
    assert {len(engine.lines(id)) for id in ids} == {60}


def test_work_wakes_the_worker(remote: Start, eventually: Eventually) -> None:
    """With a poll of 25 s, only the coordinator's bell brings it."""
    engine = remote({"works": lambda context: 1}, engine={"poll_seconds": 25})
    for _ in range(3):
        (id,) = engine.enqueue("works")
        eventually(lambda id=id: engine.state(id) is State.SUCCEEDED, within=15)


def test_a_cancellation_reaches_the_job(remote: Start, eventually: Eventually, gate: Any) -> None:
    engine = remote({"wait": gate.wait})
    (id,) = engine.enqueue("wait")
    eventually(lambda: gate.came == 1)
    engine.cancel(id, reason="wrong", graceSeconds=1)
    eventually(lambda: engine.state(id) is State.CANCELLED)
    assert gate.stopped == 1


def test_an_answer_that_is_lost_loses_nothing_and_runs_nothing_twice(
    remote: Start, coordinator: Coordinator, eventually: Eventually
) -> None:
    """The coordinator has committed, the worker sees a broken connection: at every third exchange."""
    ran: list[str] = []

    async def works(context: Context) -> int:
        ran.append(context.claim.id)
        await asyncio.sleep(0.01)
        return 1

    with through(coordinator) as (proxy, url):
        engine = remote({"works": works}, url)
        seen = 0

        def every_third(chunk: bytes) -> bool:
            nonlocal seen
            seen += is_exchange(chunk)
            return is_exchange(chunk) and seen % 3 == 0

        proxy.cut_reply_of(every_third, times=12)
        ids = engine.enqueue(*["works"] * 200)
        eventually(lambda: all(engine.state(id) is State.SUCCEEDED for id in ids), within=60)
        eventually(lambda: proxy.cuts >= 6)
        assert sorted(ran) == sorted(ids)  # once each: what was claimed and never arrived has not begun
        assert all(engine.get(id).attempt == 1 for id in ids)
        assert len(engine.made) == 1
        engine.stop()


def test_a_coordinator_that_is_restarted_finds_its_worker_as_it_was(
    remote: Start, coordinator: Coordinator, eventually: Eventually, gate: Any
) -> None:
    engine = remote({"wait": gate.wait, "works": lambda context: 1})
    (id,) = engine.enqueue("wait")
    eventually(lambda: gate.came == 1)
    coordinator.stop()
    gate.open()  # it ends while nobody can be told
    (later,) = engine.enqueue("works")
    coordinator.start()
    eventually(lambda: engine.state(id) is State.SUCCEEDED and engine.state(later) is State.SUCCEEDED)
    assert (len(engine.made), gate.came, engine.get(id).attempt) == (1, 1, 1)


def test_of_two_coordinators_one_may_be_away(
    remote: Start, coordinator: Coordinator, eventually: Eventually, short_lease: dict[str, float]
) -> None:
    with ExitStack() as stack:
        (first, one), (_second, two) = (stack.enter_context(through(coordinator)) for _ in range(2))
        engine = remote({"works": lambda context: 1}, "http://127.0.0.1:9", one, two)
        (id,) = engine.enqueue("works")
        eventually(lambda: engine.state(id) is State.SUCCEEDED)
        first.reset(refuse=True)
        ids = engine.enqueue(*["works"] * 20)
        eventually(lambda: all(engine.state(id) is State.SUCCEEDED for id in ids))
        assert len(engine.made) == 1
        engine.stop()


SHORT = {"lease": {"seconds": 2.5, "heartbeat_seconds": 0.5, "margin_seconds": 0.5, "reaper_seconds": 0.1}}
LESS_SHORT = {"lease": {**SHORT["lease"], "seconds": 6}}
"""For a coordinator that shares its interpreter with what keeps it busy: a beat may take a while."""


@pytest.mark.parametrize("coordinator", [LESS_SHORT], indirect=True)
def test_the_guard_beats_over_http_while_the_loop_is_blocked(
    remote: Start, eventually: Eventually, block: Callable[[float], None]
) -> None:
    """The terms of the lease are the coordinator's: the worker itself was told nothing of them."""

    async def blocking(context: Context) -> str:
        block(LESS_SHORT["lease"]["seconds"] + 1)
        return "done"

    engine = remote({"block": blocking})
    (id,) = engine.enqueue("block")
    eventually(lambda: engine.rescuer.run_once() and engine.state(id) is State.SUCCEEDED)
    assert [attempt.state for attempt in engine.attempts(id)] == [AttemptState.SUCCEEDED]
    assert len(engine.made) == 1


@pytest.mark.parametrize("coordinator", [SHORT], indirect=True)
def test_a_silence_longer_than_the_lease_makes_it_another_worker(
    remote: Start, coordinator: Coordinator, eventually: Eventually, gate: Any
) -> None:
    with through(coordinator) as (proxy, url):
        engine = remote({"wait": gate.wait}, url)
        (id,) = engine.enqueue("wait")
        eventually(lambda: gate.came == 1)
        proxy.blackhole()
        eventually(lambda: gate.stopped == 1)  # it stops its work before anybody else can begin it
        eventually(lambda: engine.rescuer.run_once() and engine.state(id) is State.RETRYING)
        proxy.heal()
        gate.open()
        eventually(lambda: engine.state(id) is State.SUCCEEDED)
        *before, last = engine.attempts(id)
        assert [attempt.state.value for attempt in (*before, last)] == ["Lost"] * len(before) + ["Succeeded"]
        assert last.worker_id not in {attempt.worker_id for attempt in before}
        engine.stop()


def test_a_convicted_worker_comes_back_as_another(remote: Start, eventually: Eventually, gate: Any) -> None:
    engine = remote({"wait": gate.wait})
    (id,) = engine.enqueue("wait")
    eventually(lambda: gate.came == 1)
    engine.convict()
    gate.open()
    eventually(lambda: engine.state(id) is State.SUCCEEDED)
    assert [attempt.state.value for attempt in engine.attempts(id)] == ["Lost", "Succeeded"]
    assert (len(engine.made), engine.worker(0).state, engine.worker(1).state) == (2, "Dead", "Alive")


def test_a_revoked_credential_ends_the_worker(
    remote: Start, coordinator: Coordinator, eventually: Eventually, gate: Any
) -> None:
    engine = remote({"wait": gate.wait})
    engine.enqueue("wait")
    eventually(lambda: gate.came == 1)
    access.revoke(coordinator.context, coordinator.key.id)
    eventually(lambda: engine.telemetry.counters.get("loop_engine_failed"), within=30)
    assert gate.stopped == 1
    engine.thread.stop()  # no event loop runs now: the next is half a second away
    eventually(lambda: not engine.thread.alive)


def test_a_worker_that_is_refused_at_the_door_says_why(start: Start, coordinator: Coordinator) -> None:
    with pytest.raises(Unauthenticated):
        start({}, source=lambda: RemoteWork(Coordinators([coordinator.url], "rota_unknown")))
    with pytest.raises(ConfigurationInvalid, match="no Rota API"):
        start({}, source=lambda: RemoteWork(Coordinators([f"{coordinator.url}/elsewhere"], coordinator.token)))


def test_the_heart_says_what_it_hears(coordinator: Coordinator, eventually: Eventually) -> None:
    coordinators = Coordinators([coordinator.url], coordinator.token)
    made = coordinators.ask(lambda client: client.post("workers", "register", body={"name": "w", "capacity": 1}))
    heart = HttpHeart(["http://127.0.0.1:9", coordinator.url], coordinator.token, made["id"], 10)
    assert heart.beat() is True
    heart.bury()
    assert heart.beat() is False
    with pytest.raises(OSError, match="Unauthorized"):
        HttpHeart([coordinator.url], "rota_unknown", made["id"], 10).beat()
    with pytest.raises(OSError, match="refused"):
        HttpHeart(["http://127.0.0.1:9"], coordinator.token, made["id"], 10).beat()
    coordinators.close()


def test_the_heart_is_light() -> None:
    """The guard starts quickly and stays small."""
    heavy = ("sqlalchemy", "pydantic", "httpx2", "asyncio", "click", "anyio")
    script = f"import sys, rota.client.heart; print([name for name in {heavy!r} if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout.strip() == "[]"


def test_claims_of_an_exchange_are_what_the_store_has(remote: Start, eventually: Eventually) -> None:
    seen: list[Any] = []
    engine = remote({"looks": lambda context: seen.append(context.claim)})
    new = NewExecution("looks", {"a": 1}, name="a look", timeout=90_000_000)
    (id,) = engine.database.writing(lambda tx: executions.enqueue(tx, [new]))
    eventually(lambda: engine.state(id) is State.SUCCEEDED)
    (claim,) = seen
    assert (claim.id, claim.name, claim.timeout, claim.attempt) == (id, "a look", 90_000_000, 1)
    assert (claim.parameters, claim.retry.max_attempts) == ('{"a":1}', engine.get(id).max_attempts)
