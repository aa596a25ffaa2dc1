"""The application: the routes behind their guards."""

import logging
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
import anyio.to_thread
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from rota.api import errors, guards, metrics, routes
from rota.api.health import Readiness
from rota.api.security import Doorkeeper, Doors, Tokens
from rota.config import Config
from rota.domain.access import Principal
from rota.service.context import Catalogue, Database, ServiceContext
from rota.service.sessions import SignInLinks
from rota.service.wakeups import Rings

__all__ = ["ApiDependencies", "create_application"]

_log = logging.getLogger("rota.api")

_HEARTBEAT_THREADS = 4
"""Of their own: a lease must not be lost because other requests wait for a busy store."""

_DESCRIPTION = """\
Rota accounts for every run. Times are RFC 3339 in UTC, durations are seconds, ids are UUIDv7. Every operation but
`/health/live` and `/health/ready` takes `Authorization: Bearer <token>`. Refusals are RFC 9457 problems.
"""


@dataclass(frozen=True, slots=True)
class ApiDependencies:
    """What the API stands on.

    `doorkeeper` knows who asks, in place of tokens and sessions. `host` is where it listens; None = any host name is
    good. `links` are the one-time links of this process. `stopping` ends long polls and streams when it is set. `loops` tells the health of the scheduler's loops: a name
    and whatever each says about itself, at least `healthy`.
    """

    database: Database
    config: Config
    catalogue: Catalogue
    version: str
    stopping: threading.Event = field(default_factory=threading.Event)
    loops: Callable[[], Mapping[str, Mapping[str, object]]] = dict
    host: str | None = "127.0.0.1"
    links: SignInLinks = field(default_factory=SignInLinks)
    doorkeeper: Doorkeeper | None = None


def create_application(services: ApiDependencies) -> FastAPI:
    """The API as an ASGI application."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        anyio.to_thread.current_default_thread_limiter().total_tokens = services.config.server.threads
        yield
        app.state.rings.close()

    app = FastAPI(
        title="Rota",
        version=services.version,
        description=_DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.services = services
    doorkeeper = services.doorkeeper or Tokens(services.database)
    app.state.doorkeeper = doorkeeper
    app.state.links = services.links
    app.state.for_heartbeats = anyio.CapacityLimiter(_HEARTBEAT_THREADS)
    app.state.rings = Rings(services.database)
    app.state.readiness = Readiness(services.database)
    app.state.metrics = metrics.registry(services.database)
    app.state.context_for = _contexts(services)
    errors.install(app)
    routes.install(app)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]
    app.add_middleware(guards.Bodies, most_bytes=services.config.server.max_body_bytes)
    app.add_middleware(Doors, doorkeeper=doorkeeper)
    app.add_middleware(guards.Hosts, host=services.host)
    app.add_middleware(guards.Headers)
    return app


def _contexts(services: ApiDependencies) -> Callable[[Principal], ServiceContext]:
    def context_for(principal: Principal) -> ServiceContext:
        return ServiceContext(services.database, services.config, principal, services.catalogue)

    return context_for


def _openapi(app: FastAPI) -> dict[str, Any]:
    """The description of the API, made once: every operation takes a bearer token unless it says otherwise."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes, tags=routes.TAGS
        )
        parts = document.setdefault("components", {})
        parts["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
        schemas = parts.setdefault("schemas", {})
        problem = errors.Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= problem.pop("$defs")
        schemas["Problem"] = problem
        document["security"] = [{"bearer": []}]
        for path in document["paths"].values():
            for operation in path.values():
                _complete(operation)
        schemas.pop("HTTPValidationError", None)
        schemas.pop("ValidationError", None)
        app.openapi_schema = document
    return app.openapi_schema


def _complete(operation: dict[str, Any]) -> None:
    """Add the refusals that every operation shares."""
    is_open = operation.get("security") == []
    shared = [400, 408, 413, 421, 503] + ([] if is_open else [401, 403])
    if "422" in operation["responses"]:
        shared.append(422)
        del operation["responses"]["422"]
    for status, described in errors.documented(*shared).items():
        operation["responses"].setdefault(str(status), described)
