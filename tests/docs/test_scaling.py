"""The guide from one file to a fleet, followed word for word on a PostgreSQL of the tests, one process a terminal.

A block `sh terminal` stays running until the end of the document. Only addresses differ from what is written.
"""

import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from docs.test_documents import ROOT, Block, blocks, environment, missing_line

GUIDE = ROOT / "docs" / "guides" / "scaling.md"
_PATIENCE_SECONDS = 60


class Terminals:
    """The terminals of a reader: one to type in, and one for each process that stays."""

    def __init__(self, folder: Path, written: dict[str, str], known: dict[str, str]) -> None:
        self._folder = folder
        self._written = written
        self._known = environment(folder) | known
        self._open: list[subprocess.Popen[str]] = []

    def run(self, block: Block) -> str:
        """Type a block and wait for its end. Variables last."""
        done = subprocess.run(
            self._shell(f"{self.as_here(block.text)}\nexport -p > .state"),
            cwd=self._folder,
            env=self._known,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_PATIENCE_SECONDS,
        )
        assert done.returncode == 0, f"line {block.line}:\n{block.text}\n{done.stdout}"
        return done.stdout

    def stay(self, block: Block) -> str:
        """Type a block into a terminal of its own; what it says until it is ready."""
        process = subprocess.Popen(
            self._shell(f"exec {self.as_here(block.text)}"),
            cwd=self._folder,
            env=self._known,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._open.append(process)
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if "is ready" in line:
                return said
        raise AssertionError(f"line {block.line} ended: {said}")

    def close(self) -> None:
        """Ctrl-C in every terminal, the last one first."""
        for process in reversed(self._open):
            process.send_signal(signal.SIGINT)
            rest, _ = process.communicate(timeout=_PATIENCE_SECONDS)
            assert process.returncode == 0, rest

    def as_here(self, text: str) -> str:
        """What is written, with the addresses of this test."""
        for there, here in self._written.items():
            text = text.replace(there, here)
        return text

    def _shell(self, text: str) -> list[str]:
        return ["bash", "-c", f"set -euo pipefail -a\n[ ! -e .state ] || . ./.state\n{text}"]


@pytest.fixture
def terminals(new_store_url: Callable[[], str], tmp_path: Path) -> Iterator[Terminals]:
    """The reader's database has a name of its own: there may be a `rota` on the server that is somebody's."""
    url = make_url(new_store_url())
    admin_url = url.set(drivername="postgresql", database="postgres").render_as_string(hide_password=False)
    server, name = f"{url.host}:{url.port or 5432}", f"{url.database}_guide"
    written = {
        "createdb rota": f"createdb {name}",
        "postgresql://postgres@127.0.0.1:5432/rota": f"postgresql://{url.username}@{server}/{name}",
        **{port: str(_free_port()) for port in ("8400", "8401")},
    }
    known = {"PGHOST": str(url.host), "PGPORT": str(url.port or 5432), "PGUSER": str(url.username)}
    if url.password is not None:
        known["PGPASSWORD"] = str(url.password)
    made = Terminals(tmp_path, written, known)
    try:
        yield made
        made.close()
    finally:
        with psycopg.connect(admin_url, autocommit=True) as admin:
            for made_there in (name, f"{name}_copy"):
                admin.execute(f'DROP DATABASE IF EXISTS "{made_there}" WITH (FORCE)')


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.mark.stores("postgres")
def test_the_guide_leads_to_a_fleet(terminals: Terminals, tmp_path: Path) -> None:
    printed = ""
    for block in blocks(GUIDE):
        if block.use.endswith(".py"):
            (tmp_path / block.use).write_text(block.text)
        elif block.use == "output":
            missing = missing_line(terminals.as_here(block.text), printed)
            assert missing is None, f"line {block.line}: {missing!r} was not printed; this was:\n{printed}"
        elif block.use == "terminal":
            terminals.stay(block)
        else:
            assert (block.language, block.use) == ("sh", "run"), "every block of the guide is followed"
            printed = terminals.run(block)
