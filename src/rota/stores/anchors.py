"""Anchors: the head of the audit's chain, noted in a file that stands where nobody who can write to the store can write.

A line of JSON for each. A chain that is cut off, or a store that was put back to an earlier day, no longer has what its
anchors name.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path

from rota.domain.audit import Link
from rota.domain.instant import Instant, format_instant


def note(file: Path, at: Instant, head: Link) -> None:
    """Add the head of the chain. It is on the disk when this returns. OSError."""
    line = json.dumps({"at": format_instant(at), "seq": head.seq, "digest": head.digest.hex()})
    with file.open("a", encoding="utf-8") as opened:
        opened.write(f"{line}\n")
        opened.flush()
        os.fsync(opened.fileno())


def noted(file: Path) -> Iterator[tuple[int, bytes]]:
    """The numbers and digests that were noted. A line that was not written to its end is passed over. OSError."""
    with file.open(encoding="utf-8", errors="replace") as opened:
        for line in opened:
            try:
                document = json.loads(line)
                yield int(document["seq"]), bytes.fromhex(document["digest"])
            except (ValueError, KeyError, TypeError, OverflowError):
                continue
