"""Problem documents (RFC 9457) as the errors that they were on the other side."""

from collections.abc import Mapping
from typing import Any

from rota.domain.errors import (
    ConfigurationInvalid,
    Conflict,
    EnrolmentRefused,
    Forbidden,
    InvalidInput,
    LeaseLost,
    Location,
    NotFound,
    PreconditionFailed,
    RotaError,
    TooLarge,
    Unauthenticated,
    Unavailable,
)


class CannotReach(Unavailable):
    """Nobody answers at the address of the coordinator."""

    type, title = "cannot-reach", "Cannot reach the coordinator"


_KNOWN: tuple[type[RotaError], ...] = (
    InvalidInput,
    NotFound,
    Conflict,
    LeaseLost,
    PreconditionFailed,
    TooLarge,
    Unauthenticated,
    EnrolmentRefused,
    Forbidden,
    Unavailable,
)
_BY_TYPE = {known.type: known for known in _KNOWN}
_BY_STATUS: dict[int, type[RotaError]] = {
    400: InvalidInput,
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    405: Conflict,
    409: Conflict,
    412: PreconditionFailed,
    413: TooLarge,
    415: InvalidInput,
    421: ConfigurationInvalid,
    422: InvalidInput,
    429: Unavailable,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}


def error_from(status: int, document: Mapping[str, Any]) -> RotaError:
    """The error that a problem document tells of: by its `type`, else by the HTTP status, else a plain RotaError."""
    kind = str(document.get("type", "")).rstrip("/").rpartition("/")[2]
    known = _BY_TYPE.get(kind) or _BY_STATUS.get(status, RotaError)
    detail = str(document.get("detail") or document.get("title") or f"the coordinator answered {status}")
    if issubclass(known, InvalidInput):
        return known(detail, _fields(document.get("errors")))
    return known(detail)


def _fields(errors: object) -> list[tuple[Location, str]]:
    if not isinstance(errors, list):
        return []
    return [(_location(item.get("loc")), str(item.get("msg", ""))) for item in errors if isinstance(item, dict)]


def _location(value: object) -> Location:
    if isinstance(value, list):
        return tuple(part if isinstance(part, int) else str(part) for part in value)
    return () if value is None else (str(value),)
