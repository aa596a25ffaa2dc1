"""Links the entries of the audit to a chain, and notes its head where the store's own administrators cannot reach it.

Entries are sealed by those who write them, in their transactions; the chain is made behind them, in one place at a time, so
that no change waits for another one because both are audited (docs/adr/0037).
"""

import time
from pathlib import Path

from rota.domain.audit import Link, is_sealed, link
from rota.stores import anchors, audit
from rota.stores.database import Database, Transaction
from rota.telemetry import Telemetry

_INTERVAL_SECONDS = 1.0
_ANCHOR_EVERY_SECONDS = 60.0
_ANCHOR_EVERY_ENTRIES = 1000


class Sealer:
    """Every second: what is settled is linked. Every minute, or 1,000 entries: the head of the chain is noted."""

    name = "sealer"
    topic = None

    def __init__(self, database: Database, anchor_file: Path | None, telemetry: Telemetry) -> None:
        self._database = database
        self._anchor_file = anchor_file
        self._telemetry = telemetry
        self._noted: int | None = None
        self._note_again_at = 0.0
        self._told = 0

    def run_once(self) -> float:
        """Link what is new, if anything is."""
        with self._database.read() as tx:
            head = audit.head(tx)
            waits = audit.settled(tx, head.seq) > head.seq
        if waits:
            head = self._database.writing(self._link)
        self._anchor(head)
        return _INTERVAL_SECONDS

    def _link(self, tx: Transaction) -> Link:
        """Append to the chain what is sealed; the new head. What is not stays without a link, and is found by that."""
        head = audit.hold(tx)
        until = audit.settled(tx, head.seq)
        links = []
        for seq, entry in audit.behind(tx, head.seq):
            if seq > until:
                break
            if is_sealed(tx.keyring, entry, keyed=head.key != ""):
                head = Link(seq, link(tx.keyring.current, head.digest, seq, entry), tx.keyring.name)
                links.append(head)
            elif seq > self._told:
                self._told = seq
                self._telemetry.audit_tampered(seq)
        audit.append(tx, links)
        return head

    def _anchor(self, head: Link) -> None:
        if self._anchor_file is None or head.seq == (self._noted or 0):
            return
        now = time.monotonic()
        if self._noted is None or now >= self._note_again_at or head.seq - self._noted >= _ANCHOR_EVERY_ENTRIES:
            anchors.note(self._anchor_file, self._database.clock.now(), head)
            self._noted, self._note_again_at = head.seq, now + _ANCHOR_EVERY_SECONDS
