"""Child processes that leave nothing behind.

A child starts in its own session with a scrubbed environment that carries *markers* such as `ROTA_WORKER=<id>`. A
marker is inherited by everything the child starts, so that `/proc/PID/environ` still names a grandchild that left the
process group with `setsid` and was adopted by init. Only a process that both breaks away from its ancestors and clears
its environment escapes; work that is not trusted that far belongs in a container.

Nothing here ever signals by name, and nothing ever signals the calling process.
"""

import asyncio
import contextlib
import errno
import os
import resource
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

KILL_SECONDS = 5.0
"""How long killing is repeated until nothing is left."""

_PROC = Path("/proc")
_HAS_PROC = (_PROC / "self" / "stat").exists()
_INHERITED = ("PATH", "HOME", "LANG", "TZ", "TMPDIR")
_DEAD = frozenset("ZXx")
_OUT_OF_MEMORY_PREFERENCE = "500"

Output = Callable[[int, bytes], None]
"""Takes the file descriptor, 1 or 2, and the bytes that came. Called on the event loop; must not block."""


def scrubbed_environment(variables: Mapping[str, str]) -> dict[str, str]:
    """The environment of a child: the few variables that any program needs, and `variables`. No secret of ours."""
    inherited = {name: value for name, value in os.environ.items() if name in _INHERITED or name.startswith("LC_")}
    return inherited | dict(variables)


class Child(asyncio.SubprocessProtocol):
    """A running child. Made by `start`."""

    def __init__(self, output: Output) -> None:
        self.pid = 0
        self._output = output
        self._exited = asyncio.Event()
        self._drained = asyncio.Event()
        self._open = {0, 1, 2}
        self._transport: asyncio.SubprocessTransport | None = None

    async def wait(self) -> int:
        """The exit code, or the negative signal number; does not wait for output that others still hold open."""
        await self._exited.wait()
        code = self._transport.get_returncode() if self._transport else None
        return -signal.SIGKILL if code is None else code

    async def drain(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds until everybody closed the output. Whether they did."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._drained.wait(), timeout)
        return self._drained.is_set()

    def close(self) -> None:
        """Give back the pipes. Call it when the tree has been stopped."""
        if self._transport is not None:
            pipe = self._transport.get_pipe_transport(0)
            if 0 in self._open and isinstance(pipe, asyncio.WriteTransport):
                pipe.abort()
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.SubprocessTransport)
        self._transport = transport
        self.pid = transport.get_pid()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self._output(fd, data)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        self._open.discard(fd)
        if not self._open & {1, 2}:
            self._drained.set()

    def process_exited(self) -> None:
        self._exited.set()


async def start(
    argv: Sequence[str],
    *,
    variables: Mapping[str, str],
    output: Output,
    directory: Path | None = None,
    stdin: bytes | None = None,
) -> Child:
    """Start `argv` in its own session. OSError when there is no such program or directory.

    Put a marker into `variables` and call `stop_tree` with it afterwards, whatever happened.
    """
    transport, child = await asyncio.get_running_loop().subprocess_exec(
        lambda: Child(output),
        *argv,
        stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=scrubbed_environment(variables),
        cwd=directory,
        start_new_session=True,
    )
    child.connection_made(transport)
    with contextlib.suppress(OSError):
        (_PROC / str(child.pid) / "oom_score_adj").write_text(_OUT_OF_MEMORY_PREFERENCE)
    if stdin is not None:
        pipe = transport.get_pipe_transport(0)
        assert isinstance(pipe, asyncio.WriteTransport)
        pipe.write(stdin)
        pipe.close()
    return child


def limit(pid: int, limits: Mapping[int, int]) -> None:
    """Set resource limits (`resource.RLIMIT_*` to a value) on a process that was just started; never raises them.

    Also turns off its core dumps, which would write secrets to disk. Does nothing where `prlimit` is missing.
    """
    if not hasattr(resource, "prlimit"):
        return
    for which, value in {resource.RLIMIT_CORE: 0, **limits}.items():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            _, hard = resource.prlimit(pid, which)
            bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.prlimit(pid, which, (bound, bound))


async def stop_tree(pid: int | None, marker: str, grace: float) -> list[int]:
    """Stop the child `pid`, its process group, its descendants and every process that carries `marker`.

    They get SIGTERM, then `grace` seconds, then SIGKILL, repeated until none is left or `KILL_SECONDS` passed. `marker`
    is `NAME=value`; `pid` may be None when it never became known. Returns the pids that are still alive.
    """
    if not _HAS_PROC:
        return await _stop_group(pid, grace)
    tree = _Tree(marker, pid)
    alive = await asyncio.to_thread(tree.scan)
    if alive and grace > 0:
        tree.signal(alive, signal.SIGTERM)
        tree.signal(alive, signal.SIGCONT)
        deadline = time.monotonic() + grace
        for pause in _pauses(deadline):
            await asyncio.sleep(pause)
            if not (alive := await asyncio.to_thread(tree.scan)):
                break
    for pause in _pauses(time.monotonic() + KILL_SECONDS) if alive else ():
        tree.signal(alive, signal.SIGKILL)
        await asyncio.sleep(pause)
        if not (alive := await asyncio.to_thread(tree.scan)):
            break
    return sorted(process.pid for process in alive)


