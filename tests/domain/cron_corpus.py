"""Reading the public corpus of cron expressions: each line with the page that it comes from."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Line:
    """One expression, its source, and (in the second list) what is expected of it."""

    text: str
    source: str
    expected: str = ""

    def __str__(self) -> str:
        return f"{self.text!r} of {self.source}"


def corpus() -> list[Line]:
    """The expressions that cronsim reads too."""
    return list(_lines(HERE / "cron_corpus.txt"))


def beyond() -> list[Line]:
    """Those that it cannot read."""
    return list(_lines(HERE / "cron_corpus_beyond.txt"))


def _lines(file: Path) -> Iterator[Line]:
    source = ""
    for line in file.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            source = line.strip("[]")
        elif line and not line.startswith("#"):
            text, _, expected = line.partition(" => ")
            assert source, f"{line!r} has no source"
            yield Line(text, source, expected)
