"""Who may do what: roles and rights as data. Deny by default."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What a key may do. Each role may all that the roles before it may, but `worker` and `auditor` stand apart."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    EDITOR = "editor"
    ADMIN = "admin"
    WORKER = "worker"
    AUDITOR = "auditor"


class Right(StrEnum):
    """One thing that can be allowed."""

    READ = "read"
    OPERATE = "operate"
    """Trigger, cancel, pause, resume, retry: never changes what runs."""
    EDIT = "edit"
    """Create, change and delete jobs and schedules; submit work."""
    WORK = "work"
    """Register as a worker, acquire, extend, complete, send logs."""
    AUDIT = "audit"
    ADMIN = "admin"
    """Keys and everything else."""


RIGHTS: dict[Role, frozenset[Right]] = {
    Role.VIEWER: frozenset({Right.READ}),
    Role.OPERATOR: frozenset({Right.READ, Right.OPERATE}),
    Role.EDITOR: frozenset({Right.READ, Right.OPERATE, Right.EDIT}),
    Role.ADMIN: frozenset(Right),
    Role.WORKER: frozenset({Right.WORK}),
    Role.AUDITOR: frozenset({Right.READ, Right.AUDIT}),
}


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. `name` is what the audit records; `queues` are those that a worker's key is bound to, None = all."""

    name: str
    role: Role
    queues: tuple[str, ...] | None = None

    def may(self, right: Right) -> bool:
        """Whether the principal holds the right."""
        return right in RIGHTS[self.role]


ENROLMENT_PREFIX = "rota_enrol_"
"""How the token of an enrolment begins; that of a key begins with `rota_` and holds no second underscore."""

SYSTEM = Principal("rota", Role.ADMIN)
"""Rota itself: schedules, clean-ups and the processes of the same machine that open the store directly."""
