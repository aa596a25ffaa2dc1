"""Rota as its user has it: the `rota` command in processes of their own, reached over HTTP, ended by process id only."""

import os
import random
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import httpx2

T = TypeVar("T")

TERMINAL = {"Succeeded", "Failed", "Cancelled", "Skipped", "Expired"}

ROTA = str(Path(sys.executable).with_name("rota"))
TOKEN = "acceptance-admin-token"
STARTED: list["Rota"] = []
"""Every Rota that is not closed yet: what a failed test shows the words of."""

_PAUSE = 0.02
_BELOW_EPHEMERAL = (20_000, 32_000)


def eventually(probe: Callable[[], T], within: float, what: str) -> T:
    """The first true value of `probe`; fails with `what` when there is none within that many seconds."""
    deadline = time.monotonic() + within
    while not (value := probe()):
        assert time.monotonic() < deadline, f"not within {within:g} s: {what}"
        time.sleep(_PAUSE)
    return value


def free_port() -> int:
    """A port that nothing uses, from a range that the kernel gives to no outgoing connection between two starts."""
    while True:
        port = random.randint(*_BELOW_EPHEMERAL)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port


def carriers(*markers: str) -> list[int]:
    """The pids of living processes whose environment has one of these `NAME=value`."""
    wanted = {os.fsencode(marker) for marker in markers}
    found = []
    for name in os.listdir("/proc"):
        if name.isdecimal() and int(name) != os.getpid():
            try:
                variables = Path("/proc", name, "environ").read_bytes().split(b"\0")
            except OSError:
                continue  # gone, or not ours
            if not wanted.isdisjoint(variables):
                found.append(int(name))
    return found


