"""The shapes of a difference: what a change does to the times at which schedules fire."""

from typing import Annotated, Any

from fastapi import Query
from pydantic import Field

from rota.api.models import Output, Time
from rota.service.schedules import Difference

DryRun = Annotated[bool, Query(alias="dryRun", description="answer what it would do, and store nothing")]

MOST_SHOWN = 200


class MovedFireOutput(Output):
    """A fire that takes place at another time."""

    from_: Time = Field(serialization_alias="from")
    to: Time


class DifferenceSummary(Output):
    """What a change does to the fires."""

    summary: str
    removed: int
    moved: int
    added: int
    kept: int


class DifferenceOutput(Output):
    """What a change does to the fires of the next 400 days, or of the next 1000 fires; of each kind the first 200."""

    summary: str
    from_: Time = Field(serialization_alias="from")
    to: Time = Field(description="compared up to there")
    first_at: Time | None = Field(description="the first instant at which there is a difference")
    counts: DifferenceSummary
    removed: list[Time]
    moved: list[MovedFireOutput]
    added: list[Time]


def difference_shown(found: Difference) -> DifferenceOutput:
    """A difference as the API shows it."""
    moved = [{"from_": one.before, "to": one.after} for one in found.moved[:MOST_SHOWN]]
    shown: dict[str, Any] = {
        "summary": found.summary,
        "from_": found.start,
        "to": found.until,
        "first_at": found.first,
        "counts": found.document(),
        "removed": found.removed[:MOST_SHOWN],
        "moved": moved,
        "added": found.added[:MOST_SHOWN],
    }
    return DifferenceOutput.model_validate(shown)
