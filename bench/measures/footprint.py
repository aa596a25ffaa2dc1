"""What Rota takes before it does anything: time to start, memory, CPU while idle, packages."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from bench import processes
from bench.measure import AtMost, Result, Settings
from bench.stores import scratch

STORES = ("sqlite",)
_HELP_RUNS = 10
_REQUIREMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def run(settings: Settings) -> Iterator[Result]:
    """Start-up, help, memory, idle CPU, packages."""
    yield from _up(settings)
    yield _help()
    packages = sorted(required("rota-scheduler"))
    yield Result("packages_of_a_core_install", "packages", [len(packages)], notes={"names": packages})


def _up(settings: Settings) -> Iterator[Result]:
    seen = [_once(settings) for _ in range(settings.runs)]
    yield Result("up_first_start", "s", [one["first"] for one in seen], (), [AtMost(2.5)], {"what": "makes the schema"})
    yield Result("up_restart", "s", [one["again"] for one in seen], (), [AtMost(2.5)])
    yield Result(
        "idle_memory_tree",
        "MB PSS",
        [one["pss"] for one in seen],
        (),
        [AtMost(130)],
        {
            "processes": seen[0]["processes"],
            "rssTreeMB": round(seen[0]["rss"], 1),
            "note": "coordinator, worker, guard",
        },
    )
    yield Result("idle_memory_main", "MB RSS", [one["main"] for one in seen], (), [AtMost(130)])
    yield Result("idle_cpu", "% of one core", [one["cpu"] for one in seen], (), [AtMost(1.0)])


def _once(settings: Settings) -> dict[str, float]:
    seen: dict[str, float] = {}
    with scratch(settings) as store:
        folder = store.folder
        with processes.rota(*_arguments(folder, port := processes.free_port()), output=folder / "up.log") as process:
            seen["first"] = _until_ready(process, port, folder)
        with processes.rota(*_arguments(folder, port := processes.free_port()), output=folder / "up.log") as process:
            seen["again"] = _until_ready(process, port, folder)
            time.sleep(2)
            pids = processes.tree(process.pid)
            sizes = [processes.memory(pid) for pid in pids]
            used, seconds = processes.cpu_seconds([process.pid]), settings.size(10, 5)
            time.sleep(seconds)
            seen["cpu"] = (processes.cpu_seconds([process.pid]) - used) / seconds * 100
            seen["processes"] = len(pids)
            seen["main"], seen["rss"] = sizes[0][0], sum(rss for rss, _ in sizes)
            seen["pss"] = sum(pss for _, pss in sizes)
    return seen


def _arguments(folder: Path, port: int) -> tuple[str, ...]:
    return ("up", "--db", str(folder / "rota.db"), "--app", "bench.jobs", "--port", str(port), "--log", "quiet")


def _until_ready(process: "subprocess.Popen[bytes]", port: int, folder: Path) -> float:
    """Seconds since the process was made; asked every 5 ms."""
    started = processes.started_at(process.pid)
    processes.wait_until_ready(process, port, folder / "up.log")
    return time.clock_gettime(time.CLOCK_BOOTTIME) - started


def _help() -> Result:
    ours, bare = [], []
    for _ in range(_HELP_RUNS):
        ours.append(_milliseconds("-m", "rota", "--help"))
        bare.append(_milliseconds("-c", "import click"))
    return Result("help", "ms", ours, bare, [AtMost(150)], {"floor_is": "python -c 'import click'"})


def _milliseconds(*arguments: str) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, *arguments], cwd=processes.ROOT, check=True, stdout=subprocess.DEVNULL)
    return (time.perf_counter() - started) * 1000


def required(name: str) -> set[str]:
    """The distributions that a plain install of `name` brings on this machine, itself included."""
    found: set[str] = set()
    pending = [(name, frozenset[str]())]
    seen = set()
    while pending:
        wanted, extras = pending.pop()
        if (wanted, extras) in seen:
            continue
        seen.add((wanted, extras))
        try:
            requirements = distribution(wanted).requires or []
        except PackageNotFoundError:
            continue
        found.add(wanted)
        pending += [needed for text in requirements if (needed := _needed(text, extras)) is not None]
    return found


def _needed(text: str, extras: frozenset[str]) -> tuple[str, frozenset[str]] | None:
    """The distribution and extras that a requirement asks for here; None where its marker does not hold."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    requirement = Requirement(text)
    marker = requirement.marker
    if marker is not None and not any(marker.evaluate({"extra": extra}) for extra in extras or {""}):
        return None
    return canonicalize_name(requirement.name), frozenset(requirement.extras)
