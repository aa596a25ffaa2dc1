"""Coordinators and workers on one store, every one a real process, and the faults that befall them."""

import json
import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import witness
from driver import Rota, eventually
from servers import Store

APPLICATION = Path(witness.__file__)
LEASE, HEARTBEAT, REAPER, MARGIN, CLAIM = 6.0, 2.0, 1.0, 1.0, 1.0
BOUND = LEASE + REAPER + CLAIM
"""L + R + P: how soon work of a dead worker starts again."""
PROFILE = {
    "ROTA_LEASE__SECONDS": f"{LEASE:g}",
    "ROTA_LEASE__HEARTBEAT_SECONDS": f"{HEARTBEAT:g}",
    "ROTA_LEASE__REAPER_SECONDS": f"{REAPER:g}",
    "ROTA_LEASE__MARGIN_SECONDS": f"{MARGIN:g}",
    "ROTA_LOG": "quiet",
}


@dataclass
class Fault:
    """One fault. `begin` and `end` are monotonic ns; `pids` are the Rota processes that it befell, none = all."""

    kind: str
    target: str
    begin: int
    end: int = 0
    pids: frozenset[int] = frozenset()
    alone: bool = False
    """It took the last coordinator away: it lasts until that one is back."""

    def befell(self, pid: int, since: int, until: int) -> bool:
        """Whether it befell this process at some moment between the two."""
        return (not self.pids or pid in self.pids) and self.begin <= until and (self.end or until) >= since


