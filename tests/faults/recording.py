"""A client that writes down what it asked and what it was told: only what was answered counts as accepted."""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any, Literal

import httpx2
from driver import TOKEN

_PAUSE_SECONDS = 0.1


@dataclass(slots=True)
class Operation:
    """One request: `ok` was answered well, `fail` was refused, `info` is unknown. Times are monotonic ns."""

    key: str
    kind: str
    invoked: int
    told: int = 0
    outcome: Literal["ok", "fail", "info"] = "info"
    status: int = 0
    id: str | None = None


@dataclass
class Recorder:
    """Submits work to coordinators in turn, from several threads, and repeats what got no answer under its own key."""

    urls: Sequence[str]
    operations: list[Operation] = field(default_factory=list)
    token: str = TOKEN
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def accepted(self) -> set[str]:
        """The executions that were answered well."""
        return {one.id for one in self.operations if one.outcome == "ok" and one.id is not None}

    @property
    def unknown(self) -> int:
        """How many requests got no answer."""
        return sum(one.outcome == "info" for one in self.operations)

    def submit(
        self,
        bodies: Iterable[dict[str, Any]],
        *,
        prefix: str,
        threads: int = 4,
        tries: int = 1,
        done: Callable[[int], None] = lambda accepted: None,
    ) -> int:
        """Submit all of `bodies`; how many were accepted. Each is repeated up to `tries` times until it is answered."""
        waiting = iter(enumerate(bodies))
        accepted = 0

        def work(number: int) -> None:
            nonlocal accepted
            turn = cycle([*self.urls[number % len(self.urls) :], *self.urls[: number % len(self.urls)]])
            clients = {url: self._client(url) for url in self.urls}
            try:
                while True:
                    with self._lock:
                        item = next(waiting, None)
                    if item is None:
                        return
                    if self._until_answered(f"{prefix}-{item[0]}", item[1], clients, turn, tries):
                        with self._lock:
                            accepted += 1
                            now = accepted
                        done(now)
            finally:
                for client in clients.values():
                    client.close()

        workers = [threading.Thread(target=work, args=(number,), daemon=True) for number in range(threads)]
        for thread in workers:
            thread.start()
        for thread in workers:
            thread.join()
        return accepted

    def _client(self, url: str) -> httpx2.Client:
        return httpx2.Client(base_url=url, headers={"Authorization": f"Bearer {self.token}"}, timeout=15)

    def _until_answered(
        self, key: str, body: dict[str, Any], clients: dict[str, httpx2.Client], turn: "cycle[str]", tries: int
    ) -> bool:
        for attempt in range(tries):
            operation = self.ask(clients[next(turn)], key, body)
            if operation.outcome == "ok" or operation.status in (400, 401, 403, 409, 422):
                return operation.outcome == "ok"
            if attempt + 1 < tries:
                time.sleep(_PAUSE_SECONDS)  # the pace of the client, not a wait for something to have happened
        return False

    def ask(self, client: httpx2.Client, key: str, body: dict[str, Any]) -> Operation:
        """One request to submit, written down before it is sent."""
        operation = Operation(key, "submit", time.monotonic_ns())
        with self._lock:
            self.operations.append(operation)
        try:
            answer = client.post("/api/jobs", json=body, headers={"Idempotency-Key": key})
        except httpx2.TransportError:
            operation.told = time.monotonic_ns()
            return operation
        operation.told, operation.status = time.monotonic_ns(), answer.status_code
        if answer.status_code == 201:
            operation.outcome, operation.id = "ok", answer.json()["id"]
        elif answer.status_code < 500:
            operation.outcome = "fail"
        return operation
