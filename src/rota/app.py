"""The composition root: from a `Config` to everything wired. The only module that knows everyone."""

import os
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from rota import builtin, registry
from rota.client.coordinators import Coordinators
from rota.client.submission import CoordinatorSubmitter
from rota.config import Config, load
from rota.domain.access import SYSTEM, Principal
from rota.domain.errors import InvalidInput
from rota.domain.execution import kind_of
from rota.domain.instant import Instant
from rota.engine.direct import DirectWork
from rota.engine.identity import Identity
from rota.engine.remote import RemoteWork
from rota.engine.supervisor import Supervisor
from rota.engine.worker import Worker
from rota.executors.base import Executor, Setting
from rota.executors.http.probes import HttpProbes
from rota.scheduler.loop import Loop
from rota.scheduler.presence import Presence
from rota.scheduler.prober import Prober
from rota.scheduler.pruner import Pruner
from rota.scheduler.relay import Relay
from rota.scheduler.replanner import Replanner
from rota.scheduler.rescuer import Rescuer
from rota.scheduler.sealer import Sealer
from rota.scheduler.ticker import Ticker
from rota.sdk import functions as sdk_functions
from rota.sdk import submission
from rota.sdk.builtin import register_builtin
from rota.sdk.functions import Functions
from rota.service import synchronise
from rota.service.context import Catalogue, ServiceContext
from rota.service.sessions import SignInLinks
from rota.service.submission import StoreSubmitter
from rota.stores import audit, schema
from rota.stores.clock import Clock
from rota.stores.database import Database
from rota.stores.identity import new_id
from rota.telemetry import Telemetry
from rota.version import __version__

if TYPE_CHECKING:
    from fastapi import FastAPI

_MOST_WARM_PROCESSES = 32


class App:
    """One process's Rota: its store, its job functions, and whatever roles it plays."""

    def __init__(
        self, config: Config, *, clock: Clock | None = None, functions: Functions | None = None, durable: bool = True
    ) -> None:
        """Loads the modules of `config.app`; nothing is opened or started yet."""
        self.config = config
        self.telemetry = Telemetry()
        self.functions = sdk_functions.registry if functions is None else functions
        self.functions.load(config.app)
        pool = config.store.bounded_by(config.lease)
        self.database = Database(config.db, clock=clock, durable=durable, pool=pool, keyring=config.audit.keyring)
        self.stopping = threading.Event()
        self.links = SignInLinks()
        submission.install(StoreSubmitter(self.context(SYSTEM)))
        register_builtin(self.functions)
        builtin.register(self.functions, self.context(SYSTEM))

    def open(self, *, create: bool = True) -> None:
        """Make sure of the schema, and that this process can go on with the audit."""
        schema.require_current(self.database, create=create)
        audit.require_key(self.database)

    def prepare(self) -> None:
        """Bring the jobs that code defines into the store, which is open."""
        synchronise.synchronise(self.context(SYSTEM), self.functions.definitions())

    def context(self, principal: Principal) -> ServiceContext:
        """What service functions take first."""
        return ServiceContext(self.database, self.config, principal, self.catalogue)

    @cached_property
    def catalogue(self) -> Catalogue:
        """What can run here."""
        return _Catalogue(self)

    @cached_property
    def executors(self) -> dict[str, Executor]:
        """Executors that only check jobs when they are saved; nothing runs in them."""
        return self._executors("")

    def _executors(self, worker_id: str) -> dict[str, Executor]:
        return registry.executors(Setting(self.config, self.functions, worker_id))

    def worker(self) -> Worker:
        """A worker with an identity and executors of its own."""
        identity = _identity(self.database.clock.now())
        names = self.functions.types
        source = DirectWork(self.database, self.config.lease)
        return Worker(source, self._executors(identity.id), names, self.config, identity, self.telemetry)

    def supervisor(self) -> Supervisor:
        """What keeps a worker working."""
        return Supervisor(self.worker, self.telemetry)

    @cached_property
    def loops(self) -> list[Loop]:
        """The scheduler's loops, not started."""
        steps = (
            self.presence,
            Ticker(self.database, self.config.environment, self.telemetry),
            self.prober,
            Rescuer(self.database, self.config.lease, self.telemetry, watches_first=True),
            Relay(self.database, self.telemetry),
            Pruner(self.database, self.config.history),
            Sealer(self.database, self.config.audit.anchor_file, self.telemetry),
            Replanner(self.database),
        )
        return [Loop(step, self.database, self.telemetry) for step in steps]

    @cached_property
    def prober(self) -> Prober:
        """What decides the schedules whose condition asks over HTTP."""
        return Prober(self.database, self.config.environment, self.telemetry, self._probes)

    @cached_property
    def _probes(self) -> HttpProbes:
        return HttpProbes(self.config.http.allow_private)

    @cached_property
    def presence(self) -> Presence:
        """This coordinator among the others of the store."""
        return Presence(self.database, self.config, __version__)

    def application(self) -> "FastAPI":
        """The API as an ASGI application."""
        from rota.api.application import ApiDependencies, create_application  # workers need no web framework

        return create_application(
            ApiDependencies(
                self.database,
                self.config,
                self.catalogue,
                __version__,
                self.stopping,
                self._health_of_loops,
                self.config.server.host,
                self.links,
            )
        )

    def _health_of_loops(self) -> dict[str, dict[str, object]]:
        return {loop.name: {"healthy": loop.healthy, "ageSeconds": round(loop.age, 1)} for loop in self.loops}

    def close(self) -> None:
        """Close the store."""
        self._probes.close()
        self.database.close()


