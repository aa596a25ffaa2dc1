"""A client that writes down what it asked and what it was told: only what was answered counts as accepted."""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count, cycle, zip_longest
from typing import Any, Literal

import httpx2
from driver import TOKEN

from rota.domain.errors import Unavailable
from rota.domain.execution import NewExecution
from rota.stores import executions
from rota.stores.database import Database

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

    def submit_to_store(
        self, database: Database, batches: Iterable[Sequence[NewExecution]], *, prefix: str, pause: float = 0.0
    ) -> int:
        """Submit batches as a program beside Rota does, each in one transaction of its own; how many were accepted.

        A batch whose commit got no answer is unknown: other work takes its place.
        """
        accepted = 0
        for number, batch in enumerate(batches):
            for attempt in count():
                made = [
                    Operation(f"{prefix}-{number}.{attempt}-{item}", "submit", time.monotonic_ns())
                    for item in range(len(batch))
                ]
                with self._lock:
                    self.operations += made
                try:
                    ids = database.writing(lambda tx, batch=batch: executions.enqueue(tx, batch))
                except Unavailable:
                    ids = []
                for operation, id in zip_longest(made, ids):
                    operation.told = time.monotonic_ns()
                    if id is not None:
                        operation.outcome, operation.id = "ok", id
                if ids:
                    break
                time.sleep(_PAUSE_SECONDS)  # the pace of the client
            accepted += len(batch)
            time.sleep(pause)  # the pace of the client
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
