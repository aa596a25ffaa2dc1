"""One attempt of an HTTP job: a request to a checked address, and the response as the result."""

import re
import ssl
import time
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, ClassVar

from rota.domain.errors import InvalidInput
from rota.domain.outcome import Failed, Outcome, Succeeded
from rota.executors.base import Context
from rota.executors.http.capture import Body, NotJson, kept, retry_after
from rota.executors.http.guard import AddressBlocked, AddressGuard, Resolve
from rota.executors.http.order import Order, read
from rota.version import __version__

if TYPE_CHECKING:
    import httpx2

_TRACEPARENT = re.compile(r"[0-9a-f]{2}(-[0-9a-f]+){3}", re.ASCII)


class HttpExecutor:
    """Sends requests over one shared pool of connections.

    `allow_private` names the networks (CIDR) that may be reached besides public addresses. Redirects are not followed:
    a 3xx is a status like any other. `resolve` stands in for the resolver of the system, `ssl_context` for the trust
    in its authorities.
    """

    kind: ClassVar[str] = "http"

    def __init__(
        self,
        allow_private: Sequence[str] = (),
        *,
        max_response_bytes: int = 1024 * 1024,
        connect_timeout: float = 10.0,
        max_connections: int = 100,
        resolve: Resolve | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._guard = AddressGuard(allow_private, resolve)
        self._max_response_bytes = max_response_bytes
        self._connect_timeout = connect_timeout
        self._max_connections = max_connections
        self._ssl_context = ssl_context
        self._client: httpx2.AsyncClient | None = None

    def check(self, job_type: str, parameters: Mapping[str, object]) -> None:
        """Refuse a URL or parameters that no request can be made of. Addresses are judged when they are reached."""
        read(job_type, parameters)

    async def run(self, context: Context) -> Outcome:
        """Send the request; an unexpected status or a broken connection is a failure that may be retried."""
        import httpx2

        try:
            order = read(context.claim.type, context.parameters)
        except InvalidInput as refusal:
            return Failed(refusal.detail, retryable=False)
        target = order.url.netloc.decode("ascii")
        try:
            return await self._exchange(order, context, target)
        except AddressBlocked as blocked:
            return Failed(str(blocked), retryable=False)
        except (httpx2.LocalProtocolError, httpx2.UnsupportedProtocol) as error:
            return Failed(f"cannot be sent: {error}", retryable=False)
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
            return Failed(f"could not connect to {target}: {error}")
        except httpx2.TransportError as error:
            return Failed(f"the connection to {target} broke: {error or type(error).__name__}")

    async def close(self) -> None:
        """Close every connection."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _exchange(self, order: Order, context: Context, target: str) -> Outcome:
        import httpx2

        request = httpx2.Request(
            order.method,
            order.url,
            headers=_headers(order, context),
            content=order.content,
            extensions={"timeout": httpx2.Timeout(None, connect=self._connect_timeout).as_dict()},
        )
        started = time.monotonic()
        response = await self._connected().send(request, stream=True)
        try:
            body = Body(self._max_response_bytes, response.headers.get("content-encoding", "").strip().lower())
            async for chunk in response.aiter_raw():
                if not body.add(chunk):
                    break
        finally:
            await response.aclose()
        milliseconds = round((time.monotonic() - started) * 1000)
        status = _named(response.status_code)
        context.log(f"{order.method} {target}: {status} in {milliseconds} ms", "log")
        return _outcome(order, response, body, milliseconds)

    def _connected(self) -> "httpx2.AsyncClient":
        if self._client is None:
            from rota.executors.http.transport import make_client

            self._client = make_client(self._guard, self._ssl_context, self._max_connections)
        return self._client


def _headers(order: Order, context: Context) -> list[tuple[bytes, bytes]]:
    """The headers of the job, and the identity of the attempt wherever the job does not say otherwise."""
    claim = context.claim
    identity = {
        "User-Agent": f"rota/{__version__}",
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "Idempotency-Key": context.idempotency_key,
        "X-Rota-Execution-Id": claim.id,
        "X-Rota-Attempt": str(claim.attempt),
        "X-Fencing-Token": str(claim.token),
    }
    if claim.trace and _TRACEPARENT.fullmatch(claim.trace):
        identity["traceparent"] = claim.trace
    given = {name.lower() for name in order.headers}
    headers = {name: value for name, value in identity.items() if name.lower() not in given} | order.headers
    return [(name.encode("ascii"), value.encode()) for name, value in headers.items()]


def _outcome(order: Order, response: "httpx2.Response", body: Body, milliseconds: int) -> Outcome:
    status = response.status_code
    content_type = response.headers.get("content-type", "")
    response_type = "auto" if status == HTTPStatus.NO_CONTENT else order.response_type
    result: dict[str, object] = {"status": status, "headers": kept(response.headers), "body": None}
    result["durationMs"] = milliseconds
    error = None if any(status in expected for expected in order.expected) else _named(status)
    wrong_type = False
    try:
        result["body"] = body.value(response_type, content_type)
    except NotJson:
        result["body"] = body.value("text", content_type)
        wrong_type = True
    if body.truncated:
        result["truncated"] = True
    if error is None and wrong_type:
        error = "the response is not JSON" + (", as it was cut" if body.truncated else "")
    if error is None:
        return Succeeded(result)
    return Failed(error, retry_after=retry_after(response.headers.get("retry-after")), status=status, result=result)


def _named(status: int) -> str:
    """Such as `HTTP 503 Service Unavailable`; the phrase is ours, not the one that the target sent."""
    try:
        return f"HTTP {status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"HTTP {status}"
