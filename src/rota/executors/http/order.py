"""What an HTTP job asks for, read from its type (the URL) and parameters and checked.

`HttpMethod` (or `method`), `ContentType`, `Body` and `Header_<name>` are read in any case of letters, as are the
structured forms `headers`, `query`, `expectedStatus` and `responseType`. Every other parameter goes into a JSON object
that is the body, or into the query string of a request that has none (GET, HEAD, DELETE, OPTIONS).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, get_args
from urllib.parse import urlencode

from rota.domain.errors import InvalidInput

if TYPE_CHECKING:
    from httpx2 import URL

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
ResponseType = Literal["auto", "json", "text", "base64", "none"]

_WITHOUT_BODY = frozenset({"GET", "HEAD", "DELETE", "OPTIONS"})
_HEADER = "header_"
_ALIASES = {"method": "httpmethod"}
_OWN = frozenset({"httpmethod", "contenttype", "body", "headers", "query", "expectedstatus", "responsetype"})
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}", re.ASCII)
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_UNSAFE_IN_URL = re.compile(r"[\x00-\x20\x7f\\]")
_STATUS = re.compile(r"([1-5])xx|([1-5]\d\d)(?:-([1-5]\d\d))?", re.ASCII | re.IGNORECASE)
_FRAMING = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "keep-alive", "upgrade", "te", "trailer", "expect"}
    | {"proxy-authorization", "proxy-connection"}
)


@dataclass(frozen=True, slots=True)
class Order:
    """The request, ready to be sent."""

    method: str
    url: "URL"
    headers: dict[str, str]
    content: bytes | None
    expected: tuple[range, ...]
    response_type: ResponseType


@dataclass(slots=True)
class _Parts:
    """The parameters, sorted by what they are for."""

    own: dict[str, object] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    others: dict[str, object] = field(default_factory=dict)


def read(job_type: str, parameters: object) -> Order:
    """The order that a type and its parameters make. InvalidInput names what is wrong.

    Parameters that are no object are the body as they are.
    """
    if parameters is not None and not isinstance(parameters, Mapping):
        parameters = {"Body": parameters}
    parts = _sorted(parameters or {})
    method = _method(parts)
    content, content_type = _content(parts, method)
    headers = dict(parts.headers)
    if content_type is not None and not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = _header_value("ContentType", content_type)
    return Order(
        method=method,
        url=_url(job_type, _query(parts, sent_as_body=content is not None)),
        headers=headers,
        content=content,
        expected=_expected(parts.own.get("expectedstatus", "2xx")),
        response_type=_response_type(parts.own.get("responsetype", "auto")),
    )


def _sorted(parameters: Mapping[str, object]) -> _Parts:
    parts = _Parts()
    for name, value in parameters.items():
        word = name.lower()
        word = _ALIASES.get(word, word)
        if word.startswith(_HEADER):
            _add_header(parts.headers, name, name[len(_HEADER) :], value)
        elif word not in _OWN:
            parts.others[name] = value
        elif word in parts.own:
            raise _wrong(name, "is given twice")
        else:
            parts.own[word] = value
    structured = parts.own.get("headers") or {}
    if not isinstance(structured, Mapping):
        raise _wrong("headers", "is an object of names and values")
    for name, value in structured.items():
        _add_header(parts.headers, "headers", name, value)
    return parts


def _add_header(headers: dict[str, str], parameter: str, name: str, value: object) -> None:
    if not _TOKEN.fullmatch(name):
        raise _wrong(parameter, f"{name[:40]!r} is not a header name")
    if name.lower() in _FRAMING:
        raise _wrong(parameter, f"the header {name} belongs to the connection and cannot be set")
    if name.lower() in map(str.lower, headers):
        raise _wrong(parameter, f"the header {name} is given twice")
    headers[name] = _header_value(parameter, value)


def _header_value(parameter: str, value: object) -> str:
    if value is None or not isinstance(value, str | int | float):
        raise _wrong(parameter, "a header is text or a number")
    text = value.strip(" \t") if isinstance(value, str) else json.dumps(value)
    if _CONTROL.search(text):
        raise _wrong(parameter, "a header cannot hold line breaks or other control characters")
    _encoded(parameter, text)
    return text


def _method(parts: _Parts) -> str:
    given = parts.own.get("httpmethod")
    if given is None:
        return "POST" if parts.own.get("body") is not None or parts.others else "GET"
    method = given.strip().upper() if isinstance(given, str) else given
    if method not in METHODS:
        raise _wrong("HttpMethod", f"is one of {', '.join(METHODS)}")
    return str(method)


def _content(parts: _Parts, method: str) -> tuple[bytes | None, object]:
    """The body and its content type."""
    body, content_type = parts.own.get("body"), parts.own.get("contenttype")
    if body is not None and parts.others:
        name = next(iter(parts.others))
        raise _wrong(name, "has no place beside Body; put it into Body, query or headers")
    if body is None and (not parts.others or method in _WITHOUT_BODY):
        return None, content_type
    if isinstance(body, str):
        return _encoded("Body", body), content_type or (
            "application/json" if _is_json(body) else "text/plain; charset=utf-8"
        )
    return _encoded("Body", _json(parts.others if body is None else body)), content_type or "application/json"


def _query(parts: _Parts, *, sent_as_body: bool) -> dict[str, object]:
    query = parts.own.get("query") or {}
    if not isinstance(query, Mapping):
        raise _wrong("query", "is an object of names and values")
    return {**({} if sent_as_body else parts.others), **query}


def _url(text: str, query: Mapping[str, object]) -> "URL":
    from httpx2 import URL, InvalidURL

    if _UNSAFE_IN_URL.search(text):
        raise InvalidInput.field("jobType", msg="a URL cannot hold spaces, backslashes or control characters")
    try:
        url = URL(text)
    except (InvalidURL, ValueError) as error:
        raise InvalidInput.field("jobType", msg=f"is not a URL: {error}") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise InvalidInput.field("jobType", msg="a URL starts with http:// or https:// and names a host")
    if "@" in re.split(r"[/?#]", text.split("://", 1)[-1], maxsplit=1)[0]:
        raise InvalidInput.field("jobType", msg="a URL cannot hold a user name or password; use a header")
    if url.port is not None and not 0 < url.port < 65536:
        raise InvalidInput.field("jobType", msg=f"{url.port} is not a port")
    if b"%" in url.raw_host:
        raise InvalidInput.field("jobType", msg="a host has no zone and no percent-encoded characters")
    if not query:
        return url
    pairs = [(name, item) for name, value in query.items() for item in (value if isinstance(value, list) else [value])]
    try:
        added = urlencode([(name, item if isinstance(item, str) else _json(item)) for name, item in pairs])
    except UnicodeEncodeError:
        raise _wrong("query", "has half of a surrogate pair") from None
    return url.copy_with(query=b"&".join(filter(None, (url.query, added.encode()))))


def _expected(given: object) -> tuple[range, ...]:
    ranges = []
    for item in given if isinstance(given, list) else [given]:
        match = None if isinstance(item, bool) else _STATUS.fullmatch(str(item))
        if match is None or not isinstance(item, str | int):
            raise _wrong("expectedStatus", "is a status such as 204, a class such as '2xx', a range, or a list of them")
        family, low, high = match.groups()
        first = int(family) * 100 if family else int(low)
        ranges.append(range(first, (first + 99 if family else int(high or low)) + 1))
    if not any(ranges):
        raise _wrong("expectedStatus", "is empty")
    return tuple(ranges)


def _response_type(given: object) -> ResponseType:
    for known in get_args(ResponseType):
        if isinstance(given, str) and given.lower() == known:
            response_type: ResponseType = known
            return response_type
    raise _wrong("responseType", f"is one of {', '.join(get_args(ResponseType))}")


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _encoded(name: str, text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise _wrong(name, "has half of a surrogate pair") from None


def _wrong(name: str, message: str) -> InvalidInput:
    return InvalidInput.field("parameters", name, msg=message)
