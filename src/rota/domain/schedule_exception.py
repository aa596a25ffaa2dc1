"""One-off exceptions to a recurring schedule: leave instants out, move one, add one.

The idea is that of iCalendar's EXDATE and RDATE (RFC 5545 section 3.8.5), with an author and a reason.
"""

from dataclasses import dataclass
from enum import StrEnum

from rota.domain.instant import Instant, format_instant


class ExceptionKind(StrEnum):
    """What an exception does."""

    SKIP = "skip"
    MOVE = "move"
    ADD = "add"


@dataclass(frozen=True, slots=True)
class ScheduleException:
    """An exception. Instants are nominal.

    `skip` leaves out every instant from `at` to `until`, both included; `move` lets the one at `at` fire at `to`
    instead; `add` lets one fire at `at` that the rule does not name.
    """

    at: Instant
    kind: ExceptionKind
    until: Instant | None = None
    to: Instant | None = None
    by: str = ""
    reason: str | None = None

    @property
    def fires_at(self) -> Instant | None:
        """The instant that it brings in, if any."""
        return self.at if self.kind is ExceptionKind.ADD else self.to

    def leaves_out(self, nominal: Instant) -> bool:
        """Whether an instant that the rule names does not fire because of it."""
        if self.kind is ExceptionKind.SKIP:
            return self.at <= nominal <= (self.at if self.until is None else self.until)
        return self.kind is ExceptionKind.MOVE and nominal == self.at

    @property
    def says(self) -> str:
        """Who did what, and why."""
        what = f"moved to {format_instant(self.to)}" if self.to is not None else "skipped"
        return f"{what} by {self.by}{f': {self.reason}' if self.reason else ''}"
