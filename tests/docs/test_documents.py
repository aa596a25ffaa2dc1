"""The blocks of the documents do what they show: code runs, commands are run, and what they print is compared.

A block's info string begins with its language. What follows it says how the block is tested:

    python jobs.py    written to that file in the document's folder, as is `yaml jobs.yaml`
    python run        run by the interpreter
    python test       run by pytest
    sh run            run by bash against a coordinator; variables and functions last to the end of the document
    text output       lines that the block before it printed, in that order; `…` stands for anything
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```([^\n`]*)\n(.*?)^``` *$", re.MULTILINE | re.DOTALL)
FILES = (".py", ".yaml")
TOKEN = "the-token-of-the-documents"
VOLATILE = (
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "<id>"),
    (re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z"), "<time>"),
    (re.compile(r"127\.0\.0\.1:\d+"), "<address>"),
    (re.compile(r"\brota_[0-9A-Za-z]{5,}"), "<token>"),
    (re.compile(r"\b(in )?\d+(\.\d+)? (ms|s|min|h|d)\b( ago)?|\bnow\b"), "<duration>"),
    (re.compile(r"\s+"), " "),
)
"""What differs from run to run: it counts as equal. Times with an offset are told by schedules and must agree."""


@dataclass(frozen=True)
class Block:
    """One fenced block."""

    line: int
    language: str
    use: str
    text: str


def blocks(document: Path) -> list[Block]:
    text = document.read_text(encoding="utf-8")
    return [
        Block(text.count("\n", 0, match.start()) + 1, *_info(match[1]), text=match[2]) for match in FENCE.finditer(text)
    ]


def _info(info: str) -> tuple[str, str]:
    language, _, use = info.strip().partition(" ")
    return language, use.strip()


TESTED = [
    document
    for document in DOCUMENTS
    if any(uses := {block.use for block in blocks(document)}) and "terminal" not in uses
]
"""The guide with processes in terminals of their own is followed by `test_scaling`."""


@pytest.mark.parametrize("document", TESTED, ids=lambda document: document.stem)
def test_its_blocks_do_what_they_show(document: Path, tmp_path: Path) -> None:
    if "curl " in document.read_text() and shutil.which("curl") is None:
        pytest.skip("there is no curl")
    found = blocks(document)
    for block in found:
        if block.use.endswith(FILES):
            (tmp_path / block.use).write_text(block.text)
    with coordinator(tmp_path, needed=any(block.language == "sh" and block.use for block in found)) as url:
        printed = ""
        for block in found:
            if block.language == "text" and block.use == "output":
                missing = missing_line(block.text, printed)
                assert missing is None, f"line {block.line}: {missing!r} was not printed; this was:\n{printed}"
            elif block.use and not block.use.endswith(FILES):
                printed = run(block, tmp_path, url)


@contextmanager
def coordinator(folder: Path, *, needed: bool) -> Iterator[str]:
    """`rota up` with the modules of the folder, on a free port. Yields its URL, or nothing where none is needed."""
    if not needed:
        yield ""
        return
    apps = [argument for file in sorted(folder.glob("*.py")) for argument in ("--app", file.name)]
    process = subprocess.Popen(
        [sys.executable, "-m", "rota", "up", "--db", "rota.db", "--port", "0", "--log", "quiet", *apps],
        cwd=folder,
        env=environment(folder) | {"ROTA_ADMIN_TOKEN": TOKEN, "ROTA_HTTP__ALLOW_PRIVATE": "127.0.0.0/8"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        said = [process.stdout.readline() for _ in range(4)]
        yield next(line.split()[1] for line in said if line.split()[:1] == ["console"])
    finally:
        process.send_signal(signal.SIGTERM)
        rest = process.communicate(timeout=30)
        assert process.returncode == 0, rest


def run(block: Block, folder: Path, url: str) -> str:
    """Run a block and return what it printed."""
    if block.language == "sh":
        text = block.text.replace("http://127.0.0.1:8400", url)
        argv = [
            "bash",
            "-c",
            f"set -euo pipefail -a\n[ ! -e .state ] || . ./.state\n{text}\n{{ export -p; declare -f; }} > .state",
        ]
    elif block.use == "test":
        (folder / "test_block.py").write_text(block.text)
        argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_block.py"]
    else:
        assert (block.language, block.use) == ("python", "run"), block
        argv = [sys.executable, "-c", block.text]
    known = environment(folder) | {"ROTA_URL": url, "ROTA_TOKEN": TOKEN, "ROTA_DB": "rota.db"}
    done = subprocess.run(
        argv, cwd=folder, env=known, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60
    )
    assert done.returncode == 0, f"line {block.line}:\n{block.text}\n{done.stdout}"
    return done.stdout


def environment(folder: Path) -> dict[str, str]:
    """A person's shell in the folder, with `rota` on its path."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {"PATH": path, "HOME": str(folder), "LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(folder)}


def missing_line(shown: str, printed: str) -> str | None:
    """The first shown line that was not printed in that order, or None."""
    lines = iter([_comparable(line) for line in printed.splitlines()])
    for line in shown.splitlines():
        wanted = _comparable(line)
        if wanted and wanted != "…" and not any(_fits(wanted, candidate) for candidate in lines):
            return line
    return None


def _fits(wanted: str, printed: str) -> bool:
    return re.fullmatch(".*".join(re.escape(piece) for piece in re.split(" ?… ?", wanted)), printed) is not None


def _comparable(line: str) -> str:
    for pattern, replacement in VOLATILE:
        line = pattern.sub(replacement, line)
    return line.strip()
