"""A business calendar as its owner writes it: which days are not worked, and why."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from rota.domain.calendar_reading import CALENDAR_NAME, is_calendar, read_calendar
from rota.domain.dated_rules import DatedRule, Override
from rota.domain.errors import InvalidInput
from rota.domain.fields import Fields
from rota.domain.holiday_data import HolidaySource
from rota.domain.weekday import NAMES


class Roll(StrEnum):
    """What becomes of a day that is not worked (ISDA 2006 Definitions, section 4.12, "Business Day Convention").

    `MODIFIED_FOLLOWING` is the following working day, unless that is in the next month: then it is the preceding one.
    """

    FOLLOWING = "following"
    MODIFIED_FOLLOWING = "modifiedFollowing"
    PRECEDING = "preceding"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Calendar:
    """What is not worked: a hashable value that does not know its name.

    `weekend` are weekdays, Monday = 0. None means: as the first of the holiday sources has it, with the weekend days
    that are worked there; without sources, as the parents have it; without those, Saturday and Sunday. Days off of the
    sources, of the rules and of the parents add up; an override beats all of them.
    """

    weekend: tuple[int, ...] | None = None
    holidays: tuple[HolidaySource, ...] = ()
    rules: tuple[DatedRule, ...] = ()
    overrides: tuple[Override, ...] = ()
    parents: tuple[str, ...] = ()
    description: str | None = None

    @classmethod
    def parse(cls, document: Mapping[str, object]) -> "Calendar":
        """Read and check a calendar. InvalidInput lists every problem with its location.

        Whether its parents exist is not known here: `rota.domain.working_days.WorkingDays.of` asks that.
        """
        return _read(document, stored=False)

    @classmethod
    def from_json(cls, text: str) -> "Calendar":
        """Rebuild a calendar from the JSON text of its `document()`; cached by the text."""
        return _from_json(text)

    def document(self) -> dict[str, object]:
        """The canonical JSON object, without what is not set; `parse` reads it back to an equal value."""
        document: dict[str, object] = {}
        if self.weekend is not None:
            document["weekend"] = [NAMES[day] for day in self.weekend]
        for name, items in (("holidays", self.holidays), ("rules", self.rules), ("overrides", self.overrides)):
            if items:
                document[name] = [item.document() for item in items]
        if self.parents:
            document["parents"] = list(self.parents)
        if self.description is not None:
            document["description"] = self.description
        return document

    def to_json(self) -> str:
        """The JSON text of the document, as stored."""
        return json.dumps(self.document(), ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def require_calendar(name: str) -> None:
    """InvalidInput for what cannot name a calendar."""
    if not is_calendar(name):
        raise InvalidInput.field("name", msg=CALENDAR_NAME)


@lru_cache(maxsize=512)
def _from_json(text: str) -> Calendar:
    return _read(json.loads(text), stored=True)


def _read(document: Mapping[str, object], *, stored: bool) -> Calendar:
    fields = Fields(document)
    values = read_calendar(fields, stored=stored)
    fields.raise_errors("calendar")
    return Calendar(**values)
