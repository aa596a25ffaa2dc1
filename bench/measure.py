"""What a measure is given and what it gives back."""

import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
U = TypeVar("U")


class CannotMeasure(Exception):
    """Something that a measure needs is not there; the message says what."""


@dataclass(frozen=True, slots=True)
class Scratch:
    """A throw-away store, empty and without a schema, and a folder for what goes with it."""

    url: str
    folder: Path


class Floor(Protocol):
    """The raw work of one database. Each call makes its own tables in an empty store."""

    def enqueue_singly(self, store: Scratch, count: int) -> float:
        """Seconds for `count` inserts, each in a transaction of its own."""

    def enqueue_in_bulk(self, store: Scratch, count: int, batch: int) -> float:
        """Seconds for `count` inserts in transactions of `batch`, in the database's fastest way."""

    def drain(self, store: Scratch, count: int) -> float:
        """Seconds to claim, run as one asyncio task each, and move to the history `count` jobs in batches of 500."""

    def pick_up(self, store: Scratch, gaps: Sequence[float]) -> list[float]:
        """Milliseconds from asking to running on an idle worker that is woken."""

    def fire(self, store: Scratch, offsets: Sequence[float], lead: float) -> list[float]:
        """Milliseconds between each schedule's instant and the commit of its execution."""


class Store(Protocol):
    """A kind of store that is measured. `server_pid` is the process of its server, where it has one that is ours."""

    name: str
    floor: Floor
    server_pid: int | None

    def described(self) -> str:
        """What the figures depend on: version, durability."""

    def scratch(self) -> AbstractContextManager[Scratch]:
        """A new throw-away store, gone afterwards."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What to measure on, and how thoroughly. `peers` is the python that has the peers."""

    store: Store
    runs: int
    quick: bool
    peers: Path | None = None

    def size(self, full: int, quick: int) -> int:
        """How much to do."""
        return quick if self.quick else full


class Measure(Protocol):
    """A module of `bench.measures`. `STORES` are the names of the stores it can be taken on."""

    STORES: Sequence[str]

    def run(self, settings: Settings) -> "Iterator[Result | Missing]":
        """Measure and say what was found."""


@dataclass(frozen=True, slots=True)
class AtLeast:
    """More is better."""

    limit: float
    of_floor: bool = False

    def __str__(self) -> str:
        return f"≥ {self.limit:,g}{' of the floor' if self.of_floor else ''}"

    def met(self, value: float, ratio: float | None) -> bool | None:
        """Whether the target is reached; None when there is no floor to compare with."""
        if self.of_floor:
            return None if ratio is None else ratio >= self.limit
        return value >= self.limit


@dataclass(frozen=True, slots=True)
class AtMost:
    """Less is better."""

    limit: float
    of_floor: bool = False

    def __str__(self) -> str:
        return f"≤ {self.limit:,g}{' of the floor' if self.of_floor else ''}"

    def met(self, value: float, ratio: float | None) -> bool | None:
        """Whether the target is reached; None when there is no floor to compare with."""
        if self.of_floor:
            return None if ratio is None else ratio <= self.limit
        return value <= self.limit


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the report. `values` and `floors` hold one figure a run; `notes` whatever else was seen.

    `against` says what the floor is where it is not the raw database.
    """

    measure: str
    unit: str
    values: Sequence[float]
    floors: Sequence[float] = ()
    targets: Sequence[AtLeast | AtMost] = ()
    notes: dict[str, Any] = field(default_factory=dict)
    against: str | None = None
    store: str = ""

    @property
    def value(self) -> float:
        """The median of the runs."""
        return statistics.median(self.values)

    @property
    def floor(self) -> float | None:
        """The median of the raw database's runs."""
        return statistics.median(self.floors) if self.floors else None

    @property
    def ratio(self) -> float | None:
        """Ours in terms of the floor."""
        return self.value / self.floor if self.floor else None

    @property
    def ok(self) -> bool | None:
        """Whether every target is reached; None when nothing was promised."""
        verdicts = [verdict for target in self.targets if (verdict := target.met(self.value, self.ratio)) is not None]
        return all(verdicts) if verdicts else None

    def document(self) -> dict[str, Any]:
        """The result as a JSON object."""
        return {
            "store": self.store,
            "measure": self.measure,
            "value": _short(self.value),
            "unit": self.unit,
            "floor": None if self.floor is None else _short(self.floor),
            "ratio": None if self.ratio is None else round(self.ratio, 4),
            **({} if self.against is None else {"floorIs": self.against}),
            "target": " and ".join(str(target) for target in self.targets) or None,
            "ok": self.ok,
            "min": _short(min(self.values)),
            "max": _short(max(self.values)),
            "runs": len(self.values),
            **self.notes,
        }


@dataclass(frozen=True, slots=True)
class Missing:
    """A measure that was not taken, and why; `failed` when it should have been."""

    measure: str
    reason: str
    failed: bool = False
    store: str = ""

    def document(self) -> dict[str, Any]:
        """The result as a JSON object."""
        return {"store": self.store, "measure": self.measure, "value": None, "ok": None, "missing": self.reason}


def alternate(runs: int, ours: Callable[[], T], floor: Callable[[], U]) -> tuple[list[T], list[U]]:
    """Run the two in turn, A B A B, so that a machine that drifts favours neither."""
    pairs = [(ours(), floor()) for _ in range(runs)]
    return [one for one, _ in pairs], [other for _, other in pairs]


def percentile(values: Sequence[float], share: float) -> float:
    """The value that `share` (0 to 1) of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, min(len(ordered), -int(-share * len(ordered) // 1)) - 1)]


def median(values: Sequence[float]) -> float:
    """The median, short enough to read."""
    return _short(statistics.median(values))


def _short(value: float) -> float:
    return round(value) if abs(value) >= 1000 else float(f"{value:.4g}")
