"""The heartbeat of a worker on PostgreSQL."""

import psycopg

from rota.domain.instant import Duration
from rota.stores.hearts.postgres_dsn import CHANNEL, connect_arguments, plain


class Heart:
    """See `rota.stores.hearts.Heart`."""

    def __init__(self, url: str, worker_id: str, lease: Duration) -> None:
        self._url = plain(url)
        self._worker_id = worker_id
        self._lease = lease
        self._connection: psycopg.Connection | None = None

    def beat(self) -> bool:
        """Prolong the lease to now + L. False when the worker was convicted. Raises `psycopg.Error`."""
        return self._write(_BEAT, {"lease": self._lease, "worker": self._worker_id})

    def bury(self) -> None:
        """End the lease at once, tell it, and wake who takes its work back."""
        self._write(_BURY, {"worker": self._worker_id})

    def _write(self, sql: str, parameters: dict[str, object]) -> bool:
        if self._connection is None:
            self._connection = psycopg.connect(self._url, autocommit=True, **connect_arguments())  # type: ignore[arg-type]
        try:
            return self._connection.execute(sql, parameters).rowcount == 1
        except psycopg.Error:
            self._connection.close()
            self._connection = None
            raise


_NOW = "(extract(epoch FROM statement_timestamp()) * 1000000)::bigint"
"""One time for the whole statement: a buried worker ended exactly when its lease did."""
_BEAT = f"""
    UPDATE workers SET heartbeat_at = {_NOW}, lease_expires_at = {_NOW} + %(lease)s
    WHERE id = %(worker)s AND state IN ('Alive', 'Draining')"""
_BURY = f"""
    WITH buried AS (
        UPDATE workers SET state = 'Dead', lease_expires_at = {_NOW}, ended_at = {_NOW}
        WHERE id = %(worker)s AND state IN ('Alive', 'Draining') RETURNING id, ended_at
    ), told AS (
        INSERT INTO events (at, kind, data)
        SELECT ended_at, 'worker.dead', json_build_object('workerId', id)::text FROM buried
    )
    SELECT pg_notify('{CHANNEL}', 'heart:leases') FROM buried"""
