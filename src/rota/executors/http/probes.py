"""The questions of conditions: short GET requests under the same guard as HTTP jobs."""

import asyncio
import ssl
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from weakref import WeakValueDictionary

from rota.domain.condition import Probe
from rota.domain.instant import SECOND
from rota.executors.http.capture import Body, NotJson
from rota.executors.http.guard import AddressGuard, Resolve
from rota.version import __version__

if TYPE_CHECKING:
    import httpx2

LARGEST_ANSWER = 64 * 1024
_MOST_AT_ONCE = 256
_MOST_OF_A_HOST = 32
"""One that does not answer takes no more places than these from the others."""
_OK = range(200, 300)
_LONGEST_ERROR = 500


class HttpProbes:
    """Asks in a thread of its own, many questions at once; it is started by the first.

    `allow_private` names the networks (CIDR) that may be reached besides public addresses.
    """

    def __init__(self, allow_private: Sequence[str] = (), *, resolve: Resolve | None = None) -> None:
        self._guard = AddressGuard(allow_private, resolve)
        self._starting = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._places = asyncio.Semaphore(_MOST_AT_ONCE)
        self._places_of_hosts: WeakValueDictionary[str | None, asyncio.Semaphore] = WeakValueDictionary()

    def ask(self, probe: Probe) -> "Future[Mapping[str, object]]":
        """The answer to come: `ok` for a status of 2xx, `status` or 0, `body` as JSON or null, and an `error` or "".

        The body is read up to 64 KiB. Redirects are not followed. What goes wrong is an answer too. The timeout counts
        from now: it includes the wait for a place among the questions that are out.
        """
        with self._starting:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=self._loop.run_forever, name="rota-probes", daemon=True)
                self._thread.start()
        return asyncio.run_coroutine_threadsafe(self._ask(probe), self._loop)

    def close(self) -> None:
        """Ask no more. Questions that are out are cancelled."""
        with self._starting:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is None or thread is None:
            return
        asyncio.run_coroutine_threadsafe(_cancelled(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

    async def _ask(self, probe: Probe) -> Mapping[str, object]:
        try:
            async with asyncio.timeout(probe.timeout / SECOND):
                # The host first: who waits for a busy one takes no place from the questions to others.
                async with self._places_of(urlsplit(probe.url).hostname), self._places:
                    return await self._exchange(probe)
        except TimeoutError:
            return _nothing(f"no answer within {probe.timeout / SECOND:g} s")
        except Exception as error:  # whatever it is, an instant waits for the answer
            return _nothing(str(error) or type(error).__name__)

    def _places_of(self, host: str | None) -> asyncio.Semaphore:
        places = self._places_of_hosts.get(host)
        if places is None:
            places = self._places_of_hosts[host] = asyncio.Semaphore(_MOST_OF_A_HOST)
        return places

    async def _exchange(self, probe: Probe) -> Mapping[str, object]:
        from rota.executors.http.transport import make_client

        headers = {"User-Agent": f"rota/{__version__}", "Accept": "application/json"}
        async with (
            make_client(self._guard, self._trust, 1) as client,
            client.stream("GET", probe.url, headers=headers, timeout=None) as response,
        ):
            body = Body(LARGEST_ANSWER, response.headers.get("content-encoding", "").strip().lower())
            async for chunk in response.aiter_raw():
                if not body.add(chunk):
                    break
        return _answer(response, body)

    @cached_property
    def _trust(self) -> ssl.SSLContext:
        import httpx2

        return httpx2.create_ssl_context()


async def _cancelled() -> None:
    """The end of everything else in this loop."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def _answer(response: "httpx2.Response", body: Body) -> Mapping[str, object]:
    status = response.status_code
    value: object = None
    error = ""
    if body.truncated:
        error = f"the answer is larger than {LARGEST_ANSWER // 1024} KiB"
    else:
        try:
            value = body.value("json", response.headers.get("content-type", ""))
        except NotJson:
            error = "the answer is not JSON"
    return {"ok": status in _OK, "status": status, "body": value, "error": error}


def _nothing(error: str) -> Mapping[str, object]:
    return {"ok": False, "status": 0, "body": None, "error": error[:_LONGEST_ERROR]}
