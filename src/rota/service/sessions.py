"""Sessions of the console: signed in with a token or a one-time link, alive as long as the key behind them."""

import threading

from rota.domain.access import Principal, Role
from rota.domain.errors import Unauthenticated
from rota.domain.instant import DAY, MINUTE, Duration, Instant
from rota.service import access
from rota.service.context import Database
from rota.stores import access as keys
from rota.stores import audit, sessions
from rota.stores.access import Key
from rota.stores.database import Transaction

__all__ = ["LIFETIME", "SignInLinks", "authenticate", "begin", "end"]

LIFETIME: Duration = 7 * DAY
"""How long a session lasts."""

_LINK_LIFETIME: Duration = 15 * MINUTE
_PREFIX = "rota_session_"
_CODE_PREFIX = "rota_link_"


class SignInLinks:
    """The one-time codes that this process has given out, each for the administrator who reads its terminal."""

    def __init__(self) -> None:
        self._until: dict[bytes, Instant] = {}
        self._lock = threading.Lock()

    def make(self, now: Instant) -> str:
        """A code that signs in once within a quarter of an hour."""
        code = access.new_token(_CODE_PREFIX)
        with self._lock:
            self._until[access.digest(code)] = now + _LINK_LIFETIME
        return code

    def use(self, code: str, now: Instant) -> bool:
        """Whether the code is good; it is good no more after that."""
        with self._lock:
            return self._until.pop(access.digest(code), 0) > now


def begin(database: Database, token: str) -> tuple[Key, str]:
    """Sign in with a key's token. Returns the key and the secret of the new session, which is told this once.

    Unauthenticated when the token is unknown, expired or revoked, or that of a worker.
    """
    access.authenticate(database, token)
    with database.write() as tx:
        return _begin(tx, keys.by_hash(tx, access.digest(token)))


def begin_by_link(database: Database, links: SignInLinks, code: str) -> tuple[Key, str]:
    """Sign in with a one-time code, as the oldest administrator."""
    if not links.use(code, database.clock.now()):
        raise Unauthenticated("this link was used before or is too old; sign in with a token")
    with database.write() as tx:
        return _begin(tx, keys.first_admin(tx))


def _begin(tx: Transaction, key: Key | None) -> tuple[Key, str]:
    if key is None or key.role is Role.WORKER:
        raise Unauthenticated("the token of a worker opens no console; take another key")
    secret = access.new_token(_PREFIX)
    expires_at = tx.now + LIFETIME if key.expires_at is None else min(key.expires_at, tx.now + LIFETIME)
    id = sessions.add(tx, key.id, access.digest(secret), expires_at)
    audit.write(tx, key.name, "signIn", "session", id, {"key": key.id, "expiresAt": expires_at})
    return key, secret


def authenticate(database: Database, secret: str) -> Principal:
    """Who has this session. Unauthenticated when it is over, or its key is."""
    with database.read() as tx:
        key, now = sessions.key_of(tx, access.digest(secret)), tx.now
    if key is None or key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= now):
        raise Unauthenticated("the session is over; sign in again")
    return Principal(key.name, key.role, key.queues)


def end(database: Database, principal: Principal, secret: str) -> None:
    """Sign out."""
    with database.write() as tx:
        if sessions.end(tx, access.digest(secret)):
            audit.write(tx, principal.name, "signOut", "session", None, {})
