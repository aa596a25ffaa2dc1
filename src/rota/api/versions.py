"""`ETag` and `If-Match`: who changes something says which version they saw."""

import re
from typing import Annotated

from fastapi import Header

from rota.domain.errors import InvalidInput, PreconditionFailed
from rota.service.jobs import Seen

IfMatch = Annotated[str | None, Header(max_length=200, description="the `ETag` of the version that you saw")]
_TAG = re.compile(r'(?:W/)?"(\d{1,18})(?:-([A-Za-z0-9.]{1,40}))?"')


def etag(version: int, beside: str | None = None) -> str:
    """The entity tag of a version, and of what stands `beside` it that an update would overwrite, too."""
    return f'W/"{version}"' if beside is None else f'W/"{version}-{beside}"'


def seen_in(if_match: str | None) -> Seen | None:
    """What the first tag of an `If-Match` header says; None when there is no header or it is `*`."""
    tags = _tags(if_match)
    return Seen(int(tags[0][1]), tags[0][2]) if tags else None


def expected_version(if_match: str | None, current: int | None = None) -> int | None:
    """The version that an `If-Match` header names; None when there is no header or it is `*`.

    With `current`, PreconditionFailed unless it is among the named ones.
    """
    versions = [int(tag[1]) for tag in _tags(if_match)]
    if not versions:
        return None
    if current is not None:
        if current not in versions:
            raise PreconditionFailed(f"it has been changed meanwhile: its version is {current}")
        return current
    return versions[0]


def _tags(if_match: str | None) -> list[re.Match[str]]:
    """The tags of the header; none when any version will do."""
    if if_match is None or if_match.strip() == "*":
        return []
    found = [_TAG.fullmatch(tag.strip()) for tag in if_match.split(",")]
    tags = [tag for tag in found if tag is not None]
    if len(tags) < len(found):
        raise InvalidInput.field("header", "If-Match", msg='an entity tag such as W/"3", or *')
    return tags
