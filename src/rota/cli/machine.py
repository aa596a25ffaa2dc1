"""What the machine says about itself."""

import os
from contextlib import suppress
from pathlib import Path

import click

from rota.domain.errors import InvalidInput
from rota.domain.zone import Zone

_LINK = Path("/etc/localtime")
_NAME = Path("/etc/timezone")
_DATABASE = "zoneinfo/"


def time_zone(wanted: str | None) -> str:
    """An IANA name: the one that is wanted, else that of TZ, /etc/localtime or /etc/timezone. UsageError if none is."""
    for name in (wanted,) if wanted is not None else _names():
        try:
            return Zone.named(name).name
        except InvalidInput as error:
            if wanted is not None:
                raise click.UsageError(f"--tz: {error.errors[0][1]}") from None
    raise click.UsageError("the time zone of this machine has no IANA name; give --tz, such as --tz Europe/Madrid")


def _names() -> list[str]:
    names = [os.environ.get("TZ", "").removeprefix(":")]
    with suppress(OSError):
        names.append(os.readlink(_LINK).rpartition(_DATABASE)[2])
    with suppress(OSError):
        names.append(_NAME.read_text(encoding="utf-8", errors="replace").strip())
    return [name for name in names if name]
