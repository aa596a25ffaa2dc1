"""A worker process that is killed leaves nothing behind and its lease ends at once: its guard sees to that."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rota.domain.execution import NewExecution, State
from rota.processes import kill_marked, survivors
from rota.stores import executions, history, leases, workers
from rota.stores.database import Database
from rota.stores.workers import WorkerRecord

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")

WORKER = """
import sys
from rota.app import App
from rota.config import load
from rota.engine.thread import EngineThread

app = App(load(flags={"db": sys.argv[1], "log": "quiet"}))
app.open()
app.prepare()
thread = EngineThread(app.supervisor(), app.telemetry)
thread.start()
thread.join()
"""
SCRIPT = "setsid sleep 300 & sleep 300"


@pytest.fixture
def process(database: Database) -> Iterator[subprocess.Popen[bytes]]:
    """A worker of its own, with the lease of thirty seconds."""
    started = subprocess.Popen([sys.executable, "-c", WORKER, database.driver_url])
    yield started
    for worker in known(database):
        kill_marked(f"ROTA_WORKER={worker.id}")
    started.kill()
    started.wait()


def known(database: Database) -> list[WorkerRecord]:
    return database.reading(lambda tx: workers.page(tx, before=None, limit=10))


def running(database: Database) -> Any:
    """A script job with a grandchild in a session of its own, as it runs."""
    (id,) = database.writing(
        lambda tx: executions.enqueue(tx, [NewExecution("script", {"language": "bash", "script": SCRIPT})])
    )
    return lambda: database.reading(lambda tx: history.get(tx, id))


def test_killing_the_worker_kills_its_work_and_frees_it_at_once(
    database: Database, process: subprocess.Popen[bytes], eventually: Callable[..., None]
) -> None:
    read = running(database)
    eventually(lambda: read().state is State.RUNNING, within=30)
    (worker,) = known(database)
    eventually(lambda: len(survivors(f"ROTA_WORKER={worker.id}")) >= 3)
    left = survivors(f"ROTA_WORKER={worker.id}")
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    eventually(lambda: known(database)[0].state == workers.DEAD)
    (dead,) = known(database)
    assert dead.ended_at is not None
    assert dead.lease_expires_at <= dead.ended_at
    assert survivors(f"ROTA_WORKER={worker.id}") == []
    assert not any(Path(f"/proc/{pid}/environ").exists() and _alive(pid) for pid in left)
    lost = database.writing(lambda tx: leases.without_lease(tx, 10))
    assert [claim.id for claim, _ in lost] == [read().id]


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
