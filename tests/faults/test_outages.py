"""F05, F06, F07: the database is killed, goes silent at the worst moment, or cannot be reached by some."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

import pytest
from driver import eventually
from evidence import Evidence, spread
from fleet import HEARTBEAT, LEASE, MARGIN, Fleet
from proxy import ChaosProxy
from recording import Recorder
from servers import PostgresServer, PostgresStore

pytestmark = [pytest.mark.faults, pytest.mark.stores("postgres", "mariadb"), pytest.mark.timeout(400)]

CALL_SECONDS = 15.0
"""The longest that a call of the database may be blocked."""


@contextmanager
def submitting(recorder: Recorder, seconds: float, tries: int) -> Iterator[None]:
    """A steady stream of work for as long as the block runs."""
    over = threading.Event()
    numbers = count()

    def bodies() -> Iterator[dict[str, object]]:
        while not over.wait(0.02):
            yield {"type": "work", "payload": {"seconds": seconds}, "maxRetries": 100}

    stream = threading.Thread(
        target=recorder.submit,
        args=(bodies(),),
        kwargs={"prefix": f"stream-{next(numbers)}-{time.monotonic_ns()}", "threads": 3, "tries": tries},
    )
    stream.start()
    try:
        yield
    finally:
        over.set()
        stream.join()


def wait_progress(fleet: Fleet, within: float) -> float:
    """Seconds until something that is submitted now has succeeded."""
    begun = time.monotonic()

    def done() -> bool:
        try:
            with fleet.api.new_client() as client:
                answer = client.post("/api/jobs", json={"type": "work", "maxRetries": 100}, timeout=3)
                if answer.status_code != 201:
                    return False
                id = answer.json()["id"]
                until = time.monotonic() + 5
                while time.monotonic() < until:
                    if client.get(f"/api/executions/{id}", timeout=3).json().get("state") == "Succeeded":
                        return True
                    time.sleep(0.02)
        except OSError:
            return False
        except Exception as error:
            if "Timeout" not in type(error).__name__ and "Error" not in type(error).__name__:
                raise
        return False

    eventually(done, within, "work gets done again")
    return time.monotonic() - begun


def test_f05_the_database_is_killed(fleet: Fleet, report: Callable[..., None]) -> None:
    """Under load: gone for an instant, 1 s, 4 s and 10 s, and restarted in a hurry; nobody restarts anything of Rota."""
    for name in ("first", "second"):
        fleet.coordinator(name)
    for name in ("worker-1", "worker-2"):
        fleet.worker(name, "--concurrency", "40")
    fleet.wait_alive()
    recorder = Recorder([one.url for one in fleet.coordinators.values()])
    pids = {name: member.pid for name, member in [*fleet.coordinators.items(), *fleet.workers.items()]}
    back: dict[float, float] = {}
    with submitting(recorder, 0.5, tries=1):
        for seconds in (0.0, 1.0, 0.0, 4.0, 1.0, 10.0, 0.0, 1.0):
            wait_progress(fleet, 30)
            with fleet.outage():
                time.sleep(seconds)  # how long it is down: that is the fault
            took = wait_progress(fleet, 60)
            back[seconds] = max(took, back.get(seconds, 0.0))
        for _ in range(2):
            if isinstance(fleet.store, PostgresStore):
                with fleet.told("immediate restart", fleet.store.kind):
                    fleet.store.server.restart_at_once()
            back[0.5] = max(wait_progress(fleet, 60), back.get(0.5, 0.0))
    fleet.wait_idle(90)
    evidence = Evidence.gathered(fleet, recorder)
    by_hand = sum(not member.alive or member.pid != pids[name] for name, member in _members(fleet))
    fleet.stop()
    short = max(took for seconds, took in back.items() if seconds < LEASE)
    report(
        "F05",
        "the database killed under load and started again, 10 times",
        [("restarted by hand", by_hand, 0), ("work again (down < L) s", short, 10.0)],
        evidence=evidence,
        interventions=by_hand,
        note=f"after 10 s down: {back[10.0]:.2f} s; unanswered {recorder.unknown}",
    )


def _members(fleet: Fleet) -> list[tuple[str, object]]:
    return [*fleet.coordinators.items(), *fleet.workers.items()]


@pytest.mark.parametrize(
    "seconds",
    [1.0, HEARTBEAT, LEASE / 2, LEASE - MARGIN - 0.5],
    ids=["1 s", "H", "L/2", "L-M-0.5"],
)
def test_f06_silent_at_heartbeat_time(fleet: Fleet, report: Callable[..., None], seconds: float) -> None:
    """The database goes silent, without a FIN, just as the worker is about to beat.

    A lease outlives a silence that begins then if that and H are over within L - M. What is longer begins just after a
    beat instead: it is the longest of all that nobody may be convicted for.
    """
    before_a_beat = seconds + HEARTBEAT <= LEASE - MARGIN
    with ChaosProxy(fleet.store.port) as proxy:
        fleet.coordinator()
        fleet.worker("worker", "--concurrency", "20", url=fleet.store.url_through(proxy.port))
        fleet.wait_alive()
        recorder = Recorder([fleet.api.url])
        work = {"type": "work", "payload": {"seconds": 10 + 2 * seconds}, "maxRetries": 100}
        recorder.submit([work for _ in range(20)], prefix="held")
        for _ in range(2):
            for _ in range(2):  # one that a silence held back was asked for long before
                beat = _beat(fleet)
                eventually(lambda beat=beat: _beat(fleet) != beat, 10, "a beat")
            if before_a_beat:
                just_beat = time.monotonic()
                eventually(lambda at=just_beat: time.monotonic() > at + HEARTBEAT - 0.3, 5, "just before the next")
            with fleet.told(f"silence of {seconds:g} s", "worker", {fleet.workers["worker"].pid}):
                proxy.blackhole()
                silent = time.monotonic()
                eventually(lambda at=silent: time.monotonic() > at + seconds, 20, "the silence is over")
                proxy.heal()
        fleet.wait_idle(60)
        evidence = Evidence.gathered(fleet, recorder)
        fleet.stop()
    starts = sum(line.what == "start" for line in evidence.lines)
    report(
        "F06",
        f"the database silent for {seconds:g} s, from just {'before' if before_a_beat else 'after'} a beat",
        [("false convictions", len(evidence.convicted()), 0), ("started twice", starts - 20, 0)],
        evidence=evidence,
    )


def _beat(fleet: Fleet) -> int:
    return int(fleet.store.rows("SELECT max(heartbeat_at) FROM workers")[0][0])


@pytest.mark.parametrize("way", ["both", "to the worker"])
def test_f07_partition(fleet: Fleet, report: Callable[..., None], way: str) -> None:
    """A worker cannot reach the database, or not hear it, for three leases: it ends its work in time, then comes back."""
    with ChaosProxy(fleet.store.port) as proxy:
        fleet.coordinator()
        fleet.worker("cut off", "--concurrency", "20", url=fleet.store.url_through(proxy.port))
        fleet.wait_alive()
        recorder = Recorder([fleet.api.url])
        recorder.submit(
            [{"type": "ticking", "payload": {"seconds": 10}, "maxRetries": 100} for _ in range(20)], prefix="held"
        )
        eventually(lambda: fleet.api.get("/health/jobs")["running"] == 20, 30, "all of it runs")
        with fleet.told(f"partition, {way}", "cut off", {fleet.workers["cut off"].pid}) as fault:
            proxy.blackhole(up=way == "both")
            fleet.worker("reachable", "--concurrency", "20")
            eventually(lambda: time.monotonic_ns() > fault.begin + 3 * LEASE * 1e9, 60, "three leases have passed")
            proxy.heal()
        healed = time.monotonic()
        fleet.wait_alive(within=CALL_SECONDS + 10)
        hung = time.monotonic() - healed
        fleet.wait_idle(60)
        evidence = Evidence.gathered(fleet, recorder)
        fleet.stop()
    trust = fault.begin + (LEASE - MARGIN) * 1e9
    late = [
        line
        for line in evidence.lines
        if line.attempt == 1 and line.what == "effect" and line.at > trust + MARGIN * 1e9
    ]
    recoveries = evidence.recoveries()
    report(
        "F07",
        f"partition between worker and database, {way}, for {3 * LEASE:g} s",
        [("effects after the lease", len(late), 0), ("blocked call s", hung, CALL_SECONDS)],
        evidence=evidence,
        note=f"recovery {spread(recoveries)}",
    )


_NOTICED_SECONDS = 15.0
"""A listener tests itself every 10 s and waits 5 s for the answer; until then nobody knows that it is deaf."""


@pytest.mark.stores("postgres")
@pytest.mark.parametrize("how", ["ended", "silent"])
def test_f12_deaf(fleet: Fleet, report: Callable[..., None], how: str) -> None:
    """The listening connection is ended, or goes silent without a FIN: polling is the truth, and hearing comes back."""
    assert isinstance(fleet.store, PostgresStore)
    with ChaosProxy(fleet.store.port) as proxy:
        fleet.coordinator()
        fleet.worker("worker", "--concurrency", "10", url=fleet.store.url_through(proxy.port))
        fleet.wait_alive()
        recorder = Recorder([fleet.api.url])
        server = fleet.store.server
        eventually(lambda: _listeners(server, fleet.store.name) >= 2, 30, "both listen")  # type: ignore[attr-defined]
        before = _latencies(fleet, recorder, "before", 30)
        with fleet.told(f"listener {how}", "worker"):
            ended = time.monotonic()
            if how == "ended":
                fleet.store.rows(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                    " AND query ILIKE '%LISTEN%' AND pid <> pg_backend_pid()"
                )
            else:
                made = proxy.connections
                proxy.deafen(lambda sent: b":test" in sent or b"LISTEN" in sent)
            deaf = _latencies(fleet, recorder, "deaf", 10)
            if how == "silent":
                eventually(lambda: proxy.connections > made, 30, "the deaf connection is given up for another")
                proxy.heal()
        eventually(lambda: _listeners(server, fleet.store.name) >= 2, 30, "both listen again")  # type: ignore[attr-defined]
        eventually(lambda: _hears(fleet, recorder, min(1.0, 5 * max(before))), 30, "it hears again")
        again = time.monotonic() - ended
        healed = _latencies(fleet, recorder, "healed", 30)
        fleet.wait_idle(30)
        evidence = Evidence.gathered(fleet, recorder)
        fleet.stop()
    report(
        "F12",
        f"the listening connection is {how}",
        [
            ("start latency deaf max s", max(deaf), max(before) + 1.0 + 0.5),
            ("hears again s", again, 15.0 if how == "ended" else _NOTICED_SECONDS + 15.0),
            (
                "start latency healed p50 s",
                sorted(healed)[len(healed) // 2],
                2 * sorted(before)[len(before) // 2] + 0.05,
            ),
        ],
        evidence=evidence,
        note=f"before {spread(sorted(before))}, healed {spread(sorted(healed))}",
    )


def _hears(fleet: Fleet, recorder: Recorder, within: float) -> bool:
    """Whether three in a row start without waiting for a poll."""
    return max(_latencies(fleet, recorder, f"hears-{time.monotonic_ns()}", 3)) < within


def _listeners(server: PostgresServer, database: str) -> int:
    rows = server.rows(
        "postgres",
        f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}' AND query ILIKE ANY(ARRAY['LISTEN %', 'NOTIFY %:test%'])",
    )
    return int(rows[0][0])


def _latencies(fleet: Fleet, recorder: Recorder, prefix: str, number: int) -> list[float]:
    """Submit one after another; for each the seconds from the answer to the start that it witnessed."""
    from witness import read

    found = []
    with fleet.api.new_client() as client:
        for item in range(number):
            operation = recorder.ask(client, f"{prefix}-{item}", {"type": "work", "maxRetries": 10})

            def started(id: str | None = operation.id) -> list[int]:
                return [line.at for line in read(fleet.witness) if line.execution == id and line.what == "start"]

            (at,) = eventually(started, 20, "it starts")[:1]
            found.append(max(0.0, (at - operation.told) / 1e9))
    return found
