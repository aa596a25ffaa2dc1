"""What makes the audit tamper-evident: every entry is sealed when it is written and linked to all that stand before it.

A *seal* shows that an entry was written by somebody who has the key. A *link* shows that it still stands where it stood,
behind the same entries: it is made over the link before it. Both are HMAC-SHA-256 (RFC 2104); the chain is that of
Schneier and Kelsey, "Secure Audit Logs to Support Computer Forensics" (1999), with one key instead of a key for each entry.

Without a key both are checksums: they find what was changed, but whoever can write to the store can make them anew. With
or without one, a chain cannot know that its end is gone: for that its head has to be noted somewhere else (an *anchor*).
"""

import hmac
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from rota.domain.instant import Instant

NONCE_BYTES = 16
SEAL_BYTES = NONCE_BYTES + 32
ORIGIN = bytes(32)
"""What stands before the first link."""
_NO_SEAL = bytes(SEAL_BYTES)


@dataclass(frozen=True, slots=True)
class Keyring:
    """The key that seals, and those that did so before. `b""` is no key."""

    current: bytes = field(default=b"", repr=False)
    former: tuple[bytes, ...] = field(default=(), repr=False)

    def named(self, name: str) -> bytes | None:
        """The key of this name, or None."""
        return next((key for key in (self.current, *self.former, b"") if name_of(key) == name), None)

    @property
    def name(self) -> str:
        """The name of the key that seals."""
        return name_of(self.current)


def name_of(key: bytes) -> str:
    """What a key is called where it must not be seen; no key has no name."""
    return hmac.digest(key, b"name", "sha256").hex()[:16] if key else ""


@dataclass(frozen=True, slots=True)
class Written:
    """An entry as it stands in the store: its columns, with the detail as its JSON text, and its seal."""

    at: Instant
    actor: str
    action: str
    noun: str
    subject_id: str | None
    detail: str | None
    seal: bytes | None = None


def _content(entry: Written) -> bytes:
    columns = (entry.at, entry.actor, entry.action, entry.noun, entry.subject_id, entry.detail)
    return json.dumps(columns, ensure_ascii=True, separators=(",", ":")).encode()


def seal(key: bytes, entry: Written, nonce: bytes) -> bytes:
    """The seal of an entry. `nonce` (NONCE_BYTES, random) makes no two alike: a copy of an entry is found by its seal."""
    return nonce + hmac.digest(key, b"seal" + nonce + _content(entry), "sha256")


def sealed_with(keyring: Keyring, entry: Written, *, keyed: bool) -> bytes | None:
    """The key with which an entry was sealed, if it is as it was written then; None for what Rota has not written.

    Unless the chain before it is `keyed`, that may have been without a key.
    """
    if entry.seal is None:
        return None
    keys = (keyring.current, *keyring.former) if keyed else (keyring.current, *keyring.former, b"")
    nonce = entry.seal[:NONCE_BYTES]
    return next((key for key in keys if hmac.compare_digest(seal(key, entry, nonce), entry.seal)), None)


@dataclass(frozen=True, slots=True)
class Link:
    """A link as it was written: of which entry, and under the key of which name."""

    seq: int
    digest: bytes
    key: str


def next_link(keyring: Keyring, before: Link, seq: int, entry: Written) -> Link | None:
    """The link of entry number `seq` to the one `before` it; None for what Rota has not written.

    It is made with the key that is current, or with none as long as entries and chain have none.
    """
    sealed = sealed_with(keyring, entry, keyed=before.key != "")
    if sealed is None:
        return None
    key = keyring.current if sealed else b""
    return Link(seq, link(key, before.digest, seq, entry), name_of(key))


def link(key: bytes, before: bytes, seq: int, entry: Written) -> bytes:
    """The link of entry number `seq` to the link `before` it."""
    message = b"link" + before + seq.to_bytes(8) + (entry.seal or _NO_SEAL) + _content(entry)
    return hmac.digest(key, message, "sha256")


class Flaw(StrEnum):
    """What is wrong with an entry."""

    CHANGED = "changed"
    MISSING = "missing"
    ADDED = "added"
    COPIED = "copied"
    UNKNOWN_KEY = "unknownKey"
    KEY_DROPPED = "keyDropped"
    NOT_ANCHORED = "notAnchored"
    ANCHORS_GONE = "anchorsGone"


SAYS = {
    Flaw.CHANGED: "this entry, its link or the one before it is not what was written",
    Flaw.MISSING: "there was an entry of this number, and it is gone",
    Flaw.ADDED: "nothing shows that Rota wrote this entry",
    Flaw.COPIED: "this entry is a copy of another one",
    Flaw.UNKNOWN_KEY: "this entry was linked with a key that is not known here; see audit.key and audit.former_keys",
    Flaw.KEY_DROPPED: "this entry was linked without a key, though the ones before it were linked with one",
    Flaw.ANCHORS_GONE: "the file of anchors of this coordinator is not there, or cannot be read",
    Flaw.NOT_ANCHORED: "an anchor was noted for this number, and the chain does not have it",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """A flaw and the number of the entry that has it."""

    seq: int
    flaw: Flaw


def examine(keyring: Keyring, chain: Iterable[tuple[Link, Written | None]]) -> Iterator[Finding]:
    """The flaws of a chain, which is given from its first link: each link with its entry, None if that is gone.

    Behind a flaw it goes on from the link that stands there, so that one change is one finding, or two at most.
    """
    before, keyed = ORIGIN, False
    for found, entry in chain:
        key = keyring.named(found.key)
        if entry is None:
            yield Finding(found.seq, Flaw.MISSING)
        elif key is None:
            yield Finding(found.seq, Flaw.UNKNOWN_KEY)
        elif not hmac.compare_digest(link(key, before, found.seq, entry), found.digest):
            yield Finding(found.seq, Flaw.CHANGED)
        elif keyed and not key:
            yield Finding(found.seq, Flaw.KEY_DROPPED)
        before, keyed = found.digest, keyed or found.key != ""
