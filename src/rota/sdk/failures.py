"""Exceptions that job code raises to say how its failure is to be treated."""

from datetime import timedelta

from rota.domain.instant import Duration, parse_duration

DurationLike = str | int | float | timedelta
"""A duration as application code writes it: `"15m"`, a number of seconds, or a timedelta."""


def duration_of(value: DurationLike) -> Duration:
    """The duration in microseconds. ValueError for what is none, or is negative."""
    return parse_duration(value.total_seconds() if isinstance(value, timedelta) else value)


class PermanentError(Exception):
    """Raise it when another try cannot help: the execution fails at once, whatever its retry policy."""


class RetryLater(Exception):
    """Raise it to fail this attempt and have the next one wait for at least `after`."""

    def __init__(self, after: DurationLike, message: str = "") -> None:
        super().__init__(message or f"asked to be tried again after {after}")
        self.after = duration_of(after)
