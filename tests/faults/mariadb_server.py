"""MariaDB servers of our own, with the sync to disk on, that a test may kill."""

import os
import shutil
import subprocess
import tempfile
from contextlib import closing
from pathlib import Path

from driver import eventually, free_port
from servers import Rows

_PATH = os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin"
_START_SECONDS = 30.0


class MariaServer:
    """A MariaDB server of our own: default durability, one port, one temporary folder."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="rota-faults-my-", dir="/tmp"))
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._user = ["--user=root"] if os.geteuid() == 0 else []
        subprocess.run(
            [
                "mariadb-install-db",
                "--no-defaults",
                f"--datadir={self.folder / 'data'}",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                *self._user,
            ],
            check=True,
            env=os.environ | {"PATH": _PATH},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def start(self) -> None:
        """Start, and wait until it answers."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    str(shutil.which("mariadbd", path=_PATH)),
                    "--no-defaults",
                    f"--datadir={self.folder / 'data'}",
                    f"--port={self.port}",
                    "--bind-address=127.0.0.1",
                    f"--socket={self.folder / 'socket'}",
                    f"--pid-file={self.folder / 'pid'}",
                    *self._user,
                ],
                cwd="/",
                env=os.environ | {"PATH": _PATH},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        eventually(self.answers, _START_SECONDS, "MariaDB answers")

    def answers(self) -> bool:
        """Whether a query is answered."""
        try:
            self.rows("mysql", "SELECT 1")
        except OSError:
            return False
        return True

    def rows(self, database: str, sql: str) -> Rows:
        """What a query answers. OSError when the server is away."""
        import pymysql

        try:
            connection = pymysql.connect(
                host="127.0.0.1", port=self.port, user="root", database=database, autocommit=True, connect_timeout=5
            )
        except pymysql.OperationalError as error:
            raise OSError(str(error)) from None
        with closing(connection), connection.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())

    def kill(self) -> None:
        """SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(30)
            self._process = None

    def close(self) -> None:
        """End the server and throw its files away."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class MariaStore:
    """A database of its own on a server that may be killed."""

    kind = "mariadb"

    def __init__(self, server: MariaServer, name: str) -> None:
        self.server = server
        self.name = name
        server.rows("mysql", f"CREATE DATABASE `{name}` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin")

    @property
    def url(self) -> str:
        return self.url_through(self.port)

    @property
    def port(self) -> int:
        return self.server.port

    def url_through(self, port: int) -> str:
        return f"mysql://root@127.0.0.1:{port}/{self.name}"

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
        found = self.rows("SHOW FULL TABLES WHERE Table_type = 'BASE TABLE'")  # a sequence cannot be checked
        tables = ", ".join(f"`{name}`" for name, _ in found)
        told = {text for *_, text in self.rows(f"CHECK TABLE {tables}")}
        return "ok" if told == {"OK"} else "; ".join(sorted(told))
