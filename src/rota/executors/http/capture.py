"""A response as plain JSON: bounded while it is read, decoded once it is complete."""

import base64
import json
import math
import re
import time
import zlib
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import NoReturn

from rota.domain.instant import DAY, SECOND, Duration, from_datetime
from rota.executors.http.order import ResponseType

KEPT_HEADERS = frozenset(
    {"content-type", "content-length", "content-encoding", "content-language", "content-location", "date", "etag"}
    | {"last-modified", "link", "location", "retry-after", "x-request-id", "x-correlation-id"}
    | {"x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"}
)
"""The headers that the result shows. Cookies and challenges are none of its business."""

LONGEST_WAIT: Duration = DAY
"""A target that asks for a longer wait gets this one."""

_HEADER_CHARACTERS = 1_000
_CHARSETS = (
    r"utf-?(8|16|32)([-_]?[lb]e)?|(us-)?ascii|(iso[-_]?8859|latin)[-_]?\d{1,2}|(windows-|cp)\d{3,4}"
    r"|koi8-[ru]|shift[-_]jis|euc-(jp|kr)|gb(k|2312|18030)|big5"
)
_CHARSET = re.compile(_CHARSETS, re.IGNORECASE)
_DEEPEST = 32
_SURROGATE_OR_NUL = re.compile(r"\\u(0000|d[89a-f])", re.IGNORECASE)


class NotJson(Exception):
    """The job asked for JSON and got something else."""


class Body:
    """Collects a body up to `most` bytes, unpacking gzip and deflate within that bound."""

    def __init__(self, most: int, encoding: str) -> None:
        self.truncated = False
        self.readable = encoding in ("", "identity", "gzip", "x-gzip", "deflate")
        self._most = most
        self._data = bytearray()
        packed = self.readable and encoding not in ("", "identity")
        self._unpack = zlib.decompressobj(wbits=32 + zlib.MAX_WBITS) if packed else None

    def add(self, chunk: bytes) -> bool:
        """Take a piece; False when no more is wanted."""
        room = self._most - len(self._data)
        if self._unpack is not None:
            try:
                chunk = self._unpack.decompress(chunk, room + 1)
            except zlib.error:
                self.readable = False
                return False
        self._data += chunk[:room]
        self.truncated = self.truncated or len(chunk) > room
        return not self.truncated

    def value(self, response_type: ResponseType, content_type: str) -> object:
        """The body as JSON, text or base64. NotJson if it is not JSON although the job asked for it."""
        if response_type == "base64":
            return base64.b64encode(self._data).decode()
        if response_type == "none" or not self.readable:
            return None
        text = self._text(content_type)
        media = content_type.partition(";")[0].strip().lower()
        likely = media.endswith(("/json", "+json")) or not media
        if self._data and (response_type == "json" or (response_type == "auto" and likely)):
            try:
                return _plain_json(text)
            except (ValueError, RecursionError):
                if response_type == "json":
                    raise NotJson from None
        elif response_type == "json":
            raise NotJson
        return text

    def _text(self, content_type: str) -> str:
        match = re.search(r"charset\s*=\s*\"?([\w.:-]+)", content_type, re.IGNORECASE)
        charset = match[1] if match and _CHARSET.fullmatch(match[1]) else "utf-8"
        try:
            text = self._data.decode(charset, "replace")
        except LookupError:
            text = self._data.decode("utf-8", "replace")
        return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


def kept(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers worth showing, by their names in lower case."""
    return {name.lower(): value[:_HEADER_CHARACTERS] for name, value in headers.items() if name.lower() in KEPT_HEADERS}


def retry_after(value: str | None) -> Duration | None:
    """The wait that a `Retry-After` header asks for (RFC 9110, 10.2.3): seconds or a date. None if it says neither."""
    if value is None:
        return None
    value = value.strip()
    if value.isascii() and value.isdecimal():
        return LONGEST_WAIT if len(value) > 9 else min(int(value) * SECOND, LONGEST_WAIT)
    try:
        wait = from_datetime(parsedate_to_datetime(value)) - time.time_ns() // 1_000
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return max(0, min(wait, LONGEST_WAIT))


def _plain_json(text: str) -> object:
    """The value of a JSON text. ValueError or RecursionError for one that Rota does not keep as a value."""
    value = json.loads(text, parse_constant=_refuse, parse_float=_finite)
    if _SURROGATE_OR_NUL.search(text):
        _refuse_unstorable(json.dumps(value, ensure_ascii=False))
    level = [value]
    for _ in range(_DEEPEST):
        containers = [item for item in level if isinstance(item, dict | list)]
        level = [inner for item in containers for inner in (item.values() if isinstance(item, dict) else item)]
    if level:
        raise ValueError("too deep")
    return value


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is not JSON")


def _refuse_unstorable(text: str) -> None:
    text.encode()
    if "\\u0000" in text:
        raise ValueError("a NUL character cannot be stored")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError("a number is too large")
    return number
