"""Keys: made, listed, revoked, and turned into principals."""

import secrets
from binascii import crc32
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

__all__ = ["Key", "authenticate", "bootstrap", "create", "listing", "new_token", "revoke"]

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM_CHARACTERS = 36
_CHECKSUM_CHARACTERS = 6
_SHOWN_CHARACTERS = 10
_USE_NOTED_EVERY = MINUTE
_LONGEST_NAME = 100


def new_token() -> str:
    """A token nobody can guess (214 random bits), with a checksum so that scanners recognise a leaked one."""
    random = "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_CHARACTERS))
    return f"rota_{random}{_checksum(random)}"


def well_formed(token: str) -> bool:
    """Whether the text has the form and the checksum of a token."""
    body = token.removeprefix("rota_")
    random, checksum = body[:_RANDOM_CHARACTERS], body[_RANDOM_CHARACTERS:]
    return token.startswith("rota_") and checksum == _checksum(random)


def bootstrap(database: Database, admin_token: str | None) -> str | None:
    """Make sure that an administrator can come in. Returns the token to show, or None when keys exist.

    `admin_token` (ROTA_ADMIN_TOKEN) is made an admin key whatever keys there are.
    """
    with database.write(serial=True) as tx:
        if admin_token is None:
            if access.count(tx):
                return None
            token = new_token()
            _add(tx, SYSTEM.name, token, "admin", Role.ADMIN, None)
            return token
        known = access.by_hash(tx, _hash(admin_token))
        if known is None:
            _add(tx, SYSTEM.name, admin_token, "admin", Role.ADMIN, None)
        elif known.role is not Role.ADMIN or known.revoked_at is not None or known.expires_at is not None:
            access.restore(tx, known.id, Role.ADMIN)
            audit.write(tx, SYSTEM.name, "restore", "key", known.id, {"name": known.name})
        return admin_token


def authenticate(database: Database, token: str) -> Principal:
    """Who holds this token. Unauthenticated when it is unknown, expired or revoked: which of these is not told."""
    with database.read() as tx:
        key = access.by_hash(tx, _hash(token))
        now = tx.now
    if key is None or key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= now):
        raise Unauthenticated("the token is unknown, expired or revoked")
    if key.last_used_at is None or key.last_used_at + _USE_NOTED_EVERY <= now:
        with suppress(Unavailable), database.write(wait=False) as tx:  # good to know, but nobody waits for it
            access.used(tx, key.id)
    return Principal(key.name, key.role)


def create(ctx: ServiceContext, name: str, role: Role, expires_at: Instant | None = None) -> tuple[Key, str]:
    """Make a key. Returns it with its token, which is told this once and never again."""
    ctx.require(Right.ADMIN)
    if not name.strip() or len(name) > _LONGEST_NAME or not name.isprintable():
        raise InvalidInput.field("name", msg=f"a text of 1 to {_LONGEST_NAME} printable characters")
    token = new_token()
    with ctx.write() as tx:
        if expires_at is not None and expires_at <= tx.now:
            raise InvalidInput.field("expiresAt", msg="this is in the past")
        if name == SYSTEM.name or access.named(tx, name) is not None:
            raise Conflict(f"there is a key named {name!r}: the audit tells who did what by this name")
        key = _add(tx, ctx.principal.name, token, name, role, expires_at)
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


def _add(tx: Transaction, by: str, token: str, name: str, role: Role, expires_at: Instant | None) -> Key:
    shown = token[:_SHOWN_CHARACTERS] if well_formed(token) else token[:2] + "…"
    key = Key(new_id(tx.now), name, role, shown, by, tx.now, expires_at)
    access.add(tx, key, _hash(token))
    audit.write(tx, by, "create", "key", key.id, {"name": name, "role": role.value, "expiresAt": expires_at})
    return key


def _hash(token: str) -> bytes:
    return sha256(token.encode("utf-8", "replace")).digest()


def _checksum(random: str) -> str:
    value = crc32(random.encode("utf-8", "replace"))
    digits = ""
    for _ in range(_CHECKSUM_CHARACTERS):
        value, digit = divmod(value, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits
