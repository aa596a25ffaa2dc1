"""What a measure is given and what it gives back."""

import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Settings:
    """How thoroughly to measure. `folder` is for throw-away stores."""

    runs: int
    quick: bool
    folder: Path

    def size(self, full: int, quick: int) -> int:
        """How much to do."""
        return quick if self.quick else full


class Measure(Protocol):
    """A module of `bench.measures`."""

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

    def __str__(self) -> str:
        return f"≤ {self.limit:,g}"

    def met(self, value: float, ratio: float | None) -> bool:
        """Whether the target is reached."""
        return value <= self.limit


@dataclass(frozen=True, slots=True)
class Result:
    """One line of the report. `values` and `floors` hold one figure a run; `notes` whatever else was seen."""

    measure: str
    unit: str
    values: Sequence[float]
    floors: Sequence[float] = ()
    targets: Sequence[AtLeast | AtMost] = ()
    notes: dict[str, Any] = field(default_factory=dict)

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
            "measure": self.measure,
            "value": _short(self.value),
            "unit": self.unit,
            "floor": None if self.floor is None else _short(self.floor),
            "ratio": None if self.ratio is None else round(self.ratio, 4),
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

    def document(self) -> dict[str, Any]:
        """The result as a JSON object."""
        return {"measure": self.measure, "value": None, "unit": None, "ok": None, "missing": self.reason}


def alternate(runs: int, ours: Callable[[], T], floor: Callable[[], T]) -> tuple[list[T], list[T]]:
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
