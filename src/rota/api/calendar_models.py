"""The shapes of business calendars."""

from datetime import date
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, StrictBool, StrictStr, WithJsonSchema

from rota.api.difference_models import DifferenceOutput, difference_shown
from rota.api.models import Input, Output, Page, Time
from rota.domain.calendar_reading import LONGEST_REASON, parse_date
from rota.service.calendar_files import Imported
from rota.service.calendars import CalendarRecord, CalendarVersion, Change, Days, Effects, Usage

READ_ONLY = frozenset({"version", "createdBy", "changedBy", "createdAt", "updatedAt", "moved", "movedCount"})
"""The fields of a calendar that a PUT may hold and that it does not change."""

_MOST_MOVED = 100

_Objects = list[dict[str, Any]]


def _read_date(value: object) -> date:
    if not isinstance(value, str):
        raise ValueError("a day such as 2026-12-24")
    return parse_date(value)


DateInput = Annotated[date, BeforeValidator(_read_date), WithJsonSchema({"type": "string", "format": "date"})]
"""A day of a request."""


class CalendarInput(Input):
    """A business calendar. Described here; read by the domain."""

    name: str = Field(min_length=1, max_length=100, description="letters, digits and . _ -")
    weekend: list[str] | None = Field(
        None, max_length=6, description="null = as the first holiday source or the parents have it", examples=[["SAT", "SUN"]]
    )  # fmt: skip
    holidays: _Objects | None = Field(
        None, max_length=20, examples=[[{"country": "DE", "subdivision": "BY"}, {"market": "XNYS"}]]
    )
    rules: _Objects | None = Field(
        None,
        max_length=2000,
        description="days off, each with a name and one of date, yearly, easter, nthWeekday",
        examples=[[{"name": "Christmas Eve", "yearly": {"month": 12, "day": 24}}]],
    )
    overrides: _Objects | None = Field(
        None, max_length=2000, examples=[[{"date": "2026-12-24", "working": True, "reason": "inventory"}]]
    )
    parents: list[str] | None = Field(None, max_length=20, description="calendars whose days off are days off here")
    description: str | None = Field(None, max_length=10_000)


class CalendarOutput(Output):
    """A business calendar."""

    name: str
    weekend: list[str] | None
    holidays: _Objects
    rules: _Objects
    overrides: _Objects
    parents: list[str]
    description: str | None
    version: int
    created_by: str
    changed_by: str
    created_at: Time
    updated_at: Time


class MovedSchedule(Output):
    """A schedule whose next fire is another one than before."""

    schedule_id: str
    job_name: str | None
    before: Time | None
    after: Time | None


class ChangedCalendarOutput(CalendarOutput):
    """A business calendar after a change."""

    moved: list[MovedSchedule] = Field(
        description="schedules whose next fire moved because of this change; the first 100"
    )
    moved_count: int


class EffectOutput(Output):
    """A schedule whose fires would change."""

    schedule_id: str
    job_id: str
    job_name: str | None
    difference: DifferenceOutput


class EffectsOutput(Output):
    """What a change of a calendar would do to the schedules that go by it, also through other calendars."""

    schedules: int = Field(description="that go by the calendar")
    compared: int = Field(description="of them, the newest: at most 100")
    changed: int = Field(description="of those, fire at other times")
    items: list[EffectOutput]


class CalendarVersionOutput(Output):
    """What a calendar was at one version."""

    version: int
    definition: dict[str, Any]
    changed_by: str
    changed_at: Time


class DaysQuery(Input):
    """A range of days."""

    from_: DateInput = Field(alias="from", description="the first day")
    to: DateInput = Field(description="the last day, at most three years later")


class ReasonOutput(Output):
    """What a calendar says of a day."""

    calendar: str | None
    kind: str = Field(description="weekend, workedWeekend, holiday, rule or override")
    name: str
    working: bool
    by: str | None = Field(description="the author of an override")
    at: Time | None
    overridden: bool = Field(description="whether it does not count, because an override beats it")


