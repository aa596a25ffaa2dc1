"""Enrolments: a worker is invited once, and exchanges the invitation for a key of its own."""

from collections.abc import Sequence

from rota.domain.access import ENROLMENT_PREFIX, Right, Role
from rota.domain.errors import EnrolmentRefused, InvalidInput
from rota.domain.instant import HOUR, MINUTE, Duration
from rota.service import access
from rota.service.access import Key
from rota.service.context import Database, ServiceContext
from rota.stores import audit, enrolments
from rota.stores.enrolments import Enrolment
from rota.stores.identity import new_id

__all__ = ["Enrolment", "Key", "enrol", "invite", "well_formed"]

DEFAULT_LIFETIME: Duration = HOUR
_LONGEST_LIFETIME: Duration = 30 * 24 * HOUR
_TRY = "make another one: rota workers invite"


def invite(
    ctx: ServiceContext, name: str | None, queues: Sequence[str] | None, lifetime: Duration = DEFAULT_LIFETIME
) -> tuple[Enrolment, str]:
    """Make an enrolment. Returns it with its token, which is told this once and never again.

    `name` is that of the key to come; without one it is named by the enrolment. `queues` are those that it is bound to.
    """
    ctx.require(Right.ADMIN)
    if name is not None:
        access.require_name(name)
    if queues is not None and not queues:
        raise InvalidInput.field("queues", msg="at least one; null = every queue")
    if not MINUTE <= lifetime <= _LONGEST_LIFETIME:
        raise InvalidInput.field("expiresIn", msg="from 1 minute to 30 days")
    token = access.new_token(ENROLMENT_PREFIX)
    with ctx.write() as tx:
        if name is not None:
            access.require_free(tx, name)
        bound = None if queues is None else tuple(dict.fromkeys(queues))
        new = Enrolment(new_id(tx.now), name, bound, ctx.principal.name, tx.now, tx.now + lifetime)
        enrolments.add(tx, new, access.digest(token))
        ctx.audit(tx, "invite", "worker", new.id, {"name": name, "queues": bound, "expiresAt": new.expires_at})
        made = new, token
        ctx.remember(tx, made)
    return made


def enrol(database: Database, token: str) -> tuple[Key, str]:
    """Exchange an enrolment for a key of the role worker. Returns it with its token, which is told this once.

    EnrolmentRefused when the token is unknown, was used before, or has expired.
    """
    secret = access.new_token()
    with database.write() as tx:
        found = enrolments.by_hash(tx, access.digest(token))
        if found is None:
            raise EnrolmentRefused(f"no such enrolment; {_TRY}")
        if found.used_at is not None:
            raise EnrolmentRefused(f"this enrolment was used before; {_TRY}")
        if found.expires_at <= tx.now:
            raise EnrolmentRefused(f"this enrolment has expired; {_TRY}")
        name = found.name or f"worker {found.id[-12:]}"
        access.require_free(tx, name)
        key = access.issue(tx, found.created_by, secret, name, Role.WORKER, queues=found.queues)
        if not enrolments.use(tx, found.id, key.id):
            raise EnrolmentRefused(f"this enrolment was used before; {_TRY}")
        audit.write(tx, name, "enrol", "worker", found.id, {"key": key.id, "invitedBy": found.created_by})
    return key, secret


def well_formed(token: str) -> bool:
    """Whether the text has the form of an enrolment's token."""
    return access.well_formed(token, ENROLMENT_PREFIX)
