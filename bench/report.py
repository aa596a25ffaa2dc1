"""The results as JSON lines for machines and as a table for people."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.machine import sentence
from bench.measure import Missing, Result

RESULTS = Path(__file__).parent / "results"


def line(result: Result | Missing) -> str:
    """One JSON line."""
    return json.dumps(result.document(), ensure_ascii=False)


def table(results: Sequence[Result | Missing], machine: dict[str, Any]) -> None:
    """Print the table to standard error: standard output is for the JSON lines."""
    grid = Table(title="Rota beside the raw database", title_justify="left")
    for name in ("store", "measure", "median", "min – max", "unit", "floor", "ratio", "target", ""):
        grid.add_column(name, justify="right" if name in ("median", "min – max", "floor", "ratio") else "left")
    for result in results:
        if isinstance(result, Missing):
            grid.add_row(result.store, result.measure, "–", "", result.reason, "", "", "", "")
            continue
        document = result.document()
        grid.add_row(
            result.store,
            result.measure,
            _figure(document["value"]),
            f"{_figure(document['min'])} – {_figure(document['max'])}",
            result.unit,
            _figure(document["floor"]),
            "" if result.ratio is None else f"{result.ratio:.2f}",
            document["target"] or "",
            {True: "✓", False: "missed", None: ""}[result.ok],
        )
    console = Console(stderr=True, width=None if Console(stderr=True).is_terminal else 160)
    console.print(grid)
    console.print(sentence(machine), highlight=False)


def keep(results: Sequence[Result | Missing], machine: dict[str, Any], name: str) -> None:
    """Write the raw lines of this run, and the machine in words, to `bench/results`."""
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.jsonl").write_text("".join(f"{line(result)}\n" for result in results), encoding="utf-8")
    (RESULTS / f"{name}-machine.json").write_text(
        json.dumps(machine, indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    (RESULTS / f"{name}-machine.txt").write_text(sentence(machine) + "\n", encoding="utf-8")


def _figure(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value >= 1000 else f"{value:g}"
