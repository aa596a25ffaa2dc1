"""Real processes: nothing of a tree is left, and nothing else is touched."""

import asyncio
import os
import resource
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from rota import processes

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")

AWAY = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        open(sys.argv[1], "w").write(str(os.getpid()))
        time.sleep(300)
    os._exit(0)
os.wait()
time.sleep(300)
"""
"""Daemonises a grandchild, writes its pid to a file, and stays."""

STUBBORN = "trap '' TERM; echo ready; while :; do sleep 300 & wait $!; done"


@pytest.fixture
def marker() -> Iterator[str]:
    name = f"ROTA_TEST={uuid.uuid4()}"
    yield name
    processes.kill_marked(name)


def variables(marker: str) -> dict[str, str]:
    name, _, value = marker.partition("=")
    return {name: value}


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


async def until(condition: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition never became true"
        await asyncio.sleep(0.01)


def written(path: Path) -> int:
    text = path.read_text() if path.exists() else ""
    return int(text) if text else 0


class Output:
    def __init__(self) -> None:
        self.data = {1: bytearray(), 2: bytearray()}

    def __call__(self, fd: int, data: bytes) -> None:
        self.data[fd] += data


def run(scenario: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(scenario, 60))


def test_a_child_gets_its_input_and_gives_its_output_and_code(marker: str) -> None:
    async def scenario() -> None:
        output = Output()
        child = await processes.start(
            ["sh", "-c", "cat; echo oops >&2; exit 3"], variables=variables(marker), output=output, stdin=b"hello"
        )
        assert await child.wait() == 3
        assert await child.drain(5)
        child.close()
        assert (bytes(output.data[1]), bytes(output.data[2])) == (b"hello", b"oops\n")

    run(scenario())


def test_a_child_sees_only_the_allowed_environment(marker: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROTA_ADMIN_TOKEN", "canary")
    monkeypatch.setenv("LD_PRELOAD_NOT", "canary")
    monkeypatch.setenv("LC_TIME", "C")

    async def scenario() -> None:
        output = Output()
        child = await processes.start(["env"], variables=variables(marker), output=output)
        assert await child.wait() == 0
        await child.drain(5)
        child.close()
        names = {line.partition("=")[0] for line in output.data[1].decode().splitlines()}
        assert b"canary" not in output.data[1]
        assert "LC_TIME" in names
        assert "ROTA_TEST" in names
        assert names <= {"PATH", "HOME", "LANG", "TZ", "TMPDIR", "ROTA_TEST"} | {n for n in names if n[:3] == "LC_"}

    run(scenario())


def test_a_missing_program_is_an_oserror(marker: str) -> None:
    async def scenario() -> None:
        with pytest.raises(FileNotFoundError):
            await processes.start(["/no/such/program"], variables=variables(marker), output=Output())

    run(scenario())


def test_a_grandchild_in_another_session_is_stopped(marker: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        path = tmp_path / "pid"
        child = await processes.start(
            [sys.executable, "-c", AWAY, str(path)], variables=variables(marker), output=Output()
        )
        await until(lambda: written(path))
        grandchild = written(path)
        assert {child.pid, grandchild} <= set(processes.survivors(marker))
        assert await processes.stop_tree(child.pid, marker, 1) == []
        assert await child.wait() == -signal.SIGTERM
        child.close()
        assert not alive(grandchild)
        assert processes.survivors(marker) == []

    run(scenario())


def test_an_orphan_with_a_cleared_environment_is_found_by_its_session(marker: str, tmp_path: Path) -> None:
    async def scenario() -> None:
        path = tmp_path / "pid"
        text = f"(env -i sh -c 'echo $$ > {path}; exec sleep 300' &) ; sleep 300"
        child = await processes.start(["sh", "-c", text], variables=variables(marker), output=Output())
        await until(lambda: written(path))
        orphan = written(path)
        await until(lambda: Path(f"/proc/{orphan}/comm").read_text() == "sleep\n")
        assert orphan not in processes.survivors(marker)
        assert await processes.stop_tree(child.pid, marker, 1) == []
        await child.wait()
        child.close()
        assert not alive(orphan)

    run(scenario())


def test_what_ignores_sigterm_is_killed_after_the_grace(marker: str) -> None:
    async def scenario() -> None:
        output = Output()
        child = await processes.start(["bash", "-c", STUBBORN], variables=variables(marker), output=output)
        await until(lambda: output.data[1])
        assert await processes.stop_tree(child.pid, marker, 0.2) == []
        assert await child.wait() == -signal.SIGKILL
        child.close()

    run(scenario())


def test_a_stopped_process_still_gets_its_sigterm(marker: str) -> None:
    async def scenario() -> None:
        child = await processes.start(["sleep", "300"], variables=variables(marker), output=Output())
        os.kill(child.pid, signal.SIGSTOP)
        assert await processes.stop_tree(child.pid, marker, 10) == []
        assert await child.wait() == -signal.SIGTERM
        child.close()

    run(scenario())


def test_other_processes_are_left_alone(marker: str) -> None:
    async def scenario() -> None:
        other = f"ROTA_TEST={uuid.uuid4()}"
        neighbour = await processes.start(["sleep", "300"], variables=variables(other), output=Output())
        child = await processes.start(["sleep", "300"], variables=variables(marker), output=Output())
        assert await processes.stop_tree(child.pid, marker, 1) == []
        assert alive(neighbour.pid)
        assert await processes.stop_tree(neighbour.pid, other, 1) == []
        for one in (child, neighbour):
            await one.wait()
            one.close()

    run(scenario())


def test_a_pid_that_is_not_our_child_is_not_signalled(marker: str) -> None:
    """As after the pid was collected and went to somebody else."""
    with subprocess.Popen(
        ["sh", "-c", "sleep 300 & echo $!; wait"], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as shell:
        assert shell.stdout is not None
        stranger = int(shell.stdout.readline())
        assert asyncio.run(processes.stop_tree(stranger, marker, 0)) == []
        assert alive(stranger)
        os.killpg(shell.pid, signal.SIGKILL)


def test_kill_marked_kills_the_work_of_a_dead_worker(marker: str, tmp_path: Path) -> None:
    path = tmp_path / "pid"
    name, _, value = marker.partition("=")
    with subprocess.Popen([sys.executable, "-c", AWAY, str(path)], env=os.environ | {name: value}) as child:
        deadline = time.monotonic() + 20
        while not written(path):
            assert time.monotonic() < deadline
        assert processes.kill_marked(marker) == []
        assert child.wait(10) == -signal.SIGKILL
    assert not alive(written(path))


def test_the_caller_is_never_killed_by_its_own_marker() -> None:
    marker = f"ROTA_TEST={uuid.uuid4()}"
    name, _, value = marker.partition("=")
    text = f"from rota import processes; print(processes.kill_marked({marker!r}), processes.survivors({marker!r}))"
    done = subprocess.run(
        [sys.executable, "-c", text], env=os.environ | {name: value}, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[] []\n"


@pytest.mark.parametrize("marker", ["", "ROTA_WORKER", "ROTA_WORKER=", "=x", "A=b\0C=d"])
def test_a_marker_that_would_match_too_much_is_refused(marker: str) -> None:
    with pytest.raises(ValueError, match="marker"):
        processes.kill_marked(marker)


def test_limits_are_set_and_never_raised(marker: str) -> None:
    async def scenario() -> None:
        child = await processes.start(["sleep", "300"], variables=variables(marker), output=Output())
        processes.limit(child.pid, {resource.RLIMIT_NOFILE: 32, resource.RLIMIT_FSIZE: 1 << 20})
        processes.limit(child.pid, {resource.RLIMIT_NOFILE: 64})
        assert resource.prlimit(child.pid, resource.RLIMIT_NOFILE) == (32, 32)
        assert resource.prlimit(child.pid, resource.RLIMIT_FSIZE) == (1 << 20, 1 << 20)
        assert resource.prlimit(child.pid, resource.RLIMIT_CORE) == (0, 0)
        await processes.stop_tree(child.pid, marker, 1)
        await child.wait()
        child.close()

    run(scenario())
