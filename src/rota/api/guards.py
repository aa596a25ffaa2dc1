"""What every request passes before the application sees it: the host it names, the size of its body, its JSON."""

import asyncio
import hashlib
import ipaddress
from collections.abc import Iterable, MutableMapping
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rota.api import strict_json
from rota.api.errors import from_error, problem, unexpected
from rota.api.security import path_of
from rota.domain.errors import InvalidInput, RotaError, TooLarge

BODY_HASH = "rota.body_hash"
"""The key in the scope of the SHA-256 of method, path and body: what tells a repeated request from another one."""

EXCHANGE_BYTES = 16 * 1_048_576
"""The largest body of a worker's exchange: a batch of a thousand results and their logs."""

_BODY_SECONDS = 30.0
_SECURITY_HEADERS: list[tuple[bytes, bytes]] = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'"),
]


class Headers:
    """Adds the security headers to every reply, and answers what went wrong below it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = [*message.get("headers", ()), *_SECURITY_HEADERS]
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception as error:
            response = unexpected(error)
            if not started:
                await response(scope, receive, send_with_headers)


class Hosts:
    """Refuses requests that name a host which is not ours: a web page cannot reach a loopback server by DNS tricks."""

    def __init__(self, app: ASGIApp, host: str | None) -> None:
        self._app = app
        self._allowed = None if host is None else allowed_hosts(host)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and self._allowed is not None and not self._named(scope["headers"]):
            await problem(421, "misdirected-request", "Misdirected request", "the Host header names another server")(
                scope, receive, send
            )
            return
        await self._app(scope, receive, send)

    def _named(self, headers: Iterable[tuple[bytes, bytes]]) -> bool:
        hosts = [value for name, value in headers if name == b"host"]
        return len(hosts) == 1 and _without_port(hosts[0].decode("latin-1").lower()) in (self._allowed or ())


def allowed_hosts(host: str) -> frozenset[str] | None:
    """The host names that a server bound to `host` answers to; None = any, because it is not bound to loopback."""
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = host.lower() == "localhost"
    if not loopback:
        return None
    bound = f"[{host}]" if ":" in host else host.lower()
    return frozenset({"localhost", "127.0.0.1", "[::1]", bound})


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdigit() else host


class Bodies:
    """Reads the body whole, within its limit and its time, and refuses JSON that is not plain."""

    def __init__(self, app: ASGIApp, most_bytes: int) -> None:
        self._app = app
        self._most = most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        most = self._most_at(path_of(scope))
        declared = headers.get(b"content-length", b"")
        try:
            if declared and (not declared.isdigit() or len(declared) > 18):
                raise InvalidInput.field("header", "Content-Length", msg="not a length")
            if declared and int(declared) > most:
                raise _too_large(most)
            if declared in (b"", b"0") and b"transfer-encoding" not in headers:
                body = b""
            else:
                body = await _read(receive, most)
                if body and b"json" in headers.get(b"content-type", b"").lower():
                    strict_json.parse(body)
        except RotaError as error:
            await from_error(error)(scope, receive, send)
            return
        except TimeoutError:
            await problem(408, "request-timeout", "Request timeout", "the body did not arrive within 30 s")(
                scope, receive, send
            )
            return
        if b"idempotency-key" in headers:
            scope[BODY_HASH] = hashlib.sha256(f"{scope['method']} {scope['path']}\n".encode() + body).digest()
        await self._app(scope, _Replay(body, receive), send)

    def _most_at(self, path: str) -> int:
        exchange = path.startswith("/api/workers/") and path.endswith("/exchange")
        return max(self._most, EXCHANGE_BYTES) if exchange else self._most


async def _read(receive: Receive, most: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    async with asyncio.timeout(_BODY_SECONDS):
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                break
            part = message.get("body", b"")
            size += len(part)
            if size > most:
                raise _too_large(most)
            parts.append(part)
            if not message.get("more_body", False):
                break
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _too_large(most: int) -> TooLarge:
    return TooLarge(f"the body is larger than {most} bytes")


class _Replay:
    """Gives the body that was read, then whatever comes after it."""

    def __init__(self, body: bytes, receive: Receive) -> None:
        self._message: MutableMapping[str, Any] | None = {"type": "http.request", "body": body, "more_body": False}
        self._receive = receive

    async def __call__(self) -> Message:
        if self._message is not None:
            message, self._message = self._message, None
            return message
        return await self._receive()
