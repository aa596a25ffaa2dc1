"""Real Rota processes: started, watched through /proc, ended by their pid."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOKEN = "bench-admin-token"
PATIENCE_SECONDS = 60.0
_TICKS = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")


@contextmanager
def rota(*arguments: str, output: Path, settings: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """`python -m rota ARGUMENTS`, with what it says in the file `output` and `settings` in its environment."""
    with output.open("ab") as said:
        process = subprocess.Popen(
            [sys.executable, "-m", "rota", *arguments],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            env={**_environment(), "ROTA_ADMIN_TOKEN": TOKEN, **(settings or {})},
        )
    try:
        yield process
    finally:
        stop(process)


def _environment() -> dict[str, str]:
    """Without whatever configures a Rota of the person who measures."""
    return {name: value for name, value in os.environ.items() if not name.startswith("ROTA_")}


def stop(process: "subprocess.Popen[bytes]") -> None:
    """End a process in order, or by force when it takes long."""
    if process.poll() is None:
        process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(20)
        return
    for pid in reversed(tree(process.pid)):
        with suppress(ProcessLookupError):
            os.kill(pid, 9)
    process.wait()


def wait_for_start(process: "subprocess.Popen[bytes]", output: Path, seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until the process says that it is ready. RuntimeError with its words when it ends instead."""
    deadline = time.monotonic() + seconds
    while b"is ready" not in output.read_bytes():
        _still_there(process, output, deadline)
        time.sleep(0.01)


def wait_until_ready(process: "subprocess.Popen[bytes]", port: int, output: Path) -> None:
    """Wait until `/health/ready` answers 200."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not _is_ready(port):
        _still_there(process, output, deadline)
        time.sleep(0.005)


def _still_there(process: "subprocess.Popen[bytes]", output: Path, deadline: float) -> None:
    if process.poll() is not None or time.monotonic() > deadline:
        said = output.read_text(errors="replace")[-2000:]
        raise RuntimeError(f"rota did not become ready (exit code {process.poll()}): {said}")


def _is_ready(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def tree(pid: int) -> list[int]:
    """The process and its descendants, parents first."""
    children: dict[int, list[int]] = {}
    for name in os.listdir(_PROC):
        if name.isdecimal() and (fields := _stat(int(name))):
            children.setdefault(int(fields[1]), []).append(int(name))
    found = [pid]
    for member in found:
        found.extend(children.get(member, ()))
    return found


def started_at(pid: int) -> float:
    """When a process was made, in seconds of CLOCK_BOOTTIME; exact to 10 ms."""
    fields = _stat(pid)
    if fields is None:
        raise RuntimeError(f"the process {pid} is gone")
    return int(fields[19]) / _TICKS


def cpu_seconds(pids: Sequence[int]) -> float:
    """CPU time that the processes and their collected children have used so far."""
    ticks = 0
    for pid in pids:
        for top in tree(pid):
            if fields := _stat(top):
                ticks += sum(int(value) for value in fields[11:15])
    return ticks / _TICKS


def memory(pid: int) -> tuple[float, float]:
    """RSS and PSS of one process in MB (10^6 bytes); PSS shares out what several processes have in common."""
    sizes = {}
    for line in (_PROC / str(pid) / "smaps_rollup").read_text().splitlines()[1:]:
        name, _, rest = line.partition(":")
        sizes[name] = int(rest.split()[0]) * 1024 / 1e6
    return sizes["Rss"], sizes["Pss"]


def _stat(pid: int) -> list[str] | None:
    try:
        return (_PROC / str(pid) / "stat").read_text("ascii", "replace").rpartition(")")[2].split()
    except OSError:
        return None
