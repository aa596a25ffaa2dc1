"""/api/calendars: which days are worked, and why not."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from rota.api.calendar_models import (
    READ_ONLY,
    CalendarInput,
    CalendarOutput,
    CalendarVersionOutput,
    ChangedCalendarOutput,
    DateInput,
    DaysOutput,
    DaysQuery,
    EffectsOutput,
    ImportOutput,
    ImportQuery,
    OverrideInput,
    UsageOutput,
    calendar_shown,
    change_shown,
    days_shown,
    effects_shown,
    import_shown,
    usage_shown,
    version_shown,
)
from rota.api.difference_models import DryRun
from rota.api.documents import Document, described, without
from rota.api.errors import documented
from rota.api.idempotency import Creating
from rota.api.models import Page, PageQuery, PlainText, cursor_after, decode_cursor, number_in, reply
from rota.api.security import EditContext, ReadContext
from rota.api.versions import IfMatch, etag, expected_version
from rota.domain.errors import InvalidInput
from rota.service import calendar_files, calendars
from rota.service.calendars import CalendarRecord, Change

router = APIRouter()

CalendarName = Annotated[PlainText, Path(max_length=100)]
DayInPath = Annotated[DateInput, Path(description="such as 2026-12-24")]

_MEDIA_TYPE = "text/calendar"
_FILE: dict[str, Any] = {"content": {_MEDIA_TYPE: {"schema": {"type": "string"}}}}


async def _file(request: Request) -> str:
    if not request.headers.get("content-type", "").lower().startswith(_MEDIA_TYPE):
        raise InvalidInput(
            "the body is no iCalendar file by its Content-Type", [(("header", "Content-Type"), _MEDIA_TYPE)]
        )
    try:
        return (await request.body()).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidInput.field("body", msg="not UTF-8") from None


CalendarFile = Annotated[str, Depends(_file)]
"""The body as the text of an iCalendar file."""


@router.post(
    "",
    status_code=201,
    response_model=CalendarOutput,
    responses=documented(409, 422),
    openapi_extra=described(CalendarInput),
)
def create_calendar(document: Document, ctx: EditContext, creating: Creating) -> Response:
    """Define a calendar."""
    name = document.get("name")
    if not isinstance(name, str):
        raise InvalidInput.field("name", msg="required: a text")
    rest = without(document, frozenset({"name"}))
    response = creating.answer(
        ctx,
        lambda ctx: calendars.create(ctx, name, rest),
        calendar_shown,
        lambda made: f"/api/calendars/{made.name}",
    )
    response.headers["ETag"] = etag(1)
    return response


@router.get("", response_model=Page[CalendarOutput], responses=documented(422))
def list_calendars(ctx: ReadContext, paging: PageQuery) -> Response:
    """Calendars, by name."""
    found = calendars.find(ctx, limit=paging.limit, after=decode_cursor(paging.cursor))
    items = [calendar_shown(record) for record in found]
    after = cursor_after(found, paging.limit, found and found[-1].name)
    return reply(Page[CalendarOutput](items=items, next_cursor=after))


@router.get("/{name}", response_model=CalendarOutput, responses=documented(404, 422))
def get_calendar(name: CalendarName, ctx: ReadContext) -> Response:
    """One calendar."""
    return _shown(calendars.get(ctx, name))


@router.put(
    "/{name}",
    response_model=ChangedCalendarOutput | EffectsOutput,
    responses=documented(404, 412, 422),
    openapi_extra=described(CalendarInput),
)
def update_calendar(
    name: CalendarName, document: Document, ctx: EditContext, if_match: IfMatch = None, dry_run: DryRun = False
) -> Response:
    """Replace a calendar; what the body leaves out is not set. Overrides that stay the same keep their author.

    The answer names the schedules whose next fire moved; with `dryRun`, how the coming fires of each would move.
    What a GET answered may be sent back: fields that only the server sets are left alone.
    """
    if document.get("name", name) != name:
        raise InvalidInput.field("name", msg="a calendar keeps its name; make another one")
    rest = without(document, READ_ONLY | {"name"})
    expected = expected_version(if_match)
    if dry_run:
        return reply(effects_shown(calendars.try_update(ctx, name, rest, expected=expected)))
    return _changed(calendars.update(ctx, name, rest, expected=expected))


@router.delete("/{name}", status_code=204, responses=documented(404, 409, 412, 422))
def delete_calendar(name: CalendarName, ctx: EditContext, if_match: IfMatch = None) -> Response:
    """Take a calendar away that no schedule and no other calendar goes by."""
    calendars.delete(ctx, name, expected=expected_version(if_match))
    return Response(status_code=204)


@router.get("/{name}/versions", response_model=Page[CalendarVersionOutput], responses=documented(404, 422))
def list_calendar_versions(name: CalendarName, ctx: ReadContext, paging: PageQuery) -> Response:
    """What the calendar was at each version, newest first."""
    found = calendars.versions(ctx, name, limit=paging.limit, before=number_in(paging.cursor))
    items = [version_shown(version) for version in found]
    after = cursor_after(found, paging.limit, found and found[-1].version)
    return reply(Page[CalendarVersionOutput](items=items, next_cursor=after))


@router.get("/{name}/days", response_model=DaysOutput, responses=documented(404, 422))
def list_days(name: CalendarName, ctx: ReadContext, query: Annotated[DaysQuery, Query()]) -> Response:
    """Every day of a range: worked or not, and everything that the calendar and its parents say of it."""
    return reply(days_shown(calendars.days(ctx, name, query.from_, query.to)))


@router.get("/{name}/days.ics", response_class=Response, responses={200: _FILE, **documented(404, 422, 503)})
def export_days(name: CalendarName, ctx: ReadContext, query: Annotated[DaysQuery, Query()]) -> Response:
    """The days off of a range as an iCalendar file, without the weekends that nothing else is said of."""
    text = calendar_files.export_days(ctx, name, query.from_, query.to)
    return Response(text, media_type=f"{_MEDIA_TYPE}; charset=utf-8")


@router.post(
    "/{name}/import",
    response_model=ImportOutput,
    responses=documented(404, 422, 503),
    openapi_extra={"requestBody": {"required": True, **_FILE}},
)
def import_days(
    name: CalendarName, text: CalendarFile, ctx: EditContext, query: Annotated[ImportQuery, Query()]
) -> Response:
    """Make the whole days of an iCalendar file days off, one rule for each; events without such days are skipped."""
    return reply(import_shown(calendar_files.import_days(ctx, name, text, replacing=query.replace)))


@router.get("/{name}/usage", response_model=UsageOutput, responses=documented(404, 422))
def list_usage(name: CalendarName, ctx: ReadContext, paging: PageQuery) -> Response:
    """The schedules that name the calendar, newest first, and the calendars that have it as a parent."""
    found = calendars.usage(ctx, name, limit=paging.limit, before=decode_cursor(paging.cursor))
    schedules = found.schedules
    return reply(usage_shown(found, cursor_after(schedules, paging.limit, schedules and schedules[-1].id)))


@router.put(
    "/{name}/overrides/{date}",
    response_model=ChangedCalendarOutput | EffectsOutput,
    responses=documented(404, 412, 422),
)
def set_override(
    name: CalendarName,
    date: DayInPath,
    body: OverrideInput,
    ctx: EditContext,
    if_match: IfMatch = None,
    dry_run: DryRun = False,
) -> Response:
    """Say of one day that it is worked, or that it is not, whatever else is said of it."""
    said: dict[str, Any] = {"working": body.working, "reason": body.reason, "expected": expected_version(if_match)}
    if dry_run:
        return reply(effects_shown(calendars.try_override(ctx, name, date, **said)))
    return _changed(calendars.override(ctx, name, date, **said))


@router.delete("/{name}/overrides/{date}", status_code=204, responses=documented(404, 422))
def remove_override(name: CalendarName, date: DayInPath, ctx: EditContext) -> Response:
    """Take back what was said of one day."""
    calendars.remove_override(ctx, name, date)
    return Response(status_code=204)


def _shown(record: CalendarRecord) -> Response:
    return reply(calendar_shown(record), headers={"ETag": etag(record.version)})


def _changed(change: Change) -> Response:
    return reply(change_shown(change), headers={"ETag": etag(change.record.version)})
