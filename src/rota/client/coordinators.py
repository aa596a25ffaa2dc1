"""Several coordinators of one store, as a worker over HTTP knows them: the first that answers is asked until it fails."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

import httpx2

from rota.client.client import Client
from rota.client.problems import CannotReach
from rota.domain.errors import ConfigurationInvalid, RotaError, Unavailable

T = TypeVar("T")

_PATIENCE_SECONDS = 10.0
_WAIT_SECONDS = 20.0
_LATER_SECONDS = 1.0


class Coordinators:
    """Asks one coordinator, and the next when that one is away."""

    def __init__(self, urls: Sequence[str], token: str) -> None:
        """ConfigurationInvalid if an address or the token cannot be one."""
        self.token = token
        self._clients = [Client(url, token) for url in urls]
        self._current = 0
        self.be_patient(_PATIENCE_SECONDS)

    @property
    def urls(self) -> list[str]:
        """All of them, in the order given."""
        return [client.url for client in self._clients]

    @property
    def url(self) -> str:
        """The one that is asked first now."""
        return self._clients[self._current].url

    def be_patient(self, seconds: float) -> None:
        """Wait at most so long for an answer."""
        for client in self._clients:
            client.patience = min(seconds, _PATIENCE_SECONDS)

    def ask(self, request: Callable[[Client], T]) -> T:
        """What `request` gives. While nobody hears it, it is made of the next coordinator.

        Unavailable when none is there, or when it is not known what became of the request: then the next one is asked
        the next time. What a coordinator refuses is raised at once; ConfigurationInvalid when none of them is one.
        """
        failures: list[RotaError] = []
        for _ in self._clients:
            try:
                return request(self._clients[self._current])
            except (CannotReach, ConfigurationInvalid) as error:
                failures.append(error)
                self._next()
            except RotaError as error:
                if error.status < 500:
                    raise
                self._next()
                raise error if isinstance(error, Unavailable) else Unavailable(error.detail) from error
        if len(failures) > 1 and any(isinstance(error, Unavailable) for error in failures):
            raise CannotReach("; ".join(error.detail for error in failures))
        raise failures[0]

    def _next(self) -> None:
        self._current = (self._current + 1) % len(self._clients)

    async def hear(self, worker_id: str, hungry: asyncio.Event, wake: Callable[[], object]) -> None:
        """Call `wake` whenever the coordinator says that there may be something for the worker, until cancelled.

        While the worker is not hungry nobody is asked: it comes by itself.
        """
        headers = {"Authorization": f"Bearer {self.token}"}
        bell: str | None = None
        async with httpx2.AsyncClient(headers=headers, timeout=_WAIT_SECONDS + 5) as client:
            while True:
                await hungry.wait()
                try:
                    answer = await client.post(
                        f"{self.url}/api/workers/{worker_id}/wait", json={"seconds": _WAIT_SECONDS, "bell": bell}
                    )
                    document = answer.json() if answer.is_success else {}
                except (httpx2.HTTPError, ValueError):
                    document = {}
                bell = document.get("bell")
                if document.get("rang"):
                    hungry.clear()  # until the worker has looked
                    wake()
                elif bell is None:
                    await asyncio.sleep(_LATER_SECONDS)

    def close(self) -> None:
        """Give the connections back."""
        for client in self._clients:
            client.close()
