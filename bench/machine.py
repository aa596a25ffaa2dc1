"""The machine and the software in words, so that figures can be read later."""

import os
import platform
import sqlite3
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any


def words(folder: Path) -> dict[str, Any]:
    """What the figures were taken on; `folder` is where the stores are."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _said("git", "describe", "--always", "--dirty", "--exclude", "*"),
        "rota": version("rota-scheduler"),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memoryGB": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "fileSystem": _said("stat", "--file-system", "--format", "%T", str(folder)),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "sqlalchemy": version("sqlalchemy"),
        "psycopg": version("psycopg"),
        "loadBefore": load(),
        "stores": {},
    }


def sentence(machine: dict[str, Any]) -> str:
    """The same in one sentence."""
    return (
        f"Rota {machine['rota']} ({machine['commit']}) on {machine['cores']} cores of {machine['processor']},"
        f" {machine['memoryGB']} GB, {machine['system']}, {machine['fileSystem']}; Python {machine['python']},"
        f" SQLite {machine['sqlite']}, SQLAlchemy {machine['sqlalchemy']}, psycopg {machine['psycopg']}."
        f" The stores of both sides: {'; '.join(machine['stores'].values())}."
        f" Load average before the run {machine['loadBefore']:.1f}, after it {machine['loadAfter']:.1f}: the more of it is"
        " other people's work, the less the absolute figures say."
    )


def load() -> float:
    """How many processes wanted to run in the last minute."""
    return round(os.getloadavg()[0], 2)


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor() or "an unknown processor"


def _said(*command: str) -> str:
    """The first line of a command's output, or `unknown`."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=10, cwd=Path(__file__).parent
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return done.stdout.strip()
