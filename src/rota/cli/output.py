"""What goes to the screen: data to stdout, talk to stderr; colour and symbols only where a person looks."""

import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import click

Document = dict[str, Any]

_NARROWEST = 8
_GAP = "  "
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-_])")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True)
class Cell:
    """A piece of text and, for a person, its colour."""

    text: str
    colour: str | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its heading and what it shows of a document. A `flexible` one is cut when the terminal is narrow."""

    heading: str
    show: Callable[[Document], Cell | str]
    flexible: bool = False


def person_looks() -> bool:
    """Whether stdout is a terminal."""
    return sys.stdout.isatty()


def in_colour() -> bool:
    """Whether stdout may hold colours: a terminal that can, and no NO_COLOR."""
    return person_looks() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def say(text: str) -> None:
    """A sentence for the person; not data."""
    click.echo(text, err=True)


def write(text: str = "") -> None:
    """A line of data."""
    click.echo(text)


def write_json(document: object) -> None:
    """A document as JSON: indented for a person and for a program alike."""
    click.echo(json.dumps(document, ensure_ascii=False, indent=2))


def printable(text: str) -> str:
    """Text of somebody else without what could steer the terminal."""
    return _CONTROL.sub(" ", _ESCAPE.sub("", text))


def printable_line(text: str) -> str:
    """A log line: as it is for a program; for a person, colours are all that may steer the terminal."""
    if not person_looks():
        return text
    if not in_colour():
        return printable(text)
    pieces = [printable(piece) for piece in _COLOUR.split(text)]
    colours = [*_COLOUR.findall(text), ""]
    return "".join(piece + colour for piece, colour in zip(pieces, colours, strict=True)) + (
        "\x1b[0m" if len(colours) > 1 else ""
    )


def table(columns: Sequence[Column], documents: Iterable[Document], *, empty: str) -> None:
    """Aligned columns; `empty` is what to say on stderr when there is nothing."""
    rows = [[_cell(column.show(document)) for column in columns] for document in documents]
    if not rows:
        say(empty)
        return
    headings = [Cell(column.heading, "bold") for column in columns]
    widths = [max(_width(row[place].text) for row in (headings, *rows)) for place in range(len(columns))]
    if person_looks():
        _narrow(widths, [column.flexible for column in columns])
    for row in (headings, *rows):
        write(_GAP.join(_fitted(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip())


def fields(pairs: Iterable[tuple[str, Cell | str | None]]) -> None:
    """Named values, one a line; None is left out."""
    shown = [(name, _cell(value)) for name, value in pairs if value is not None]
    width = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        write(f"{_coloured(Cell(name.ljust(width), 'dim'))}{_GAP}{_coloured(value)}")


@contextmanager
def waiting(text: str) -> Iterator[None]:
    """A spinner on stderr while something takes its time, where a person looks."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(text):
        yield


def _cell(value: Cell | str) -> Cell:
    return Cell(printable(value)) if isinstance(value, str) else Cell(printable(value.text), value.colour)


def _narrow(widths: list[int], flexible: Sequence[bool]) -> None:
    """Cut the widest flexible column, again and again, until the table fits the terminal."""
    excess = sum(widths) + len(_GAP) * (len(widths) - 1) - shutil.get_terminal_size().columns
    while excess > 0:
        widest = max(
            (place for place, may in enumerate(flexible) if may and widths[place] > _NARROWEST),
            key=lambda place: widths[place],
            default=None,
        )
        if widest is None:
            return
        widths[widest] -= 1
        excess -= 1


def _fitted(cell: Cell, width: int) -> str:
    text = cell.text
    if _width(text) > width:
        while _width(text) > width - 1:
            text = text[:-1]
        text += "…"
    return _coloured(Cell(text, cell.colour)) + " " * (width - _width(text))


def _coloured(cell: Cell) -> str:
    if cell.colour is None or not in_colour():
        return cell.text
    if cell.colour in ("bold", "dim"):
        return click.style(cell.text, bold=cell.colour == "bold", dim=cell.colour == "dim")
    return click.style(cell.text, fg=cell.colour)


def _width(text: str) -> int:
    """Columns of the terminal: wide characters take two."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)
