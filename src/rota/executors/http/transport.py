"""The HTTP client whose every connection passes the guard.

A module of its own so that httpx2, which takes a while to import, is only loaded when the first request is made.
"""

import asyncio
import ssl
from collections.abc import Iterable
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpcore2
import httpx2

from rota.executors.http.guard import AddressGuard

_IDLE_SECONDS = 5.0
_KEPT_CONNECTIONS = 20


class _GuardedBackend(httpcore2.AsyncNetworkBackend):
    """Opens connections only to addresses that the guard has just judged."""

    def __init__(self, guard: AddressGuard) -> None:
        self._guard = guard
        self._network = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        try:
            async with asyncio.timeout(timeout):
                return await self._first_that_answers(host, port, timeout, local_address, socket_options)
        except TimeoutError:
            raise httpcore2.ConnectTimeout(f"no connection within {timeout:g} s") from None

    async def _first_that_answers(
        self,
        host: str,
        port: int,
        timeout: float | None,
        local_address: str | None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None,
    ) -> httpcore2.AsyncNetworkStream:
        try:
            addresses = await self._guard.addresses(host, port)
        except OSError as error:
            raise httpcore2.ConnectError(error.strerror or str(error)) from error
        share = None if timeout is None else timeout / len(addresses)
        failure: Exception | None = None
        for address in addresses:
            try:
                return await self._network.connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        assert failure is not None
        raise failure

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None
    ) -> httpcore2.AsyncNetworkStream:
        raise httpcore2.ConnectError("a unix socket is no HTTP target")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class _GuardedTransport(httpx2.AsyncHTTPTransport):
    """Uses a guarded pool in place of the usual one, which is never made: without the guard there is no connection."""

    def __init__(self, guard: AddressGuard, context: ssl.SSLContext, connections: int) -> None:
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=context,
            max_connections=connections,
            max_keepalive_connections=min(connections, _KEPT_CONNECTIONS),
            keepalive_expiry=_IDLE_SECONDS,
            network_backend=_GuardedBackend(guard),
        )


def make_client(guard: AddressGuard, context: ssl.SSLContext | None, connections: int) -> httpx2.AsyncClient:
    """A client without redirects, without proxies or passwords from the environment, and without a memory of cookies.

    The authorities it trusts are those of the system, or of `SSL_CERT_FILE` where the operator set it.
    """
    return httpx2.AsyncClient(
        transport=_GuardedTransport(guard, context or httpx2.create_ssl_context(), connections),
        cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=[])),
        follow_redirects=False,
        trust_env=False,
    )
