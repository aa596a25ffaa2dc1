"""Where fresh stores come from, one class for each kind of database. Each migrates once and copies what that made.

The databases made on a server carry the time in their names, so that those of a run that was killed are found and
dropped by a later one.
"""

import os
import shutil
import sqlite3
import time
from abc import ABC, abstractmethod
from contextlib import closing, suppress
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pymysql
from sqlalchemy.engine import make_url

from rota.stores.database import Database
from rota.stores.schema import migrate

_PREFIX = "rota_test_"
_STALE_SECONDS = 3600


class Server(ABC):
    """Makes stores of one kind: empty, migrated and of nobody else."""

    version: str

    @abstractmethod
    def new(self) -> str:
        """The URL of a fresh store."""

    @abstractmethod
    def give_back(self, url: str) -> None:
        """Nobody uses this store any more."""

    @abstractmethod
    def close(self) -> None:
        """Remove what was made."""


def _migrate(url: str) -> str:
    store = Database(url, durable=False)
    migrate(store)
    store.close()
    return url


class Sqlite(Server):
    """Files in a folder; a new store is a copy."""

    def __init__(self, folder: Path) -> None:
        self.version = sqlite3.sqlite_version
        self._folder = folder
        self._numbers = count()
        self._template = folder / "template.db"
        _migrate(f"sqlite:///{self._template}")

    def new(self) -> str:
        return f"sqlite:///{shutil.copy(self._template, self._folder / f'rota-{next(self._numbers)}.db')}"

    def give_back(self, url: str) -> None:
        for end in ("", "-wal", "-shm"):
            Path(url.removeprefix("sqlite:///") + end).unlink(missing_ok=True)

    def close(self) -> None:
        shutil.rmtree(self._folder)


class _Pooled(Server):
    """What servers have in common: a new store is a used one that was emptied, which takes a tenth of making one."""

    def __init__(self, address: str) -> None:
        self._address = make_url(address)
        self._numbers = count()
        self._run = f"{_PREFIX}{int(time.time())}_{os.getpid()}"
        self._made: list[str] = []
        self._free: list[str] = []
        with suppress(Exception):  # another run may be dropping the same ones
            for name in self._names():
                if int(name.removeprefix(_PREFIX).split("_")[0]) < time.time() - _STALE_SECONDS:
                    self._drop(name)

    @abstractmethod
    def _create(self, name: str) -> None:
        """Make a database with an empty, migrated store."""

    @abstractmethod
    def _empty(self, name: str) -> None:
        """Make a store as it was when it was new, whatever a test has left open on it."""

    @abstractmethod
    def _names(self) -> list[str]:
        """The databases that tests have made."""

    @abstractmethod
    def _drop(self, name: str) -> None:
        """Drop a database, in use or not."""

    def new(self) -> str:
        return self._url(self._free.pop() if self._free else self._new_database())

    def give_back(self, url: str) -> None:
        name = str(make_url(url).database)
        self._empty(name)
        self._free.append(name)

    def close(self) -> None:
        for name in reversed(self._made):
            self._drop(name)

    def _new_database(self) -> str:
        self._made.append(f"{self._run}_{next(self._numbers)}")
        self._create(self._made[-1])
        return self._made[-1]

    def _url(self, name: str) -> str:
        return self._address.set(database=name).render_as_string(hide_password=False)


