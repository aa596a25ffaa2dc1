"""Windows: the hours and weekdays in which a schedule names instants at all."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from rota.domain.time_of_day import DAY_SECONDS, clock_text
from rota.domain.weekday import NAMES as WEEKDAYS

EVERY_DAY = (0, 1, 2, 3, 4, 5, 6)


@dataclass(frozen=True, slots=True)
class Window:
    """Open from `opens` up to, not including, `closes` (seconds after midnight, local), on some weekdays (Monday = 0).

    A window that closes at or before the time it opens stays open over midnight; its weekdays are those on which it
    opens. Times outside of it are not part of the schedule: nothing is due then, and nothing is missed.
    """

    opens: int = 0
    closes: int = DAY_SECONDS
    on: tuple[int, ...] = EVERY_DAY

    def is_open(self, local: datetime) -> bool:
        """Whether it is open at a local time."""
        second = local.hour * 3600 + local.minute * 60 + local.second
        weekday = local.weekday()
        if self.opens < self.closes:
            return weekday in self.on and self.opens <= second < self.closes
        if second >= self.opens:
            return weekday in self.on
        return second < self.closes and (weekday - 1) % 7 in self.on

    def next_opening(self, local: datetime) -> datetime:
        """The next naive local time at which it opens, after a naive local time at which it is closed."""
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        for ahead in range(9):
            opening = midnight + timedelta(days=ahead, seconds=self.opens)
            if opening > local and opening.weekday() in self.on:
                return opening
        raise AssertionError("a window opens at least once a week")

    def document(self) -> dict[str, object]:
        """`{"from": "08:00", "to": "18:00", "on": ["MON", "FRI"]}`, without what leaves nothing out."""
        document: dict[str, object] = {}
        if self.opens:
            document["from"] = clock_text(self.opens)
        if self.closes != DAY_SECONDS:
            document["to"] = clock_text(self.closes)
        if self.on != EVERY_DAY:
            document["on"] = [WEEKDAYS[day] for day in self.on]
        return document

    def describe(self) -> str:
        """Such as "from 22:00 to 06:00 on FRI"."""
        told = []
        if self.opens:
            told.append(f"from {clock_text(self.opens)}")
        if self.closes != DAY_SECONDS:
            told.append(f"to {clock_text(self.closes)}")
        if self.on != EVERY_DAY:
            told.append(f"on {', '.join(WEEKDAYS[day] for day in self.on)}")
        return " ".join(told)
