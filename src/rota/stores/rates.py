"""What has started lately under each rate. Written only by claims under the lock of the limits."""

import json
from collections.abc import Collection, Mapping

from sqlalchemy import delete, insert, select, update

from rota.domain.admission import Starts
from rota.domain.instant import Duration
from rota.stores.database import Transaction
from rota.stores.tables import rates


def read(tx: Transaction, names: Collection[str]) -> dict[str, Starts]:
    """The starts under these rates; a rate that nothing started under is left out."""
    found = tx.all(select(rates.c.name, rates.c.marks).where(rates.c.name.in_(sorted(names)))) if names else ()
    return {row.name: _starts(row.marks) for row in found}


def write(tx: Transaction, starts: Mapping[str, tuple[Starts, Duration]], known: Collection[str]) -> None:
    """Keep the starts under these rates, each with the rate's period; `known` are those that have a row."""
    for name, (started, per) in starts.items():
        last, _ = started.marks[-1]
        values = {"marks": json.dumps(started.marks, separators=(",", ":")), "over_at": last + per}
        if name in known:
            tx.execute(update(rates).where(rates.c.name == name).values(**values))
        else:
            tx.execute(insert(rates).values(name=name, **values))


def remove_over(tx: Transaction, limit: int) -> int:
    """Forget rates in which nothing counts any more. Returns how many."""
    over = select(rates.c.name).where(rates.c.over_at < tx.now).order_by(rates.c.over_at).limit(limit)
    names = list(tx.connection.scalars(over))
    if names:
        tx.execute(delete(rates).where(rates.c.name.in_(names), rates.c.over_at < tx.now))
    return len(names)


def _starts(marks: str) -> Starts:
    return Starts(tuple((at, count) for at, count in json.loads(marks)))
