"""The processes that Rota can be: `up` (everything), `server` (coordinator), `worker`. Each runs until it is told to stop.

The first SIGINT or SIGTERM drains: running work may end within the drain time. The second stops now and hands it back.
"""

import asyncio
import contextlib
import gc
import ipaddress
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import uvicorn

from rota import telemetry
from rota.app import App, RemoteApp
from rota.client import credential
from rota.config import Config
from rota.domain.errors import ConfigurationInvalid, StoreEmpty, Unauthenticated, Unavailable
from rota.engine.supervisor import Supervisor
from rota.engine.thread import EngineThread
from rota.service import access
from rota.stores.database import Database
from rota.version import __version__

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_LAST_RESORT_SECONDS = 8.0
_OBJECTS_BETWEEN_COLLECTIONS = 20_000
_TELL_EVERY_SECONDS = 10.0
_LOOK_AGAIN_SECONDS = 0.5
_CHOOSES_TOKEN = "ROTA_ADMIN_TOKEN"  # noqa: S105 - the name of a variable

T = TypeVar("T")


def run_up(config: Config) -> int:
    """Coordinator and worker in one process on one store."""
    return _coordinate(config, with_worker=True)


def run_server(config: Config) -> int:
    """Coordinator only."""
    return _coordinate(config, with_worker=False)


def run_worker(config: Config) -> int:
    """Worker only, directly on the store."""
    telemetry.configure(config.log)
    app = App(config)
    _when_the_store_answers(app.database, lambda: app.open(create=False))
    app.database.listen()
    try:
        asyncio.run(_work(app.supervisor(), config, f"store {app.database}", "all"))
    finally:
        app.close()
    return 0


def run_remote_worker(config: Config, urls: list[str], token: str, file: Path) -> int:
    """Worker only, over HTTP. The token of an enrolment is first exchanged for a credential, which `file` keeps."""
    telemetry.configure(config.log)
    if credential.is_enrolment(token):
        own = _enrolled(urls, token, file)
        token = own.token
        _say(iter([f"enrolled as {own.name!r}; the credential is kept in {file.resolve()}"]))
    app = RemoteApp(config, urls, token)
    try:
        asyncio.run(_work(app.supervisor(), config, f"coordinator {', '.join(urls)}", "of its key"))
    except Unauthenticated:
        raise Unauthenticated("the credential of this worker was refused: it is unknown, expired or revoked") from None
    finally:
        app.close()
    return 0


async def _work(supervisor: Supervisor, config: Config, where: str, every: str) -> None:
    stop = _Stop(lambda: supervisor.stop(), lambda: supervisor.stop(now=True))
    stop.listen()
    gc.freeze()  # what is loaded stays; a worker makes objects by the thousand, and most of them are gone after a batch
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS, 20, 20)
    await supervisor.run(ready=lambda: _say(_worker_lines(config, where, every)))


def _enrolled(urls: list[str], token: str, file: Path) -> credential.Credential:
    """Wait for a coordinator if none is there."""
    happenings = telemetry.Telemetry()
    while True:
        try:
            return credential.enrolled(urls, token, file)
        except Unavailable as error:
            happenings.store_unavailable(error)
            time.sleep(_LOOK_AGAIN_SECONDS)


def _coordinate(config: Config, *, with_worker: bool) -> int:
    telemetry.configure(config.log)
    _refuse_exposure(config)
    listener = _bind(config)
    with listener:
        app = App(config)
        token = _when_the_store_answers(app.database, lambda: _open(app))
        app.database.listen()
        engine = EngineThread(app.supervisor(), app.telemetry) if with_worker else None
        asyncio.run(_serve(app, engine, listener, token))
        with contextlib.suppress(Unavailable):
            app.presence.leave()
    app.close()
    return 0


def _open(app: App) -> str | None:
    """Make the store ready and join its coordinators. Returns the admin token to show, if there is one."""
    app.open()
    app.presence.join()
    token = access.bootstrap(app.database, app.config.admin_token)
    app.prepare()
    return token


def _when_the_store_answers(database: Database, open: Callable[[], T]) -> T:
    """Wait for a database server that is not up yet, or that no coordinator has made ready yet, and say so."""
    told_at = -_TELL_EVERY_SECONDS
    while True:
        try:
            return open()
        except (Unavailable, StoreEmpty) as error:
            if database.on_one_host:
                raise
            if time.monotonic() - told_at >= _TELL_EVERY_SECONDS:
                told_at = time.monotonic()
                telemetry.logger.warning("waiting for the store: %s", error.detail)
            time.sleep(_LOOK_AGAIN_SECONDS)