class RemoteApp:
    """A worker's Rota without a store: its job functions, and the coordinators that it works for."""

    def __init__(self, config: Config, urls: Sequence[str], token: str, *, functions: Functions | None = None) -> None:
        """Loads the modules of `config.app`; nobody is asked yet."""
        self.config = config
        self.telemetry = Telemetry()
        self.functions = sdk_functions.registry if functions is None else functions
        self.functions.load(config.app)
        self._urls = urls
        self._token = token
        self._submitting = Coordinators(urls, config.submit_token or token)
        submission.install(CoordinatorSubmitter(self._submitting))
        register_builtin(self.functions)

    def worker(self) -> Worker:
        """A worker with an identity, executors and a connection of its own."""
        identity = _identity(time.time_ns() // 1000)
        source = RemoteWork(Coordinators(self._urls, self._token))
        executors = registry.executors(Setting(self.config, self.functions, identity.id))
        return Worker(source, executors, self.functions.types, self.config, identity, self.telemetry)

    def supervisor(self) -> Supervisor:
        """What keeps a worker working."""
        return Supervisor(self.worker, self.telemetry)

    def close(self) -> None:
        """Give the connections back."""
        self._submitting.close()


def _identity(now: Instant) -> Identity:
    return Identity(new_id(now), f"{socket.gethostname()}:{os.getpid()}"[:200], __version__)


class _Catalogue:
    """What can run here, for the service."""

    def __init__(self, app: App) -> None:
        self._app = app

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset(self._app.executors)

    def functions(self) -> set[str]:
        return set(self._app.functions.types())

    def check(self, job_type: str, parameters: Mapping[str, object]) -> None:
        kind = kind_of(job_type)
        executor = self._app.executors.get(kind)
        if executor is None:
            raise InvalidInput.field(
                "jobType", msg=f"no executor for {kind!r} in this version; there are {', '.join(sorted(self.kinds))}"
            )
        executor.check(job_type, parameters)


def submitter_from_environment() -> submission.Submitter:
    """What `enqueue` uses in a process that is no Rota of its own: the store of ROTA_DB, or else `./rota.db`."""
    app = App(load(), functions=Functions())
    schema.require_current(app.database, create=True)
    return StoreSubmitter(app.context(SYSTEM))
