"""Everything that can be refused, as one tree. Each error knows its HTTP status, problem type and exit code once."""

from collections.abc import Sequence
from typing import ClassVar

Location = tuple[str | int, ...]


class RotaError(Exception):
    """A refusal with a sentence for the person who asked. `detail` never holds a secret or a stack trace."""

    status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 1
    type: ClassVar[str] = "internal"
    title: ClassVar[str] = "Internal error"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class InvalidInput(RotaError):
    """What was sent breaks a rule. `errors` names each field with what is wrong about it."""

    status, exit_code, type, title = 422, 2, "invalid-input", "Invalid input"

    def __init__(self, detail: str, errors: Sequence[tuple[Location, str]] = ()) -> None:
        super().__init__(detail)
        self.errors = list(errors)

    @classmethod
    def field(cls, *loc: str | int, msg: str) -> "InvalidInput":
        """The refusal of one field."""
        return cls(f"{'.'.join(map(str, loc))}: {msg}", [(loc, msg)])

    @classmethod
    def several(cls, what: str, errors: Sequence[tuple[Location, str]]) -> "InvalidInput":
        """The refusal of a thing for everything that is wrong with it; the first of them is said."""
        location, message = errors[0]
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        return cls(f"{what}: {'.'.join(map(str, location))}: {message}{more}", errors)


class NotFound(RotaError):
    """No such object, or none that the caller may see."""

    status, exit_code, type, title = 404, 3, "not-found", "Not found"


class Conflict(RotaError):
    """The object is in a state that does not allow this."""

    status, exit_code, type, title = 409, 4, "conflict", "Conflict"


class LeaseLost(Conflict):
    """The token is stale: another attempt owns the execution, or it has ended. Nothing was written."""

    type, title = "lease-lost", "Lease lost"


class PreconditionFailed(RotaError):
    """`If-Match` names another version than the stored one."""

    status, exit_code, type, title = 412, 4, "precondition-failed", "Precondition failed"


class TooLarge(RotaError):
    """The body or a value is larger than the limit."""

    status, exit_code, type, title = 413, 2, "too-large", "Too large"


class Unauthenticated(RotaError):
    """No token, or one that is unknown, expired or revoked."""

    status, exit_code, type, title = 401, 4, "unauthenticated", "Unauthenticated"


class EnrolmentRefused(Unauthenticated):
    """The token of an enrolment is unknown, was used before, or has expired."""

    type, title = "enrolment-refused", "Enrolment refused"


class Forbidden(RotaError):
    """The caller is known and may not do this."""

    status, exit_code, type, title = 403, 4, "forbidden", "Forbidden"


class Unavailable(RotaError):
    """The store or the service cannot answer now; the same request may work later."""

    status, exit_code, type, title = 503, 1, "unavailable", "Unavailable"


class Contended(Unavailable):
    """Another transaction was in the way (a deadlock, say): nothing was written, and the same again works."""


class ConfigurationInvalid(RotaError):
    """A setting, flag or file that Rota refuses to start with."""

    status, exit_code, type, title = 500, 2, "configuration-invalid", "Configuration invalid"


class SchemaMismatch(ConfigurationInvalid):
    """The store was made by another version of Rota, or by something else."""

    type, title = "schema-mismatch", "Schema mismatch"


class StoreEmpty(SchemaMismatch):
    """The store has no tables yet."""
