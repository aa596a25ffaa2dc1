"""Instants and durations as whole microseconds.

An `Instant` counts microseconds since 1970-01-01T00:00:00Z; a `Duration` counts microseconds. Integers compare, add
and store alike on every database, and lose no fold, zone or digit (docs/adr/0004-instants-are-integers.md).
"""

import re
from datetime import UTC, datetime, timedelta

Instant = int
Duration = int

MILLISECOND: Duration = 1_000
SECOND: Duration = 1_000_000
MINUTE: Duration = 60 * SECOND
HOUR: Duration = 60 * MINUTE
DAY: Duration = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
EARLIEST: Instant = (datetime.min.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
LATEST: Instant = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICROSECOND
"""The first and the last instant that can be written."""
_UNITS = {"ms": MILLISECOND, "s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY, "w": 7 * DAY}
_SHORT = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdw])", re.ASCII)
_ISO = re.compile(
    r"P(?:(\d+(?:\.\d+)?)W)?(?:(\d+(?:\.\d+)?)D)?(?:T(?:(\d+(?:\.\d+)?)H)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)S)?)?",
    re.ASCII,
)
_LONGEST_DURATION = 100 * 366 * DAY


def from_datetime(moment: datetime) -> Instant:
    """The instant of an aware datetime. ValueError for a naive one: it names no instant."""
    if moment.tzinfo is None:
        raise ValueError("a time needs a zone or an offset, such as 2026-11-21T06:00:00Z")
    return (moment - _EPOCH) // _MICROSECOND


def to_datetime(instant: Instant) -> datetime:
    """The aware UTC datetime of an instant."""
    return _EPOCH + timedelta(microseconds=instant)


def parse_instant(text: str) -> Instant:
    """Read an RFC 3339 time with its offset. ValueError says what is wrong."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"not an RFC 3339 time: {text[:40]!r}; write 2026-11-21T06:00:00Z") from None
    instant = from_datetime(moment)
    if not EARLIEST <= instant <= LATEST:  # its offset takes it out of the years that UTC can be written in
        raise ValueError("the time is out of range: before the year 1 or after 9999, in UTC")
    return instant


def format_instant(instant: Instant) -> str:
    """RFC 3339 in UTC with milliseconds, or microseconds where they are not zero."""
    precision = "milliseconds" if instant % MILLISECOND == 0 else "microseconds"
    return to_datetime(instant).replace(tzinfo=None).isoformat(timespec=precision) + "Z"


def parse_duration(value: object) -> Duration:
    """Read a duration: seconds as a number, `90s`, `15m`, `1h30m`, `500ms`, or ISO 8601 (`PT15M`).

    ValueError for anything else, for negative values and for more than a century.
    """
    duration = _from_number(value) if isinstance(value, int | float) else _from_text(value)
    if duration < 0:
        raise ValueError("a duration cannot be negative")
    if duration > _LONGEST_DURATION:
        raise ValueError("a duration cannot be longer than a century")
    return duration


def seconds(duration: Duration) -> float:
    """A duration in seconds; whole where it is whole."""
    return duration // SECOND if duration % SECOND == 0 else duration / SECOND


def format_duration(duration: Duration) -> str:
    """A duration in the short form that `parse_duration` reads, such as `1h30m` or `0s`."""
    parts = []
    for unit in ("d", "h", "m", "s", "ms"):
        count, duration = divmod(duration, _UNITS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def _from_number(value: int | float) -> Duration:
    if isinstance(value, bool) or value != value or value in (float("inf"), float("-inf")):
        raise ValueError("a duration is a number of seconds")
    if abs(value) > _LONGEST_DURATION:
        raise ValueError("a duration cannot be longer than a century")
    return round(value * SECOND)


def _from_text(value: object) -> Duration:
    if not isinstance(value, str) or len(value) > 64:
        raise ValueError("a duration is a number of seconds, or text such as '15m' or 'PT15M'")
    text = value.strip()
    iso = _ISO.fullmatch(text)
    if iso and any(iso.groups()) and not text.endswith("T"):
        return round(
            sum(float(n) * u for n, u in zip(iso.groups(), (7 * DAY, DAY, HOUR, MINUTE, SECOND), strict=True) if n)
        )
    pieces = _SHORT.findall(text)
    if pieces and "".join(n + u for n, u in pieces) == text:
        return round(sum(float(n) * _UNITS[u] for n, u in pieces))
    raise ValueError(f"not a duration: {text!r}; write 15m, 1h30m, PT15M or a number of seconds")
