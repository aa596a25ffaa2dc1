"""The heartbeat of a worker on SQLite."""

import json
import sqlite3
import time
from urllib.parse import unquote

from rota.domain.instant import Duration


class Heart:
    """See `rota.stores.hearts.Heart`."""

    def __init__(self, url: str, worker_id: str, lease: Duration) -> None:
        """`url` names a SQLite store as `sqlite:///FILE`."""
        self._file = unquote(url.removeprefix("sqlite:///").partition("?")[0])
        self._worker_id = worker_id
        self._lease = lease
        self._connection: sqlite3.Connection | None = None

    def beat(self) -> bool:
        """Prolong the lease to now + L. False when the worker was convicted. Raises `sqlite3.Error`."""
        now = time.time_ns() // 1000
        return self._write(_BEAT, (now, now + self._lease, self._worker_id))

    def bury(self) -> None:
        """End the lease at once, and tell it."""
        now = time.time_ns() // 1000
        self._write(_BURY, (now, now, self._worker_id), told=(now, json.dumps({"workerId": self._worker_id})))

    def _write(self, sql: str, parameters: tuple[object, ...], told: tuple[object, ...] | None = None) -> bool:
        if self._connection is None:
            self._connection = sqlite3.connect(self._file, timeout=2.0, isolation_level=None)
        try:
            if told is None:
                return self._connection.execute(sql, parameters).rowcount == 1
            self._connection.execute("BEGIN IMMEDIATE")
            done = self._connection.execute(sql, parameters).rowcount == 1
            if done:
                self._connection.execute(_TELL, told)
            self._connection.execute("COMMIT")
            return done
        except sqlite3.Error:
            self._connection.close()
            self._connection = None
            raise


_BEAT = "UPDATE workers SET heartbeat_at = ?, lease_expires_at = ? WHERE id = ? AND state IN ('Alive', 'Draining')"
_BURY = "UPDATE workers SET state = 'Dead', lease_expires_at = ?, ended_at = ? WHERE id = ? AND state IN ('Alive', 'Draining')"
_TELL = "INSERT INTO events (at, kind, data) VALUES (?, 'worker.dead', ?)"