def survivors(marker: str) -> list[int]:
    """The pids, other than the caller's, of living processes that carry `marker`."""
    return sorted(process.pid for process in _Tree(marker, None).scan())


def kill_marked(marker: str) -> list[int]:
    """Kill every process that carries `marker`, with its descendants, at once. Returns the pids still alive.

    For a guard that outlives its worker. Blocks up to `KILL_SECONDS`.
    """
    tree = _Tree(marker, None)
    alive = tree.scan()
    for pause in _pauses(time.monotonic() + KILL_SECONDS) if alive else ():
        tree.signal(alive, signal.SIGKILL)
        time.sleep(pause)
        if not (alive := tree.scan()):
            break
    return sorted(process.pid for process in alive)


def _pauses(deadline: float) -> Iterator[float]:
    """Growing waits, in seconds, until `deadline`; at least one."""
    pause = 0.005
    while True:
        yield pause
        if time.monotonic() >= deadline:
            return
        pause = min(pause * 1.5, 0.1)


@dataclass(frozen=True, slots=True)
class _Process:
    pid: int
    parent: int
    group: int
    session: int
    started: int

    @property
    def identity(self) -> tuple[int, int]:
        """A pid alone may be used again; together with its start time it is not."""
        return self.pid, self.started


class _Tree:
    """Everything that one child started, as far as /proc can tell."""

    def __init__(self, marker: str, pid: int | None) -> None:
        name, _, value = marker.partition("=")
        if not name or not value or "\0" in marker:
            raise ValueError("a marker is NAME=value")
        self._marker = os.fsencode(marker)
        self._pid = pid
        self._known: set[tuple[int, int]] = set()

    def scan(self) -> list[_Process]:
        """The members alive now. One that was seen once stays a member, also when its parents are gone."""
        if not _HAS_PROC:
            return []
        own = os.getpid()
        table = {process.pid: process for process in _processes() if process.pid not in (0, 1, own)}
        members = {pid for pid, process in table.items() if self._belongs(process, table, own)}
        children: dict[int, list[int]] = {}
        for process in table.values():
            children.setdefault(process.parent, []).append(process.pid)
        pending = list(members)
        while pending:
            fresh = [child for child in children.get(pending.pop(), ()) if child not in members]
            members.update(fresh)
            pending.extend(fresh)
        found = [table[pid] for pid in members]
        self._known.update(process.identity for process in found)
        return found

    def signal(self, members: Sequence[_Process], number: signal.Signals) -> None:
        """Signal the process group, which the kernel does in one step, and every member by itself."""
        grouped = [process for process in members if process.group == self._pid]
        if grouped and self._pid is not None and self._pid != os.getpgid(0):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._pid, number)
        for process in members:
            if process not in grouped or number == signal.SIGKILL:
                _signal(process, number)

    def _belongs(self, process: _Process, table: Mapping[int, _Process], own: int) -> bool:
        if process.identity in self._known or self._marked(process.pid):
            return True
        if process.pid == self._pid:
            return process.parent == own
        if process.session != self._pid:
            return False
        # A session outlives its leader, and while it does its number cannot go to a stranger.
        leader = table.get(self._pid)
        return leader is None or leader.identity in self._known or self._belongs(leader, table, own)

    def _marked(self, pid: int) -> bool:
        try:
            return self._marker in (_PROC / str(pid) / "environ").read_bytes().split(b"\0")
        except OSError:
            return False


def _processes() -> Iterator[_Process]:
    for name in os.listdir(_PROC):
        if name.isdecimal() and (process := _read(int(name))):
            yield process


def _read(pid: int) -> _Process | None:
    """What /proc/PID/stat says (proc_pid_stat(5)); None for a zombie, which is only an exit code to be collected."""
    try:
        fields = (_PROC / str(pid) / "stat").read_text("ascii", "replace").rpartition(")")[2].split()
        if fields[0] in _DEAD:
            return None
        return _Process(pid, int(fields[1]), int(fields[2]), int(fields[3]), int(fields[19]))
    except (OSError, ValueError, IndexError):
        return None


def _signal(process: _Process, number: signal.Signals) -> None:
    """Signal exactly this process: a pid that went to a stranger meanwhile is left alone."""
    descriptor = None
    try:
        with contextlib.suppress(OSError):
            descriptor = os.pidfd_open(process.pid)
        if (now := _read(process.pid)) is None or now.identity != process.identity:
            return
        if descriptor is not None:
            signal.pidfd_send_signal(descriptor, number)
        else:  # a kernel before 5.3
            os.kill(process.pid, number)
    except OSError as error:
        if error.errno not in (errno.ESRCH, errno.EPERM):
            raise
    finally:
        if descriptor is not None:
            os.close(descriptor)


async def _stop_group(pid: int | None, grace: float) -> list[int]:
    """Where there is no /proc: the process group is all that can be reached."""
    if pid is None:
        return []
    for number, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, KILL_SECONDS)):
        for pause in _pauses(time.monotonic() + patience):
            try:
                os.killpg(pid, number if pause == 0.005 else 0)
            except OSError:
                return []
            await asyncio.sleep(pause)
    return [pid]
