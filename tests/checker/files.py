"""How a history is written down outside the store.

A witness file has one line for each thing witnessed, `WHAT EXECUTION ATTEMPT TOKEN WORKER NANOSECONDS`, each written by
one append, so that a killed process leaves no half of a line. Requests and faults are one JSON object a line, with the
names of `checker.journal.Request` and `checker.journal.Fault`.
"""

import json
import os
import time
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from checker.journal import Fault, Request, Witnessed


def witness(file: str | Path, what: str, execution_id: str, attempt: int, token: int, worker_id: str) -> None:
    """Append one line, now."""
    line = f"{what} {execution_id} {attempt} {token} {worker_id} {time.monotonic_ns()}\n"
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, line.encode())
    finally:
        os.close(descriptor)


def read_witness(*files: Path) -> list[Witnessed]:
    """All lines of all files, in order of time. A line that was not written whole fails here."""
    lines = (line.split() for file in files for line in file.read_text().splitlines())
    found = [
        Witnessed(what, execution_id, int(attempt), int(token), worker_id, int(at))
        for what, execution_id, attempt, token, worker_id, at in lines
    ]
    return sorted(found, key=lambda one: one.at)


def write_lines(file: Path, records: Iterable[Request | Fault]) -> None:
    """Append requests or faults."""
    with file.open("a") as opened:
        opened.writelines(json.dumps(asdict(record)) + "\n" for record in records)


def read_requests(*files: Path) -> list[Request]:
    """All requests of all files, in order of time."""
    found = [Request(**json.loads(line)) for file in files for line in file.read_text().splitlines()]
    return sorted(found, key=lambda one: one.asked)


def read_faults(*files: Path) -> list[Fault]:
    """All faults of all files, in order of time."""
    found = [Fault(**json.loads(line)) for file in files for line in file.read_text().splitlines()]
    return sorted(found, key=lambda one: one.begin)
