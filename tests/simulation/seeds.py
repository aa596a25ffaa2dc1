"""Runs seeds, each on a store of its own, and says which of them broke an invariant."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from checker import History, Violation, check, told
from rota.stores.database import Database
from rota.stores.schema import migrate
from rota.testing import ManualClock
from simulation.plan import draw_plan
from simulation.simulate import simulate
from simulation.variants import BROKEN, SOUND

BAD_SEEDS = Path(__file__).with_name("bad_seeds.txt")
"""One seed a line, with what it once broke: they are run whenever any are."""
_MEMORY = Path("/dev/shm")


@dataclass(frozen=True)
class Verdict:
    """What came of one seed. `text` tells the story of what is wrong; it is empty when nothing is."""

    seed: int
    events: int
    attempts: int
    faults: int
    invariants: tuple[str, ...]
    text: str


class Stores:
    """Stores in memory: each is a copy of one that was migrated before."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._template = folder / "template.db"
        database = Database(f"sqlite:///{self._template}", durable=False)
        migrate(database)
        database.close()

    @contextmanager
    def open(self) -> Iterator[tuple[Database, ManualClock]]:
        """An empty store with a clock that stands still."""
        file, clock = self._folder / "rota.db", ManualClock()
        shutil.copyfile(self._template, file)
        database = Database(f"sqlite:///{file}", clock=clock, durable=False)
        try:
            yield database, clock
        finally:
            database.close()
            for left in self._folder.glob("rota.db*"):
                left.unlink()


@contextmanager
def stores() -> Iterator[Stores]:
    """A folder of stores, in memory where the machine has such."""
    with tempfile.TemporaryDirectory(prefix="rota-", dir=_MEMORY if _MEMORY.is_dir() else None) as folder:
        yield Stores(Path(folder))


def run(seed: int, where: Stores, variant: str | None = None) -> tuple[History, list[Violation]]:
    """One seed, and what it broke."""
    with where.open() as (database, clock):
        history = simulate(seed, database, clock, SOUND if variant is None else BROKEN[variant])
    return history, check(history)


def judge(seed: int, where: Stores, variant: str | None = None) -> Verdict:
    """One seed, in short."""
    history, violations = run(seed, where, variant)
    text = ""
    if violations:
        text = f"{told(history, violations)}\nplan: {draw_plan(seed).as_text()}"
    began = sum(change.kind == "execution.started" for change in history.journal)
    broken = tuple(sorted({one.invariant for one in violations}))
    return Verdict(seed, len(history.journal), began, len(history.faults), broken, text)


def judge_all(seeds: Iterable[int], variant: str | None = None) -> list[Verdict]:
    """Many seeds, one after another."""
    with stores() as where:
        return [judge(seed, where, variant) for seed in seeds]


def judge_beside(seeds: range, processes: int) -> list[Verdict]:
    """Many seeds, dealt out to processes."""
    command = [sys.executable, "-m", "simulation", "--json"]
    variables = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    shares = [seeds[number::processes] for number in range(processes)]
    running = [
        subprocess.Popen(
            [*command, "--seeds", f"{share.start}:{share.stop}:{share.step}"],
            stdout=subprocess.PIPE,
            env=variables,
            text=True,
        )
        for share in shares
    ]
    found = [Verdict(**json.loads(line)) for each in running for line in each.communicate()[0].splitlines()]
    assert all(each.returncode in (0, 1) for each in running), "a process of the simulation ended in disorder"
    assert len(found) == len(seeds)
    return sorted(found, key=lambda verdict: verdict.seed)


def bad_seeds() -> list[int]:
    """The seeds that broke something once."""
    lines = BAD_SEEDS.read_text().splitlines() if BAD_SEEDS.exists() else []
    return [int(line.split()[0]) for line in lines if line.strip() and not line.startswith("#")]
