"""A worker's heartbeat over HTTP.

The process that beats runs no user code and must start quickly and stay small, so this module stands on the standard
library alone.
"""

import json
import urllib.error
import urllib.request
from collections.abc import Sequence
from urllib.parse import urlsplit

_CONVICTED = frozenset({"lease-lost", "not-found"})
_MOST_BYTES = 65_536
_LEAST_SECONDS = 0.5
_MOST_SECONDS = 5.0


class HttpHeart:
    """Beats for one worker: prolongs its lease for as long as it is not convicted."""

    def __init__(self, urls: Sequence[str], token: str, worker_id: str, interval: float) -> None:
        """`interval` is how many seconds lie between two beats: all coordinators together get no longer than that."""
        self._urls = list(urls)
        self._token = token
        self._worker_id = worker_id
        self._seconds = min(max(interval / len(self._urls), _LEAST_SECONDS), _MOST_SECONDS)

    def beat(self) -> bool:
        """Prolong the lease to now + L. False when the worker was convicted: its lease is lost for good.

        Raises OSError when no coordinator answers, or none that may say; nothing is known then.
        """
        return self._ask("heartbeat")

    def bury(self) -> None:
        """End the lease at once: the worker is known to be dead, and nothing of its work is left."""
        self._ask("bury")

    def _ask(self, verb: str) -> bool:
        failure: OSError | None = None
        for _ in range(len(self._urls)):
            try:
                return self._send(self._urls[0], verb)
            except OSError as error:
                failure = error
                self._urls.append(self._urls.pop(0))
        assert failure is not None
        raise failure

    def _send(self, url: str, verb: str) -> bool:
        request = urllib.request.Request(  # noqa: S310
            f"{url}/api/workers/{self._worker_id}/{verb}",
            data=b"{}",
            headers={"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"},
            method="POST",
        )
        try:
            with _opener(url).open(request, timeout=self._seconds) as answer:
                answer.read(_MOST_BYTES)
                return True
        except urllib.error.HTTPError as refusal:
            with refusal:
                if _kind(refusal.read(_MOST_BYTES)) in _CONVICTED:
                    return False
            raise


def _opener(url: str) -> urllib.request.OpenerDirector:
    """A proxy of the environment is never between us and our own machine."""
    if urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1"):
        return urllib.request.build_opener(urllib.request.ProxyHandler({}))
    return urllib.request.build_opener()


def _kind(body: bytes) -> str:
    """The last part of a problem's type; nothing when this is none of Rota's."""
    try:
        document = json.loads(body)
    except ValueError:
        return ""
    return str(document.get("type", "")).rpartition("/")[2] if isinstance(document, dict) else ""
