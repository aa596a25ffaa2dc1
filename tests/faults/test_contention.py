"""F11, F13, F14, F15: a store that is crowded, contended, busy or full."""

import os
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import httpx2
import pytest
from driver import TOKEN, eventually
from evidence import Evidence, percentile
from fleet import Fleet
from recording import Recorder
from servers import PostgresStore, SqliteStore, Store

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]


@contextmanager
def crowd(store: PostgresStore) -> Iterator[None]:
    """Outsiders take every connection that the server has left, and hold on to them."""
    import psycopg

    with ExitStack() as stack:
        while True:
            try:
                stack.enter_context(closing(psycopg.connect(store.server.url("postgres"), autocommit=True)))
            except psycopg.OperationalError:
                break
        yield


@pytest.mark.stores("postgres")
def test_f11_no_connection_is_left(fleet: Fleet, report: Callable[..., None]) -> None:
    """Outsiders hold all connections, our pools are of one, and 500 requests come at once."""
    assert isinstance(fleet.store, PostgresStore)
    fleet.store.rows("ALTER ROLE postgres SET idle_session_timeout = 0")
    small = {"ROTA_STORE__POOL_SIZE": "1", "ROTA_STORE__POOL_TIMEOUT_SECONDS": "2"}
    fleet.coordinator(variables=small)
    fleet.worker("worker", "--concurrency", "10", variables=small)
    fleet.wait_alive()
    recorder = Recorder([fleet.api.url])
    recorder.submit([{"type": "work", "payload": {"seconds": 8}, "maxRetries": 5} for _ in range(10)], prefix="held")
    eventually(lambda: fleet.api.get("/health/jobs")["running"] == 10, 20, "it is under way")
    answers: list[httpx2.Response] = []
    lock = threading.Lock()

    def ask(number: int) -> None:
        with httpx2.Client(base_url=fleet.api.url, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=60) as client:
            answer = client.post("/api/jobs", json={"type": "work"}, headers={"Idempotency-Key": f"crowd-{number}"})
        with lock:
            answers.append(answer)

    with fleet.told("crowd", "clients", {-1}), crowd(fleet.store), ThreadPoolExecutor(100) as pool:
        list(pool.map(ask, range(500)))
    released = time.monotonic()
    eventually(
        lambda: recorder.submit([{"type": "work"}], prefix=f"after-{time.monotonic_ns()}") == 1, 10, "work again"
    )
    back = time.monotonic() - released
    fleet.wait_idle(60)
    evidence = Evidence.gathered(fleet, recorder)
    fleet.stop()
    kinds = {answer.status_code for answer in answers}
    unkind = [answer for answer in answers if answer.status_code == 503 and "retry-after" not in answer.headers]
    report(
        "F11",
        f"all connections taken, pools of one, 500 requests at once ({sum(a.status_code == 503 for a in answers)} x 503)",
        [
            ("leases lost", evidence.attempts("Lost"), 0),
            ("answers but 201 and 503", len(kinds - {201, 503}), 0),
            ("503 without Retry-After", len(unkind), 0),
            ("work again s", back, 5.0),
        ],
        evidence=evidence,
    )


INJECTED = """
CREATE FUNCTION stumble() RETURNS trigger AS $$ BEGIN
  IF random() < 0.01 THEN
    IF random() < 0.5 THEN RAISE EXCEPTION 'injected' USING ERRCODE = '40001';
    ELSE RAISE EXCEPTION 'injected' USING ERRCODE = '40P01'; END IF;
  END IF; RETURN NULL;
END $$ LANGUAGE plpgsql"""


@pytest.mark.stores("postgres")
def test_f13_contention_is_injected(fleet: Fleet, report: Callable[..., None]) -> None:
    """One statement in a hundred fails as a deadlock or a serialization failure does."""
    assert isinstance(fleet.store, PostgresStore)
    fleet.coordinator()
    fleet.worker("worker", "--concurrency", "20")
    fleet.worker("other", "--concurrency", "20")
    fleet.wait_alive()
    fleet.store.rows(INJECTED)
    tables = ("executions", "history", "attempts", "events", "workers", "idempotency")
    for table in tables:
        fleet.store.rows(
            f"CREATE TRIGGER stumble AFTER INSERT OR UPDATE OR DELETE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION stumble()"
        )
    recorder = Recorder([fleet.api.url])
    with fleet.told("contention", "statements", {-1}):
        recorder.submit([{"type": "work", "maxRetries": 5} for _ in range(1500)], prefix="contended")
        fleet.wait_idle(60)
    for table in tables:
        fleet.store.rows(f"DROP TRIGGER stumble ON {table}")
    evidence = Evidence.gathered(fleet, recorder)
    fleet.stop()
    refused = sum(one.outcome != "ok" for one in recorder.operations)
    rolled = fleet.store.rows("SELECT xact_rollback FROM pg_stat_database WHERE datname = current_database()")[0][0]
    report(
        "F13",
        "1 % of statements fail as deadlocks or serialization failures",
        [("failed transitions", refused + evidence.attempts("Lost") + evidence.attempts("Failed"), 0)],
        evidence=evidence,
        note=f"transactions rolled back {rolled}",
    )


