"""`ETag` and `If-Match`: who changes something says which version they saw."""

import re

from rota.domain.errors import InvalidInput, PreconditionFailed

_TAG = re.compile(r'(?:W/)?"(\d{1,18})"')


def etag(version: int) -> str:
    """The entity tag of a version."""
    return f'W/"{version}"'


def expected_version(if_match: str | None, current: int | None = None) -> int | None:
    """The version that an `If-Match` header names; None when there is no header or it is `*`.

    With `current`, PreconditionFailed unless it is among the named ones.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    named = [_TAG.fullmatch(tag.strip()) for tag in if_match.split(",")]
    if not all(named):
        raise InvalidInput.field("header", "If-Match", msg='an entity tag such as W/"3", or *')
    versions = [int(tag.group(1)) for tag in named if tag is not None]
    if current is not None:
        if current not in versions:
            raise PreconditionFailed(f"it has been changed meanwhile: its version is {current}")
        return current
    return versions[0]
