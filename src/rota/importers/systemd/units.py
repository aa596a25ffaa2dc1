"""Unit files: sections with settings that may stand several times (systemd.syntax(7)), and time spans."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from rota.domain.errors import InvalidInput
from rota.domain.instant import DAY, HOUR, MILLISECOND, MINUTE, SECOND, Duration

_UNITS: Mapping[str, int] = {
    **dict.fromkeys(("usec", "us", "µs", "μs"), 1),
    **dict.fromkeys(("msec", "ms"), MILLISECOND),
    **dict.fromkeys(("", "seconds", "second", "sec", "s"), SECOND),
    **dict.fromkeys(("minutes", "minute", "min", "m"), MINUTE),
    **dict.fromkeys(("hours", "hour", "hr", "h"), HOUR),
    **dict.fromkeys(("days", "day", "d"), DAY),
    **dict.fromkeys(("weeks", "week", "w"), 7 * DAY),
    **dict.fromkeys(("months", "month", "M"), round(30.44 * DAY)),
    **dict.fromkeys(("years", "year", "y"), round(365.25 * DAY)),
}
_SPAN = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,9})?)\s*([A-Za-zµμ]*)\s*", re.ASCII)
_LONGEST_SPAN = 366 * DAY
_TRUE, _FALSE = ("1", "yes", "y", "true", "t", "on"), ("0", "no", "n", "false", "f", "off")


@dataclass(frozen=True, slots=True)
class Setting:
    """One value of a setting, and its line."""

    value: str
    line: int


@dataclass(frozen=True, slots=True)
class Unit:
    """The settings of a unit file by section and name. An empty value takes back those before it."""

    settings: Mapping[tuple[str, str], tuple[Setting, ...]]

    def all(self, section: str, name: str) -> tuple[Setting, ...]:
        """Every value of a setting, in order."""
        return self.settings.get((section, name), ())

    def last(self, section: str, name: str) -> str | None:
        """The value that counts of a setting that has one."""
        found = self.all(section, name)
        return found[-1].value if found else None

    def names(self, section: str) -> list[str]:
        """The settings of a section."""
        return [name for where, name in self.settings if where == section]


def read_unit(text: str) -> Unit:
    """The settings of a unit file; lines that are none are left out, as systemd does."""
    settings: dict[tuple[str, str], tuple[Setting, ...]] = {}
    section = ""
    for number, line in _joined(text):
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
            continue
        name, equals, value = line.partition("=")
        if not equals:
            continue
        key = (section, name.strip())
        value = value.strip()
        settings[key] = (*settings.get(key, ()), Setting(value, number)) if value else ()
    return Unit({key: values for key, values in settings.items() if values})


def _joined(text: str) -> list[tuple[int, str]]:
    """The lines without comments, those that a backslash continues as one."""
    found: list[tuple[int, str]] = []
    pending: tuple[int, str] | None = None
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if line.startswith(("#", ";")) or (not line and pending is None):
            continue
        start, before = pending or (number, "")
        if line.endswith("\\"):
            pending = (start, f"{before}{line[:-1]} ")
        else:
            found.append((start, before + line))
            pending = None
    return found if pending is None else [*found, pending]


def time_span(text: str) -> Duration:
    """A time span such as `1h 30min` or `90` (seconds). InvalidInput for anything else (systemd.time(7))."""
    position, total = 0, 0.0
    while match := _SPAN.match(text, position):
        unit = match[2] if match[2] in _UNITS else match[2].lower()
        if unit not in _UNITS:
            break
        total += float(match[1]) * _UNITS[unit]
        position = match.end()
    if not position or position != len(text) or total > _LONGEST_SPAN:
        raise InvalidInput.field("timer", msg=f"{text[:40]!r} is no time span of at most a year")
    return round(total)


def truth(text: str | None) -> bool:
    """A boolean setting; absent is false. InvalidInput for another word."""
    word = (text or "no").lower()
    if word not in (*_TRUE, *_FALSE):
        raise InvalidInput.field("timer", msg=f"{text!r} is neither yes nor no")
    return word in _TRUE