@pytest.mark.stores("sqlite")
def test_f14_one_file_and_eight_processes(fleet: Fleet, tmp_path: Path, report: Callable[..., None]) -> None:
    """Eight processes write and read; a reader holds its snapshot for 10 s, and a backup runs."""
    assert isinstance(fleet.store, SqliteStore)
    for name in ("first", "second"):
        fleet.coordinator(name)
    for number in range(6):
        fleet.worker(f"worker-{number}", "--concurrency", "10")
    fleet.wait_alive()
    recorder = Recorder([one.url for one in fleet.coordinators.values()])
    with (
        closing(sqlite3.connect(fleet.store.file)) as reader,
        closing(sqlite3.connect(tmp_path / "backup.db")) as backup,
    ):
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM events").fetchone()
        begun = time.monotonic()
        with fleet.told("snapshot and backup", "file", {-1}):
            numbers = iter(range(10**6))
            while time.monotonic() < begun + 10:
                recorder.submit([{"type": "work"} for _ in range(100)], prefix=f"busy-{next(numbers)}")
                with closing(sqlite3.connect(fleet.store.file)) as source:
                    source.backup(backup, pages=100)
            reader.execute("ROLLBACK")
        sound = backup.execute("PRAGMA integrity_check").fetchone()[0]
    fleet.wait_idle(60)
    evidence = Evidence.gathered(fleet, recorder)
    fleet.stop()
    refused = [one for one in recorder.operations if one.outcome != "ok"]
    waits = sorted((one.told - one.invoked) / 1e9 for one in recorder.operations)
    busy = sum("busy" in member.everything_said for member in (*fleet.coordinators.values(), *fleet.workers.values()))
    assert sound == "ok"
    report(
        "F14",
        "8 processes on one file, a snapshot held for 10 s, a backup running",
        [("busy to a caller", len(refused), 0), ("busy said", busy, 0)],
        evidence=evidence,
        note=f"submission p99 {percentile(waits, 0.99) * 1000:.0f} ms",
    )


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of 16 MiB of its own."""
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(folder)], capture_output=True, text=True
    )
    if made.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {made.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.stores("sqlite")
def test_f15_the_disk_is_full(store: Store, tmp_path: Path, report: Callable[..., None]) -> None:
    """Writes are refused politely, reads go on, nothing is damaged, and it resumes alone once there is space."""
    with small_disk(tmp_path / "disk") as disk, Fleet(tmp_path / "fleet", SqliteStore(disk)) as fleet:
        fleet.coordinator()
        fleet.worker("worker", "--concurrency", "10")
        fleet.wait_alive()
        recorder = Recorder([fleet.api.url])
        recorder.submit([{"type": "work", "maxRetries": 100} for _ in range(200)], prefix="before")
        ballast = disk / "ballast"
        with fleet.told("disk full", "disk"):
            with ballast.open("wb") as file, ExitStack() as stack:
                stack.callback(os.sync)
                try:
                    while True:
                        file.write(b"x" * 65536)
                        file.flush()
                except OSError:
                    pass
            refused, reads = [], []
            for number in range(400):
                with fleet.api.new_client() as client:
                    operation = recorder.ask(
                        client, f"full-{number}", {"type": "work", "payload": {}, "maxRetries": 100}
                    )
                    reads.append(client.get("/api/executions", params={"limit": "1"}).status_code)
                refused.append(operation.status)
                if refused[-20:] == [503] * 20 or refused[-20:] == [507] * 20:
                    break
            ballast.unlink()
        freed = time.monotonic()
        eventually(
            lambda: recorder.submit([{"type": "work"}], prefix=f"after-{time.monotonic_ns()}") == 1, 20, "work again"
        )
        back = time.monotonic() - freed
        fleet.wait_alive(within=30)
        fleet.wait_idle(60)
        evidence = Evidence.gathered(fleet, recorder)
        integrity = fleet.store.integrity()
        fleet.stop()
    report(
        "F15",
        f"the disk full, then freed ({sum(status in (503, 507) for status in refused)} writes refused)",
        [
            ("unsound", integrity != "ok", 0),
            ("answers but 201, 503, 507", len(set(refused) - {201, 503, 507}), 0),
            ("never refused", not {503, 507} & set(refused), 0),
            ("reads refused", sum(status != 200 for status in reads), 0),
            ("work again s", back, 5.0),
        ],
        evidence=evidence,
    )
