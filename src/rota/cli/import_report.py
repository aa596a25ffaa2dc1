"""The report of an import: what each entry becomes, whether it fires as before, and what is to be known about it."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from rota.cli.output import Cell, Column, Document, printable, table, write

if TYPE_CHECKING:
    from rota.client.imports import Saved
    from rota.importers.base import Found
    from rota.importers.comparison import Comparison

_INDENTED = textwrap.TextWrapper(
    80, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False, break_long_words=False
)
_SAME = {True: Cell("yes", "green"), False: Cell("no", "red"), None: Cell("?", "yellow")}


@dataclass(frozen=True, slots=True)
class Line:
    """One entry on its way: what it is, how it compares, and what became of it."""

    found: "Found"
    comparison: "Comparison | None" = None
    saved: "Saved | None" = None
    failure: str | None = None

    @property
    def place(self) -> str:
        """Where the entry stands."""
        return f"{PurePath(self.found.file).name}:{self.found.line}"

    @property
    def importable(self) -> bool:
        """Whether it becomes a job."""
        return self.found.job is not None

    def becomes(self) -> list[str]:
        """Its schedules in words."""
        from rota.domain.schedule import Schedule

        return [Schedule.parse(document, now=0, spread=self.found.key).describe() for document in self.found.schedules]

    def document(self) -> Document:
        """All of it as JSON."""
        comparison, saved = self.comparison, self.saved
        return {
            "file": self.found.file,
            "line": self.found.line,
            "name": self.found.name,
            "rule": self.found.rule,
            "becomes": self.becomes(),
            "job": self.found.job,
            "same": None if comparison is None else comparison.same,
            "comparison": None if comparison is None else comparison.words,
            "problem": self.found.problem,
            "notes": list(self.found.notes),
            "action": "failed" if self.failure else None if saved is None else saved.action,
            "failure": self.failure,
            "id": None if saved is None else saved.id,
        }


def report(lines: Sequence[Line]) -> None:
    """The table, and below it what the entries need to have said."""
    columns = (
        Column("ENTRY", lambda row: row["line"].place, flexible=True),
        Column("RULE", lambda row: row["line"].found.rule, flexible=True),
        Column("BECOMES", lambda row: "; ".join(row["line"].becomes()) or "-", flexible=True),
        Column("JOB", lambda row: row["line"].found.name if row["line"].importable else "-", flexible=True),
        Column("SAME", lambda row: _same(row["line"])),
    )
    table(columns, [{"line": line} for line in lines], empty="no entries")
    said: dict[str, list[str]] = {}
    for line in lines:
        for remark in _remarks(line):
            said.setdefault(printable(remark), []).append(line.place)
    for remark, places in said.items():
        write(remark)
        write(_INDENTED.fill(", ".join(places)))


def summary(lines: Sequence[Line]) -> str:
    """The report in one line."""
    importable = [line for line in lines if line.importable]
    same = sum(line.comparison is not None and line.comparison.same is True for line in importable)
    different = sum(line.comparison is not None and line.comparison.same is False for line in importable)
    parts = [f"{len(lines)} entries: {len(importable)} can be imported", f"{same} with the same fire times"]
    if different:
        parts.append(f"{different} with others")
    if uncompared := len(importable) - same - different:
        parts.append(f"{uncompared} not compared")
    if refused := len(lines) - len(importable):
        parts.append(f"{refused} cannot be imported")
    return ", ".join(parts)


def _same(line: Line) -> Cell:
    return Cell("-") if line.comparison is None else _SAME[line.comparison.same]


def _remarks(line: Line) -> list[str]:
    if not line.importable:
        return [f"cannot be imported: {line.found.problem}"]
    words = [] if line.comparison is None else [line.comparison.words]
    return [*words, *line.found.notes]
