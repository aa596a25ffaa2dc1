"""/api/views/timeline."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import Field

from rota.api.errors import documented
from rota.api.execution_models import states_in
from rota.api.models import (
    Input,
    Output,
    PlainText,
    Time,
    TimeInput,
    decode_cursor,
    encode_cursor,
    is_whole_number,
    reply,
)
from rota.api.security import ReadContext
from rota.api.views.models import MOST_BYTES
from rota.domain.errors import InvalidInput
from rota.domain.execution import State
from rota.domain.instant import MILLISECOND, Instant
from rota.service.views import timeline as service
from rota.service.views.timeline import Expected, Run, Timeline

router = APIRouter()

_USUAL_LIMIT = 400
_LONGEST_NAME = 80
_BAR_BYTES, _LANE_BYTES = 66, 22
_STATES = list(State)


class TimelineQuery(Input):
    """Which stretch of time, and how it is laid out."""

    from_: TimeInput | None = Field(None, alias="from", description="default six hours ago")
    to: TimeInput | None = Field(None, description="default in an hour")
    group: Literal["job", "worker", "queue", "team"] = "job"
    state: str | None = Field(None, max_length=200)
    q: PlainText | None = Field(None, max_length=200, description="a part of the name")
    limit: int = Field(_USUAL_LIMIT, ge=1, le=2000)
    cursor: str | None = Field(None, max_length=512)


class Lane(Output):
    """A row of the timeline."""

    key: str
    name: str


class TimelineOutput(Output):
    """Bars in lanes. Times of bars are milliseconds since `from`."""

    from_: Time = Field(serialization_alias="from")
    to: Time
    now: Time
    lanes: list[Lane]
    states: list[State] = Field(description="what the last number of a bar counts in")
    bars: list[tuple[int, str, int, int | None, int]] = Field(
        description="lane, execution, start (of what waits: when it is due), end (null = not ended), state"
    )
    expected: list[tuple[int, str, int, int]] = Field(description="lane, schedule, start, expected duration")
    next_cursor: str | None = Field(description="bars that ended before these")


@router.get("", response_model=TimelineOutput, responses=documented(422))
def timeline(ctx: ReadContext, query: Annotated[TimelineQuery, Query()]) -> Response:
    """What ran, runs and waits between two instants, and what is expected."""
    found = service.timeline(
        ctx,
        query.from_,
        query.to,
        group=query.group,
        states=states_in(query.state, "state") if query.state else None,
        search=query.q,
        limit=query.limit,
        before=_before(query.cursor),
    )
    bars, expected, following = _fitting(found, MOST_BYTES * max(query.limit, _USUAL_LIMIT) // _USUAL_LIMIT)
    keys = dict.fromkeys([*(key for key, _ in bars), *(one.lane for one in expected)])
    lanes = {key: index for index, key in enumerate(keys)}

    def since(at: Instant) -> int:
        return (at - found.since) // MILLISECOND

    return reply(
        TimelineOutput.model_validate(
            {
                "from_": found.since,
                "to": found.until,
                "now": found.now,
                "lanes": [{"key": key, "name": found.lanes[key][:_LONGEST_NAME]} for key in lanes],
                "states": _STATES,
                "bars": [
                    (
                        lanes[key],
                        run.id,
                        since(run.started_at or run.due_at),
                        None if run.finished_at is None else since(run.finished_at),
                        _STATES.index(run.state),
                    )
                    for key, run in bars
                ],
                "expected": [
                    (lanes[one.lane], one.schedule_id, since(one.at), one.duration // MILLISECOND) for one in expected
                ],
                "next_cursor": None if following is None else encode_cursor(f"{following[0]}.{following[1]}"),
            }
        )
    )


def _fitting(found: Timeline, room: int) -> tuple[list[tuple[str, Run]], list[Expected], tuple[Instant, str] | None]:
    """The bars that fit with their lanes into so many bytes, then what is expected; and where the next page begins."""
    told: set[str] = set()

    def size(lane: str) -> int:
        known = lane in told
        told.add(lane)
        return _BAR_BYTES + (0 if known else len(f"{lane}{found.lanes[lane][:_LONGEST_NAME]}".encode()) + _LANE_BYTES)

    last: Run | None = None
    for number, (lane, run) in enumerate(found.bars):
        room -= size(lane)
        if room < 0 and last is not None:
            return found.bars[:number], [], (last.finished_at or 0, last.id)
        last = run if run.finished_at is not None else None
    expected = []
    for one in found.expected:
        room -= size(one.lane)
        if room < 0:
            break
        expected.append(one)
    return found.bars, expected, found.next


def _before(cursor: str | None) -> tuple[Instant, str] | None:
    key = decode_cursor(cursor)
    if key is None:
        return None
    at, _, id = key.partition(".")
    if not is_whole_number(at) or len(id) != 36:
        raise InvalidInput.field("query", "cursor", msg="not a cursor of this list")
    return int(at), id
