"""Sources as files, and what an importer makes of them."""

from pathlib import Path

import pytest

from importers.definitions import Read
from rota import registry
from rota.domain.instant import parse_instant
from rota.importers.base import Found, Importer, Options, Source

FILES = Path(__file__).parent / "files"
NOW = parse_instant("2026-11-27T22:00:00Z")


@pytest.fixture
def files() -> Path:
    """The folder of the sources, as they are on real machines."""
    return FILES


@pytest.fixture
def now() -> int:
    """The moment of the import."""
    return NOW


@pytest.fixture
def read() -> Read:
    """Read a text, or a file, as a kind of source."""

    def run(
        kind: str,
        text: str | None = None,
        *,
        path: str = "/home/ada/source",
        zone: str = "Europe/Madrid",
        system: bool | None = None,
    ) -> list[Found]:
        importer = registry.importers()[kind]
        source = Source(path, Path(path).read_text(encoding="utf-8") if text is None else text)
        return importer.read(source, Options(zone, NOW, system, beside(importer, source)))

    return run


def beside(importer: Importer, source: Source) -> dict[str, str]:
    paths = [Path(path) for path in importer.beside(source)]
    return {str(path): path.read_text(encoding="utf-8") for path in paths if path.is_file()}