class Postgres(_Pooled):
    """Databases copied from a template."""

    def __init__(self, address: str) -> None:
        self._admin = psycopg.connect(address, autocommit=True, connect_timeout=5)
        super().__init__(address)
        self.version = self._rows("SHOW server_version")[0][0].split()[0]
        self._template = ""
        self._template = self._new_database()
        with self._connect(self._template) as there:
            tables = there.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()").fetchall()
            self._filled = " UNION ALL ".join(
                f"SELECT '{table}' WHERE EXISTS (SELECT FROM {table})" for (table,) in tables
            )
            self._seeds = {
                table: there.execute(f"SELECT json_agg(seed)::text FROM {table} AS seed").fetchone()[0]  # type: ignore[index]
                for (table,) in there.execute(self._filled).fetchall()
            }

    def close(self) -> None:
        super().close()
        self._admin.close()

    def _create(self, name: str) -> None:
        if self._template:
            self._admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{self._template}" STRATEGY FILE_COPY')
        else:
            self._admin.execute(f'CREATE DATABASE "{name}"')
            _migrate(self._url(name))

    def _empty(self, name: str) -> None:
        self._rows("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", name)
        with self._connect(name) as there:
            if filled := [table for (table,) in there.execute(self._filled).fetchall()]:
                there.execute(f"TRUNCATE {', '.join(filled)} RESTART IDENTITY CASCADE")
            for table, rows in self._seeds.items():
                there.execute(f"INSERT INTO {table} SELECT * FROM json_populate_recordset(NULL::{table}, %s)", (rows,))

    def _connect(self, name: str) -> Any:
        return psycopg.connect(self._url(name), autocommit=True, connect_timeout=5)

    def _rows(self, sql: str, *parameters: object) -> Any:
        return self._admin.execute(sql, parameters).fetchall()

    def _names(self) -> list[str]:
        return [
            name for (name,) in self._rows("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", _PREFIX)
        ]

    def _drop(self, name: str) -> None:
        self._admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


class MariaDB(_Pooled):
    """Databases with tables of their own: there are no templates."""

    def __init__(self, address: str) -> None:
        url = make_url(address)
        self._admin = pymysql.connect(
            host=url.host,
            port=url.port or 3306,
            user=url.username,
            password=url.password or "",
            autocommit=True,
            connect_timeout=5,
            read_timeout=60,
        )
        super().__init__(address)
        self.version = self._rows("SELECT version()")[0][0].split("-")[0]
        self._untouched = self._new_database()
        tables = self._rows(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = %s AND table_type = 'BASE TABLE'",
            self._untouched,
        )
        self._tables = [table for (table,) in tables]
        self._seeds = self._filled(self._untouched)

    def close(self) -> None:
        super().close()
        self._admin.close()

    def _create(self, name: str) -> None:
        self._rows(f"CREATE DATABASE `{name}`")
        _migrate(self._url(name))

    def _empty(self, name: str) -> None:
        self._end_sessions(name)
        self._rows("SET SESSION foreign_key_checks = 0")
        for table in self._filled(name):
            self._rows(f"DELETE FROM `{name}`.`{table}`")
            if table == "audit":  # a first number that is missing is waited for
                self._rows(f"ALTER TABLE `{name}`.`{table}` AUTO_INCREMENT = 1")
        for table in self._seeds:
            self._rows(f"INSERT INTO `{name}`.`{table}` SELECT * FROM `{self._untouched}`.`{table}`")

    def _filled(self, name: str) -> list[str]:
        asked = (
            f"SELECT '{table}' FROM DUAL WHERE EXISTS (SELECT 1 FROM `{name}`.`{table}`)" for table in self._tables
        )
        return [table for (table,) in self._rows(" UNION ALL ".join(asked))]

    def _end_sessions(self, name: str) -> None:
        for (session,) in self._rows("SELECT id FROM information_schema.processlist WHERE db = %s", name):
            with suppress(pymysql.err.OperationalError):  # it has ended by itself
                self._rows("KILL %s", session)

    def _rows(self, sql: str, *parameters: object) -> Any:
        with closing(self._admin.cursor()) as cursor:
            cursor.execute(sql, parameters or None)
            return cursor.fetchall()

    def _names(self) -> list[str]:
        found = self._rows("SELECT schema_name FROM information_schema.schemata")
        return [name for (name,) in found if name.startswith(_PREFIX)]

    def _drop(self, name: str) -> None:
        self._end_sessions(name)
        self._rows(f"DROP DATABASE IF EXISTS `{name}`")
