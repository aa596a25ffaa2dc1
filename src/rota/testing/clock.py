"""A clock that stands still."""

from datetime import datetime

from rota.domain.instant import Instant, from_datetime, parse_duration, parse_instant

_START = "2026-01-05T09:00:00Z"


class ManualClock:
    """Tells the time that it was set to. Starts on a Monday morning, 2026-01-05T09:00:00Z."""

    def __init__(self, start: str | datetime = _START) -> None:
        self._now = _instant(start)

    def now(self) -> Instant:
        """Microseconds since the epoch."""
        return self._now

    def set(self, time: str | datetime | Instant) -> None:
        """Jump to a time, forward or back."""
        self._now = time if isinstance(time, int) else _instant(time)

    def advance(self, duration: object) -> None:
        """Go forward by a duration such as `"90s"`, `"3h"` or a number of seconds."""
        self._now += parse_duration(duration)


def _instant(time: str | datetime) -> Instant:
    return parse_instant(time) if isinstance(time, str) else from_datetime(time)
