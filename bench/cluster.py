"""A PostgreSQL of the bench's own, with the durability that PostgreSQL has out of the box: fsync and synchronous_commit on.

Everything else is as `initdb` leaves it, autovacuum too. `pg_stat_statements` is loaded and counts only where a measure
turns it on. With PG_BENCH_URL set, that server is used instead and nothing is started.
"""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg

from bench.measure import CannotMeasure
from bench.processes import free_port

_USER = "postgres"
_PATIENCE_SECONDS = 30.0
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "shared_preload_libraries": "pg_stat_statements",
    "pg_stat_statements.track": "none",
}
_TOLD = ("fsync", "synchronous_commit", "full_page_writes", "wal_sync_method", "shared_buffers", "autovacuum")


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running server. `pid` is None when it is somebody else's."""

    url: str
    pid: int | None

    def described(self) -> str:
        """Its version and the settings that matter for the figures."""
        with psycopg.connect(self.url) as connection:
            version = connection.info.parameter_status("server_version")
            settings = [f"{name}={connection.execute(f'SHOW {name}').fetchone()[0]}" for name in _TOLD]  # type: ignore[index]
        return f"PostgreSQL {version}, {', '.join(settings)}"


@contextmanager
def running(folder: Path) -> Iterator[Cluster]:
    """The server of PG_BENCH_URL, or a new one whose files are in `folder` and gone afterwards."""
    given = os.environ.get("PG_BENCH_URL")
    if given:
        yield Cluster(given, None)
        return
    home = folder / "postgresql"
    home.mkdir()
    if os.geteuid() == 0:  # PostgreSQL does not run as root
        folder.chmod(0o711)
        shutil.chown(home, _USER, _USER)
    try:
        with _started(home) as cluster:
            yield cluster
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def _started(home: Path) -> Iterator[Cluster]:
    _run(
        "initdb",
        "-D",
        str(home / "data"),
        "-U",
        _USER,
        "--auth=trust",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
        "--no-sync",
    )
    port = free_port()
    settings = {**_SETTINGS, "port": str(port), "unix_socket_directories": str(home)}
    command = [_binary("postgres"), "-D", str(home / "data")]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    with (home / "server.log").open("wb") as said:
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said, cwd="/", **_as_user())  # type: ignore[call-overload]
    try:
        url = f"postgresql://{_USER}@127.0.0.1:{port}/postgres"
        _wait_until_ready(server, url, home / "server.log")
        yield Cluster(url, server.pid)
    finally:
        _stop(server)


def _wait_until_ready(server: "subprocess.Popen[bytes]", url: str, log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        with suppress(psycopg.OperationalError):
            psycopg.connect(url, connect_timeout=2).close()
            return
        if server.poll() is not None or time.monotonic() > deadline:
            raise CannotMeasure(f"PostgreSQL did not start: {log.read_text(errors='replace')[-1000:]}")
        time.sleep(0.05)


def _stop(server: "subprocess.Popen[bytes]") -> None:
    """SIGINT ends sessions and shuts down in order; SIGQUIT is for a server that does not."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        if server.poll() is None:
            server.send_signal(number)
        with suppress(subprocess.TimeoutExpired):
            server.wait(20)
            return


def _run(name: str, *arguments: str) -> None:
    ran = subprocess.run(
        [_binary(name), *arguments], capture_output=True, text=True, check=False, timeout=120, cwd="/", **_as_user()
    )  # type: ignore[call-overload]
    if ran.returncode:
        raise CannotMeasure(f"{name} failed: {ran.stderr[-1000:]}")


def _as_user() -> dict[str, object]:
    return {"user": _USER, "group": _USER, "extra_groups": []} if os.geteuid() == 0 else {}


def _binary(name: str) -> str:
    """A program of the server: from PG_BIN, the newest installed version, or the path."""
    folders = [Path(os.environ["PG_BIN"])] if "PG_BIN" in os.environ else _installed()
    for folder in folders:
        if (folder / name).exists():
            return str(folder / name)
    found = shutil.which(name)
    if found is None:
        raise CannotMeasure(
            "no PostgreSQL server is installed; give its programs in PG_BIN or a server in PG_BENCH_URL"
        )
    return found


def _installed() -> Sequence[Path]:
    versions = Path("/usr/lib/postgresql").glob("*/bin")
    return sorted(
        versions, key=lambda folder: int(folder.parent.name) if folder.parent.name.isdecimal() else 0, reverse=True
    )
