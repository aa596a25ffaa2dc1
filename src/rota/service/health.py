"""How Rota itself is."""

from collections.abc import Mapping
from dataclasses import dataclass

from rota.domain.access import Right
from rota.domain.errors import RotaError, Unavailable
from rota.service import reports
from rota.service.context import ServiceContext
from rota.service.reports import Figures
from rota.stores.database import Database
from rota.stores.schema import require_current

__all__ = ["Check", "checks", "jobs", "require_ready"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. `detail` says what is wrong, or what was seen."""

    name: str
    healthy: bool
    detail: str


def require_ready(database: Database) -> None:
    """Unavailable, unless the store answers and has the schema of this version. Why is not told to strangers."""
    try:
        require_current(database, create=False)
    except RotaError as error:
        raise Unavailable("the store does not answer, or has another schema; the server's log tells more") from error


def checks(ctx: ServiceContext, loops: Mapping[str, Mapping[str, object]]) -> list[Check]:
    """Everything that must be well: the store, the scheduler's loops, the workers, the schedules."""
    ctx.require(Right.READ)
    found = [
        Check(f"loop {name}", bool(told.get("healthy", True)), f"last step {told.get('ageSeconds', '?')} s ago")
        for name, told in loops.items()
    ]
    try:
        require_current(ctx.database, create=False)
        figures = reports.figures(ctx.database)
    except RotaError as error:
        return [Check("store", False, error.detail), *found]
    return [Check("store", True, "answers; its schema is current"), *found, *_work(figures)]


def jobs(ctx: ServiceContext) -> tuple[Figures, list[Check]]:
    """Whether work gets done."""
    ctx.require(Right.READ)
    figures = reports.figures(ctx.database)
    return figures, _work(figures)


def _work(figures: Figures) -> list[Check]:
    alive, _slots = figures.workers.get("Alive", (0, 0))
    waiting = sum(backlog.pending for backlog in figures.backlogs)
    seen = f"{alive} alive, {waiting} executions wait"
    return [
        Check("workers", alive > 0 or waiting == 0, seen),
        Check("schedules", figures.overdue == 0, f"{figures.overdue} are overdue by more than a minute"),
    ]