def memory(pid: int, field: str = "VmRSS") -> int:
    """Resident memory of a process in bytes; `VmHWM` is the most it ever had."""
    found = re.search(rf"^{field}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) * 1024


def forget_peak(pid: int) -> int:
    """Let `VmHWM` of a process start again from what it uses now, which is given back in bytes."""
    with suppress(OSError):
        Path(f"/proc/{pid}/clear_refs").write_text("5")
    return memory(pid)


class Rota:
    """A Rota on a store and a port of its own. It can be stopped, killed and started again on the same ones.

    Each start has a TMPDIR of its own, which everything that it starts inherits: so /proc tells what is left of it.
    """

    def __init__(
        self,
        folder: Path,
        *words: str,
        apps: Sequence[str | Path] = (),
        variables: Mapping[str, str] | None = None,
        token: str | None = TOKEN,
        store: Path | str | None = None,
        coordinators: Sequence[str] = (),
    ) -> None:
        """`words` follow `rota up` on the command line. Without `token`, Rota makes its own at the first start.

        `store` is a file or a URL. A worker that is given `coordinators` works over HTTP and knows no store.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.db = str(folder / "rota.db" if store is None else store)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.token = token
        self.starts = 0
        self.process: subprocess.Popen[bytes] | None = None
        self._words = [*words, *(word for app in apps for word in ("--app", str(app)))]
        self.variables = dict(variables or {})
        self._coordinators = coordinators
        self._admin = {} if token is None or coordinators else {"ROTA_ADMIN_TOKEN": token}
        self._client: httpx2.Client | None = None
        STARTED.append(self)

    def __enter__(self) -> "Rota":
        return self.start().wait_ready()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def store(self) -> Path:
        """The file of its store."""
        return Path(self.db)

    @property
    def alive(self) -> bool:
        """Whether the process of the current start has not ended."""
        return self.process is not None and self.process.poll() is None

    @property
    def pid(self) -> int:
        """The process id of the current start."""
        assert self.process is not None
        return self.process.pid

    @property
    def marker(self) -> str:
        """What every process of the current start has in its environment."""
        return f"TMPDIR={self._temporary}"

    @property
    def _temporary(self) -> Path:
        return self.folder / f"tmp-{self.starts}"

    def start(self, command: str = "up", *more: str) -> "Rota":
        """Start `rota up`, or another of the commands that stay running. Does not wait."""
        assert self.process is None or self.process.poll() is not None, "it is running already"
        self.starts += 1
        self._temporary.mkdir()
        where = ["--db", self.db] + ([] if command == "worker" else ["--port", str(self.port)])
        if self._coordinators:
            where = [word for url in self._coordinators for word in ("--coordinator", url)]
        with self._said("out").open("wb") as output, self._said("err").open("wb") as errors:
            self.process = subprocess.Popen(
                [ROTA, command, *where, *self._words, *more],
                cwd=self.folder,
                env=self.environment() | self._admin | self.variables | {"TMPDIR": str(self._temporary)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
            )
        return self

    def wait_ready(self, within: float = 30) -> "Rota":
        """Wait until `/health/ready` answers 200 and the token is known."""

        def ready() -> bool:
            assert self.process is not None
            assert self.process.poll() is None, f"rota ended with {self.process.returncode}: {self.errors}"
            try:
                answered = httpx2.get(f"{self.url}/health/ready", timeout=5).status_code == 200
            except httpx2.TransportError:
                return False
            return answered and "store" in self.output

        eventually(ready, within, f"rota is ready; it said: {self.errors}")
        if self.token is None:
            found = re.search(r"^\s*token\s+(\S+)$", self.output, re.MULTILINE)
            assert found is not None, self.output
            self.token = found[1]
        return self

    def terminate(self) -> None:
        """Send SIGTERM. Does not wait."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)

    def wait_exit(self, within: float = 45) -> int:
        """Wait for the end of the process; its exit code."""
        assert self.process is not None
        return self.process.wait(within)

    def stop(self, within: float = 45) -> int:
        """SIGTERM, and wait for the end; the exit code."""
        self.terminate()
        return self.wait_exit(within)

    def kill(self) -> None:
        """SIGKILL to the one process; what it started is its own guard's business."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(30)

    def processes(self) -> list[int]:
        """The process and everything that the current start started, the guard as well."""
        return [self.pid, *(pid for pid in carriers(self.marker) if pid != self.pid)]

    def cut_power(self) -> None:
        """SIGKILL to everything at one instant: no guard is left to tidy up."""
        self.freeze(whole=True)
        for pid in self.processes():
            _signal(pid, signal.SIGKILL)
        assert self.process is not None
        self.process.wait(30)

    def freeze(self, *, whole: bool = False) -> None:
        """SIGSTOP to the one process or, as a suspended machine does, to everything."""
        for pid in self.processes() if whole else [self.pid]:
            _signal(pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT to everything."""
        for pid in self.processes():
            _signal(pid, signal.SIGCONT)

    def close(self) -> None:
        """End this Rota and whatever is left of it, also after a failure."""
        if self._client is not None:
            self._client.close()
            self._client = None
        if self.process is not None and self.process.poll() is None:
            self.kill()
        markers = [f"TMPDIR={self.folder / f'tmp-{number}'}" for number in range(1, self.starts + 1)]
        eventually(lambda: _killed(carriers(*markers)), 30, "nothing is left of this Rota")
        if self in STARTED:
            STARTED.remove(self)

    @property
    def output(self) -> str:
        """What the current start wrote to stdout."""
        return self._said("out").read_text(errors="replace")

    @property
    def errors(self) -> str:
        """What the current start wrote to stderr."""
        return self._said("err").read_text(errors="replace")

    @property
    def everything_said(self) -> str:
        """What all starts wrote to stdout and stderr."""
        files = sorted(self.folder.glob("said-*"))
        return "\n".join(file.read_text(errors="replace") for file in files)

    def _said(self, stream: str) -> Path:
        return self.folder / f"said-{self.starts}.{stream}"

    @staticmethod
    def environment() -> dict[str, str]:
        """The environment of this process without any setting of Rota."""
        return {name: value for name, value in os.environ.items() if not name.startswith("ROTA_")}

    def run(self, *words: str, within: float = 60) -> "subprocess.CompletedProcess[str]":
        """Run `rota` with these words in the folder, with the address and the token of this Rota."""
        mine = {"ROTA_URL": self.url, "COLUMNS": "200"} | ({} if self.token is None else {"ROTA_TOKEN": self.token})
        return subprocess.run(
            [ROTA, *words],
            cwd=self.folder,
            env=self.environment() | mine,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=within,
        )

    @property
    def client(self) -> httpx2.Client:
        """An HTTP client with the token. One thread at a time."""
        if self._client is None:
            self._client = self.new_client()
        return self._client

    def new_client(self, token: str | None = None) -> httpx2.Client:
        """A client of one's own, for a thread or for another token; close it."""
        return httpx2.Client(base_url=self.url, headers={"Authorization": f"Bearer {token or self.token}"}, timeout=30)

    def get(self, path: str, **query: object) -> Any:
        """The JSON of a GET that must succeed."""
        return self._checked(self.client.get(path, params={name: str(value) for name, value in query.items()}), 200)

    def post(self, path: str, body: object = None, status: int = 201) -> Any:
        """The JSON of a POST that must answer `status`."""
        return self._checked(self.client.post(path, json=body), status)

    def submit(self, type: str, payload: object = None, **fields: object) -> str:
        """Submit one execution; its id."""
        return str(self.post("/api/jobs", {"type": type, "payload": payload, **fields})["id"])

    def state(self, execution_id: str) -> str:
        """The state of an execution."""
        return str(self.get(f"/api/executions/{execution_id}")["state"])

    def wait_state(self, execution_id: str, state: str, within: float = 30) -> None:
        """Wait until an execution is in this state."""
        eventually(lambda: self.state(execution_id) == state, within, f"{execution_id} is {state}")

    def finished(self, execution_id: str, within: float = 40) -> Any:
        """The execution with its attempts, once it has ended."""
        eventually(lambda: self.state(execution_id) in TERMINAL, within, f"{execution_id} has ended")
        return self.get(f"/api/executions/{execution_id}")

    def triggered(self, job_id: str, within: float = 40, **order: object) -> Any:
        """Trigger a job; the execution once it has ended."""
        return self.finished(self.post(f"/api/jobs/{job_id}/trigger", order, status=202)["executionId"], within)

    @staticmethod
    def _checked(response: httpx2.Response, status: int) -> Any:
        assert response.status_code == status, f"{response.request.method} {response.request.url}: {response.text}"
        return response.json()


def _signal(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _killed(pids: Iterable[int]) -> bool:
    """Whether there was nothing to kill."""
    none = True
    for pid in pids:
        none = False
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    return none
