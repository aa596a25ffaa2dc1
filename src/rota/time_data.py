"""The data that instants are computed with: time zones and holidays, each in some version."""

import zoneinfo
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_FIRST_LINE = "# version "


@lru_cache(maxsize=1)
def data_versions() -> str:
    """The versions, such as `tzdata 2026b, holidays 0.109`: what was computed under others is computed anew."""
    return f"tzdata {_zones()}, holidays {_installed('holidays')}"


def _zones() -> str:
    """Those of the system come first, as for `zoneinfo`; the package `tzdata` is asked where the system has none."""
    for folder in zoneinfo.TZPATH:
        if not (Path(folder) / "Europe" / "London").is_file():
            continue
        try:
            with (Path(folder) / "tzdata.zi").open(encoding="ascii") as source:
                line = source.readline().strip()
        except OSError:
            return "of the system"
        return line.removeprefix(_FIRST_LINE) if line.startswith(_FIRST_LINE) else "of the system"
    return _installed("tzdata")


def _installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"
