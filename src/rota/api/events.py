"""/api/events: what happens, as it happens."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import Field

from rota.api.errors import documented
from rota.api.models import Input, Output, Page, PlainText, Time, Value, encode_cursor, number_in, reply
from rota.api.security import ReadContext
from rota.api.streams import EVENT_STREAM, event, stream
from rota.domain.errors import InvalidInput
from rota.service import events, wakeups
from rota.service.events import EventRecord

router = APIRouter()

_BATCH = 500
_STREAM: dict[int | str, dict[str, Any]] = {200: {"content": {EVENT_STREAM: {"schema": {"type": "string"}}}}}


class Event(Output):
    """Something that happened."""

    seq: int
    at: Time
    kind: str
    execution_id: str | None
    job_id: str | None
    data: Value = Field(description="what the kind of event has to say")


class EventQuery(Input):
    """Which events."""

    limit: int = Field(100, ge=1, le=_BATCH)
    cursor: str | None = Field(None, max_length=64, description="`nextCursor` of the events before")
    kinds: PlainText | None = Field(None, max_length=500, description="`execution.failed,worker.*` …")
    job_id: PlainText | None = Field(None, max_length=64)


@router.get("", response_model=Page[Event], responses=_STREAM | documented(422))
def get_events(
    ctx: ReadContext,
    request: Request,
    query: Annotated[EventQuery, Query()],
    accept: Annotated[str, Header(max_length=1000)] = EVENT_STREAM,
    last_event_id: Annotated[str | None, Header(max_length=20, pattern=r"^[0-9]{1,18}$")] = None,
) -> Response:
    """Events, oldest first, as a stream from now (or from behind `Last-Event-ID`) on.

    With `Accept: application/json` a page of them: those at hand, from the oldest or from behind `cursor`.
    """
    kinds = [kind.strip() for kind in (query.kinds or "").split(",") if kind.strip()]
    if len(kinds) > 50:
        raise InvalidInput.field("query", "kinds", msg="at most 50")
    start = number_in(query.cursor)
    if "application/json" in accept.lower():
        told = events.after(ctx, start or 0, query.limit, kinds=kinds, job_id=query.job_id)
        items = [Event.model_validate(record) for record in told.events]
        return reply(
            Page[Event](items=items, next_cursor=encode_cursor(str(told.until)) if told.until else query.cursor)
        )
    if last_event_id is not None:
        start = int(last_event_id)
    newest = events.newest(ctx)
    after = newest if start is None else start

    def look() -> tuple[list[str], bool, bool]:
        nonlocal after
        told = events.after(ctx, after, _BATCH, kinds=kinds, job_id=query.job_id)
        after = told.until
        return [_rendered(record) for record in told.events], told.more, False

    # Who loses the stream before its first event resumes behind this id; what was missed then is up to the newest.
    return stream(request, wakeups.on_events, look, opening=f": newest {newest}\nid: {after}\n\n")


def _rendered(record: EventRecord) -> str:
    return event(record.kind, str(record.seq), Event.model_validate(record).model_dump(by_alias=True))
