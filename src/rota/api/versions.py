"""`ETag` and `If-Match`: who changes something says which version they saw."""

import re
from typing import Annotated

from fastapi import Header

from rota.domain.errors import InvalidInput, PreconditionFailed

IfMatch = Annotated[str | None, Header(max_length=200, description="the `ETag` of the version that you saw")]
_TAG = re.compile(r'(?:W/)?"(\d{1,18})(?:-([A-Za-z0-9.]{1,40}))?"')


def etag(version: int, beside: str | None = None) -> str:
    """The entity tag of a version, and of what stands `beside` it that an update would overwrite, too."""
    return f'W/"{version}"' if beside is None else f'W/"{version}-{beside}"'


def expected_beside(if_match: str | None) -> str | None:
    """What stood beside the version that an `If-Match` header names; None where it names the version alone."""
    found = None if if_match is None else _TAG.fullmatch(if_match.split(",")[0].strip())
    return None if found is None else found.group(2)


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
