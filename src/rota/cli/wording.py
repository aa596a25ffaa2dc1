"""How ids, times, durations and states read."""

import json
import time
from collections.abc import Callable

from rota.cli.output import Cell, Document, person_looks
from rota.domain.instant import parse_instant

SHORT_ID = 12
"""The end of an id is its random part: its beginning is a time that neighbours share."""

_LOOKS = {
    "succeeded": ("✓", "green"),
    "failed": ("✗", "red"),
    "running": ("▶", "cyan"),
    "cancelling": ("◐", "yellow"),
    "cancelled": ("⊘", "yellow"),
    "retrying": ("↻", "yellow"),
    "pending": ("…", "blue"),
    "scheduled": ("◷", "blue"),
    "waiting": ("…", "blue"),
    "skipped": ("–", None),
    "expired": ("–", "yellow"),
    "timedout": ("✗", "red"),
    "lost": ("?", "red"),
    "enabled": ("●", "green"),
    "paused": ("‖", "yellow"),
    "disabled": ("○", None),
    "ended": ("■", None),
    "alive": ("●", "green"),
    "draining": ("◐", "yellow"),
    "stopped": ("○", None),
    "dead": ("✗", "red"),
}
_UNITS = ((86_400, "d"), (3600, "h"), (60, "min"), (1, "s"))
_TWO_OF_A_UNIT = 2


def identifier(value: object) -> str:
    """An id: its end for a person, all of it for a program. Commands take both."""
    text = str(value or "")
    return text[-SHORT_ID:] if person_looks() else text


def text(name: str, fallback: str = "-") -> Callable[[Document], str]:
    """Shows a field of a document."""

    def show(document: Document) -> str:
        value = document.get(name)
        return fallback if value is None or value == "" else str(value)

    return show


def id_of(name: str = "id") -> Callable[[Document], str]:
    """Shows a field that holds an id."""
    return lambda document: identifier(document.get(name))


def state_of(document: Document) -> Cell:
    """The state of a document; symbol and colour only for a person."""
    return state(str(document.get("state", "-")))


def state(name: str) -> Cell:
    """A state; symbol and colour only for a person."""
    symbol, colour = _LOOKS.get(name.lower(), ("·", None))
    return Cell(f"{symbol} {name}", colour) if person_looks() else Cell(name)


def when(name: str) -> Callable[[Document], str]:
    """Shows a field that holds a time, relative to now."""
    return lambda document: relative(document.get(name))


def took(document: Document) -> str:
    """Shows how long an execution or an attempt ran."""
    return duration(document.get("durationSeconds"))


def relative(value: object) -> str:
    """`12 s ago`, `in 3 min`; `-` for no time."""
    if not isinstance(value, str):
        return "-"
    try:
        seconds = parse_instant(value) / 1e6 - time.time()
    except ValueError:
        return value
    size = _rounded(abs(seconds))
    if size == "0 s":
        return "now"
    return f"in {size}" if seconds > 0 else f"{size} ago"


def moment(value: object) -> str | None:
    """A time with how far away it is, for a page about one thing; None for no time."""
    return f"{value}  ({relative(value)})" if isinstance(value, str) else None


def duration(value: object) -> str:
    """Seconds as a person says them: `80 ms`, `4.2 s`, `3 min 5 s`."""
    if not isinstance(value, int | float):
        return "-"
    if value < 1:
        return f"{round(value * 1000)} ms"
    if value < 60:
        return f"{value:.1f} s" if value != int(value) else f"{int(value)} s"
    whole = round(value)
    parts = []
    for size, unit in _UNITS:
        count, whole = divmod(whole, size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2])


def compact(value: object) -> str | None:
    """A JSON value on one line; None for none."""
    return None if value is None else json.dumps(value, ensure_ascii=False)


def _rounded(seconds: float) -> str:
    for size, unit in _UNITS:
        if seconds >= size * _TWO_OF_A_UNIT:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"
