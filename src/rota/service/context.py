"""Who asks, of which store, under which configuration: the first argument of every service function."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from rota.config import Config
from rota.domain.access import Principal, Right
from rota.domain.errors import Forbidden, InvalidInput
from rota.stores import audit, idempotency
from rota.stores.database import Database, Transaction
from rota.stores.idempotency import Remembered

__all__ = ["Catalogue", "Database", "Once", "Remembered", "Repeated", "ServiceContext"]


class Catalogue(Protocol):
    """What can run here."""

    @property
    def kinds(self) -> frozenset[str]:
        """The executor kinds of this process."""

    def functions(self) -> set[str]:
        """The registered python job types."""

    def check(self, job_type: str, parameters: Mapping[str, object]) -> None:
        """Refuse, with `InvalidInput`, a type or parameters that can never run."""


class Repeated(Exception):
    """The `Idempotency-Key` has been used for this very request: `answer` is what it got."""

    def __init__(self, answer: Remembered) -> None:
        super().__init__("repeated")
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Once:
    """A request that must take effect once. `answer` renders the made record as what a repetition will get."""

    key: str
    body_hash: bytes
    answer: Callable[[Any], Remembered]


@dataclass(frozen=True, slots=True)
class ServiceContext:
    """Everything a service function needs besides its arguments."""

    database: Database
    config: Config
    principal: Principal
    catalogue: Catalogue
    once: Once | None = None

    def require(self, right: Right) -> None:
        """Forbidden, unless the principal holds the right."""
        if not self.principal.may(right):
            raise Forbidden(
                f"the role {self.principal.role.value!r} may not do this; it takes the right to {right.value}"
            )

    @contextmanager
    def write(self, *, serial: bool = True) -> Iterator[Transaction]:
        """A write transaction. `Repeated` if the request's idempotency key has been answered before.

        What reads, judges and changes definitions is `serial` across the fleet. What must happen once is not for that:
        of two requests with one key that come together the later one is Contended when it would be remembered.
        """
        with self.database.write(serial=serial) as tx:
            if self.once is not None:
                self._refuse_repetition(tx, self.once)
            yield tx

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A snapshot to read from."""
        with self.database.read() as tx:
            yield tx

    def joined(self, tx: Transaction) -> "ServiceContext":
        """A context for functions that are to take part in a transaction that is open already."""
        return _Joined(self.database, self.config, self.principal, self.catalogue, None, tx)

    def remember(self, tx: Transaction, record: object) -> None:
        """Keep the answer for repetitions of this request: the last step of every function that creates."""
        if self.once is not None:
            idempotency.remember(tx, self.principal.name, self.once.key, self.once.answer(record))

    def audit(
        self,
        tx: Transaction,
        action: str,
        noun: str,
        subject_id: str | None,
        detail: Mapping[str, object] | None = None,
    ) -> None:
        """Write who did this, in the transaction that does it."""
        audit.write(tx, self.principal.name, action, noun, subject_id, dict(detail or {}))

    def _refuse_repetition(self, tx: Transaction, once: Once) -> None:
        answer = idempotency.recall(tx, self.principal.name, once.key)
        if answer is None:
            return
        if answer.body_hash != once.body_hash:
            raise InvalidInput.field(
                "header", "Idempotency-Key", msg="this key was used for another request; take a new one"
            )
        raise Repeated(answer)


@dataclass(frozen=True, slots=True)
class _Joined(ServiceContext):
    """Neither begins a transaction nor ends one."""

    open: Transaction | None = None

    @contextmanager
    def write(self, *, serial: bool = True) -> Iterator[Transaction]:
        """The open one."""
        assert self.open is not None
        yield self.open

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """The open one, with what was written in it."""
        assert self.open is not None
        yield self.open
