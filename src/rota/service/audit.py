"""Who changed what, and whether that is still what was written."""

from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from rota.domain.access import Right
from rota.domain.audit import Finding, Flaw, Keyring, Link, examine, sealed_with
from rota.domain.errors import NotFound
from rota.service.context import ServiceContext
from rota.stores import anchors, audit
from rota.stores.audit import AuditEntry
from rota.stores.database import Transaction

__all__ = ["AuditEntry", "Verdict", "get", "page", "verify"]

_MOST_FINDINGS = 100


def page(
    ctx: ServiceContext,
    *,
    before: int | None,
    limit: int,
    noun: str | None = None,
    subject_id: str | None = None,
    actor: str | None = None,
) -> list[AuditEntry]:
    """Entries, newest first, from below the sequence number `before`."""
    ctx.require(Right.AUDIT)
    with ctx.read() as tx:
        return audit.page(tx, before=before, limit=limit, noun=noun, subject_id=subject_id, actor=actor)


def get(ctx: ServiceContext, seq: int) -> AuditEntry:
    """One entry, or NotFound."""
    ctx.require(Right.AUDIT)
    with ctx.read() as tx:
        found = audit.get(tx, seq)
    if found is None:
        raise NotFound(f"the audit has no entry {seq}")
    return found


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an examination of the audit came to."""

    entries: int
    waiting: int
    """Entries that are sealed but not linked yet: those of the last moment."""
    unsealed: int
    """Entries from before the chain: nothing is known of them."""
    keyed_from: int | None
    """From this entry on, links are made with a key. None: nobody but the anchors stops who can write to the store."""
    anchors: int
    """How many anchors the chain was held against."""
    head: Link | None
    findings: list[Finding]
    """By number; the first hundred of each kind."""


def verify(ctx: ServiceContext, anchor: tuple[int, bytes] | None = None) -> Verdict:
    """Examine every entry, every link and every anchor: those of this coordinator's file and, if given, another one."""
    ctx.require(Right.AUDIT)
    with ctx.read() as tx:
        head = audit.head(tx)
        first, keyed_from = audit.starts(tx)
        flaws = list(islice(examine(ctx.database.keyring, audit.chain(tx)), _MOST_FINDINGS))
        flaws += _without_link(tx, ctx.database.keyring, first or 1, head)
        flaws += [Finding(seq, Flaw.COPIED) for seq in audit.copies(tx, _MOST_FINDINGS)]
        held, cut_off = _anchored(tx, ctx.config.audit.anchor_file, anchor, head)
        entries, unsealed = audit.count(tx), audit.count_unsealed(tx, first)
        return Verdict(
            entries=entries,
            waiting=audit.count_behind(tx, head.seq) - (0 if first else unsealed),
            unsealed=unsealed,
            keyed_from=keyed_from,
            anchors=held,
            head=head if head.seq else None,
            findings=sorted({*flaws, *cut_off}, key=lambda one: (one.seq, one.flaw)),
        )


def _without_link(tx: Transaction, keyring: Keyring, first: int, head: Link) -> list[Finding]:
    """Entries that the sealer has passed over, and those that it will. What is older than the chain has no seal."""
    passed = audit.unlinked(tx, first=first, until=head.seq, limit=_MOST_FINDINGS)
    keyed = head.key != ""
    coming = (
        seq
        for seq, entry in audit.behind(tx, head.seq)
        if sealed_with(keyring, entry, keyed=keyed) is None and (head.seq or entry.seal is not None)
    )
    return [Finding(seq, Flaw.ADDED) for seq in (*passed, *islice(coming, _MOST_FINDINGS))]


def _anchored(
    tx: Transaction, file: Path | None, given: tuple[int, bytes] | None, head: Link
) -> tuple[int, list[Finding]]:
    """How many anchors there are, and those that the chain does not have."""
    held, flaws = 0, []
    try:
        for seq, digest in chain(
            anchors.noted(file) if file and (head.seq or file.exists()) else (), [given] if given else ()
        ):
            held += 1
            link = audit.linked(tx, seq)
            if link is None or link.digest != digest:
                flaws.append(Finding(seq, Flaw.NOT_ANCHORED))
    except OSError:
        flaws.append(Finding(head.seq, Flaw.ANCHORS_GONE))
    return held, flaws[:_MOST_FINDINGS]
