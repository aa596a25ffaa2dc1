"""The heartbeat of a worker on MariaDB or MySQL."""

import json
from typing import Any

import pymysql

from rota.domain.instant import Duration
from rota.stores.hearts.mysql_dsn import address, connect_arguments


class Heart:
    """See `rota.stores.hearts.Heart`."""

    def __init__(self, url: str, worker_id: str, lease: Duration) -> None:
        self._url = url
        self._worker_id = worker_id
        self._lease = lease
        self._connection: Any = None

    def beat(self) -> bool:
        """Prolong the lease to now + L. False when the worker was convicted. Raises `pymysql.Error`."""
        return self._write(_BEAT, (self._lease, self._worker_id))

    def bury(self) -> None:
        """End the lease at once, and tell it."""
        self._write(_BURY, (self._worker_id,), told=(json.dumps({"workerId": self._worker_id}),))

    def _write(self, sql: str, parameters: tuple[object, ...], told: tuple[object, ...] | None = None) -> bool:
        if self._connection is None:
            self._connection = pymysql.connect(**address(self._url), **connect_arguments(), autocommit=True)
        try:
            with self._connection.cursor() as cursor:
                if told is not None:
                    self._connection.begin()
                done = bool(cursor.execute(sql, parameters) == 1)
                if told is not None:
                    if done:
                        cursor.execute(_TELL, told)
                    self._connection.commit()
                return done
        except pymysql.Error:
            if self._connection.open:
                self._connection.close()
            self._connection = None
            raise


_NOW = "CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED)"
_BEAT = f"""
    UPDATE workers SET heartbeat_at = {_NOW}, lease_expires_at = {_NOW} + %s
    WHERE id = %s AND state IN ('Alive', 'Draining')"""
_BURY = f"""
    UPDATE workers SET state = 'Dead', lease_expires_at = {_NOW}, ended_at = {_NOW}
    WHERE id = %s AND state IN ('Alive', 'Draining')"""
_TELL = f"INSERT INTO events (at, kind, data) VALUES ({_NOW}, 'worker.dead', %s)"
