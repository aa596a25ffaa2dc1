"""What a repeated request is answered with: one row per `Idempotency-Key`, written with the thing it made."""

from dataclasses import dataclass

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError

from rota.domain.errors import Contended
from rota.stores.database import Transaction
from rota.stores.tables import idempotency


@dataclass(frozen=True, slots=True)
class Remembered:
    """The answer that a key got. `reply` is JSON text; `body_hash` tells one request from another."""

    body_hash: bytes
    status: int
    location: str | None
    reply: str


def recall(tx: Transaction, principal: str, key: str) -> Remembered | None:
    """The answer that this principal's key got; None if the key is new."""
    row = tx.first(
        select(idempotency.c.body_hash, idempotency.c.status, idempotency.c.location, idempotency.c.reply).where(
            idempotency.c.principal == principal, idempotency.c.key == key
        )
    )
    return None if row is None else Remembered(row.body_hash, row.status, row.location, row.reply)


def remember(tx: Transaction, principal: str, key: str, answer: Remembered) -> None:
    """Keep the answer of a new key. Contended when another transaction has just answered it: ask for its answer."""
    row = insert(idempotency).values(
        principal=principal,
        key=key,
        body_hash=answer.body_hash,
        status=answer.status,
        location=answer.location,
        reply=answer.reply,
        created_at=tx.now,
    )
    try:
        tx.execute(row)
    except IntegrityError:
        raise Contended("another request with this Idempotency-Key was answered meanwhile; repeat it") from None


def replace(tx: Transaction, principal: str, key: str, answer: Remembered) -> None:
    """Keep the answer of a key, in the place of one that it had."""
    tx.execute(delete(idempotency).where(idempotency.c.principal == principal, idempotency.c.key == key))
    remember(tx, principal, key, answer)
