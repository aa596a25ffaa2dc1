"""F04: workers that are told to stop: they renew until their jobs end, or hand them back at once when the grace is over."""

import signal
import time
from collections.abc import Callable

import pytest
from driver import eventually
from evidence import Evidence
from fleet import LEASE, Fleet
from recording import Recorder
from witness import read

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

DRAIN = 3.0


def held(fleet: Fleet, seconds: float, drain: float) -> Recorder:
    """A worker that holds 20 jobs, and another one that holds none."""
    fleet.coordinator()
    fleet.worker(
        "leaving", "--concurrency", "20", variables={"ROTA_ENGINE__DRAIN_SECONDS": f"{drain:g}", "ROTA_LOG": "plain"}
    )
    fleet.wait_alive()
    recorder = Recorder([fleet.api.url])
    body = {"type": "work", "payload": {"seconds": seconds}, "maxRetries": 5}
    recorder.submit([body for _ in range(20)], prefix="held")
    eventually(lambda: len(read(fleet.witness)) >= 20, 30, "all of it has begun")
    fleet.worker("staying", "--concurrency", "20")
    fleet.wait_alive()
    return recorder


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["TERM", "INT"])
def test_f04_renews_until_the_jobs_end(fleet: Fleet, report: Callable[..., None], number: int) -> None:
    recorder = held(fleet, 1.5 * LEASE, drain=60)
    leaving = fleet.workers["leaving"]
    assert leaving.process is not None
    with fleet.told(signal.Signals(number).name, "leaving", {leaving.pid}):
        leaving.process.send_signal(number)
        code = leaving.wait_exit()
    fleet.wait_idle(30)
    evidence = Evidence.gathered(fleet, recorder)
    fleet.stop()
    starts = sum(line.what == "start" for line in evidence.lines)
    report(
        "F04",
        f"{signal.Signals(number).name} with jobs of {1.5 * LEASE:g} s",
        [("duplicate starts", starts - 20, 0), ("exit code", code, 0)],
        evidence=evidence,
    )


@pytest.mark.parametrize("twice", [False, True], ids=["grace over", "second signal"])
def test_f04_hands_back_at_once(fleet: Fleet, report: Callable[..., None], twice: bool) -> None:
    recorder = held(fleet, 20, drain=60 if twice else DRAIN)
    leaving = fleet.workers["leaving"]
    with fleet.told("TERM", "leaving", {leaving.pid}):
        leaving.terminate()
        told = time.monotonic_ns()
        if twice:
            eventually(lambda: "stopping" in leaving.errors, 10, "the first signal is heard")
            leaving.terminate()
        code = leaving.wait_exit()
    eventually(
        lambda: sum(line.what == "start" for line in read(fleet.witness)) >= 40, 30, "another has begun all of it"
    )
    fleet.wait_idle(60)
    evidence = Evidence.gathered(fleet, recorder)
    fleet.stop()
    starts = [line for line in evidence.lines if line.what == "start"]
    again = max(line.at for line in starts[20:]) - told
    report(
        "F04",
        "handed back when the grace is over" if not twice else "handed back at the second signal",
        [("requeue after the grace s", again / 1e9 - (0 if twice else DRAIN), 2.0), ("exit code", code, 0)],
        evidence=evidence,
    )


@pytest.mark.stores("postgres", "mariadb")
def test_f04_while_the_database_is_down(fleet: Fleet, report: Callable[..., None]) -> None:
    """It ends within its grace and its bounds although it can tell nobody; the lease frees what it held."""
    recorder = held(fleet, 4, drain=DRAIN)
    leaving = fleet.workers["leaving"]
    with fleet.outage():
        leaving.terminate()
        begun = time.monotonic()
        leaving.terminate()
        leaving.wait_exit()
        took = time.monotonic() - begun
    fleet.wait_idle(60)
    evidence = Evidence.gathered(fleet, recorder)
    fleet.stop()
    report("F04", "TERM twice with the database down", [("end s", took, 15.0)], evidence=evidence)
