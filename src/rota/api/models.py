"""What every shape of the API shares: camelCase names, no unknown fields, times as RFC 3339, pages."""

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Path, Query, Response
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic.alias_generators import to_camel

from rota.domain.errors import InvalidInput
from rota.domain.instant import Duration, Instant, format_instant, parse_duration, parse_instant, seconds

T = TypeVar("T")

LARGEST_INTEGER = 2**63 - 1
"""The largest number that a column of the store holds."""


class Input(BaseModel):
    """A body or the query of a request: unknown fields are refused."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=False, extra="forbid")


class Output(BaseModel):
    """Something that the API answers with."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, serialize_by_alias=True, from_attributes=True
    )


class Page(Output, Generic[T]):
    """One page of a list, newest first."""

    items: list[T]
    next_cursor: str | None = Field(None, description="give it as `cursor` for the next page; null on the last one")


class Paging(Input):
    """The query parameters of every list."""

    limit: int = Field(50, ge=1, le=500)
    cursor: str | None = Field(None, max_length=512, description="`nextCursor` of the page before")


def _written(value: object) -> object:
    return format_instant(value) if isinstance(value, int) else value


def _read_time(value: object) -> Instant:
    if not isinstance(value, str):
        raise ValueError("an RFC 3339 time, such as 2026-11-21T06:00:00Z")
    return parse_instant(value)


Time = Annotated[str, BeforeValidator(_written), WithJsonSchema({"type": "string", "format": "date-time"})]
"""An instant as the API writes it: RFC 3339 in UTC."""

Seconds = Annotated[float, BeforeValidator(seconds)]
"""A duration as the API writes it."""

Value = Annotated[Any, BeforeValidator(lambda text: from_json(text))]
"""A JSON column as the value it holds."""

TimeInput = Annotated[Instant, BeforeValidator(_read_time), WithJsonSchema({"type": "string", "format": "date-time"})]
"""A time of a request."""

DurationInput = Annotated[
    Duration,
    BeforeValidator(parse_duration),
    WithJsonSchema({"anyOf": [{"type": "number", "minimum": 0}, {"type": "string"}], "examples": [90, "15m", "PT15M"]}),
]
"""A duration of a request: seconds, `15m` or ISO 8601."""

SecondsInput = Annotated[
    float,
    BeforeValidator(lambda value: seconds(parse_duration(value)) if isinstance(value, str) else value),
    WithJsonSchema({"anyOf": [{"type": "number", "minimum": 0}, {"type": "string"}], "examples": [90, "15m", "PT15M"]}),
]
"""A duration of a request that has bounds, in seconds: a number, `15m` or ISO 8601."""

PlainText = Annotated[str, BeforeValidator(lambda text: _without_nul(text))]
"""A text of the path or the query: no NUL."""


def _without_nul(text: object) -> object:
    if isinstance(text, str) and "\0" in text:
        raise ValueError("a text holds a NUL character")
    return text


def choice(kind: type[StrEnum]) -> Callable[[object], object]:
    """A validator that reads a member of an enumeration in any case."""
    members = {member.value.lower(): member for member in kind}

    def read(value: object) -> object:
        return members.get(value.lower(), value) if isinstance(value, str) else value

    return read


def any_case(*words: str) -> BeforeValidator:
    """Reads one of the words in any case."""
    known = {word.lower(): word for word in words}
    return BeforeValidator(lambda value: known.get(value.lower(), value) if isinstance(value, str) else value)


class Nothing(Input):
    """The body of a request that needs none: whatever it says is refused, rather than passed over."""


def from_json(text: str | None) -> Any:
    """A JSON column as a value."""
    return None if text is None else json.loads(text)


def reply(model: BaseModel, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A model as a response, rendered where it is called: inside the worker thread, not on the event loop."""
    return Response(model.model_dump_json(by_alias=True), status, headers, "application/json")


def cursor_after(items: Sequence[Any], limit: int, last: Any) -> str | None:
    """The cursor behind a full page whose last key is `last`; None when the page was not full."""
    return encode_cursor(str(last)) if len(items) >= limit else None


def encode_cursor(key: str) -> str:
    """An opaque cursor."""
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None) -> str | None:
    """The key in a cursor. InvalidInput when it is none of ours."""
    if cursor is None:
        return None
    try:
        key = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        key = ""
    if not key or not key.isprintable():
        raise InvalidInput.field("query", "cursor", msg="not a cursor of this list")
    return key


def is_whole_number(text: str) -> bool:
    """Whether the text is a whole number that a column of 64 bits can hold."""
    return text.isascii() and text.isdigit() and len(text) <= 19 and int(text) <= LARGEST_INTEGER


def number_in(cursor: str | None) -> int | None:
    """The number in a cursor. InvalidInput when there is none, or one that no column can hold."""
    key = decode_cursor(cursor)
    if key is None:
        return None
    if not is_whole_number(key):
        raise InvalidInput.field("query", "cursor", msg="not a cursor of this list")
    return int(key)


Id = Annotated[str, Path(max_length=64)]
"""The id in a path."""

PageQuery = Annotated[Paging, Query()]
"""`limit` and `cursor` of an operation that takes no other query parameters."""
