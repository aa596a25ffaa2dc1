"""Links the entries of the audit to a chain, and notes its head where the store's own administrators cannot reach it.

Entries are sealed by those who write them, in their transactions; the chain is made behind them, in one place at a time, so
that no change waits for another one because both are audited (docs/adr/0037).
"""

import time
from pathlib import Path

from rota.domain.audit import ORIGIN, Link, next_link
from rota.stores import anchors, audit
from rota.stores.database import Database, Transaction
from rota.telemetry import Telemetry

_INTERVAL_SECONDS = 1.0
_ANCHOR_EVERY_SECONDS = 60.0
_ANCHOR_EVERY_ENTRIES = 1000


class Sealer:
    """Every second: what is settled is linked. Every minute, or 1,000 entries: the head of the chain is noted.

    It remembers the head that it saw last: a chain that no longer has it is not made longer, or what was taken away
    would be covered up.
    """

    name = "sealer"
    topic = None

    def __init__(self, database: Database, anchor_file: Path | None, telemetry: Telemetry) -> None:
        self._database = database
        self._anchor_file = anchor_file
        self._telemetry = telemetry
        self._head = Link(0, ORIGIN, "")
        self._looked = 0
        """Up to this number every entry was linked, or was not written by Rota."""
        self._broken = False
        self._noted: int | None = None
        self._note_again_at = 0.0

    def run_once(self) -> float:
        """Link what is new, if anything is."""
        with self._database.read() as tx:
            waits = self._goes_on(tx) and audit.settled(tx, self._looked) > self._looked
        if waits:
            head, looked, strange = self._database.writing(self._link)
            self._head, self._looked = head, looked
            for seq in strange:
                self._telemetry.audit_tampered(seq)
        if not self._broken:
            self._anchor(self._head)
        return 0 if waits else _INTERVAL_SECONDS

    def _goes_on(self, tx: Transaction) -> bool:
        """Whether the chain still has the head that was seen last. Goes on from where another sealer has brought it."""
        head = audit.head(tx)
        if head != self._head:
            if self._head.seq and audit.linked(tx, self._head.seq) != self._head:
                if not self._broken:
                    self._telemetry.audit_cut_off(self._head.seq)
                self._broken = True
                return False
            self._head, self._looked = head, max(head.seq, self._looked)
        return not self._broken

    def _link(self, tx: Transaction) -> tuple[Link, int, list[int]]:
        """Append to the chain what is sealed. Returns the new head, how far it looked, and what Rota has not written.

        That has no link, and is found by it. Before the first link, what has no seal is older than the chain.
        """
        head = audit.hold(tx)
        looked = max(head.seq, self._looked)
        until = audit.settled(tx, looked)
        links: list[Link] = []
        strange: list[int] = []
        for seq, entry in audit.behind(tx, looked):
            if seq > until:
                break
            made = next_link(tx.keyring, head, seq, entry)
            if made is not None:
                links.append(head := made)
            elif head.seq or entry.seal is not None:
                strange.append(seq)
        audit.append(tx, links)
        return head, until, strange

    def _anchor(self, head: Link) -> None:
        if self._anchor_file is None or head.seq == (self._noted or 0):
            return
        now = time.monotonic()
        if self._noted is None or now >= self._note_again_at or head.seq - self._noted >= _ANCHOR_EVERY_ENTRIES:
            anchors.note(self._anchor_file, self._database.clock.now(), head)
            self._noted, self._note_again_at = head.seq, now + _ANCHOR_EVERY_SECONDS
