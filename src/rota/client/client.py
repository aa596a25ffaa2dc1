"""One coordinator over HTTP: documents in, documents out, refusals as `RotaError`.

Nothing is retried here. Whoever calls knows whether a second try is safe, and a person wants to hear of the first
failure at once.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self, cast
from urllib.parse import quote

import httpx2

from rota.client.problems import CannotReach, error_from
from rota.domain.errors import ConfigurationInvalid, InvalidInput, Unavailable
from rota.version import __version__

Document = dict[str, Any]

DEFAULT_URL = "http://127.0.0.1:8400"
PAGE = 100
_TIMEOUT = httpx2.Timeout(30, connect=5)
_STREAM_TIMEOUT = httpx2.Timeout(30, connect=5, read=60)
"""A coordinator says something on a stream every 15 seconds, if only that it is still there."""
_PASSING = frozenset({429, 500, 502, 503, 504})
"""What a proxy may answer in place of a coordinator that is away."""
_DIRECT: dict[str, httpx2.BaseTransport | None] = {
    "all://127.0.0.1": None,
    "all://localhost": None,
    "all://[::1]": None,
}
"""A proxy of the environment is never between us and our own machine."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the JSON document, and its version for `If-Match` where it has one."""

    document: Document
    etag: str | None = None


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """One server-sent event. `cursor` is where to resume after it."""

    name: str
    document: Document
    cursor: str