async def _serve(app: App, engine: EngineThread | None, listener: socket.socket, token: str | None) -> None:
    """Everything runs until the first signal; then the worker drains while the API still answers."""
    config = app.config
    server = _Server(
        uvicorn.Config(
            app.application(),
            log_config=None,
            access_log=False,
            lifespan="on",
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=5,
            timeout_keep_alive=30,
            ssl_certfile=config.server.tls_certificate,
            ssl_keyfile=config.server.tls_key,
            proxy_headers=config.server.behind_proxy,
        )
    )
    loop = asyncio.get_running_loop()

    def close() -> None:
        for step in app.loops:
            step.stop()
        app.stopping.set()
        server.should_exit = True

    def close_soon() -> None:
        loop.call_soon_threadsafe(close)

    def first() -> None:
        for step in app.loops:
            step.stop()
        if engine is not None and engine.alive:
            engine.stop()
        else:
            close()

    def second() -> None:
        if engine is not None:
            engine.stop(now=True)
        else:
            close()

    _Stop(first, second).listen()
    if engine is not None:
        await asyncio.to_thread(engine.start)
        engine.on_end(close_soon)
    for step in app.loops:
        step.start()
    server.on_ready = lambda: _say(_coordinator_lines(app, listener, token, with_link=engine is not None))
    await server.serve(sockets=[listener])
    for step in app.loops:
        await asyncio.to_thread(step.join)


class _Server(uvicorn.Server):
    """Says when it listens, and leaves the signals to us."""

    on_ready: Callable[[], None]

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self.on_ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _Stop:
    """The first signal drains, every later one stops now.

    A job may block the event loop that should hear of it, so the process ends some seconds after the second signal
    whatever happens: the guard then kills what is left and frees the leases.
    """

    def __init__(self, first: Callable[[], None], second: Callable[[], None]) -> None:
        self._first = first
        self._second = second
        self._asked = 0

    def listen(self) -> None:
        self._loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            signal.signal(number, self._hear)

    def _hear(self, _number: int, _frame: object) -> None:
        self._asked += 1
        if self._asked == 1:
            telemetry.logger.info("stopping: running jobs may finish; once more to stop now")
        elif self._asked == 2:
            last_resort = threading.Timer(_LAST_RESORT_SECONDS, os._exit, (1,))
            last_resort.daemon = True
            last_resort.start()
        self._loop.call_soon_threadsafe(self._first if self._asked == 1 else self._second)


def _refuse_exposure(config: Config) -> None:
    server = config.server
    if (server.tls_certificate is None) != (server.tls_key is None):
        raise ConfigurationInvalid("TLS takes both a certificate and a key: --tls-cert FILE --tls-key FILE")
    if _is_loopback(server.host) or server.tls_certificate is not None or server.behind_proxy:
        return
    raise ConfigurationInvalid(
        f"will not listen on {server.host} without TLS: tokens would cross the network in the clear."
        " Give --tls-cert and --tls-key, or --behind-proxy when a proxy in front of Rota speaks TLS"
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _bind(config: Config) -> socket.socket:
    """The port is taken before anything else is touched: a second process on it changes nothing."""
    host, port = config.server.host, config.server.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle's algorithm off only where the protocol is named; with it replies wait 40 ms for an ACK.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        hint = f"; is another Rota running there? Try --port {port + 1}" if error.errno == 98 else ""
        raise ConfigurationInvalid(f"cannot listen on {host}:{port}: {error.strerror}{hint}") from None
    return listener


def _coordinator_lines(app: App, listener: socket.socket, token: str | None, *, with_link: bool) -> Iterator[str]:
    """`with_link`: for `rota up`, which a person reads. What `rota server` prints is collected somewhere."""
    scheme = "https" if app.config.server.tls_certificate else "http"
    host, port = listener.getsockname()[:2]
    yield f"Rota {__version__} is ready"
    console = f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"
    yield f"  console  {console}"
    if with_link:
        yield f"  sign in  {console}/#signin={app.links.make(app.database.clock.now())} (once)"
    yield f"  token    {_told(token, chosen=token == app.config.admin_token)}"
    yield f"  store    {app.database}"


def _told(token: str | None, *, chosen: bool) -> str:
    """A token that was chosen in a file is kept from the journal of a service; one of the environment is told."""
    if token is None:
        return "as issued at the first start; make another with: rota keys create"
    return "as chosen in the configuration" if chosen and _CHOOSES_TOKEN not in os.environ else token


def _worker_lines(config: Config, where: str, every: str) -> Iterator[str]:
    queues = ", ".join(config.engine.queues) or every
    yield f"Rota {__version__} worker is ready: queues {queues}, {config.engine.max_concurrent_jobs} slots, {where}"


def _say(lines: Iterator[str]) -> None:
    for line in lines:
        print(line, file=sys.stdout, flush=True)  # noqa: T201
