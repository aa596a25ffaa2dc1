"""Keys: made, listed, revoked, and turned into principals."""

import secrets
from binascii import crc32
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256

from rota.domain.access import SYSTEM, Principal, Right, Role
from rota.domain.errors import Conflict, InvalidInput, NotFound, Unauthenticated, Unavailable
from rota.domain.instant import MINUTE, Instant
from rota.service.context import ServiceContext
from rota.stores import access, audit
from rota.stores.access import Key
from rota.stores.database import Database, Transaction
from rota.stores.identity import new_id

__all__ = ["Key", "authenticate", "bootstrap", "create", "digest", "issue", "listing", "new_token", "revoke"]

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM_CHARACTERS = 36
_CHECKSUM_CHARACTERS = 6
_SHOWN_CHARACTERS = 10
_USE_NOTED_EVERY = MINUTE
_LONGEST_NAME = 100


def new_token(prefix: str = "rota_") -> str:
    """A token nobody can guess (214 random bits), with a checksum so that scanners recognise a leaked one."""
    random = "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_CHARACTERS))
    return f"{prefix}{random}{_checksum(random)}"


def well_formed(token: str, prefix: str = "rota_") -> bool:
    """Whether the text has the form and the checksum of a token."""
    body = token.removeprefix(prefix)
    random, checksum = body[:_RANDOM_CHARACTERS], body[_RANDOM_CHARACTERS:]
    return token.startswith(prefix) and checksum == _checksum(random)


def bootstrap(database: Database, admin_token: str | None) -> str | None:
    """Make sure that an administrator can come in. Returns the token to show, or None when keys exist.

    `admin_token` (ROTA_ADMIN_TOKEN) is made an admin key whatever keys there are.
    """
    with database.write(serial=True) as tx:
        if admin_token is None:
            if access.count(tx):
                return None
            token = new_token()
            issue(tx, SYSTEM.name, token, "admin", Role.ADMIN)
            return token
        known = access.by_hash(tx, digest(admin_token))
        if known is None:
            issue(tx, SYSTEM.name, admin_token, "admin", Role.ADMIN)
        elif known.role is not Role.ADMIN or known.revoked_at is not None or known.expires_at is not None:
            access.restore(tx, known.id, Role.ADMIN)
            audit.write(tx, SYSTEM.name, "restore", "key", known.id, {"name": known.name})
        return admin_token


def authenticate(database: Database, token: str) -> Principal:
    """Who holds this token. Unauthenticated when it is unknown, expired or revoked: which of these is not told."""
    with database.read() as tx:
        key = access.by_hash(tx, digest(token))
        now = tx.now
    if key is None or key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= now):
        raise Unauthenticated("the token is unknown, expired or revoked")
    if key.last_used_at is None or key.last_used_at + _USE_NOTED_EVERY <= now:
        with suppress(Unavailable), database.write(wait=False) as tx:  # good to know, but nobody waits for it
            access.used(tx, key.id)
    return Principal(key.name, key.role, key.queues)


def create(
    ctx: ServiceContext,
    name: str,
    role: Role,
    expires_at: Instant | None = None,
    queues: Sequence[str] | None = None,
) -> tuple[Key, str]:
    """Make a key. Returns it with its token, which is told this once and never again.

    `queues` are those that a worker with this key is bound to; None = every queue.
    """
    ctx.require(Right.ADMIN)
    require_name(name)
    if queues is not None and (role is not Role.WORKER or not queues):
        raise InvalidInput.field("queues", msg="at least one, and only for the role worker")
    token = new_token()
    with ctx.write() as tx:
        if expires_at is not None and expires_at <= tx.now:
            raise InvalidInput.field("expiresAt", msg="this is in the past")
        require_free(tx, name)
        key = issue(tx, ctx.principal.name, token, name, role, expires_at, queues)
        made = key, token
        ctx.remember(tx, made)
    return made


def listing(ctx: ServiceContext, *, before: str | None, limit: int) -> list[Key]:
    """Keys, newest first, without their tokens."""
    ctx.require(Right.ADMIN)
    with ctx.read() as tx:
        return access.page(tx, before=before, limit=limit)


def revoke(ctx: ServiceContext, id: str) -> Key:
    """Make a key useless, at once here and within five seconds everywhere. The last admin key stays."""
    ctx.require(Right.ADMIN)
    with ctx.write() as tx:
        key = access.by_id(tx, id)
        if key is None:
            raise NotFound("no such key")
        if key.revoked_at is not None:
            return key
        if key.role is Role.ADMIN and access.count(tx, usable_admins_at=tx.now) <= 1:
            raise Conflict("this is the last admin key; make another one first")
        access.revoke(tx, id)
        ctx.audit(tx, "revoke", "key", id, {"name": key.name, "role": key.role.value})
        return replace(key, revoked_at=tx.now)


def require_name(name: str) -> None:
    """InvalidInput unless the text can name a key."""
    if not name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
        raise InvalidInput.field("name", msg=f"a text of 1 to {_LONGEST_NAME} printable characters")


def require_free(tx: Transaction, name: str) -> None:
    """Conflict if a key that works is named so."""
    if name == SYSTEM.name or access.named(tx, name) is not None:
        raise Conflict(f"there is a key named {name!r}: the audit tells who did what by this name")


def issue(
    tx: Transaction,
    by: str,
    token: str,
    name: str,
    role: Role,
    expires_at: Instant | None = None,
    queues: Sequence[str] | None = None,
) -> Key:
    """Store a key that `by` made."""
    shown = token[:_SHOWN_CHARACTERS] if well_formed(token) else token[:2] + "…"
    bound = None if queues is None else tuple(queues)
    key = Key(new_id(tx.now), name, role, shown, by, tx.now, expires_at, queues=bound)
    access.add(tx, key, digest(token))
    detail: dict[str, object] = {"name": name, "role": role.value, "expiresAt": expires_at}
    if bound is not None:
        detail["queues"] = bound
    audit.write(tx, by, "create", "key", key.id, detail)
    return key


def digest(token: str) -> bytes:
    """What of a token is stored."""
    return sha256(token.encode("utf-8", "replace")).digest()


def _checksum(random: str) -> str:
    value = crc32(random.encode("utf-8", "replace"))
    digits = ""
    for _ in range(_CHECKSUM_CHARACTERS):
        value, digit = divmod(value, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits
