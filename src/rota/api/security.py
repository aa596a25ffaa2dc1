"""Who is asking: a bearer token becomes a principal, and an operation names the right it takes."""

import time
from collections.abc import Awaitable, Callable, Iterable
from hashlib import sha256
from typing import Annotated, Any

import anyio
import anyio.to_thread
from fastapi import Depends, FastAPI, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from rota.api.errors import from_error
from rota.domain.access import Principal, Right
from rota.domain.errors import RotaError, Unauthenticated
from rota.service import access, enrolments
from rota.service.context import ServiceContext

OPEN_PATHS = frozenset({"/", "/health/live", "/health/ready", "/swagger"})
"""The pages that are open without a token. They change nothing and tell nothing."""
OPEN_FOLDERS = ("/swagger/",)
"""The folders of static files."""

ENROL = "/api/workers/enrol"
"""Where a worker comes in with the token of an enrolment instead of that of a key."""

_PRINCIPAL = "rota.principal"
_FRESH_SECONDS = 5.0
_MOST_CACHED = 10_000
_THREADS = 4
"""Of its own: who knocks must not wait behind requests that wait for a busy store."""


class Tokens:
    """Turns tokens into principals, and asks the store about each at most every five seconds.

    So a revoked key is refused within five seconds, and a busy client costs the store next to nothing.
    """

    def __init__(self, database: Any) -> None:
        self._database = database
        self._known: dict[bytes, tuple[Principal, float]] = {}
        self._threads = anyio.CapacityLimiter(_THREADS)

    async def principal(self, token: str) -> Principal:
        """Who holds this token. Unauthenticated for anything that is not a valid one."""
        digest = sha256(token.encode("utf-8", "replace")).digest()
        known = self._known.get(digest)
        now = time.monotonic()
        if known is not None and now < known[1]:
            return known[0]
        self._known.pop(digest, None)
        principal = await anyio.to_thread.run_sync(access.authenticate, self._database, token, limiter=self._threads)
        if len(self._known) >= _MOST_CACHED:
            self._known.clear()
        self._known[digest] = (principal, now + _FRESH_SECONDS)
        return principal

    def forget(self) -> None:
        """Ask the store again about every token: a key of this process was changed."""
        self._known.clear()


def bearer(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The token of the one Authorization header. Tokens anywhere else are never read."""
    given = [value for name, value in headers if name == b"authorization"]
    scheme, _, token = (given[0] if len(given) == 1 else b"").decode("latin-1").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token or len(token) > 512:
        raise Unauthenticated("this takes a token: Authorization: Bearer <token>")
    return token


class Doors:
    """Lets nobody in without a valid token, but to the open pages: before routing, and before a body is read."""

    def __init__(self, app: ASGIApp, tokens: Tokens) -> None:
        self._app = app
        self._tokens = tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not is_open(scope["path"]):
            try:
                token = bearer(scope["headers"])
                if scope["path"] == ENROL:
                    _require_enrolment(token)
                else:
                    scope[_PRINCIPAL] = await self._tokens.principal(token)
            except RotaError as error:
                await from_error(error)(scope, receive, send)
                return
        await self._app(scope, receive, send)


def _require_enrolment(token: str) -> None:
    """The operation looks for the enrolment itself; what cannot be the token of one does not get as far as that."""
    if not enrolments.well_formed(token):
        raise Unauthenticated("this takes the token of an enrolment; make one: rota workers invite")


def is_open(path: str) -> bool:
    """Whether a path is open without a token."""
    return path in OPEN_PATHS or path.startswith(OPEN_FOLDERS)


def context(right: Right) -> Callable[[Request], Awaitable[ServiceContext]]:
    """A dependency: the service context of a caller who holds `right`."""

    async def authorised(request: Request) -> ServiceContext:
        asked: ServiceContext = request.app.state.context_for(request.scope[_PRINCIPAL])
        asked.require(right)
        return asked

    authorised.right = right  # type: ignore[attr-defined]
    return authorised


ReadContext = Annotated[ServiceContext, Depends(context(Right.READ))]
OperateContext = Annotated[ServiceContext, Depends(context(Right.OPERATE))]
EditContext = Annotated[ServiceContext, Depends(context(Right.EDIT))]
WorkContext = Annotated[ServiceContext, Depends(context(Right.WORK))]
AuditContext = Annotated[ServiceContext, Depends(context(Right.AUDIT))]
AdminContext = Annotated[ServiceContext, Depends(context(Right.ADMIN))]


def forget_tokens(app: FastAPI) -> None:
    """Let a change of keys take effect in this process at once."""
    app.state.tokens.forget()
