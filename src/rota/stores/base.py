"""What each database does in its own words: the statements on the path of every execution.

A batch is one step of the driver, never one step a row: drivers let go of the interpreter's lock at each step, and
beside a busy thread each step waits milliseconds to get it back (docs/adr/0006-one-step-per-batch.md).
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import Engine
from sqlalchemy.engine import URL

from rota.config import StoreConfig
from rota.domain.errors import RotaError
from rota.domain.instant import Duration, Instant

CLAIM_COLUMNS = (
    "id", "job_id", "type", "parameters", "attempt", "token", "timeout", "retry", "on_lost", "isolation", "handle",
    "schedule_id", "nominal_at", "started_at", "name",
)  # fmt: skip
"""The columns of a claimed row, in order."""

DUE_COLUMNS = ("id", "job_id", "rule", "revision", "revised_at", "cursor_at", "next_at", "runs")
"""The columns of a due schedule, in order."""

SETTLED_FIELDS = (
    "id", "token", "held_as", "state", "attempt_state", "due_at", "counts", "result", "error", "stack", "handle", "reason", "event",
)  # fmt: skip
"""The fields of one settlement as the hot statement takes it, in order.

`held_as` is the state that it was decided for: `Running`, or `Cancelling` if its cancellation was asked for.
"""


@dataclass(frozen=True, slots=True)
class Look:
    """What a worker finds in the store: what it should stop, whether something waits, and when more becomes due.

    `accepted` are the executions of the settlements given whose token was current. `governed`: limits have a say in what
    may start.
    """

    accepted: Collection[str]
    cancelling: Sequence[tuple[str, str | None]]
    pending: bool
    governed: bool
    next_due: Instant | None


OLDEST_FIRST_EVERY = 16
"""Every so many claims of a worker take what is due longest, whatever its priority."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What a worker takes: at most `slots` executions, of its queues (None = every queue) and of what it can run.

    `kinds` are the executor kinds; `functions` the python types. None = it does not say: everything.
    `lease` is the own lease of each attempt; without one it is leased for as long as its worker is.
    `oldest_first` takes what is due longest whatever its priority, so that nothing waits for ever.
    """

    worker_id: str
    slots: int
    lease: Duration | None
    queues: Sequence[str] | None = None
    kinds: Sequence[str] | None = None
    functions: Sequence[str] | None = None
    oldest_first: bool = False
    """What has been due the longest comes first, whatever its priority."""


class HotStatements(Protocol):
    """The statements of one database. `tx` is a `rota.stores.database.Transaction` open for writing."""

    def insert(self, tx: Any, table: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Insert rows, many in one step."""

    def insert_columns(self, tx: Any, table: str, columns: Mapping[str, Sequence[object]]) -> None:
        """The same, given column by column."""

    def promote(self, tx: Any) -> None:
        """Make due `Scheduled` and `Retrying` executions `Pending`."""

    def next_due(self, tx: Any) -> Instant | None:
        """When the next of them becomes due."""

    def cancelling(self, tx: Any, worker_id: str) -> list[tuple[str, str | None]]:
        """The executions of this worker whose end was asked for, each with the cancellation as JSON."""

    def governed(self, tx: Any) -> bool:
        """Whether limits have a say in what may start: pending work is under one, or a queue has settings."""

    def claim(self, tx: Any, offer: Offer) -> str:
        """Lease due executions that are under no limit, by priority, then due time. Rows of CLAIM_COLUMNS as one JSON array.

        All that one claim leases shares one token. A worker that does not serve gets nothing.
        """

    def lease(self, tx: Any, offer: Offer, ids: Sequence[str]) -> str:
        """Lease those of these executions that are still pending, as `claim` does and with the same answer."""

    def look(self, tx: Any, worker_id: str, settled: Sequence[Sequence[object]]) -> Look:
        """Settle what is given, as `settle` does, and see how things stand: in one statement where that is possible.

        How things stand may be as before the settlement; what it sent back to wait is not seen then.
        """

    def settle(self, tx: Any, settled: Sequence[Sequence[object]]) -> int:
        """Write ended attempts whose token is current, each with its attempt row, event and history row.

        `settled` are rows of SETTLED_FIELDS, no two of one attempt.
        Returns how many were accepted; `settled_ids` tells which, inside the same transaction.
        """

    def settled_ids(self, tx: Any) -> set[str]:
        """The executions that the last `settle` of this transaction accepted."""

    def due_schedules(self, tx: Any, now: Instant, limit: int, probed: bool) -> list[list[Any]]:
        """Enabled schedules that are due and probed, or not, the most overdue first. Rows of DUE_COLUMNS."""

    def hold_schedules(self, tx: Any, rows: Sequence[tuple[str, int, Instant]]) -> set[str]:
        """Those of the schedules (id, revision, cursor) that are unchanged, kept from other coordinators until the end.

        With one writer there is nothing to keep: all are given back, and `advance_schedules` tells.
        """

    def advance_schedules(self, tx: Any, rows: Sequence[Sequence[object]]) -> int:
        """Move the cursors of enabled schedules still at the revision given (`schedules.Advanced`); how many moved."""

    def append_logs(self, tx: Any, rows: Sequence[Sequence[object]]) -> None:
        """Append log lines (execution, token, line, at, stream, text) of attempts whose token is current."""

    def live_of_schedules(self, tx: Any, schedule_ids: Collection[str]) -> list[list[str]]:
        """Unfinished executions (schedule, id, state) of schedules, oldest first."""

    def live_in_lanes(self, tx: Any, lanes: Collection[str]) -> list[list[str]]:
        """Unfinished executions (lane, id, state) in lanes, oldest first."""