@dataclass
class Fleet:
    """What runs on one store, and what was done to it."""

    folder: Path
    store: Store
    faults: list[Fault] = field(default_factory=list)
    coordinators: dict[str, Rota] = field(default_factory=dict)
    workers: dict[str, Rota] = field(default_factory=dict)
    owners: dict[int, str] = field(default_factory=dict)
    """The name of the member that had this process id as its main process."""
    _stack: ExitStack = field(default_factory=ExitStack)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _numbers: Iterator[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        self.witness.mkdir(parents=True)

    def __enter__(self) -> "Fleet":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def witness(self) -> Path:
        """The folder that the jobs write to."""
        return self.folder / "witness"

    @property
    def api(self) -> Rota:
        """A coordinator that answers."""
        return next(one for one in self.coordinators.values() if one.alive)

    def coordinator(
        self,
        name: str = "coordinator",
        *words: str,
        command: str = "server",
        url: str | None = None,
        variables: Mapping[str, str] | None = None,
    ) -> Rota:
        """Start a coordinator, and wait until it is ready. `command` is `up` for one with a worker in it."""
        made = self._made(name, words, url, variables, ())
        self.coordinators[name] = made
        if command == "up":
            self.workers[name] = made
        self._started(name, made, command)
        made.wait_ready()
        return made

    def worker(
        self,
        name: str = "worker",
        *words: str,
        url: str | None = None,
        over_http: tuple[str, ...] = (),
        variables: Mapping[str, str] | None = None,
    ) -> Rota:
        """Start a worker. Does not wait. `over_http` are the coordinators that it speaks to instead of the store."""
        if over_http:
            token = self.api.post("/api/keys", {"name": f"{name}-{next(self._numbers)}", "role": "worker"})["token"]
            variables = {"ROTA_TOKEN": token, **(variables or {})}
        made = self._made(name, words, url, variables, over_http)
        self.workers[name] = made
        self._started(name, made, "worker")
        return made

    def stranger(self, name: str, *words: str) -> Rota:
        """Start a worker that has none of the application's jobs. Does not wait."""
        made = self._made(name, words, None, None, (), apps=())
        self.workers[name] = made
        self._started(name, made, "worker")
        return made

    def wait_alive(self, count: int | None = None, within: float = 30) -> None:
        """Wait until so many workers are trusted: all of them, unless told otherwise."""
        wanted = len(self.workers) if count is None else count
        eventually(lambda: len(self.alive()) == wanted, within, f"{wanted} workers are alive")

    def alive(self) -> list[Any]:
        """The workers that are trusted now, as the API shows them."""
        items: list[Any] = self.api.get("/api/workers", state="Alive")["items"]
        return items

    def restart(self, name: str) -> Rota:
        """Start a member again that has ended, as the plan would have it; a coordinator is waited for."""
        if name in self.coordinators:
            member = self.coordinators[name]
            self._started(name, member, "up" if name in self.workers else "server")
            member.wait_ready(60)
            last = next((fault for fault in reversed(self.faults) if fault.target == name and fault.pids), None)
            if last is not None and last.alone:
                last.end = time.monotonic_ns()
            return member
        self._started(name, self.workers[name], "worker")
        return self.workers[name]

    def kill(self, name: str, *, whole: bool = False) -> Fault:
        """SIGKILL one member: the one process, or with its guard and all of its children."""
        member = self._member(name)
        fault = self._fault("power cut" if whole else "kill", name, {member.pid})
        fault.alone = name in self.coordinators and not any(
            one.alive for other, one in self.coordinators.items() if other != name
        )
        if whole:
            member.cut_power()
        else:
            member.kill()
        fault.end = time.monotonic_ns()
        return fault

    @contextmanager
    def frozen(self, name: str, *, whole: bool = False) -> Iterator[Fault]:
        """SIGSTOP one member for as long as the block runs: the one process, or with its guard and all of its children."""
        member = self._member(name)
        fault = self._fault("freeze of all" if whole else "freeze", name, {member.pid})
        member.freeze(whole=whole)
        try:
            yield fault
        finally:
            member.thaw()
            fault.end = time.monotonic_ns()

    @contextmanager
    def outage(self, kind: str = "store killed") -> Iterator[Fault]:
        """The store is away for as long as the block runs: killed before, started again after it."""
        fault = self._fault(kind, self.store.kind, set())
        self.store.kill()
        try:
            yield fault
        finally:
            self.store.start()
            fault.end = time.monotonic_ns()

    @contextmanager
    def told(self, kind: str, target: str, pids: set[int] | None = None) -> Iterator[Fault]:
        """A fault of the test's own, for as long as the block runs. Without `pids` it befalls every process."""
        fault = self._fault(kind, target, pids or set())
        try:
            yield fault
        finally:
            fault.end = time.monotonic_ns()

    def idle(self) -> bool:
        """Whether nothing is left to do."""
        live = "Scheduled,Pending,Running,Retrying,Cancelling,Waiting"
        return not self.api.get("/api/executions", state=live, limit=1)["items"]

    def wait_idle(self, within: float) -> None:
        """Wait until nothing is left to do."""
        eventually(self.idle, within, "all work is done")

    def stop(self) -> None:
        """End everything in order; every member that still runs must end well."""
        for name, member in [*self.workers.items(), *self.coordinators.items()]:
            if member.alive:
                member.thaw()
                eventually(lambda m=member: "ready" in m.output, 30, f"{name} hears signals")
                assert member.stop() == 0, f"{name}: {member.errors[-4000:]}"

    def _member(self, name: str) -> Rota:
        return self.workers.get(name) or self.coordinators[name]

    def _fault(self, kind: str, target: str, pids: set[int]) -> Fault:
        fault = Fault(kind, target, time.monotonic_ns(), pids=frozenset(pids))
        with self._lock:
            self.faults.append(fault)
        return fault

    def _made(
        self,
        name: str,
        words: tuple[str, ...],
        url: str | None,
        variables: Mapping[str, str] | None,
        over_http: tuple[str, ...],
        apps: Sequence[Path] = (APPLICATION,),
    ) -> Rota:
        settings = PROFILE | {witness.FOLDER: str(self.witness)} | dict(variables or {})
        made = Rota(
            self.folder / name,
            *words,
            apps=apps,
            variables=settings,
            store=url or self.store.url,
            coordinators=over_http,
        )
        self._stack.callback(made.close)
        return made

    def _started(self, name: str, member: Rota, command: str) -> None:
        member.start(command)
        self.owners[member.pid] = name

    def write_faults(self, file: Path, seed: int) -> None:
        """The faults that were, as JSON: what a failed test is looked into with."""
        shown = [vars(fault) | {"pids": sorted(fault.pids)} for fault in self.faults]
        file.write_text(json.dumps({"seed": seed, "pid": os.getpid(), "faults": shown}, indent=1))
