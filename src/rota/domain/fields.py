"""Reading a JSON object field by field, collecting every problem with its location."""

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from rota.domain.errors import InvalidInput, Location
from rota.domain.instant import Duration, Instant, parse_duration, parse_instant

_Choice = TypeVar("_Choice", bound=StrEnum)


class Fields:
    """One JSON object being read. Each reader returns None for an absent, null or refused field."""

    def __init__(
        self,
        document: Mapping[str, object],
        location: Location = (),
        errors: list[tuple[Location, str]] | None = None,
    ) -> None:
        self.location = location
        self.errors: list[tuple[Location, str]] = [] if errors is None else errors
        self._document = document
        self._known: set[str] = set()

    def has(self, name: str) -> bool:
        """Whether the field is there and not null."""
        return self._document.get(name) is not None

    def refuse(self, name: str | int, message: str, *inner: str | int) -> None:
        """Record what is wrong with a field."""
        self.errors.append(((*self.location, name, *inner), message))

    def value(self, name: str, *, required: bool = False) -> object:
        """The raw value, marked as known."""
        self._known.add(name)
        found = self._document.get(name)
        if found is None and required:
            self.refuse(name, "required")
        return found

    def text(self, name: str, *, longest: int, required: bool = False) -> str | None:
        """A text that is not blank, of at most `longest` characters."""
        found = self.value(name, required=required)
        if found is None:
            return None
        if not isinstance(found, str) or not found.strip() or len(found) > longest:
            self.refuse(name, f"a text of 1 to {longest} characters")
            return None
        return found

    def integer(self, name: str, low: int, high: int, *, required: bool = False) -> int | None:
        """A whole number from `low` to `high`."""
        found = self.value(name, required=required)
        if found is None:
            return None
        if not isinstance(found, int) or isinstance(found, bool) or not low <= found <= high:
            self.refuse(name, f"a whole number from {low} to {high}")
            return None
        return found

    def boolean(self, name: str) -> bool | None:
        """True or false."""
        found = self.value(name)
        if found is None or isinstance(found, bool):
            return found
        self.refuse(name, "true or false")
        return None

    def duration(self, name: str, *, required: bool = False) -> Duration | None:
        """A duration as `parse_duration` reads it."""
        found = self.value(name, required=required)
        try:
            return None if found is None else parse_duration(found)
        except ValueError as error:
            self.refuse(name, str(error))
            return None

    def instant(self, name: str, *, required: bool = False) -> Instant | None:
        """A time with its offset, as `parse_instant` reads it."""
        found = self.value(name, required=required)
        if found is None:
            return None
        try:
            return parse_instant(found if isinstance(found, str) else str(found))
        except ValueError as error:
            self.refuse(name, str(error))
            return None

    def choice(self, name: str, kind: type[_Choice]) -> _Choice | None:
        """A member of an enumeration, in any case."""
        found = self.value(name)
        if found is None:
            return None
        for member in kind:
            if isinstance(found, str) and found.lower() == member.value.lower():
                return member
        self.refuse(name, f"one of {', '.join(kind)}")
        return None

    def canonical_json(self, name: str) -> str | None:
        """A JSON object, as text with sorted keys."""
        found = self.value(name)
        if found is None:
            return None
        if not isinstance(found, Mapping):
            self.refuse(name, "a JSON object")
            return None
        try:
            return json.dumps(found, sort_keys=True, separators=(",", ":"), allow_nan=False)
        except (TypeError, ValueError, RecursionError):
            self.refuse(name, "not plain JSON")
            return None

    def inner(self, name: str) -> "Fields | None":
        """The fields of an object inside this one. Call its `refuse_unknown` when it has been read."""
        found = self.value(name)
        if isinstance(found, Mapping):
            return Fields(found, (*self.location, name), self.errors)
        self.refuse(name, "a JSON object")
        return None

    def refuse_unknown(self) -> None:
        """Record every field that nothing has asked for."""
        for name in self._document:
            if name not in self._known:
                self.refuse(str(name)[:64], "unknown field")

    def raise_errors(self, what: str) -> None:
        """Raise one InvalidInput for everything that was refused."""
        if self.errors:
            raise InvalidInput.several(what, self.errors)
