"""Rows that are numbered as they are written, read in the order of their numbers without passing one over."""

from sqlalchemy import Table, select

from rota.domain.instant import SECOND, Duration
from rota.stores.database import Transaction

LOOK_AHEAD = 5000
"""So many rows are looked at in one step."""


def settled(tx: Transaction, table: Table, seq: int, longest: Duration = 30 * SECOND) -> int:
    """The number behind `seq` up to which every row of `table` (by `seq` and `at`) is there.

    Numbers are drawn before the commit, so transactions side by side become visible out of their order. At a number
    that is missing the reader waits, until it is older than the `longest` transaction: then that one was rolled back.
    """
    found = tx.all(select(table.c.seq, table.c.at).where(table.c.seq > seq).order_by(table.c.seq).limit(LOOK_AHEAD))
    for row in found:
        if row.seq != seq + 1 and row.at > tx.now - longest:
            break
        seq = row.seq
    return seq