class Client:
    """A connection to one coordinator. Every method raises RotaError; CannotReach when nobody listens.

    Paths are given in pieces below `/api`, so that no id can leave its place: `client.get("jobs", job_id, "why")`.
    """

    def __init__(self, url: str = DEFAULT_URL, token: str | None = None) -> None:
        """ConfigurationInvalid if the address or the token cannot be one."""
        self.patience: float | None = None
        """How long a request may take to begin and to be answered (seconds); None = long enough for a person."""
        self.url = url.strip().rstrip("/")
        headers = {"User-Agent": f"rota/{__version__}", "Accept": "application/json"}
        if token := (token or "").strip():
            if not token.isascii() or not token.isprintable() or " " in token:
                raise ConfigurationInvalid("ROTA_TOKEN holds characters that no token has")
            headers["Authorization"] = f"Bearer {token}"
        try:
            address = httpx2.URL(self.url)
        except httpx2.InvalidURL:
            address = None
        if address is None or address.scheme not in ("http", "https") or not address.host:
            raise ConfigurationInvalid(f"not the address of a coordinator: {self.url!r}; write {DEFAULT_URL}")
        self._http = httpx2.Client(base_url=f"{self.url}/api/", headers=headers, timeout=_TIMEOUT, mounts=_DIRECT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_failure: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the connection back."""
        self._http.close()

    def get(self, *path: str, query: Mapping[str, object] | None = None) -> Document:
        """One document."""
        return self.answer("GET", *path, query=query).document

    def post(self, *path: str, body: object = None, idempotency_key: str | None = None) -> Document:
        """Create or act. A body of bytes is JSON already."""
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        return self.answer("POST", *path, body=body, headers=headers).document

    def put(self, *path: str, body: object, etag: str | None = None) -> Document:
        """Replace. With `etag`, PreconditionFailed if somebody else was faster."""
        return self.answer("PUT", *path, body=body, headers={"If-Match": etag} if etag else {}).document

    def delete(self, *path: str) -> Document:
        """Delete."""
        return self.answer("DELETE", *path).document

    def items(
        self, *path: str, query: Mapping[str, object] | None = None, most: int | None = None, resume: str = "cursor"
    ) -> Iterator[Document]:
        """The objects of a list, page after page, at most `most`. `resume` is the parameter that takes the cursor."""
        cursor: object = None
        left = most
        while left is None or left > 0:
            limit = PAGE if left is None else min(PAGE, left)
            page = self.get(*path, query={**(query or {}), "limit": limit, resume: cursor})
            found = cast(list[Document], page.get("items") or [])[:limit]
            yield from found
            cursor = page.get("nextCursor")
            left = None if left is None else left - len(found)
            if not cursor or not found:
                return

    def answer(
        self,
        method: str,
        *path: str,
        query: Mapping[str, object] | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request; `body` goes as JSON, unless it is bytes and `headers` say what they are."""
        response = self._response(method, path, query, body, headers)
        return Answer(self._document(response), response.headers.get("ETag"))

    def text(self, *path: str, query: Mapping[str, object] | None = None) -> str:
        """What is no document but a text: a file."""
        return self._response("GET", path, query, None, {"Accept": "*/*"}).text

    def stream(self, *path: str, query: Mapping[str, object] | None = None) -> Iterator[StreamEvent]:
        """Server-sent events until the coordinator ends the stream; Unavailable if it breaks."""
        with (
            self._translated(),
            self._http.stream(
                "GET",
                _path(path),
                params=_query(query),
                headers={"Accept": "text/event-stream"},
                timeout=_STREAM_TIMEOUT,
            ) as response,
        ):
            if not response.is_success:
                response.read()
            self._refuse(response)
            for event in httpx2.EventSource(response):
                yield StreamEvent(event.event, self._decoded(event.data), event.id)

    def _response(
        self,
        method: str,
        path: tuple[str, ...],
        query: Mapping[str, object] | None,
        body: object,
        headers: Mapping[str, str] | None,
    ) -> httpx2.Response:
        content = body if body is None or isinstance(body, bytes) else _encoded(body)
        sent = {**({} if content is None else {"Content-Type": "application/json"}), **(headers or {})}
        with self._translated():
            response = self._http.request(
                method, _path(path), params=_query(query), content=content, headers=sent, timeout=self._timeout()
            )
        self._refuse(response)
        return response

    def _timeout(self) -> httpx2.Timeout:
        return _TIMEOUT if self.patience is None else httpx2.Timeout(self.patience, connect=min(self.patience, 5))

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except httpx2.ConnectError as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                raise ConfigurationInvalid(
                    f"the certificate of {self.url} is not trusted; set SSL_CERT_FILE to its CA"
                ) from None
            if "SSL" in str(error):
                raise ConfigurationInvalid(f"{self.url} does not speak TLS; is it an http:// address?") from None
            raise CannotReach(f"cannot reach {self.url}; is `rota up` running?") from None
        except httpx2.ConnectTimeout:
            raise CannotReach(f"cannot reach {self.url}: no answer within 5 s; is the address right?") from None
        except httpx2.TimeoutException:
            raise Unavailable(f"{self.url} does not answer any more") from None
        except httpx2.HTTPError as error:
            raise Unavailable(f"the connection to {self.url} broke: {error or type(error).__name__}") from None

    def _refuse(self, response: httpx2.Response) -> None:
        """Raise what the coordinator refused with."""
        if response.is_success:
            return
        if response.is_redirect:
            target = response.headers.get("Location", "elsewhere")
            raise ConfigurationInvalid(f"{self.url} redirects to {target}; set ROTA_URL to the final address")
        kind = response.headers.get("Content-Type", "")
        document = self._document(response) if "json" in kind else {}
        if not document and response.status_code not in _PASSING:
            raise ConfigurationInvalid(f"{self.url} answers, but it has no Rota API there")
        raise error_from(response.status_code, document)

    def _document(self, response: httpx2.Response) -> Document:
        return self._decoded(response.text) if response.content else {}

    def _decoded(self, text: str) -> Document:
        try:
            document = json.loads(text)
        except ValueError:
            raise ConfigurationInvalid(f"{self.url} did not answer with JSON; is it a Rota coordinator?") from None
        return document if isinstance(document, dict) else {"items": document}


def _path(pieces: tuple[str, ...]) -> str:
    return "/".join(quote(piece, safe="") for piece in pieces)


def _query(query: Mapping[str, object] | None) -> dict[str, str]:
    return {name: str(value) for name, value in (query or {}).items() if value is not None}


def _encoded(body: object) -> bytes:
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()
    except ValueError as error:
        raise InvalidInput(f"not JSON: {error}") from None