class DayOutput(Output):
    """A day."""

    day: date = Field(serialization_alias="date")
    working: bool
    reasons: list[ReasonOutput] = Field(description="everything that is said of it; nothing on an ordinary working day")


class DaysOutput(Output):
    """Days one after the other."""

    items: list[DayOutput]
    data: str = Field(description="the data behind them, such as holidays 0.109; empty where there is none")


class NamingSchedule(Output):
    """A schedule that goes by a calendar."""

    id: str
    name: str | None
    job_id: str
    job_name: str


class UsageOutput(Page[NamingSchedule]):
    """Who goes by a calendar: a page of schedules, newest first, and the calendars that have it as a parent."""

    calendars: list[str]


class OverrideInput(Input):
    """What is said of a day."""

    working: StrictBool
    reason: StrictStr | None = Field(None, min_length=1, max_length=LONGEST_REASON)


class ImportQuery(Input):
    """How a file is taken."""

    replace: bool = Field(False, description="rules for single days that the file does not hold are taken away")


class SkippedOutput(Output):
    """An event of a file that names no whole days."""

    summary: str
    why: str


class ImportOutput(Output):
    """What an import did: days that are new, that went, and that were there already."""

    calendar: CalendarOutput
    added: int
    removed: int
    unchanged: int
    skipped: list[SkippedOutput]


def calendar_shown(record: CalendarRecord) -> CalendarOutput:
    """A calendar as the API shows it."""
    listed: dict[str, object] = {"weekend": None, "description": None}
    listed |= {name: [] for name in ("holidays", "rules", "overrides", "parents")}
    names = ("name", "version", "created_by", "changed_by", "created_at", "updated_at")
    stored = {name: getattr(record, name) for name in names}
    return CalendarOutput.model_validate({**listed, **record.calendar.document(), **stored})


def change_shown(change: Change) -> ChangedCalendarOutput:
    """A calendar as the API shows it after a change."""
    moved = [
        MovedSchedule.model_validate(
            {"schedule_id": one.record.id, "job_name": one.record.job_name, "before": one.before, "after": one.after}
        )
        for one in change.moved[:_MOST_MOVED]
    ]
    shown = calendar_shown(change.record).model_dump(by_alias=False)
    return ChangedCalendarOutput.model_validate({**shown, "moved": moved, "moved_count": len(change.moved)})


def effects_shown(found: Effects) -> EffectsOutput:
    """The effects of a change as the API shows them."""
    items = [
        EffectOutput(
            schedule_id=one.record.id,
            job_id=one.record.job_id,
            job_name=one.record.job_name,
            difference=difference_shown(one.difference),
        )
        for one in found.changed
    ]
    return EffectsOutput(schedules=found.users, compared=found.compared, changed=len(items), items=items)


def version_shown(version: CalendarVersion) -> CalendarVersionOutput:
    """A version as the API shows it."""
    return CalendarVersionOutput.model_validate(
        {
            "version": version.version,
            "definition": version.calendar.document(),
            "changed_by": version.changed_by,
            "changed_at": version.changed_at,
        }
    )


def days_shown(found: Days) -> DaysOutput:
    """Days as the API shows them."""
    return DaysOutput(items=[DayOutput.model_validate(day) for day in found.days], data=found.data)


def usage_shown(found: Usage, next_cursor: str | None) -> UsageOutput:
    """The users of a calendar as the API shows them."""
    items = [NamingSchedule.model_validate(schedule) for schedule in found.schedules]
    return UsageOutput(items=items, next_cursor=next_cursor, calendars=found.calendars)


def import_shown(done: Imported) -> ImportOutput:
    """An import as the API shows it."""
    return ImportOutput(
        calendar=calendar_shown(done.record),
        added=done.added,
        removed=done.removed,
        unchanged=done.unchanged,
        skipped=[SkippedOutput.model_validate(one) for one in done.skipped],
    )
