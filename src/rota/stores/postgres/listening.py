"""Hears the bells of other processes over LISTEN, and notices by itself when it hears nothing any more.

A notification is a hint: whoever waits for one also polls. A connection can go deaf without an error (a pooler that
resets sessions, a network that forgot it), so it calls itself every few seconds, and is replaced when it does not hear.
"""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress

import psycopg

from rota.stores.bell import CARRIED
from rota.stores.hearts.postgres_dsn import CHANNEL, connect_arguments, plain

_TEST_EVERY_SECONDS = 10.0
_HEARD_WITHIN_SECONDS = 5.0
_RETRY_SECONDS = 1.0
_LOOK_SECONDS = 1.0


class Listener:
    """A thread with a connection of its own. `hears` tells whether notifications arrive at the moment."""

    def __init__(self, url: str, sender: str, ring: Callable[[Iterable[str]], None]) -> None:
        """`ring` is called with the topics of others; what `sender` itself sent is passed over."""
        self._url = plain(url)
        self._sender = sender
        self._ring = ring
        self._stopping = threading.Event()
        self.hears = False
        self._thread = threading.Thread(target=self._run, name="rota-listener", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                with psycopg.connect(self._url, autocommit=True, **connect_arguments()) as connection:  # type: ignore[arg-type]
                    with _answered(connection):
                        connection.execute(f"LISTEN {CHANNEL}")
                    self._listen(connection)
            except psycopg.Error:
                pass
            self.hears = False
            self._stopping.wait(_RETRY_SECONDS)

    def _listen(self, connection: psycopg.Connection) -> None:
        """Listen until the connection proves deaf."""
        tested = 0.0
        while not self._stopping.is_set():
            if time.monotonic() - tested >= _TEST_EVERY_SECONDS:
                if not self._hears_itself(connection):
                    return
                if not self.hears:
                    self.hears = True
                    self._ring(CARRIED)  # whatever rang while nobody heard it
                tested = time.monotonic()
            for notification in connection.notifies(timeout=_LOOK_SECONDS):
                self._heard(notification.payload)
                if self._stopping.is_set() or time.monotonic() - tested >= _TEST_EVERY_SECONDS:
                    break

    def _hears_itself(self, connection: psycopg.Connection) -> bool:
        call = f"{self._sender}:test"
        with _answered(connection):
            connection.execute(f"NOTIFY {CHANNEL}, '{call}'")
        deadline = time.monotonic() + _HEARD_WITHIN_SECONDS
        while (left := deadline - time.monotonic()) > 0 and not self._stopping.is_set():
            for notification in connection.notifies(timeout=min(left, _LOOK_SECONDS), stop_after=1):
                if notification.payload == call:
                    return True
                self._heard(notification.payload)
        return False

    def _heard(self, payload: str) -> None:
        sender, _, topics = payload.partition(":")
        if sender != self._sender:
            self._ring(topics.split(","))


@contextmanager
def _answered(connection: psycopg.Connection) -> Iterator[None]:
    """Hang up when the server does not answer in time.

    Where somebody on the way says that all arrives, and keeps it, neither TCP nor the server's own bounds end the wait.
    """
    timer = threading.Timer(_HEARD_WITHIN_SECONDS, _hang_up, [connection])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _hang_up(connection: psycopg.Connection) -> None:
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.fileno())) as same:
        same.shutdown(socket.SHUT_RDWR)


def listen(url: str, sender: str, ring: Callable[[Iterable[str]], None]) -> Listener:
    """Ring the bells of this process when another one has committed something."""
    return Listener(url, sender, ring)
