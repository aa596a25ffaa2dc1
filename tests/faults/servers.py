"""Stores that a test may kill: a SQLite file, and PostgreSQL servers of our own with the sync to disk on.

None of them is shared with anything but the tests of this folder, so each can be killed and started again at will.
"""

import os
import shutil
import signal
import sqlite3
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, ClassVar, Protocol

from driver import eventually, free_port

_START_SECONDS = 30.0

Rows = list[tuple[Any, ...]]


class Store(Protocol):
    """One store of one test."""

    kind: ClassVar[str]

    @property
    def url(self) -> str:
        """What `--db` is given."""

    def url_through(self, port: int) -> str:
        """The same store, reached through another port of this machine."""

    @property
    def port(self) -> int:
        """Where its server listens; 0 when there is none."""

    def rows(self, sql: str) -> Rows:
        """What is committed, read beside Rota."""

    def kill(self) -> None:
        """End the server as a power cut would. Nothing to do where there is none."""

    def start(self) -> None:
        """Start the server again, and wait until it answers."""

    def integrity(self) -> str:
        """`ok`, or what is wrong with the files."""


class SqliteStore:
    """A store in a file. There is no server: the processes that use it are all there is to kill."""

    kind = "sqlite"
    port = 0

    def __init__(self, folder: Path) -> None:
        self.file = folder / "rota.db"

    @property
    def url(self) -> str:
        return f"sqlite:///{self.file}"

    def url_through(self, port: int) -> str:
        raise NotImplementedError("a file is not reached through a port")

    def rows(self, sql: str) -> Rows:
        with closing(sqlite3.connect(f"file:{self.file}?mode=ro", uri=True, timeout=30)) as connection:
            return connection.execute(sql).fetchall()

    def execute(self, sql: str) -> None:
        """Write beside Rota: what a test injects."""
        with closing(sqlite3.connect(self.file, timeout=30)) as connection, connection:
            connection.execute(sql)

    def kill(self) -> None:
        """There is no server."""

    def start(self) -> None:
        """There is no server."""

    def integrity(self) -> str:
        return "; ".join(str(row[0]) for row in self.rows("PRAGMA integrity_check"))


class PostgresServer:
    """A PostgreSQL cluster of our own: default durability, one port, one temporary folder."""

    def __init__(self, *, settings: Sequence[str] = ()) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="rota-faults-pg-", dir="/tmp"))
        self.port = free_port()
        self._settings = settings
        self._programs = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda found: int(found.parent.name))
        self._as_postgres = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        if self._as_postgres:
            shutil.chown(self.folder, "postgres")
        self._run("initdb", "-D", str(self._data), "-U", "postgres", "-A", "trust", "--no-locale", "-E", "UTF8")

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _run(self, program: str, *words: str) -> None:
        said = subprocess.run(
            [*self._as_postgres, str(self._programs / program), *words],
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert said.returncode == 0, f"{program}: {said.stdout}"

    def start(self) -> None:
        """Start, and wait until it answers: after a kill, what is left of the old server must go first."""
        options = [f"-p {self.port}", f"-k {self.folder}", "-h 127.0.0.1", *(f"-c {one}" for one in self._settings)]
        log = str(self.folder / "log")

        def started() -> bool:
            with suppress(AssertionError):
                self._run("pg_ctl", "-D", str(self._data), "-l", log, "-w", "-o", " ".join(options), "start")
                return True
            return False

        eventually(started, _START_SECONDS, "PostgreSQL starts again")
        eventually(self.answers, _START_SECONDS, "PostgreSQL answers")

    def answers(self) -> bool:
        """Whether a query is answered."""
        try:
            self.rows("postgres", "SELECT 1")
        except OSError:
            return False
        return True

    def rows(self, database: str, sql: str) -> Rows:
        """What a query answers, or nothing for a statement that answers nothing. OSError when the server is away."""
        import psycopg

        try:
            with psycopg.connect(self.url(database), autocommit=True, connect_timeout=5) as connection:
                cursor = connection.execute(sql)
                return cursor.fetchall() if cursor.description is not None else []
        except psycopg.OperationalError as error:
            raise OSError(str(error)) from None

    def url(self, database: str, port: int | None = None) -> str:
        """Of a database of this server."""
        return f"postgresql://postgres@127.0.0.1:{port or self.port}/{database}"

    @property
    def postmaster(self) -> int:
        """The process id of the server's first process."""
        return int((self._data / "postmaster.pid").read_text().split()[0])

    def kill(self) -> None:
        """SIGKILL to the postmaster and, at the same instant, to all it started."""
        pids = [self.postmaster]
        pids += [int(pid) for pid in Path(f"/proc/{pids[0]}/task/{pids[0]}/children").read_text().split()]
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, number)
        eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids), 30, "PostgreSQL is gone")

    def restart_at_once(self) -> None:
        """`pg_ctl restart -m immediate`: a crash that the server brings upon itself."""
        self._run("pg_ctl", "-D", str(self._data), "-l", str(self.folder / "log"), "-w", "-m", "immediate", "restart")

    def close(self) -> None:
        """End the server and throw its files away."""
        with suppress(FileNotFoundError, ProcessLookupError):
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class PostgresStore:
    """A database of its own on a server that may be killed."""

    kind = "postgres"

    def __init__(self, server: PostgresServer, name: str, *, template: str = "template1") -> None:
        self.server = server
        self.name = name
        server.rows("postgres", f'CREATE DATABASE "{name}" TEMPLATE "{template}"')

    @property
    def url(self) -> str:
        return self.server.url(self.name)

    @property
    def port(self) -> int:
        return self.server.port

    def url_through(self, port: int) -> str:
        return self.server.url(self.name, port)

    def rows(self, sql: str) -> Rows:
        return self.server.rows(self.name, sql)

    def execute(self, sql: str) -> None:
        """Write beside Rota: what a test injects."""
        self.server.rows(self.name, sql)

    def kill(self) -> None:
        self.server.kill()

    def start(self) -> None:
        self.server.start()

    def integrity(self) -> str:
        """Every table can be read whole, by its indexes as well."""
        self.execute("CREATE EXTENSION IF NOT EXISTS amcheck")
        self.execute(
            "SELECT bt_index_check(c.oid, true) FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid"
            " JOIN pg_am a ON a.oid = c.relam WHERE a.amname = 'btree' AND c.relnamespace = 'public'::regnamespace"
        )
        return "ok"
