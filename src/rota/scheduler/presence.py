"""Tells the other coordinators of the store that this one is alive, and refuses to join them with other settings.

No coordinator is needed by another: each runs all loops, and the rows of the store keep them apart. But two that differ
in the length of a lease or in the defaults of jobs would undo each other's work.
"""

import os
import socket
from pathlib import Path

from rota.config import Config
from rota.domain.errors import ConfigurationInvalid
from rota.stores import coordinators
from rota.stores.coordinators import CoordinatorRecord
from rota.stores.database import Database, Transaction
from rota.stores.identity import new_id


class Presence:
    """Every H seconds: this coordinator is alive."""

    name = "presence"
    topic = None

    def __init__(self, database: Database, config: Config, version: str) -> None:
        self._database = database
        self._settings = config.shared()
        self._interval = config.lease.heartbeat_seconds
        self._silence = config.lease.duration
        self._version = version
        self._hostname = socket.gethostname()[:200]
        self.id = new_id(database.clock.now())

    def join(self) -> None:
        """Enter this coordinator. ConfigurationInvalid names the setting that another one has otherwise."""
        self._database.writing(self._join, serial=True)

    def run_once(self) -> float:
        """Beat; enter anew what was forgotten meanwhile."""
        if not self._database.writing(lambda tx: coordinators.beat(tx, self.id)):
            self._database.writing(self._enter)
        return self._interval

    def leave(self) -> None:
        """This coordinator stops."""
        self._database.writing(lambda tx: coordinators.leave(tx, self.id))

    def _join(self, tx: Transaction) -> None:
        for other in coordinators.serving(tx, tx.now - self._silence):
            if not self._is_gone(other):
                self._compare(other)
        self._enter(tx)

    def _enter(self, tx: Transaction) -> None:
        pid = os.getpid()
        coordinators.join(
            tx,
            self.id,
            name=f"{self._hostname}:{pid}"[:200],
            hostname=self._hostname,
            pid=pid,
            version=self._version,
            settings=self._settings,
        )

    def _is_gone(self, other: CoordinatorRecord) -> bool:
        """A process of this host that was killed: no need to wait until it has been silent for long."""
        ended = other.pid == os.getpid() or not Path(f"/proc/{other.pid}").exists()
        return other.hostname == self._hostname and ended

    def _compare(self, other: CoordinatorRecord) -> None:
        for key, ours in self._settings.items():
            theirs = other.settings.get(key, ours)
            if theirs != ours:
                raise ConfigurationInvalid(
                    f"{key} is {ours} here, but the coordinator {other.name} on this store runs with {theirs}:"
                    " all coordinators of a store take the same configuration. Change it here, or stop that one first"
                )
