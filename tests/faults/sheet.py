"""What the faults came to: one row for each fault and store, and a headline sheet for each store."""

import os
import subprocess
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from evidence import Evidence, percentile
from fleet import BOUND

Figure = tuple[str, float, float]
"""What was counted or measured, its value, and the most it may be."""


@dataclass(frozen=True)
class Row:
    """One fault on one store. `figures` that are above their bound make it fail."""

    fault: str
    store: str
    what: str
    jobs: int
    figures: tuple[Figure, ...]
    note: str = ""
    failed: bool = False

    @property
    def ok(self) -> bool:
        """Whether every figure is within its bound."""
        return not self.failed and all(value <= bound for _, value, bound in self.figures)

    def cells(self) -> tuple[str, ...]:
        """What the table shows."""
        measured = ", ".join(f"{name} {value:.4g}" for name, value, _ in self.figures)
        bounds = ", ".join(f"{bound:.4g}" for _, _, bound in self.figures)
        said = "; ".join(part for part in (measured, self.note) if part)
        return (self.fault, self.store, self.what, str(self.jobs), said, bounds, "yes" if self.ok else "NO")


@dataclass
class Headline:
    """What all faults on one store add up to."""

    jobs: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    in_lease: int = 0
    stale: int = 0
    duplicate_fires: int = 0
    interventions: int = 0
    recoveries: list[float] = field(default_factory=list)

    def add(self, evidence: Evidence, interventions: int = 0) -> None:
        """Add what one test saw."""
        verdict = evidence.verdict
        self.jobs += len(evidence.accepted)
        self.faults.update(fault.kind for fault in evidence.fleet.faults)
        self.lost += len(verdict.lost)
        self.in_lease += len(verdict.in_lease) + len(verdict.beside_living)
        self.stale += len(verdict.stale)
        self.duplicate_fires += len(verdict.duplicate_fires)
        self.interventions += interventions
        self.recoveries += evidence.recoveries("kill", "power cut", "freeze", "freeze of all")

    def lines(self) -> Iterable[str]:
        """What is published."""
        seconds = sorted(self.recoveries)
        kinds = ", ".join(f"{number} x {kind}" for kind, number in sorted(self.faults.items())) or "none"
        yield f"jobs                             {self.jobs}"
        yield f"faults injected                  {kinds}"
        yield f"lost                             {self.lost}"
        yield f"duplicate starts, lease valid    {self.in_lease}"
        yield f"stale completions accepted       {self.stale}"
        yield f"duplicate fires                  {self.duplicate_fires}"
        yield (
            f"recovery p50 / p99 / max         {percentile(seconds, 0.5):.2f} / {percentile(seconds, 0.99):.2f} /"
            f" {max(seconds, default=0):.2f} s of {len(seconds)} (bound L+R+P = {BOUND:g} s)"
        )
        yield f"manual interventions             {self.interventions}"


class Sheet:
    """Everything that a run of the tests reports."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.rows: list[Row] = []
        self.headlines: dict[str, Headline] = {}

    def headline(self, store: str) -> Headline:
        """The headline sheet of a store."""
        return self.headlines.setdefault(store, Headline())

    def lines(self) -> Iterable[str]:
        """The table, then the headline sheets."""
        head = ("fault", "store", "what", "jobs", "figure", "bound", "ok")
        yield from _table([head, *(row.cells() for row in sorted(self.rows, key=lambda row: (row.fault, row.store)))])
        for store, headline in sorted(self.headlines.items()):
            yield ""
            yield f"headline sheet: {store}, seed {self.seed}, commit {commit()}"
            yield from (f"  {line}" for line in headline.lines())


def commit() -> str:
    """The commit that was tested; with a plus when the tree has changes."""
    here = Path(__file__).parent
    said = subprocess.run(
        ["git", "describe", "--always", "--dirty=+", "--abbrev=10"],
        cwd=here,
        capture_output=True,
        text=True,
        env=os.environ,
    )
    return said.stdout.strip() or "unknown"


def _table(rows: Sequence[Sequence[str]]) -> Iterable[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
