"""Who is asking: a token or a session becomes a principal, and an operation names the right it takes."""

import time
from collections.abc import Awaitable, Callable, Iterable
from hashlib import sha256
from typing import Annotated, Protocol
from urllib.parse import urlsplit

import anyio
import anyio.to_thread
from fastapi import Depends, FastAPI, Request
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Receive, Scope, Send

from rota.api.errors import from_error
from rota.domain.access import Principal, Right
from rota.domain.errors import Forbidden, RotaError, Unauthenticated
from rota.service import access, enrolments, sessions
from rota.service.context import Database, ServiceContext

OPEN_PATHS = frozenset({"/", "/health/live", "/health/ready", "/swagger"})
"""The pages that are open without a token. They change nothing and tell nothing."""
OPEN_FOLDERS = ("/swagger/", "/console/")
"""The folders of static files."""

SESSION = "/session"
"""Where a browser signs in: the only thing that strangers may POST."""
ENROL = "/api/workers/enrol"
"""Where a worker comes in with the token of an enrolment instead of that of a key."""

_PRINCIPAL = "rota.principal"
_FRESH_SECONDS = 5.0
_MOST_CACHED = 10_000
_THREADS = 4
"""Of its own: who knocks must not wait behind requests that wait for a busy store."""
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Doorkeeper(Protocol):
    """Knows who makes a request."""

    async def principal(self, scope: Scope) -> Principal:
        """Who asks. Unauthenticated, or Forbidden, when nobody who may."""

    def forget(self) -> None:
        """Ask again about everybody: a key of this process was changed."""


class Tokens:
    """Turns tokens and sessions into principals, and asks the store about each at most every five seconds.

    So a revoked key is refused within five seconds, and a busy client costs the store next to nothing.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[tuple[bool, bytes], tuple[Principal, float]] = {}
        self._threads = anyio.CapacityLimiter(_THREADS)

    async def principal(self, scope: Scope) -> Principal:
        """Who holds the token of the Authorization header, or else the session of the cookie."""
        secret = session_secret(scope)
        if secret is None:
            return await self._known_as(bearer(scope["headers"]), session=False)
        if scope["method"] not in _SAFE_METHODS:
            require_same_origin(scope)
        return await self._known_as(secret, session=True)

    async def _known_as(self, secret: str, *, session: bool) -> Principal:
        entry = session, sha256(secret.encode("utf-8", "replace")).digest()
        known = self._known.get(entry)
        now = time.monotonic()
        if known is not None and now < known[1]:
            return known[0]
        self._known.pop(entry, None)
        ask = sessions.authenticate if session else access.authenticate
        principal = await anyio.to_thread.run_sync(ask, self._database, secret, limiter=self._threads)
        if len(self._known) >= _MOST_CACHED:
            self._known.clear()
        self._known[entry] = (principal, now + _FRESH_SECONDS)
        return principal

    def forget(self) -> None:
        """Ask the store again about every token and session."""
        self._known.clear()


def bearer(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The token of the one Authorization header. Tokens anywhere else are never read."""
    given = [value for name, value in headers if name == b"authorization"]
    scheme, _, token = (given[0] if len(given) == 1 else b"").decode("latin-1").partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token or len(token) > 512:
        raise Unauthenticated("this takes a token: Authorization: Bearer <token>")
    return token


def session_cookie(scope: Scope) -> str:
    """The name of the cookie: with the port, because browsers send cookies to every port of a host."""
    host = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
    port = host.rpartition(":")[2]
    return f"rota_session_{port}" if port.isdigit() else "rota_session"


def session_secret(scope: Scope) -> str | None:
    """The secret of the session cookie; None without one, or where a token was sent as well."""
    headers = scope["headers"]
    if any(name == b"authorization" for name, _ in headers):
        return None
    cookies = "; ".join(value.decode("latin-1") for name, value in headers if name == b"cookie")
    secret = cookie_parser(cookies).get(session_cookie(scope))
    return secret if secret and len(secret) <= 512 else None


def require_same_origin(scope: Scope) -> None:
    """Forbidden when another site's page made a browser ask: browsers say so in headers that no page can set."""
    headers = dict(scope["headers"])
    site = headers.get(b"sec-fetch-site")
    if site is not None:
        same = site == b"same-origin"
    else:  # over plain HTTP to another host than this one browsers leave it out; Origin they send
        origin = headers.get(b"origin", b"").decode("latin-1")
        same = urlsplit(origin).netloc == headers.get(b"host", b"").decode("latin-1") != ""
    if not same:
        raise Forbidden("a page of another origin asked for this")


def path_of(scope: Scope) -> str:
    """The path within this application, which may be mounted inside another one."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


class Doors:
    """Lets nobody in whom the doorkeeper does not know, but to the open pages: before routing and before any body."""

    def __init__(self, app: ASGIApp, doorkeeper: Doorkeeper) -> None:
        self._app = app
        self._doorkeeper = doorkeeper

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not is_open(path_of(scope)):
            try:
                await self._admit(scope)
            except RotaError as error:
                await from_error(error)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _admit(self, scope: Scope) -> None:
        path = path_of(scope)
        if path == ENROL:
            _require_enrolment(bearer(scope["headers"]))
        elif path == SESSION and scope["method"] == "POST":
            if {name for name, _ in scope["headers"]} & {b"origin", b"sec-fetch-site"}:
                require_same_origin(scope)
        else:
            scope[_PRINCIPAL] = await self._doorkeeper.principal(scope)


def _require_enrolment(token: str) -> None:
    """The operation looks for the enrolment itself; what cannot be the token of one does not get as far as that."""
    if not enrolments.well_formed(token):
        raise Unauthenticated("this takes the token of an enrolment; make one: rota workers invite")


def is_open(path: str) -> bool:
    """Whether a path is open without a token."""
    return path in OPEN_PATHS or path.startswith(OPEN_FOLDERS)


def context(right: Right | None) -> Callable[[Request], Awaitable[ServiceContext]]:
    """A dependency: the service context of a caller who holds `right`; None = of anybody who is known."""

    async def authorised(request: Request) -> ServiceContext:
        asked: ServiceContext = request.app.state.context_for(request.scope[_PRINCIPAL])
        if right is not None:
            asked.require(right)
        return asked

    authorised.right = right  # type: ignore[attr-defined]
    return authorised


AnyContext = Annotated[ServiceContext, Depends(context(None))]
ReadContext = Annotated[ServiceContext, Depends(context(Right.READ))]
OperateContext = Annotated[ServiceContext, Depends(context(Right.OPERATE))]
EditContext = Annotated[ServiceContext, Depends(context(Right.EDIT))]
WorkContext = Annotated[ServiceContext, Depends(context(Right.WORK))]
AuditContext = Annotated[ServiceContext, Depends(context(Right.AUDIT))]
AdminContext = Annotated[ServiceContext, Depends(context(Right.ADMIN))]


def forget_tokens(app: FastAPI) -> None:
    """Let a change of keys take effect in this process at once."""
    app.state.doorkeeper.forget()
