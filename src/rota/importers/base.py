"""What an importer is given and what it finds.

An importer is one module or package in this room with a function `build()` (its name is the kind), or an entry point
`rota.importers` of another package. It reads text and runs nothing of it (docs/adr/0028-importers-read-they-never-run.md).
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import ClassVar, Protocol

from rota.domain.errors import InvalidInput
from rota.domain.instant import Instant

LARGEST_SOURCE = 1 << 20
"""Characters of one file."""
NO_TIMEOUT = "366d"
"""The longest timeout that a job may have, for sources that know none."""

Document = dict[str, object]
Fires = Callable[[Instant, Instant], Iterator[Instant]]
"""The instants after the first argument up to the second, in order, by the source's own rule."""


@dataclass(frozen=True, slots=True)
class Source:
    """One file: where it stands, and its text."""

    path: str
    text: str

    @property
    def name(self) -> str:
        """The last part of the path."""
        return PurePath(self.path).name

    @property
    def description(self) -> str:
        """What describes a job whose entry says nothing about itself."""
        return f"Imported from {self.path}"


@dataclass(frozen=True, slots=True)
class Options:
    """What the files do not say. `time_zone` is an IANA name, the machine's unless `zone_given`; `now` is the moment of
    the import.

    `system` tells crontabs with a user field from those without; None leaves it to the path. `beside` holds the text
    of the files that `Importer.beside` asked for, by path.
    """

    time_zone: str
    now: Instant
    system: bool | None = None
    beside: Mapping[str, str] = field(default_factory=dict)
    zone_given: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """One entry of a source and what it becomes: a job document as POST /api/jobs takes it, or why it cannot be one.

    `key` names the entry inside its file and stays when its schedule changes. `rule` is the schedule as the source
    writes it. `fires` is the source's own rule, or None where `not_compared` says why there is none to ask.
    """

    file: str
    line: int
    key: str
    name: str
    rule: str
    job: Document | None = None
    problem: str | None = None
    notes: tuple[str, ...] = ()
    fires: Fires | None = field(default=None, compare=False)
    not_compared: str | None = None

    @property
    def schedules(self) -> list[Document]:
        """The schedules of the job document."""
        job = self.job or {}
        several = job.get("schedules")
        if isinstance(several, list):
            return several
        one = job.get("schedule")
        return [one] if isinstance(one, dict) else []


class Importer(Protocol):
    """One kind of source."""

    kind: ClassVar[str]

    def beside(self, source: Source) -> Sequence[str]:
        """Paths of further files that the source refers to; those that exist are read too."""

    def read(self, source: Source, options: Options) -> list[Found]:
        """The entries of one file. InvalidInput if it is no file of this kind."""


def source_tag(kind: str, found: Found, prefix: str = "") -> str:
    """The tag by which a later import finds the job of the same entry again.

    `prefix` keeps entries of several machines apart whose files have the same path.
    """
    digest = hashlib.sha256("\0".join((kind, prefix, found.file, found.key)).encode(errors="backslashreplace"))
    return f"source:{kind}:{digest.hexdigest()[:20]}"


def asked_of(library: str, fires: Fires) -> Fires:
    """The rule of another library, whose own failure becomes InvalidInput."""

    def guarded(after: Instant, until: Instant) -> Iterator[Instant]:
        try:
            yield from fires(after, until)
        except (ValueError, TypeError, RuntimeError, OverflowError, LookupError) as error:
            raise InvalidInput.field("rule", msg=f"{library} refuses it: {error}") from None

    return guarded


def require_text(source: Source) -> None:
    """InvalidInput for what cannot be a text file of a scheduler."""
    if len(source.text) > LARGEST_SOURCE:
        raise InvalidInput.field(source.path, msg=f"larger than {LARGEST_SOURCE} characters")
    if "\0" in source.text:
        raise InvalidInput.field(source.path, msg="not a text file: it has NUL characters")


def told_apart(found: Sequence[Found]) -> list[Found]:
    """The entries with `-2`, `-3` … at names and keys that several of one file share."""
    names: dict[str, int] = {}
    keys: dict[str, int] = {}
    return [_renamed(one, _numbered(one.name, names), _numbered(one.key, keys)) for one in found]


def job_name(*parts: str) -> str:
    """A name for a job from pieces of text: letters, digits and `_ . : @ -`, at most 120 characters."""
    cleaned = (re.sub(r"[^\w.:@-]+", "-", part).strip("-.") for part in parts)
    return ".".join(filter(None, cleaned))[:120] or "imported"


def _numbered(text: str, seen: dict[str, int]) -> str:
    seen[text] = seen.get(text, 0) + 1
    return text if seen[text] == 1 else f"{text}-{seen[text]}"


def _renamed(found: Found, name: str, key: str) -> Found:
    job = None if found.job is None else found.job | {"name": name}
    return replace(found, name=name, key=key, job=job)