class Dialect(HotStatements, Protocol):
    """One kind of database: a package of this room answers it. `driver` is the driver's own connection."""

    ONE_WRITER: bool
    """Whether all writers of the store wait for each other anyway."""
    DriverError: type[Exception]
    """What the driver raises."""

    def engine(self, url: URL, pool: StoreConfig, *, durable: bool) -> Engine:
        """A pool of connections that SQLAlchemy neither begins nor commits on."""

    def begin(self, driver: Any, *, write: bool, wait: bool, ask: bool) -> Instant | None:
        """Open a transaction: to write, or one snapshot to read.

        Without `wait`, fail at once where another writer would be waited for. With `ask`, returns the server's clock;
        None where the host's clock is the store's.
        """

    def commit(self, driver: Any, topics: Collection[str], sender: str) -> None:
        """Make the transaction durable and tell other processes of the topics, where the database can."""

    def notify(self, driver: Any, topics: Collection[str], sender: str) -> None:
        """Tell other processes of the topics once the open transaction is committed, where the database can."""

    def in_transaction(self, driver: Any) -> bool:
        """Whether what is written now can still be rolled back."""

    def roll_back(self, driver: Any) -> None:
        """Take the transaction back, if one is open."""

    def product(self, driver: Any) -> str:
        """What the database and its driver are, each with its version."""

    def broken(self, driver: Any) -> bool:
        """Whether the connection is of no use any more."""

    def serialise(self, tx: Any) -> None:
        """Wait until this is the only transaction that changes definitions."""

    def lock_schema(self, tx: Any) -> None:
        """Wait until nobody else migrates the store."""

    def listen(self, url: str, sender: str, ring: Callable[[Iterable[str]], None]) -> "Listener | None":
        """Hear the bells of other processes, where the database can carry them."""

    def translated(self, error: Exception) -> RotaError | None:
        """A driver's error as a sentence for the person who asked; None for what is a mistake of ours."""


class Listener(Protocol):
    """Hears the bells of other processes."""

    hears: bool
    """Whether it does at the moment; polling is the truth all the same."""

    def close(self) -> None:
        """Stop listening."""
