"""Sessions of the console: a browser that came in with a key. Only the SHA-256 of a session's secret is stored."""

from sqlalchemy import delete, insert, select

from rota.domain.instant import Instant
from rota.stores.access import Key, by_id
from rota.stores.database import Transaction
from rota.stores.identity import new_id
from rota.stores.tables import sessions


def add(tx: Transaction, key_id: str, hash: bytes, expires_at: Instant) -> str:
    """Begin a session of a key. Returns its id."""
    id = new_id(tx.now)
    values = {"id": id, "key_id": key_id, "hash": hash, "created_at": tx.now, "expires_at": expires_at}
    tx.execute(insert(sessions).values(**values))
    return id


def key_of(tx: Transaction, hash: bytes) -> Key | None:
    """The key behind the session with this SHA-256; None when there is none, or it is over."""
    row = tx.first(select(sessions.c.key_id).where(sessions.c.hash == hash, sessions.c.expires_at > tx.now))
    return None if row is None else by_id(tx, row.key_id)


def end(tx: Transaction, hash: bytes) -> bool:
    """End a session. False when there was none."""
    return bool(tx.execute(delete(sessions).where(sessions.c.hash == hash)).rowcount)
