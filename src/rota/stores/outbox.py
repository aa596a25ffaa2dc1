"""The events in the order of their commits, for those who pass them on."""

from sqlalchemy import func, select

from rota.stores.database import Transaction
from rota.stores.tables import events


def newest(tx: Transaction) -> int:
    """The number of the newest event; 0 when there is none."""
    return tx.connection.scalar(select(func.max(events.c.seq))) or 0


def count_by_kind(tx: Transaction, after: int, until: int) -> dict[str, int]:
    """How many events of each kind came after one number, up to and with another."""
    between = (
        select(events.c.kind, func.count().label("number")).where(events.c.seq > after, events.c.seq <= until).group_by(events.c.kind)
    )
    return {row.kind: row.number for row in tx.all(between)}
