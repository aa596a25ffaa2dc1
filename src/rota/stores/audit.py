"""The audit: who changed what, written in the transaction of the change. Rows are only ever added (docs/adr/0037)."""

import json
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, and_, exists, func, or_, select

from rota.domain.audit import NONCE_BYTES, ORIGIN, Keyring, Link, Written, seal
from rota.domain.errors import ConfigurationInvalid
from rota.domain.instant import MINUTE, Instant
from rota.stores import numbers
from rota.stores.columns import compact
from rota.stores.database import Database, Transaction
from rota.stores.tables import audit, audit_links, counters

_PAGE = 1000


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One change. `detail` says what changed; it never holds a secret."""

    seq: int
    at: Instant
    actor: str
    action: str
    noun: str
    subject_id: str | None
    detail: dict[str, object]


def write(
    tx: Transaction, actor: str, action: str, noun: str, subject_id: str | None, detail: dict[str, object]
) -> None:
    """Add one entry, sealed."""
    entry = Written(tx.now, actor, action, noun, subject_id, compact(detail) if detail else None)
    add(tx, [sealed(tx.keyring, entry)])


def sealed(keyring: Keyring, entry: Written) -> tuple[object, ...]:
    """A row of COLUMNS."""
    own = seal(keyring.current, entry, secrets.token_bytes(NONCE_BYTES))
    return entry.at, entry.actor, entry.action, entry.noun, entry.subject_id, entry.detail, own


def add(tx: Transaction, rows: Sequence[Sequence[object]]) -> None:
    """Add rows of COLUMNS."""
    tx.hot.insert(tx, "audit", COLUMNS, rows)


COLUMNS = ("at", "actor", "action", "noun", "subject_id", "detail", "seal")


def page(
    tx: Transaction,
    *,
    before: int | None,
    limit: int,
    noun: str | None = None,
    subject_id: str | None = None,
    actor: str | None = None,
) -> list[AuditEntry]:
    """Entries, newest first, from below the sequence number `before`."""
    statement = select(audit).order_by(audit.c.seq.desc()).limit(limit)
    if before is not None:
        statement = statement.where(audit.c.seq < before)
    for column, wanted in ((audit.c.noun, noun), (audit.c.subject_id, subject_id), (audit.c.actor, actor)):
        if wanted is not None:
            statement = statement.where(column == wanted)
    return [_entry(row) for row in tx.all(statement)]


def get(tx: Transaction, seq: int) -> AuditEntry | None:
    """The entry of this number."""
    row = tx.first(select(audit).where(audit.c.seq == seq))
    return None if row is None else _entry(row)


def _entry(row: Any) -> AuditEntry:
    return AuditEntry(row.seq, row.at, row.actor, row.action, row.noun, row.subject_id, json.loads(row.detail or "{}"))


def head(tx: Transaction) -> Link:
    """The last link of the chain; before the first one, the origin under number 0."""
    row = tx.first(select(audit_links).order_by(audit_links.c.seq.desc()).limit(1))
    return Link(0, ORIGIN, "") if row is None else _link(row)


def behind(tx: Transaction, seq: int) -> Iterator[tuple[int, Written]]:
    """The entries behind a number, in their order."""
    for row in _each(tx, select(audit), audit.c.seq, seq):
        yield row.seq, _written(row)


def settled(tx: Transaction, seq: int) -> int:
    """The number behind `seq` up to which every entry is there.

    Passing over one that comes late would be a false alarm, and to wait costs little: what waits is sealed already.
    """
    return numbers.settled(tx, audit, seq, longest=5 * MINUTE)


def require_key(database: Database) -> None:
    """ConfigurationInvalid when the chain is made with a key that this process does not have."""
    with database.read() as tx:
        name = head(tx).key
    if name and (not database.keyring.current or database.keyring.named(name) is None):
        raise ConfigurationInvalid(
            f"the audit of this store is sealed with the key named {name}, which this process does not have: set"
            " audit.key (ROTA_AUDIT__KEY), and audit.former_keys when there is a new one"
        )


def hold(tx: Transaction) -> Link:
    """The last link, which nobody else follows before this transaction ends."""
    tx.execute(select(counters.c.value).where(counters.c.name == "audit").with_for_update())
    return head(tx)


def append(tx: Transaction, links: Sequence[Link]) -> None:
    """Add links to the chain."""
    tx.hot.insert(tx, "audit_links", ("seq", "digest", "key_name"), [(one.seq, one.digest, one.key) for one in links])


def chain(tx: Transaction) -> Iterator[tuple[Link, Written | None]]:
    """Every link from the first one, with its entry as far as that is there."""
    entry = [column.label(f"entry_{column.name}") for column in audit.columns]
    both = select(audit_links, *entry).select_from(audit_links.outerjoin(audit, audit.c.seq == audit_links.c.seq))
    for row in _each(tx, both, audit_links.c.seq, 0):
        yield _link(row), None if row.entry_seq is None else _written(row, "entry_")


def linked(tx: Transaction, seq: int) -> Link | None:
    """The link of this number."""
    row = tx.first(select(audit_links).where(audit_links.c.seq == seq))
    return None if row is None else _link(row)


def starts(tx: Transaction) -> tuple[int | None, int | None]:
    """The numbers of the first link, and of the first one that was made with a key."""
    keyed = select(func.min(audit_links.c.seq)).where(audit_links.c.key_name != "")
    return tx.connection.scalar(select(func.min(audit_links.c.seq))), tx.connection.scalar(keyed)


def unlinked(tx: Transaction, *, first: int, until: int, limit: int) -> list[int]:
    """The numbers of the entries without a link, from `first` up to and with `until`, and of those that no entry has."""
    of_chain = exists().where(audit_links.c.seq == audit.c.seq)
    within = and_(audit.c.seq >= first, audit.c.seq <= until, ~of_chain)
    statement = select(audit.c.seq).where(or_(within, audit.c.seq < 1))
    return [row.seq for row in tx.all(statement.order_by(audit.c.seq).limit(limit))]


def count(tx: Transaction) -> int:
    """How many entries there are."""
    return tx.connection.scalar(select(func.count()).select_from(audit)) or 0


def count_behind(tx: Transaction, seq: int) -> int:
    """How many there are behind a number."""
    return tx.connection.scalar(select(func.count()).select_from(audit).where(audit.c.seq > seq)) or 0


def count_unsealed(tx: Transaction, before: int | None) -> int:
    """How many of them have no seal, before the entry of this number; None = of all."""
    statement = select(func.count()).select_from(audit).where(audit.c.seal.is_(None), audit.c.seq > 0)
    return tx.connection.scalar(statement if before is None else statement.where(audit.c.seq < before)) or 0


def copies(tx: Transaction, limit: int) -> list[int]:
    """The numbers of the entries whose seal another one before them has."""
    alike = select(audit.c.seal).where(audit.c.seal.is_not(None)).group_by(audit.c.seal).having(func.count() > 1)
    found = tx.all(select(audit.c.seq, audit.c.seal).where(audit.c.seal.in_(alike)).order_by(audit.c.seq))
    firsts = {row.seal: row.seq for row in reversed(found)}
    return [row.seq for row in found if firsts[row.seal] != row.seq][:limit]


def _each(tx: Transaction, statement: Select[Any], column: Any, after: int) -> Iterator[Any]:
    """The rows of a statement in the order of a number, a page in a step."""
    while found := tx.all(statement.where(column > after).order_by(column).limit(_PAGE)):
        yield from found
        after = found[-1].seq


def _link(row: Any) -> Link:
    return Link(row.seq, row.digest, row.key_name)


def _written(row: Any, prefix: str = "") -> Written:
    return Written(*(getattr(row, prefix + name) for name in COLUMNS))
