"""`rota.console(…)`: the API and the console inside another ASGI application, on the store that Rota's processes share."""

import signal
import threading
from collections.abc import Callable

import anyio.to_thread
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from rota.api.application import ApiDependencies, create_application
from rota.api.security import Doorkeeper, Tokens, require_same_origin
from rota.app import App
from rota.config import load
from rota.domain.access import Principal, Role
from rota.version import __version__

__all__ = ["Who", "console"]

Who = Callable[[Request], tuple[str, str] | None]
"""Whom the application around knows: a name and a role such as `operator`; None = nobody."""


def console(db: str | None = None, *, who: Who | None = None) -> ASGIApp:
    """The API and the console as an ASGI application, to be mounted: `app.mount("/jobs", rota.console("rota.db"))`.

    `db` is the store (default ROTA_DB, else `./rota.db`); it is opened at the first request and made if it is not
    there. Nothing is scheduled and nothing runs here: that is for `rota up`, `rota server` and `rota worker` on the
    same store. `who` tells from a request of the application around, with its own way of signing in, who asks; without
    it, and where it answers None, people sign in with a token.
    """
    return _Embedded(db, who)


class _Embedded:
    def __init__(self, db: str | None, who: Who | None) -> None:
        self._db = db
        self._who = who
        self._made: ASGIApp | None = None
        self._opening = threading.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        root = scope.get("root_path", "")
        if root and scope["path"] == root:  # what the page names is relative to a path with a slash at its end
            await RedirectResponse(f"{root}/")(scope, receive, send)
            return
        if self._made is None:
            self._made = await anyio.to_thread.run_sync(self._opened)
        await self._made(scope, receive, send)

    def _opened(self) -> ASGIApp:
        with self._opening:
            if self._made is not None:  # another request was first
                return self._made
            config = load(flags={"db": self._db})
            app = App(config)
            app.open()
            app.database.listen()
            doorkeeper: Doorkeeper = Tokens(app.database)
            if self._who is not None:
                doorkeeper = _Known(self._who, doorkeeper)
            services = ApiDependencies(
                app.database, config, app.catalogue, __version__, _HostStops(), host=None, doorkeeper=doorkeeper
            )
            self._made = create_application(services)
            return self._made


class _HostStops(threading.Event):
    """Set when the server around stops. It waits for open streams, and tells nobody but its own signal handler."""

    def is_set(self) -> bool:
        """Whether uvicorn was told to exit; other servers end streams by a time limit of theirs."""
        server = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
        return super().is_set() or bool(getattr(server, "should_exit", False))


class _Known:
    """Asks the application around first."""

    def __init__(self, who: Who, others: Doorkeeper) -> None:
        self._who = who
        self._others = others

    async def principal(self, scope: Scope) -> Principal:
        request = Request(scope)
        if "authorization" in request.headers:  # a program with a token of Rota's
            return await self._others.principal(scope)
        known = await anyio.to_thread.run_sync(self._who, request)
        if known is None:
            return await self._others.principal(scope)
        if request.method not in ("GET", "HEAD", "OPTIONS"):
            require_same_origin(scope)
        name, role = known
        return Principal(name, Role(role))

    def forget(self) -> None:
        self._others.forget()
